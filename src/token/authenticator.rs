//! Authentication: turns the credential of a request into a verified token, or an error.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::cache::{CacheKey, TokenCache};
use super::caller::{CacheLookup, CallerDiagnostics};
use super::credential::{AmbiguousCredential, Credential};
use super::error::{TokenError, VerifyError};
use super::jws::CompactJws;
use super::kept::Kept;
use super::provider::{ByProvider, Provider, ProviderIndex};
use super::redaction::{Redactions, redacted};
use super::sources::Sources;
use super::subject::SubjectPattern;
use super::unverified::UnverifiedToken;
use super::verified::VerifiedToken;
use crate::json::Json;
use crate::keys::current::CurrentKeys;
use crate::keys::jwk::KeyId;
use crate::keys::signature::SignatureVerifier;
use crate::request::{Headers, RequestHead};
use crate::time::UnixTime;

/// Finds the credential of a request and verifies it.
#[derive(Debug)]
pub struct Authenticator {
    providers: ByProvider<Provider>,
    issuers: BTreeMap<Box<str>, Issuer>,
    /// The providers of tokens without `iss`.
    subjects: Box<[(SubjectPattern, ProviderIndex)]>,
    sources: Sources,
    kept: Kept,
    /// The largest token that any provider accepts.
    max_token_bytes: usize,
}

/// The provider of an issuer (`iss`), and the tenant if the issuer is one tenant of a multi-tenant provider.
#[derive(Debug)]
pub struct Issuer {
    /// Its provider.
    pub provider: ProviderIndex,
    /// The value that the provider's tenant claim must have.
    pub tenant: Option<Box<str>>,
}

/// What authentication needs besides the request: keys, one worker's cache, cryptography and the time.
pub struct AuthContext<'c, K> {
    /// The keys of each provider.
    pub keys: &'c ByProvider<K>,
    /// The cache of verified tokens.
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

/// Why authentication failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthnError {
    /// The request has more than one credential.
    Ambiguous,
    /// The token is not valid.
    Token(TokenError),
    /// Keys are missing without which the token cannot be verified, or newer keys may verify it.
    NeedsKeys(MissingKeys),
}

/// The keys that are missing to verify a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingKeys {
    /// The provider whose keys are missing.
    pub provider: ProviderIndex,
    /// Which of its keys are wanted.
    pub wanted: WantedKeys,
}

/// Which keys of a provider are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedKeys {
    /// Any: the provider has no usable key set.
    Any,
    /// A key for the `kid` and `alg` of the token: the set has none.
    Unknown,
    /// A key in place of one that does not verify the signature: the issuer may have replaced it under the same `kid`.
    Replacement,
}

impl Authenticator {
    /// Creates an authenticator from compiled parts.
    pub fn new(
        providers: ByProvider<Provider>,
        issuers: BTreeMap<Box<str>, Issuer>,
        subjects: Box<[(SubjectPattern, ProviderIndex)]>,
        sources: Sources,
        kept: Kept,
    ) -> Self {
        let max_token_bytes = providers.iter().map(|provider| provider.max_token_bytes).max().unwrap_or_default();
        Self { providers, issuers, subjects, sources, kept, max_token_bytes }
    }

    /// The providers.
    pub fn providers(&self) -> &ByProvider<Provider> {
        &self.providers
    }

