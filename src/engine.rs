//! The engine: a compiled configuration, and the one function that decides about a request.
//!
//! A request takes a straight way through four stations: route, authenticate, authorize, forward.

pub mod compile;
pub mod decision;

use crate::config::FilterState;
use crate::config::error::Warning;
use crate::forward::{Edits, Forwarding};
use crate::keys::current::CurrentKeys;
use crate::keys::remote::KeySource;
use crate::policy::authorizer::Authorizer;
use crate::policy::rule::{Access, RuleIndex, Unauthorized};
use crate::reason::{Grant, Refusal, Undecidable};
use crate::reply::{Reply, ReplyStyle};
use crate::request::{AmbiguousRequest, HeaderName, Headers, RequestHead};
use crate::token::authenticator::{AuthContext, Authenticator, AuthnError, MissingKeys, WantedKeys};
use crate::token::cache::TokenCache;
use crate::token::caller::CallerDiagnostics;
use crate::token::error::TokenError;
use crate::token::provider::ByProvider;
use decision::{Decision, Diagnostics, Effect, NeedsKeys};

/// A compiled configuration. Nothing in it is parsed or cloned for a request.
#[derive(Debug)]
pub struct Engine {
    authenticator: Authenticator,
    authorizer: Authorizer,
    forwarding: Forwarding,
    dry_run: bool,
    replies: ReplyStyle,
    bypass_preflight: bool,
    key_sources: ByProvider<KeySource>,
    name: Option<Box<str>>,
    metrics_scope: Box<str>,
    log_denials: bool,
    filter_state: FilterState,
    max_tokens: usize,
    warnings: Box<[Warning]>,
}

/// Why a request does not go on to the next station.
enum Stop {
    Refused(Refusal),
    NeedsKeys(MissingKeys),
}

impl Engine {
    /// Decides about one request. Total and synchronous; its only effect is on the cache of verified tokens.
    ///
    /// # Errors
    ///
    /// If keys are missing: decide again once they are fetched, or [give up](Self::give_up).
    pub fn decide<K: AsRef<CurrentKeys>>(
        &self,
        head: &RequestHead<'_>,
        context: &mut AuthContext<'_, K>,
    ) -> Result<Decision, NeedsKeys> {
        if self.bypass_preflight && head.is_cors_preflight() {
            let effect = Effect::Allow(Grant::Preflight, self.anonymous(head));
            return Ok(Decision { effect, diagnostics: self.no_diagnostics() });
        }
        let rule = match self.authorizer.route(head) {
            Ok(rule) => rule,
            Err(ambiguous) => return Ok(self.refuse_unrouted(ambiguous.into(), head.headers())),
        };
        let mut caller = CallerDiagnostics::default();
        let outcome = self.decide_by_rule(rule, head, context, &mut caller);
        let diagnostics = Diagnostics { rule, caller };
        match outcome {
            Ok((grant, edits)) => Ok(Decision { effect: Effect::Allow(grant, edits), diagnostics }),
            Err(Stop::Refused(refusal)) => Ok(self.refuse(refusal, diagnostics, head)),
            Err(Stop::NeedsKeys(missing)) => Err(NeedsKeys { missing, diagnostics }),
        }
    }

    fn decide_by_rule<K: AsRef<CurrentKeys>>(
        &self,
        rule: RuleIndex,
        head: &RequestHead<'_>,
        context: &mut AuthContext<'_, K>,
        caller: &mut CallerDiagnostics,
    ) -> Result<(Grant, Edits), Stop> {
        let conditions = match &self.authorizer.rules()[rule].access {
            Access::Public => return Ok((Grant::Public, self.anonymous(head))),
            Access::Deny => return Err(Refusal::RouteDenied.into()),
            Access::Token(conditions) => conditions,
        };
        let Some((credential, token)) = self.authenticator.authenticate(head, context, caller)? else {
            return match conditions.optional {
                true => Ok((Grant::Anonymous, self.anonymous(head))),
                false => Err(Refusal::TokenMissing.into()),
            };
        };
        conditions.authorize(&token, head)?;
        Ok((Grant::Allowed, self.forwarding.identified(&token, &credential, head)))
    }

    /// The decision about a request whose keys were not fetched. If the last fetch is `unresolved`, it is unknown whether
    /// the issuer has the key. A signature that no key verifies is refused all the same: it is nearly always forged, and
    /// an issuer that is down must not turn forged tokens into an alarm.
    pub fn give_up(&self, needs: NeedsKeys, unresolved: bool, head: &RequestHead<'_>) -> Decision {
        let refusal = match needs.missing.wanted {
            WantedKeys::Replacement => Refusal::Token(TokenError::SignatureInvalid),
            WantedKeys::Unknown if !unresolved => Refusal::Token(TokenError::KeyUnknown),
            WantedKeys::Unknown | WantedKeys::Any => Refusal::Undecidable(Undecidable::KeysUnavailable),
        };
        self.refuse(refusal, needs.diagnostics, head)
    }

