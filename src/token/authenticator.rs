//! Authentication: who is asking. A credential becomes a verified token, or an error.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::cache::{CacheKey, TokenCache};
use super::claims::ClaimPath;
use super::credential::{AmbiguousCredential, Credential, Sources};
use super::error::{TokenError, VerifyError};
use super::jws::CompactJws;
use super::provider::{ByProvider, Provider, ProviderIndex};
use super::unverified::UnverifiedToken;
use super::verified::VerifiedToken;
use crate::keys::current::CurrentKeys;
use crate::keys::jwk::KeyId;
use crate::keys::signature::SignatureVerifier;
use crate::request::RequestHead;
use crate::time::UnixTime;

/// Finds the credential of a request and verifies it.
#[derive(Debug)]
pub struct Authenticator {
    providers: ByProvider<Provider>,
    issuers: BTreeMap<Box<str>, Issuer>,
    sources: Sources,
    /// The claims that rules ask for; a verified token keeps them in this order.
    kept_claims: Box<[ClaimPath]>,
}

/// The provider of an issuer, and the tenant that is part of the issuer.
#[derive(Debug)]
pub struct Issuer {
    /// Its provider.
    pub provider: ProviderIndex,
    /// What the claim `tid` must be.
    pub tenant: Option<Box<str>>,
}

/// What authentication needs beside the request: keys, the cache of one worker, cryptography and the time.
pub struct AuthContext<'c, K> {
    /// The keys of each provider.
    pub keys: &'c ByProvider<K>,
    /// Verified tokens.
    pub cache: &'c mut TokenCache,
    /// Checks signatures.
    pub verifier: &'c dyn SignatureVerifier,
    /// The wall clock.
    pub now: UnixTime,
}

impl<K> fmt::Debug for AuthContext<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthContext").field("now", &self.now).finish_non_exhaustive()
    }
}

/// What is known about the caller, for logs, metrics and access logs.
#[derive(Debug, Default)]
pub struct CallerDiagnostics {
    /// The provider that the token names.
    pub provider: Option<ProviderIndex>,
    /// Whether the token was in the cache; `None` if there was no token to look for.
    pub lookup: Option<CacheLookup>,
    /// The `kid` of a token that was not verified.
    pub unverified_key_id: Option<KeyId>,
    /// The token, once it is verified.
    pub token: Option<Rc<VerifiedToken>>,
}

/// What came of looking for a token in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheLookup {
    /// It was there and still counts.
    Hit,
    /// It was not there, or no longer counts.
    Miss,
}

/// Why a credential did not become a verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthnError {
    /// There is more than one credential.
    Ambiguous,
    /// The token is not valid.
    Token(TokenError),
    /// Only keys that are not here could tell.
    NeedsKeys(MissingKeys),
}

/// Keys that a decision needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKeys {
    /// The provider.
    pub provider: ProviderIndex,
    /// Which of its keys.
    pub wanted: WantedKeys,
}

/// Which keys of a provider are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedKeys {
    /// All of them.
    Any,
    /// The one with this `kid`, or one that fits if the token has no `kid`.
    Key(Option<KeyId>),
}

impl Authenticator {
    /// From its parts.
    pub fn new(
        providers: ByProvider<Provider>,
        issuers: BTreeMap<Box<str>, Issuer>,
        sources: Sources,
        kept_claims: Box<[ClaimPath]>,
    ) -> Self {
        Self { providers, issuers, sources, kept_claims }
    }

    /// The providers.
    pub fn providers(&self) -> &ByProvider<Provider> {
        &self.providers
    }

