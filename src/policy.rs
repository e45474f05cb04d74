//! Ring 2 — may they: a compiled configuration, and the one function that decides about a request.

mod compile;

pub(crate) use compile::split_url;
pub mod decision;
pub mod denial;
pub mod error;
pub mod forward;
pub mod reason;
pub mod requirement;
pub mod route;
pub mod table;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::config::FilterState;
use crate::jwt::cache::{TokenCache, TokenHash};
use crate::jwt::claims::ClaimPath;
use crate::jwt::error::{TokenError, Unverified};
use crate::jwt::jwk::KeyId;
use crate::jwt::jwks::KeySet;
use crate::jwt::keys::KeyRing;
use crate::jwt::ledger::KeyPolicy;
use crate::jwt::output::HeaderName;
use crate::jwt::provider::{Provider, ProviderIndex};
use crate::jwt::signature::SignatureVerifier;
use crate::jwt::source::{Credential, Sources};
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Compact, UnverifiedToken, VerifiedToken};
use crate::request::RequestHead;
use decision::{About, Decision, MissingKeys, RuleIndex, Verdict, WantedKeys};
use denial::{Denial, ReplyStyle};
use error::Warning;
use forward::Forward;
use reason::Reason;
use requirement::Requirement;
use table::RouteTable;

/// A compiled configuration. Nothing in it is looked up by name, parsed or cloned for a request.
#[derive(Debug)]
pub struct Authorizer {
    providers: Box<[Provider]>,
    key_sources: Box<[KeySource]>,
    issuers: BTreeMap<Box<str>, Issuer>,
    sources: Sources,
    kept_claims: Box<[ClaimPath]>,
    routes: RouteTable<RuleIndex>,
    rules: Box<[Rule]>,
    default: Rule,
    bypass_preflight: bool,
    /// Headers that only verified claims may set.
    reserved: Box<[HeaderName]>,
    replies: ReplyStyle,
    clear_route_cache: bool,
    log_denials: bool,
    filter_state: FilterState,
    max_tokens: usize,
    warnings: Box<[Warning]>,
}

/// The provider that an issuer belongs to, and the tenant that is part of the issuer.
#[derive(Debug)]
struct Issuer {
    provider: ProviderIndex,
    tenant: Option<Box<str>>,
}

/// Where a provider's keys come from.
#[derive(Debug)]
pub enum KeySource {
    /// The configuration.
    Inline(Rc<KeySet>),
    /// An Envoy cluster.
    Remote(RemoteKeys),
}

/// Keys to be fetched by HTTP callout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteKeys {
    /// The provider's issuer, to which a discovery document must belong.
    pub issuer: Box<str>,
    /// The Envoy cluster.
    pub cluster: Box<str>,
    /// `:authority` of the first request.
    pub authority: Box<str>,
    /// `:path` of the first request.
    pub path: Box<str>,
    /// Whether the first request is for the discovery document.
    pub discovery: bool,
    /// How the keys are kept fresh.
    pub policy: KeyPolicy,
}

/// One rule, compiled.
#[derive(Debug)]
pub struct Rule {
    name: Box<str>,
    access: Access,
    dry_run: bool,
}

#[derive(Debug)]
enum Access {
    Public,
    Deny,
    Token(Terms),
}

/// What a rule asks of those who have, or need, a token.
#[derive(Debug)]
struct Terms {
    /// Whether the request passes without any token.
    optional: bool,
    /// Whose tokens; everybody's if not given.
    providers: Option<Box<[ProviderIndex]>>,
    requirement: Option<Requirement>,
}

/// What a decision needs beside the request: one worker's keys and cache.
#[derive(Debug)]
pub struct Vault<'v> {
    /// One ring for each provider, in their order.
    pub keys: &'v [KeyRing],
    /// Verified tokens.
    pub cache: &'v mut TokenCache,
    /// Counts hits and misses.
    pub lookups: &'v mut CacheLookups,
}

/// How often the cache was asked, and how often in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheLookups {
    /// Found.
    pub hits: u64,
    /// Not found.
    pub misses: u64,
}

/// What came of looking at a credential.
enum Finding {
    Token(Rc<VerifiedToken>),
    Refused(Reason),
    Awaits(MissingKeys),
}

