//! The engine as the steps use it: the one place that names its types.

use std::error::Error;
use std::hint::black_box;

use jwt_authorizer::engine::decision::Effect;
use jwt_authorizer::reason::Refusal;
use jwt_authorizer::request::RequestHead;
use jwt_authorizer::token::cache::TokenCache;
use jwt_authorizer::token::error::TokenError;
use jwt_authorizer::token::jws::CompactJws;
use jwt_authorizer::token::unverified::UnverifiedToken;
use jwt_authorizer_native::{AcceptAll, NativeGateway};

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
#[derive(Debug)]
pub struct Engine {
    native: NativeGateway,
    cache: TokenCache,
}

impl Engine {
    pub fn compile(configuration: &[u8]) -> Result<Self, Box<dyn Error>> {
        let native = NativeGateway::from_json(configuration)?;
        Ok(Self { cache: native.new_cache(), native })
    }

    pub fn decide(&mut self, headers: &Headers, now: i64) -> Outcome {
        let Ok(head) = RequestHead::new(headers) else { return Outcome::Other };
        let mut context = self.native.context(&mut self.cache, &AcceptAll, now);
        match self.native.engine().decide(&head, &mut context).map(|decision| decision.effect) {
            Ok(Effect::Allow(..)) => Outcome::Allowed,
            Ok(Effect::Deny(Refusal::Token(TokenError::Expired), ..)) => Outcome::Expired,
            Ok(Effect::Deny(Refusal::Token(TokenError::Malformed), ..)) => Outcome::Malformed,
            _ => Outcome::Other,
        }
    }

    pub fn clear_cache(&mut self) {
        self.cache = self.native.new_cache();
    }
}

/// The request's head is read and valid.
pub fn reads_head(headers: &Headers) -> bool {
    black_box(RequestHead::new(headers)).is_ok()
}

/// The token is split, decoded and parsed.
pub fn parses_token(token: &[u8]) -> bool {
    CompactJws::decode(token).is_ok_and(|jws| black_box(UnverifiedToken::read(&jws)).is_ok())
}
