//! Ring 2 — may they: a compiled configuration, and the one function that decides about a request.

mod compile;

pub(crate) use compile::split_url;
pub mod decision;
pub mod denial;
pub mod error;
pub mod forward;
pub mod proof;
pub mod reason;
pub mod requirement;
pub mod route;
pub mod table;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::config::FilterState;
use crate::jwt::cache::TokenCache;
use crate::jwt::claims::ClaimPath;
use crate::jwt::credential::Sources;
use crate::jwt::error::TokenError;
use crate::jwt::jwks::KeySet;
use crate::jwt::ledger::KeyPolicy;
use crate::jwt::output::HeaderName;
use crate::jwt::provider::{Provider, ProviderIndex};
use crate::jwt::signature::SignatureVerifier;
use crate::jwt::time::UnixTime;
use crate::jwt::token::VerifiedToken;
use crate::request::RequestHead;
use decision::{About, Decision, MissingKeys, RuleIndex, Verdict, WantedKeys};
use denial::{Denial, ReplyStyle};
use error::Warning;
use forward::Forward;
use proof::{Finding, Vault};
use reason::Reason;
use requirement::Requirement;
use table::RouteTable;

/// A compiled configuration. Nothing in it is parsed or cloned for a request.
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
