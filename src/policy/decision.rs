//! What is to happen to a request, as values: who decided, and the edits that Envoy is to make.

use std::rc::Rc;

use super::denial::Denial;
use super::requirement::Unmet;
use crate::jwt::jwk::KeyId;
use crate::jwt::provider::ProviderIndex;
use crate::jwt::token::{TokenError, VerifiedToken};

/// Which rule, among those of one configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleIndex(pub usize);

/// What is to happen.
#[derive(Debug)]
pub enum Decision {
    /// The request goes on, edited.
    Allow(Forward),
    /// The request is answered.
    Deny(Denial),
    /// It takes keys to tell: ask again once they have come.
    AwaitKeys(MissingKeys),
}

/// Keys that a decision waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKeys {
    /// Whose.
    pub provider: ProviderIndex,
    /// Which.
    pub wanted: WantedKeys,
}

/// Which keys of a provider are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedKeys {
    /// All of them.
    Any,
    /// The one of this name, or one that fits if the token names none.
    Key(Option<KeyId>),
}

/// The edits on an allowed request, in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// Headers to remove.
    pub remove: Vec<String>,
    /// Headers to set, which the request hasn't after the removals.
    pub set: Vec<(String, String)>,
    /// Headers to replace: pseudo-headers, and what is left of a header that held a token.
    pub replace: Vec<(String, String)>,
    /// Whether identity headers were set that a route may depend on.
    pub clear_route_cache: bool,
}

/// Why a request is let pass or refused, for logs, counters and the reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A verified token with every right that the rule asks.
    Allowed,
    /// The rule asks for no token.
    Public,
    /// The rule lets pass without a token, and there is none.
    Anonymous,
    /// A CORS preflight.
    Preflight,
    /// The path, or another part of the head, has two readings.
    PathAmbiguous,
    /// More than one credential.
    CredentialAmbiguous,
    /// No credential.
    TokenMissing,
    /// The token does not count.
    Token(TokenError),
    /// A token of a provider that the rule does not accept.
    ProviderNotAllowed,
    /// The token counts, and a right is missing.
    Unmet(Unmet),
    /// Nobody passes here.
    RouteDenied,
    /// No keys to decide by.
    KeysUnavailable,
}

impl Reason {
    /// Its stable code.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Public => "public",
            Self::Anonymous => "anonymous",
            Self::Preflight => "preflight",
            Self::PathAmbiguous => "path_ambiguous",
            Self::CredentialAmbiguous => "credential_ambiguous",
            Self::TokenMissing => "token_missing",
            Self::Token(error) => token_label(*error),
            Self::ProviderNotAllowed => "provider_not_allowed",
            Self::Unmet(Unmet::Scopes(_)) => "scope_missing",
            Self::Unmet(Unmet::Group) => "group_missing",
            Self::Unmet(Unmet::Claim) => "claim_mismatch",
            Self::RouteDenied => "route_denied",
            Self::KeysUnavailable => "keys_unavailable",
        }
    }
}

fn token_label(error: TokenError) -> &'static str {
    match error {
        TokenError::Malformed => "token_malformed",
        TokenError::TooLarge => "token_too_large",
        TokenError::IssuerUnknown => "issuer_unknown",
        TokenError::AlgorithmNotAllowed => "algorithm_not_allowed",
        TokenError::KeyUnknown => "key_unknown",
        TokenError::SignatureInvalid => "signature_invalid",
        TokenError::Expired => "token_expired",
        TokenError::NotYetValid => "token_not_yet_valid",
        TokenError::IssuedInFuture => "issued_in_future",
        TokenError::ExpirationMissing => "expiration_missing",
        TokenError::LifetimeTooLong => "lifetime_too_long",
        TokenError::AudienceMismatch => "audience_mismatch",
        TokenError::ClientMismatch => "client_mismatch",
        TokenError::UseMismatch => "token_use_mismatch",
        TokenError::TypeMismatch => "token_type_mismatch",
        TokenError::Bound => "token_bound",
        TokenError::CriticalHeader => "critical_header",
        TokenError::ClaimUnforwardable => "claim_unforwardable",
    }
}

/// A decision with who made it and about whom.
#[derive(Debug)]
pub struct Verdict {
    /// What is to happen.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// The rule would have refused, but only reports.
    pub dry_run: bool,
    /// Who and whom.
    pub about: About,
}

/// Who decided, and about whom.
#[derive(Debug, Default)]
pub struct About {
    /// The rule that decided; `None` for the default and for what comes before rules.
    pub rule: Option<RuleIndex>,
    /// The provider that the token names.
    pub provider: Option<ProviderIndex>,
    /// The key that the token names.
    pub key_id: Option<KeyId>,
    /// Whose token it is, once that is proven.
    pub token: Option<Rc<VerifiedToken>>,
}
