//! What is to happen to a request, as values.

use crate::forward::Edits;
use crate::policy::rule::RuleIndex;
use crate::reason::{Grant, Refusal};
use crate::reply::Reply;
use crate::token::authenticator::MissingKeys;
use crate::token::caller::CallerDiagnostics;
use crate::token::redaction::Redactions;
use crate::token::verified::VerifiedToken;

/// What is to happen to a request, and what logs and metrics say about it.
#[derive(Debug)]
pub struct Decision {
    /// What is to happen.
    pub effect: Effect,
    /// Which rule decided, and who was asking.
    pub diagnostics: Diagnostics,
}

/// What is to happen to a request.
#[derive(Debug)]
pub enum Effect {
    /// The request goes on, edited.
    Allow(Grant, Edits),
    /// The request is answered. Its headers are changed first, for access logs and traces.
    Deny(Refusal, Reply, Redactions),
    /// A rule or a policy in dry run would refuse the request. It goes on, edited.
    Report(Refusal, Edits),
}

/// Which rule decided, and who was asking.
#[derive(Debug)]
pub struct Diagnostics {
    /// The rule; the default where no rule was looked for.
    pub rule: RuleIndex,
    /// Who was asking.
    pub caller: CallerDiagnostics,
}

/// A decision for which keys are missing: what to fetch, and what is known so far.
#[derive(Debug)]
pub struct NeedsKeys {
    /// The keys.
    pub missing: MissingKeys,
    pub(super) diagnostics: Diagnostics,
}

impl Decision {
    /// The stable code of the reason.
    pub fn reason(&self) -> &'static str {
        match &self.effect {
            Effect::Allow(grant, _) => grant.label(),
            Effect::Deny(refusal, ..) | Effect::Report(refusal, _) => refusal.label(),
        }
    }

    /// The token of an allowed request, if one of its claims cannot be written into its identity header.
    pub fn token_with_omitted_headers(&self) -> Option<&VerifiedToken> {
        let token = self.diagnostics.caller.token.as_ref()?;
        (matches!(self.effect, Effect::Allow(..)) && !token.omitted_headers().is_empty()).then_some(token)
    }

    /// Whether a rule or a policy in dry run would have refused the request.
    pub fn is_dry_run(&self) -> bool {
        matches!(self.effect, Effect::Report(..))
    }
}