    /// Refuses a request before its rule is known. Only the policy can be in dry run then.
    pub fn refuse_unrouted(&self, refusal: Refusal, headers: &Headers) -> Decision {
        self.deny(refusal, self.no_diagnostics(), headers)
    }

    /// Finds and verifies credentials.
    pub fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    /// Finds rules.
    pub fn authorizer(&self) -> &Authorizer {
        &self.authorizer
    }

    /// Computes the edits of allowed requests.
    pub fn forwarding(&self) -> &Forwarding {
        &self.forwarding
    }

    /// Where each provider's keys come from.
    pub fn key_sources(&self) -> &ByProvider<KeySource> {
        &self.key_sources
    }

    /// Whether the policy refuses nothing and changes nothing.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The policy's name in logs and metrics.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The prefix of every metric.
    pub fn metrics_scope(&self) -> &str {
        &self.metrics_scope
    }

    /// What is valid in the configuration, but probably not intended.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether refusals are logged.
    pub fn logs_denials(&self) -> bool {
        self.log_denials
    }

    /// Whether a decision goes into the filter state of its request, for access logs.
    pub fn sets_filter_state(&self, decision: &Decision) -> bool {
        match self.filter_state {
            FilterState::All => true,
            FilterState::Refused => !matches!(decision.effect, Effect::Allow(..)),
            FilterState::None => false,
        }
    }

    /// The identity headers that an allowed request lacks because their claims cannot be written; `None` if there are
    /// none.
    pub fn omitted_headers(&self, decision: &Decision) -> Option<String> {
        let token = decision.token_with_omitted_headers()?;
        let names = self.forwarding.header_names(token.provider());
        let omitted: Vec<_> =
            token.omitted_headers().iter().filter_map(|&index| names.get(index)).map(HeaderName::as_str).collect();
        Some(omitted.join(","))
    }

    /// A cache as large as all providers allow together.
    pub fn new_cache(&self) -> TokenCache {
        TokenCache::new(self.max_tokens)
    }

    /// Refuses, unless the rule is in dry run. In a policy in dry run, `anonymous` edits nothing.
    fn refuse(&self, refusal: Refusal, diagnostics: Diagnostics, head: &RequestHead<'_>) -> Decision {
        if self.authorizer.rules()[diagnostics.rule].dry_run {
            return Decision { effect: Effect::Report(refusal, self.anonymous(head)), diagnostics };
        }
        self.deny(refusal, diagnostics, head.headers())
    }

    fn deny(&self, refusal: Refusal, diagnostics: Diagnostics, headers: &Headers) -> Decision {
        if self.dry_run {
            return Decision { effect: Effect::Report(refusal, Edits::default()), diagnostics };
        }
        let reply = Reply::new(&refusal, &self.replies, headers.is_grpc());
        let redactions = self.authenticator.without_query_tokens(headers);
        Decision { effect: Effect::Deny(refusal, reply, redactions), diagnostics }
    }

    /// Edits for a request without an identity. It may have a token that no rule has asked for.
    fn anonymous(&self, head: &RequestHead<'_>) -> Edits {
        let forwarding = &self.forwarding;
        let is_withheld = |provider| forwarding.withholds_tokens_of(provider);
        let redactions = match forwarding.withholds_tokens() {
            true => self.authenticator.without_query_tokens_of(is_withheld, head.headers()),
            false => Vec::new(),
        };
        forwarding.anonymous(head, redactions)
    }

    fn no_diagnostics(&self) -> Diagnostics {
        Diagnostics { rule: self.authorizer.default_rule(), caller: CallerDiagnostics::default() }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<AuthnError> for Stop {
    fn from(error: AuthnError) -> Self {
        match error {
            AuthnError::Ambiguous => Self::Refused(Refusal::CredentialAmbiguous),
            AuthnError::Token(error) => Self::Refused(Refusal::Token(error)),
            AuthnError::NeedsKeys(missing) => Self::NeedsKeys(missing),
        }
    }
}

impl From<Unauthorized> for Stop {
    fn from(unauthorized: Unauthorized) -> Self {
        Self::Refused(Refusal::Unauthorized(unauthorized))
    }
}

impl From<AmbiguousRequest> for Refusal {
    fn from(ambiguous: AmbiguousRequest) -> Self {
        Self::Request(ambiguous)
    }
}
