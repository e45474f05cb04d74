//! Why a request is let pass or refused, and the stable codes by which logs, counters and operators know it.

use super::requirement::Unmet;
use crate::jwt::error::TokenError;

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
