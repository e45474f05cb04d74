//! How the targets decide about a request.

use jwt_authorizer::engine::decision::Effect;
use jwt_authorizer::keys::signature::SignatureVerifier;
use jwt_authorizer::token::cache::TokenCache;
use jwt_authorizer_native::NativeGateway;
use serde_json::Value;

use crate::request::Request;

/// The time of the requests.
pub(crate) const NOW: i64 = 1_800_000_000;

/// A compiled policy and its keys.
#[derive(Debug)]
pub(crate) struct Gateway(pub(crate) NativeGateway);

/// What became of a request: the effect, or no decision because its head is ambiguous or keys are missing.
pub(crate) type Outcome = Option<Effect>;

impl Gateway {
    /// A policy that is known to be valid.
    pub(crate) fn of(policy: &Value) -> Self {
        Self(NativeGateway::from_json(policy.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}")))
    }

    /// Decides twice with a cache that is empty at first: the second decision must be the first one.
    pub(crate) fn decide(&self, request: &Request, verifier: &dyn SignatureVerifier, now: i64) -> Outcome {
        let mut cache = self.0.new_cache();
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
        self.0.decide(&request.headers(), cache, verifier, now).ok().map(|decision| decision.effect)
    }
}
