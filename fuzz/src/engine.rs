//! The engine as the targets use it: the one place that knows how it is set up.

use jwt_authorizer::engine::Engine;
use jwt_authorizer::engine::decision::Effect;
use jwt_authorizer::keys::algorithm::Algorithm;
use jwt_authorizer::keys::current::CurrentKeys;
use jwt_authorizer::keys::jwk::VerifyingKey;
use jwt_authorizer::keys::remote::KeySource;
use jwt_authorizer::keys::signature::SignatureVerifier;
use jwt_authorizer::request::RequestHead;
use jwt_authorizer::time::UnixTime;
use jwt_authorizer::token::authenticator::AuthContext;
use jwt_authorizer::token::cache::TokenCache;
use jwt_authorizer::token::provider::ByProvider;

use crate::request::Request;

/// The time of the requests.
pub(crate) const NOW: i64 = 1_800_000_000;

/// A compiled policy and its keys.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) engine: Engine,
    keys: ByProvider<CurrentKeys>,
}

/// What became of a request: the effect, or no decision because keys are missing.
pub(crate) type Outcome = Option<Effect>;

impl Gateway {
    pub(crate) fn new(engine: Engine) -> Self {
        let keys = engine.key_sources().map(|_, source| match source {
            KeySource::Inline(set) => CurrentKeys::inline(set.clone()),
            KeySource::Remote(_) => CurrentKeys::none(),
        });
        Self { engine, keys }
    }

    /// A policy that is known to be valid.
    pub(crate) fn of(policy: &[u8]) -> Self {
        match Engine::from_json(policy) {
            Ok(engine) => Self::new(engine),
            Err(error) => {
                assert!(policy.is_empty(), "{error}");
                std::process::abort()
            }
        }
    }

    /// Decides twice with one cache, and once with none; all are the same.
    pub(crate) fn decide(&self, request: &Request, verifier: &dyn SignatureVerifier, now: i64) -> Outcome {
        let mut cache = self.engine.new_cache();
        let uncached = self.decide_once(request, verifier, now, &mut cache);
        let cached = self.decide_once(request, verifier, now, &mut cache);
        assert_eq!(format!("{uncached:?}"), format!("{cached:?}"), "a cached decision differs");
        uncached
    }

    pub(crate) fn decide_once(
        &self,
        request: &Request,
        verifier: &dyn SignatureVerifier,
        now: i64,
        cache: &mut TokenCache,
    ) -> Outcome {
        let headers = request.headers();
        let head = RequestHead::new(&headers).ok()?;
        let mut context = AuthContext { keys: &self.keys, cache, verifier, now: UnixTime::from_secs(now) };
        self.engine.decide(&head, &mut context).ok().map(|decision| decision.effect)
    }
}

/// Takes every signature as valid, so that what comes after it is fuzzed too.
#[derive(Debug)]
pub(crate) struct AcceptAll;

impl SignatureVerifier for AcceptAll {
    fn verify(&self, _: &VerifyingKey, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        true
    }
}