impl Authorizer {
    /// Decides about one request. Total, synchronous, and without any effect but on the cache.
    pub fn authorize(
        &self,
        head: &RequestHead<'_>,
        vault: &mut Vault<'_>,
        verifier: &dyn SignatureVerifier,
        now: UnixTime,
    ) -> Verdict {
        let mut about = About::default();
        if self.bypass_preflight && head.is_cors_preflight() {
            return self.allow(about, Reason::Preflight, head);
        }
        let rule = match self.rule(head) {
            Ok((index, rule)) => {
                about.rule = index;
                rule
            }
            Err(reason) => return self.deny(about, reason),
        };
        let terms = match &rule.access {
            Access::Public => return self.allow(about, Reason::Public, head),
            Access::Deny => return self.refuse(about, Reason::RouteDenied, rule, head),
            Access::Token(terms) => terms,
        };
        let credential = match self.sources.find(head) {
            Ok(Some(credential)) => credential,
            Ok(None) if terms.optional => return self.allow(about, Reason::Anonymous, head),
            Ok(None) => return self.refuse(about, Reason::TokenMissing, rule, head),
            Err(_) => return self.refuse(about, Reason::CredentialAmbiguous, rule, head),
        };
        let token = match self.examine(&credential, vault, verifier, now, &mut about) {
            Finding::Token(token) => token,
            Finding::Refused(reason) => return self.refuse(about, reason, rule, head),
            Finding::Awaits(missing) => {
                return Verdict {
                    decision: Decision::AwaitKeys(missing),
                    reason: Reason::KeysUnavailable,
                    dry_run: false,
                    about,
                };
            }
        };
        about.provider = Some(token.provider());
        let permitted = terms.check(&token, head);
        about.token = Some(Rc::clone(&token));
        match permitted {
            Ok(()) => self.let_pass(about, Reason::Allowed, self.edits(&token, &credential, head)),
            Err(reason) => self.refuse(about, reason, rule, head),
        }
    }

    /// The decision about a request whose keys did not come.
    pub fn give_up(&self, about: About, missing: &MissingKeys, keys_in_doubt: bool, head: &RequestHead<'_>) -> Verdict {
        let reason = match missing.wanted {
            WantedKeys::Any => Reason::KeysUnavailable,
            // Without an answer from the issuer it can't be told whether the key is new or made up.
            WantedKeys::Key(_) if keys_in_doubt => Reason::KeysUnavailable,
            WantedKeys::Key(_) => Reason::Token(TokenError::KeyUnknown),
        };
        let rule = about.rule.and_then(|index| self.rules.get(index.0)).unwrap_or(&self.default);
        self.refuse(about, reason, rule, head)
    }

    /// The refusal of a request whose head has two readings, or cannot be read.
    pub fn deny_unreadable(&self) -> Verdict {
        self.deny(About::default(), Reason::PathAmbiguous)
    }

    /// The refusal of every request while nothing can be decided: the clock is not set, or headers can't be had.
    pub fn deny_undecidable(&self) -> Verdict {
        self.deny(About::default(), Reason::KeysUnavailable)
    }