    /// The credential of a request, if it has one.
    ///
    /// # Errors
    ///
    /// If it has two.
    pub fn credential<'r>(&self, head: &RequestHead<'r>) -> Result<Option<Credential<'r, '_>>, AmbiguousCredential> {
        self.sources.find(head)
    }

    /// Verifies a credential, or finds it among the tokens that were verified before.
    ///
    /// # Errors
    ///
    /// Why it does not count, or which keys could tell.
    pub fn authenticate<K: AsRef<CurrentKeys>>(
        &self,
        credential: &Credential<'_, '_>,
        context: &mut AuthContext<'_, K>,
        diagnostics: &mut CallerDiagnostics,
    ) -> Result<Rc<VerifiedToken>, AuthnError> {
        let key = CacheKey::of(credential.token());
        let token = match self.cached(key, credential, context) {
            Some(token) => {
                diagnostics.lookup = Some(CacheLookup::Hit);
                token
            }
            None => {
                diagnostics.lookup = Some(CacheLookup::Miss);
                let token = self.verify(credential, context, diagnostics).map_err(|error| match error {
                    // No token has a comma: what has one, and is malformed, is a list of credentials.
                    AuthnError::Token(TokenError::Malformed | TokenError::TooLarge) if credential.is_list() => {
                        AuthnError::Ambiguous
                    }
                    error => error,
                })?;
                let token = Rc::new(token);
                let ttl = self.providers[token.provider()].cache_ttl;
                if !ttl.is_zero() {
                    context.cache.insert(key, credential.token(), Rc::clone(&token), context.now.plus(ttl));
                }
                token
            }
        };
        diagnostics.provider = Some(token.provider());
        diagnostics.token = Some(Rc::clone(&token));
        Ok(token)
    }

    /// Keys that are too old to verify with are too old for what was verified with them.
    fn cached<K: AsRef<CurrentKeys>>(
        &self,
        key: CacheKey,
        credential: &Credential<'_, '_>,
        context: &mut AuthContext<'_, K>,
    ) -> Option<Rc<VerifiedToken>> {
        let token = context.cache.find(key, credential.token(), context.now)?;
        let provider = token.provider();
        let counts = context.keys[provider].as_ref().is_usable(context.now) && self.reads_source(provider, credential);
        counts.then_some(token)
    }

    fn verify<K: AsRef<CurrentKeys>>(
        &self,
        credential: &Credential<'_, '_>,
        context: &AuthContext<'_, K>,
        diagnostics: &mut CallerDiagnostics,
    ) -> Result<VerifiedToken, AuthnError> {
        let jws = CompactJws::decode(credential.token())?;
        let token = UnverifiedToken::read(&jws)?;
        let key_id = token.key_id();
        self.verify_read(token, credential, context, diagnostics)
            // Only a refusal reports it.
            .inspect_err(|_| diagnostics.unverified_key_id = key_id.as_deref().map(KeyId::new))
    }

    fn verify_read<K: AsRef<CurrentKeys>>(
        &self,
        token: UnverifiedToken<'_>,
        credential: &Credential<'_, '_>,
        context: &AuthContext<'_, K>,
        diagnostics: &mut CallerDiagnostics,
    ) -> Result<VerifiedToken, AuthnError> {
        let name = token.issuer().ok_or(TokenError::IssuerUnknown)?;
        let Issuer { provider, tenant } = self.issuers.get(name).ok_or(TokenError::IssuerUnknown)?;
        diagnostics.provider = Some(*provider);
        if tenant.is_some() && tenant.as_deref() != token.tenant() {
            return Err(TokenError::TenantMismatch.into());
        }
        if !self.reads_source(*provider, credential) {
            return Err(TokenError::IdentitySourceMismatch.into());
        }
        let keys = context.keys[*provider].as_ref();
        let AuthContext { verifier, now, .. } = context;
        token.verify(*provider, &self.providers[*provider], keys, &self.kept_claims, *verifier, *now).map_err(|error| {
            let wanted = match error {
                VerifyError::Refused(error) => return AuthnError::Token(error),
                VerifyError::KeysUnavailable => WantedKeys::Any,
                VerifyError::KeyUnknown(id) => WantedKeys::Key(id),
            };
            AuthnError::NeedsKeys(MissingKeys { provider: *provider, wanted })
        })
    }

    fn reads_source(&self, provider: ProviderIndex, credential: &Credential<'_, '_>) -> bool {
        self.providers[provider].sources.contains(credential.source_index())
    }
}

impl CallerDiagnostics {
    /// The key that the token names, or that verified it.
    pub fn key_id(&self) -> Option<&KeyId> {
        self.unverified_key_id.as_ref().or_else(|| self.token.as_ref()?.signer().id())
    }
}

impl From<TokenError> for AuthnError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}
