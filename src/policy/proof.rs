//! What a credential is worth: a token that was proven before, one that is proven now, or a reason.

use std::rc::Rc;
use std::time::Duration;

use super::Authorizer;
use super::decision::{About, Lookup, MissingKeys, WantedKeys};
use super::reason::Reason;
use crate::jwt::cache::{TokenCache, TokenHash};
use crate::jwt::credential::Credential;
use crate::jwt::error::{TokenError, Unverified};
use crate::jwt::jwk::KeyId;
use crate::jwt::keys::KeyRing;
use crate::jwt::provider::{Provider, ProviderIndex};
use crate::jwt::signature::SignatureVerifier;
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Compact, UnverifiedToken, VerifiedToken};

/// What a decision needs beside the request: one worker's keys and cache.
#[derive(Debug)]
pub struct Vault<'v> {
    /// One ring for each provider, in their order.
    pub keys: &'v [KeyRing],
    /// Verified tokens.
    pub cache: &'v mut TokenCache,
}

/// What came of looking at a credential.
pub(super) enum Finding {
    Token(Rc<VerifiedToken>),
    Refused(Reason),
    Awaits(MissingKeys),
}

impl Authorizer {
    pub(super) fn examine(
        &self,
        credential: &Credential<'_>,
        vault: &mut Vault<'_>,
        verifier: &dyn SignatureVerifier,
        now: UnixTime,
        about: &mut About,
    ) -> Finding {
        let hash = TokenHash::of(credential.token());
        let known = vault.cache.find(hash, credential.token(), now);
        // Keys that are too old to decide by are too old for what was decided by them.
        let usable = |index: ProviderIndex| vault.keys.get(index.0).is_some_and(|keys| keys.is_usable(now));
        if let Some(token) =
            known.filter(|token| usable(token.provider()) && self.may_be_at(token.provider(), credential))
        {
            about.lookup = Some(Lookup::Hit);
            return Finding::Token(token);
        }
        about.lookup = Some(Lookup::Miss);
        match self.verify(credential, vault.keys, verifier, now, about) {
            Ok(token) => {
                let token = Rc::new(token);
                let ttl = self.providers.get(token.provider().0).map_or(Duration::ZERO, |provider| provider.cache_ttl);
                if !ttl.is_zero() {
                    vault.cache.insert(hash, credential.token(), Rc::clone(&token), now.plus(ttl));
                }
                Finding::Token(token)
            }
            // No token has a comma in it, so a list is none; but what is wrong with it is another thing.
            Err((_, Unverified::Refused(TokenError::Malformed | TokenError::TooLarge))) if credential.is_list() => {
                Finding::Refused(Reason::CredentialAmbiguous)
            }
            Err((_, Unverified::Refused(error))) => Finding::Refused(Reason::Token(error)),
            Err((Some(provider), Unverified::KeysUnavailable)) => {
                Finding::Awaits(MissingKeys { provider, wanted: WantedKeys::Any })
            }
            Err((Some(provider), Unverified::KeyUnknown(id))) => {
                Finding::Awaits(MissingKeys { provider, wanted: WantedKeys::Key(id) })
            }
            Err((None, Unverified::KeysUnavailable | Unverified::KeyUnknown(_))) => {
                Finding::Refused(Reason::KeysUnavailable)
            }
        }
    }

    fn verify(
        &self,
        credential: &Credential<'_>,
        keys: &[KeyRing],
        verifier: &dyn SignatureVerifier,
        now: UnixTime,
        about: &mut About,
    ) -> Result<VerifiedToken, (Option<ProviderIndex>, Unverified)> {
        let compact = Compact::decode(credential.token()).map_err(refused)?;
        let token = UnverifiedToken::read(&compact).map_err(refused)?;
        let key_id = token.key_id();
        self.provider_of(&token, credential, about)
            .and_then(|(index, provider)| {
                let ring = keys.get(index.0).ok_or((None, Unverified::KeysUnavailable))?;
                let verified = token.verify(index, provider, ring, &self.kept_claims, verifier, now);
                verified.map_err(|error| (Some(index), error))
            })
            // Only who is told of a refusal wants to know it.
            .inspect_err(|_| about.named_key = key_id.as_deref().map(KeyId::new))
    }

    /// The provider whose token it would be.
    fn provider_of(
        &self,
        token: &UnverifiedToken<'_>,
        credential: &Credential<'_>,
        about: &mut About,
    ) -> Result<(ProviderIndex, &Provider), (Option<ProviderIndex>, Unverified)> {
        let issuer =
            token.issuer().and_then(|name| self.issuers.get(name)).ok_or(refused(TokenError::IssuerUnknown))?;
        let index = issuer.provider;
        about.provider = Some(index);
        // A templated issuer holds a tenant, and the token must be that tenant's.
        if issuer.tenant.is_some() && issuer.tenant.as_deref() != token.tenant() {
            return Err(refused(TokenError::IssuerUnknown));
        }
        let provider = self.providers.get(index.0).ok_or((None, Unverified::KeysUnavailable))?;
        // A token counts only where its own issuer's tokens may be.
        if !self.may_be_at(index, credential) {
            return Err(refused(TokenError::IssuerUnknown));
        }
        Ok((index, provider))
    }

    fn may_be_at(&self, index: ProviderIndex, credential: &Credential<'_>) -> bool {
        self.providers.get(index.0).is_some_and(|provider| provider.sources.contains(credential.source()))
    }
}

/// Before it is known whose token it is.
fn refused(error: TokenError) -> (Option<ProviderIndex>, Unverified) {
    (None, Unverified::Refused(error))
}
