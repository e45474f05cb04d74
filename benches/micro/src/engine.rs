//! The engine as the steps use it: the one place that names its types.

use std::error::Error;
use std::hint::black_box;

use jwt_authorizer::jwt::algorithm::Algorithm;
use jwt_authorizer::jwt::cache::TokenCache;
use jwt_authorizer::jwt::error::TokenError;
use jwt_authorizer::jwt::jwk::VerifyingKey;
use jwt_authorizer::jwt::keys::KeyRing;
use jwt_authorizer::jwt::signature::SignatureVerifier;
use jwt_authorizer::jwt::time::UnixTime;
use jwt_authorizer::jwt::token::{Compact, UnverifiedToken};
use jwt_authorizer::policy::proof::Vault;
use jwt_authorizer::policy::reason::Reason;
use jwt_authorizer::policy::{Authorizer, KeySource};
use jwt_authorizer::request::RequestHead;

pub use jwt_authorizer::request::Headers;

/// What the engine says of a request, as far as the steps ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Allowed,
    Expired,
    Malformed,
    Other,
}

/// A compiled configuration with its keys and its cache of tokens.
#[expect(missing_debug_implementations, reason = "the engine has none")]
pub struct Engine {
    authorizer: Authorizer,
    keys: Vec<KeyRing>,
    cache: TokenCache,
}

impl Engine {
    pub fn compile(configuration: &[u8]) -> Result<Self, Box<dyn Error>> {
        let authorizer = Authorizer::from_json(configuration)?;
        let keys = authorizer.key_sources().iter().filter_map(|source| match source {
            KeySource::Inline(set) => Some(KeyRing::inline(set.clone())),
            KeySource::Remote(_) => None,
        });
        Ok(Self { keys: keys.collect(), cache: authorizer.new_cache(), authorizer })
    }

    pub fn decide(&mut self, headers: &Headers, now: i64) -> Outcome {
        let Ok(head) = RequestHead::new(headers) else { return Outcome::Other };
        let mut vault = Vault { keys: &self.keys, cache: &mut self.cache };
        match self.authorizer.authorize(&head, &mut vault, &AcceptAll, UnixTime::from_secs(now)).reason {
            Reason::Allowed | Reason::Public => Outcome::Allowed,
            Reason::Token(TokenError::Expired) => Outcome::Expired,
            Reason::Token(TokenError::Malformed) => Outcome::Malformed,
            _ => Outcome::Other,
        }
    }

    pub fn clear_cache(&mut self) {
        self.cache = self.authorizer.new_cache();
    }
}

/// The request's head is read and valid.
pub fn reads_head(headers: &Headers) -> bool {
    black_box(RequestHead::new(headers)).is_ok()
}

/// The token is split, decoded and parsed.
pub fn parses_token(token: &[u8]) -> bool {
    Compact::decode(token).is_ok_and(|compact| black_box(UnverifiedToken::read(&compact)).is_ok())
}

/// Accepts every signature: checking it is the host's work.
struct AcceptAll;

impl SignatureVerifier for AcceptAll {
    fn verify(&self, _: &VerifyingKey, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        true
    }
}
