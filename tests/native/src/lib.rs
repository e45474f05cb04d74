//! A gateway without a proxy: the engine with its keys, at any time of the clock.

use jwt_authorizer::config::error::ConfigError;
use jwt_authorizer::engine::Engine;
use jwt_authorizer::engine::decision::{Decision, NeedsKeys};
use jwt_authorizer::keys::algorithm::Algorithm;
use jwt_authorizer::keys::current::CurrentKeys;
use jwt_authorizer::keys::jwk::VerifyingKey;
use jwt_authorizer::keys::remote::KeySource;
use jwt_authorizer::keys::signature::SignatureVerifier;
use jwt_authorizer::request::{AmbiguousRequest, Headers, RequestHead};
use jwt_authorizer::time::UnixTime;
use jwt_authorizer::token::authenticator::AuthContext;
use jwt_authorizer::token::cache::TokenCache;
use jwt_authorizer::token::provider::ByProvider;

/// A compiled policy with the keys that stand in it.
#[derive(Debug)]
pub struct NativeGateway {
    engine: Engine,
    keys: ByProvider<CurrentKeys>,
}

/// Why there is no decision about a request.
#[derive(Debug)]
pub enum Undecided {
    /// The filter refuses such a head before the engine sees it.
    Ambiguous(AmbiguousRequest),
    /// The provider has no keys in the policy.
    NeedsKeys(NeedsKeys),
}

impl NativeGateway {
    /// Compiles a policy.
    ///
    /// # Errors
    ///
    /// The first error in the policy.
    pub fn from_json(policy: &[u8]) -> Result<Self, ConfigError> {
        let engine = Engine::from_json(policy)?;
        let keys = engine.key_sources().map(|_, source| match source {
            KeySource::Inline(set) => CurrentKeys::inline(set.clone()),
            KeySource::Remote(_) => CurrentKeys::none(),
        });
        Ok(Self { engine, keys })
    }

    /// Decides about a request at this time, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// If the head is ambiguous, or if keys are missing.
    pub fn decide(
        &self,
        headers: &Headers,
        cache: &mut TokenCache,
        verifier: &dyn SignatureVerifier,
        now: i64,
    ) -> Result<Decision, Undecided> {
        let head = RequestHead::new(headers).map_err(Undecided::Ambiguous)?;
        self.engine.decide(&head, &mut self.context(cache, verifier, now)).map_err(Undecided::NeedsKeys)
    }

    /// What the engine authenticates with.
    pub fn context<'c>(
        &'c self,
        cache: &'c mut TokenCache,
        verifier: &'c dyn SignatureVerifier,
        now: i64,
    ) -> AuthContext<'c, CurrentKeys> {
        AuthContext { keys: &self.keys, cache, verifier, now: UnixTime::from_secs(now) }
    }

    /// An empty cache of tokens.
    pub fn new_cache(&self) -> TokenCache {
        self.engine.new_cache()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// Takes every signature as valid, so that what comes after it is tested without signing.
#[derive(Clone, Copy, Debug)]
pub struct AcceptAll;

impl SignatureVerifier for AcceptAll {
    fn verify(&self, _: &VerifyingKey, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        true
    }
}
