//! Why a request is allowed or refused, with the stable reason codes of logs, metrics and replies.

use crate::policy::requirement::Unmet;
use crate::policy::rule::Unauthorized;
use crate::request::AmbiguousRequest;
use crate::token::error::TokenError;

/// Why a request is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// The token is valid and meets the conditions of the rule.
    Allowed,
    /// The rule does not require a token.
    Public,
    /// The token is optional, and the request has none.
    Anonymous,
    /// A CORS preflight.
    Preflight,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request is ambiguous: method, host or path can be read in two ways.
    Request(AmbiguousRequest),
    /// The request has more than one credential.
    CredentialAmbiguous,
    /// The request has no credential.
    TokenMissing,
    /// The token is not valid.
    Token(TokenError),
    /// The token is valid, but does not give access.
    Unauthorized(Unauthorized),
    /// The rule denies all requests.
    RouteDenied,
    /// The filter cannot decide.
    Undecidable(Undecidable),
}

/// Why the filter cannot decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecidable {
    /// No keys are available to verify the token.
    KeysUnavailable,
    /// The wall clock is not set.
    ClockUnavailable,
    /// Envoy did not provide the request's headers.
    HeadersUnreadable,
}

impl Grant {
    /// Its stable reason code.
    pub fn label(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Public => "public",
            Self::Anonymous => "anonymous",
            Self::Preflight => "preflight",
        }
    }
}

impl Refusal {
    /// Its stable reason code.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Request(AmbiguousRequest::Method) => "method_ambiguous",
            Self::Request(AmbiguousRequest::Host) => "host_ambiguous",
            Self::Request(AmbiguousRequest::Path) => "path_ambiguous",
            Self::CredentialAmbiguous => "credential_ambiguous",
            Self::TokenMissing => "token_missing",
            Self::Token(error) => token_label(*error),
            Self::Unauthorized(Unauthorized::ProviderNotAllowed) => "provider_not_allowed",
            Self::Unauthorized(Unauthorized::Unmet(Unmet::Scopes(_))) => "scope_missing",
            Self::Unauthorized(Unauthorized::Unmet(Unmet::Group)) => "group_missing",
            Self::Unauthorized(Unauthorized::Unmet(Unmet::Claim)) => "claim_mismatch",
            Self::RouteDenied => "route_denied",
            Self::Undecidable(Undecidable::KeysUnavailable) => "keys_unavailable",
            Self::Undecidable(Undecidable::ClockUnavailable) => "clock_unavailable",
            Self::Undecidable(Undecidable::HeadersUnreadable) => "headers_unreadable",
        }
    }
}

fn token_label(error: TokenError) -> &'static str {
    match error {
        TokenError::Malformed => "token_malformed",
        TokenError::TooLarge => "token_too_large",
        TokenError::IssuerUnknown => "issuer_unknown",
        TokenError::IdentitySourceMismatch => "identity_source_mismatch",
        TokenError::TenantMismatch => "tenant_mismatch",
        TokenError::AlgorithmNotAllowed => "algorithm_not_allowed",
        TokenError::KeyUnknown => "key_unknown",
        TokenError::KeyAmbiguous => "key_ambiguous",
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
