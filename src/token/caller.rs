//! What is known about the caller of a request: for log lines, metrics and access logs.

use std::rc::Rc;

use super::provider::ProviderIndex;
use super::refused_claim::RefusedClaim;
use super::verified::VerifiedToken;
use crate::keys::jwk::KeyId;

/// What is known about the caller: for log lines, metrics and access logs.
#[derive(Debug, Default)]
pub struct CallerDiagnostics {
    /// The provider that the token names.
    pub provider: Option<ProviderIndex>,
    /// Whether the token was in the cache; `None` for a request without a token.
    pub lookup: Option<CacheLookup>,
    /// The `kid` of a token that is not valid, or whose keys are missing.
    pub unverified_key_id: Option<KeyId>,
    /// The claim that is not accepted. Boxed, because most requests have none.
    pub refused_claim: Option<Box<RefusedClaim>>,
    /// The token, once it is verified.
    pub token: Option<Rc<VerifiedToken>>,
}

/// The result of a cache look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheLookup {
    /// The token was in the cache and is still valid.
    Hit,
    /// It was not in the cache, or is no longer valid.
    Miss,
}

impl CallerDiagnostics {
    /// The `kid` of the key that verified the token, or that it names.
    pub fn key_id(&self) -> Option<&KeyId> {
        self.unverified_key_id.as_ref().or_else(|| self.token.as_ref()?.signer().id())
    }
}