    /// The credential of a request and its verified token, from the cache if possible. `None` without a credential.
    ///
    /// # Errors
    ///
    /// If the request has several credentials, why the token is not valid, or which keys are missing.
    pub fn authenticate<'r, K: AsRef<CurrentKeys>>(
        &self,
        head: &RequestHead<'r>,
        context: &mut AuthContext<'_, K>,
        diagnostics: &mut CallerDiagnostics,
    ) -> Result<Option<(Credential<'r, '_>, Rc<VerifiedToken>)>, AuthnError> {
        let Some(mut credential) = Credential::find(&self.sources, head)? else { return Ok(None) };
        let mut result = self.verified(&credential, context, diagnostics);
        // A token has no comma, so a malformed value with one is a list of credentials.
        if let Err(AuthnError::Token(TokenError::Malformed | TokenError::TooLarge)) = result
            && credential.is_list()
        {
            match Credential::find_in_lists(&self.sources, head)? {
                Some(found) => credential = found,
                None => return Ok(None),
            }
            result = self.verified(&credential, context, diagnostics);
        }
        result.map(|token| Some((credential, token)))
    }

    /// Every query parameter in which a token may be, removed from the headers with the path.
    pub fn without_query_tokens(&self, headers: &Headers) -> Redactions {
        redacted(&self.sources, headers, |pair| self.sources.may_have_token(pair))
    }

    /// The tokens of some providers, valid or not, removed from the queries that these providers read.
    pub fn without_query_tokens_of(&self, is_one: impl Fn(ProviderIndex) -> bool, headers: &Headers) -> Redactions {
        redacted(&self.sources, headers, |pair| {
            self.sources.in_parameter(pair).is_some_and(|(token, found_in)| {
                let provider = self.claimed_provider(&token);
                provider
                    .is_some_and(|provider| is_one(provider) && self.providers[provider].sources.intersects(found_in))
            })
        })
    }

    /// The provider that a token claims to belong to, if it is a token.
    fn claimed_provider(&self, token: &[u8]) -> Option<ProviderIndex> {
        let jws = CompactJws::decode(token).ok()?;
        self.provider_of(&UnverifiedToken::read(&jws).ok()?).map(|(provider, _)| provider)
    }

    /// The verified token of a credential.
    fn verified<K: AsRef<CurrentKeys>>(
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
                let token = self.verify(credential, context, diagnostics)?;
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

    /// The cached token, unless its keys have become too old: what they verified expires with them.
    fn cached<K: AsRef<CurrentKeys>>(
        &self,
        key: CacheKey,
        credential: &Credential<'_, '_>,
        context: &mut AuthContext<'_, K>,
    ) -> Option<Rc<VerifiedToken>> {
        let token = context.cache.find(key, credential.token(), context.now)?;
        let provider = token.provider();
        let valid = context.keys[provider].as_ref().is_usable(context.now) && self.reads_source(provider, credential);
        valid.then_some(token)
    }

    fn verify<K: AsRef<CurrentKeys>>(
        &self,
        credential: &Credential<'_, '_>,
        context: &AuthContext<'_, K>,
        diagnostics: &mut CallerDiagnostics,
    ) -> Result<VerifiedToken, AuthnError> {
        // A token that is too large for every provider is refused before any of it is copied.
        if credential.token().len() > self.max_token_bytes {
            return Err(TokenError::TooLarge.into());
        }
        let jws = CompactJws::decode(credential.token())?;
        let token = UnverifiedToken::read(&jws)?;
        self.verify_by_issuer(&token, credential, context, diagnostics).inspect_err(|error| {
            // Only needed for a refusal: a verified token has its key and its client.
            diagnostics.unverified_key_id = token.key_id().map(KeyId::new);
            if let AuthnError::Token(error) = error {
                let provider = diagnostics.provider.map(|provider| &self.providers[provider]);
                diagnostics.refused_claim = token.refused_claim(*error, provider).map(Box::new);
            }
        })
    }

    fn verify_by_issuer<K: AsRef<CurrentKeys>>(
        &self,
        token: &UnverifiedToken<'_>,
        credential: &Credential<'_, '_>,
        context: &AuthContext<'_, K>,
        diagnostics: &mut CallerDiagnostics,
    ) -> Result<VerifiedToken, AuthnError> {
        let (provider, tenant) = self.provider_of(token).ok_or(TokenError::IssuerUnknown)?;
        diagnostics.provider = Some(provider);
        if credential.token().len() > self.providers[provider].max_token_bytes {
            return Err(TokenError::TooLarge.into());
        }
        let claim = self.providers[provider].tenant_claim.as_ref();
        if tenant.is_some() && tenant != claim.and_then(|claim| token.text(claim)) {
            return Err(TokenError::TenantMismatch.into());
        }
        if !self.reads_source(provider, credential) {
            return Err(TokenError::IdentitySourceMismatch.into());
        }
        let keys = context.keys[provider].as_ref();
        let AuthContext { verifier, now, .. } = context;
        token.verify(provider, &self.providers[provider], keys, &self.kept, *verifier, *now).map_err(|error| {
            let wanted = match error {
                VerifyError::Refused(error) => return AuthnError::Token(error),
                VerifyError::KeysUnavailable => WantedKeys::Any,
                VerifyError::KeyUnknown => WantedKeys::Unknown,
                VerifyError::SignatureInvalid => WantedKeys::Replacement,
            };
            AuthnError::NeedsKeys(MissingKeys { provider, wanted })
        })
    }

    /// The provider that a token belongs to by its `iss`, with the tenant in it, or without `iss` by its `sub`.
    fn provider_of(&self, token: &UnverifiedToken<'_>) -> Option<(ProviderIndex, Option<&str>)> {
        match token.issuer() {
            Some(Json::Text(issuer)) => {
                let Issuer { provider, tenant } = self.issuers.get(&**issuer)?;
                Some((*provider, tenant.as_deref()))
            }
            Some(_) => None,
            None => {
                let subject = token.subject()?;
                self.subjects
                    .iter()
                    .find(|(pattern, _)| pattern.matches(subject))
                    .map(|(_, provider)| (*provider, None))
            }
        }
    }

    fn reads_source(&self, provider: ProviderIndex, credential: &Credential<'_, '_>) -> bool {
        self.providers[provider].sources.intersects(credential.found_in())
    }
}

impl From<AmbiguousCredential> for AuthnError {
    fn from(AmbiguousCredential: AmbiguousCredential) -> Self {
        Self::Ambiguous
    }
}

impl From<TokenError> for AuthnError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}