    /// The providers.
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// Where each provider's keys come from, in the providers' order.
    pub fn key_sources(&self) -> &[KeySource] {
        &self.key_sources
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What of the configuration was probably not meant.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether refusals are logged.
    pub fn logs_denials(&self) -> bool {
        self.log_denials
    }

    /// Whether what was decided is to be kept with the request, for access logs.
    pub fn annotates(&self, verdict: &Verdict) -> bool {
        match self.filter_state {
            FilterState::All => true,
            FilterState::Refused => verdict.dry_run || matches!(verdict.decision, Decision::Deny(_)),
            FilterState::None => false,
        }
    }

    /// A cache of the size that the providers allow together.
    pub fn new_cache(&self) -> TokenCache {
        TokenCache::new(self.max_tokens)
    }

    fn rule(&self, head: &RequestHead<'_>) -> Result<(Option<RuleIndex>, &Rule), Reason> {
        if self.routes.knows_hosts() && !head.host_is_plain() {
            return Err(Reason::PathAmbiguous);
        }
        let find = |path: &str| self.routes.find(head.host(), head.method(), path);
        let found = find(head.path());
        // A server that drops `;parameters` would see another path: if that falls under another rule, who is right?
        if head.path_without_parameters().is_some_and(|path| find(&path) != found) {
            return Err(Reason::PathAmbiguous);
        }
        Ok((found, found.and_then(|index| self.rules.get(index.0)).unwrap_or(&self.default)))
    }

    fn examine(
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
            vault.lookups.hits = vault.lookups.hits.saturating_add(1);
            return Finding::Token(token);
        }
        vault.lookups.misses = vault.lookups.misses.saturating_add(1);
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
        let refused = |error: TokenError| (None, Unverified::Refused(error));
        let compact = Compact::decode(credential.token()).map_err(refused)?;
        let token = UnverifiedToken::read(&compact).map_err(refused)?;
        let key_id = token.key_id();
        self.prove(token, credential, keys, verifier, now, about)
            .inspect_err(|_| about.key_id = key_id.as_deref().map(KeyId::new))
    }

    fn prove(
        &self,
        token: UnverifiedToken<'_>,
        credential: &Credential<'_>,
        keys: &[KeyRing],
        verifier: &dyn SignatureVerifier,
        now: UnixTime,
        about: &mut About,
    ) -> Result<VerifiedToken, (Option<ProviderIndex>, Unverified)> {
        let refused = |error: TokenError| (None, Unverified::Refused(error));
        let issuer =
            token.issuer().and_then(|name| self.issuers.get(name)).ok_or(refused(TokenError::IssuerUnknown))?;
        let index = issuer.provider;
        about.provider = Some(index);
        // A templated issuer holds a tenant, and the token must be that tenant's.
        if issuer.tenant.is_some() && issuer.tenant.as_deref() != token.tenant() {
            return Err(refused(TokenError::IssuerUnknown));
        }
        let (Some(provider), Some(ring)) = (self.providers.get(index.0), keys.get(index.0)) else {
            return Err((None, Unverified::KeysUnavailable));
        };
        // A token counts only where its own issuer's tokens may be.
        if !self.may_be_at(index, credential) {
            return Err(refused(TokenError::IssuerUnknown));
        }
        token.verify(index, provider, ring, &self.kept_claims, verifier, now).map_err(|error| (Some(index), error))
    }

    fn may_be_at(&self, index: ProviderIndex, credential: &Credential<'_>) -> bool {
        self.providers.get(index.0).is_some_and(|provider| provider.sources.contains(credential.source()))
    }

    /// Lets pass with nothing said about who is asking.
    fn allow(&self, about: About, reason: Reason, head: &RequestHead<'_>) -> Verdict {
        self.let_pass(about, reason, self.cleared(head))
    }

    /// A route that was chosen by a header that is not there any more must be chosen again, too.
    fn let_pass(&self, about: About, reason: Reason, mut forward: Forward) -> Verdict {
        forward.clear_route_cache = self.clear_route_cache && !forward.is_empty();
        Verdict { decision: Decision::Allow(forward), reason, dry_run: false, about }
    }

    /// Refuses, unless the rule only reports.
    fn refuse(&self, about: About, reason: Reason, rule: &Rule, head: &RequestHead<'_>) -> Verdict {
        if rule.dry_run {
            return Verdict { dry_run: true, ..self.allow(about, reason, head) };
        }
        self.deny(about, reason)
    }

    fn deny(&self, about: About, reason: Reason) -> Verdict {
        Verdict { decision: Decision::Deny(Denial::new(&reason, &self.replies)), reason, dry_run: false, about }
    }
}

impl Terms {
    fn check(&self, token: &VerifiedToken, head: &RequestHead<'_>) -> Result<(), Reason> {
        if self.providers.as_ref().is_some_and(|accepted| !accepted.contains(&token.provider())) {
            return Err(Reason::ProviderNotAllowed);
        }
        self.requirement.as_ref().map_or(Ok(()), |requirement| requirement.check(token, head)).map_err(Reason::Unmet)
    }
}

impl Rule {
    /// Its label.
    pub fn name(&self) -> &str {
        &self.name
    }
}
