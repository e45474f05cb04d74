//! What is wrong with a token, and what it would take to tell.

use crate::keys::jwk::KeyId;

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Not three parts of canonical base64url with a JSON object each, or a claim of the wrong type.
    Malformed,
    /// More than 16 KiB.
    TooLarge,
    /// No provider has this `iss`.
    IssuerUnknown,
    /// The token is at a place that its issuer's provider does not read.
    IdentitySourceMismatch,
    /// The claim `tid` is not the tenant in `iss`.
    TenantMismatch,
    /// The provider's allow-list hasn't the algorithm, or nobody knows it.
    AlgorithmNotAllowed,
    /// No key of the provider fits.
    KeyUnknown,
    /// No key's signature.
    SignatureInvalid,
    /// `exp` has passed.
    Expired,
    /// `nbf` is to come.
    NotYetValid,
    /// `iat` is to come.
    IssuedInFuture,
    /// No `exp`.
    ExpirationMissing,
    /// `exp - iat` is longer than allowed, or can't be told.
    LifetimeTooLong,
    /// For somebody else.
    AudienceMismatch,
    /// Issued to a client that is not listed.
    ClientMismatch,
    /// An ID token where an access token belongs, or the reverse.
    UseMismatch,
    /// `typ` says it is no token for an API.
    TypeMismatch,
    /// Bound to a key or certificate (RFC 7800), which nobody here can check.
    Bound,
    /// `crit`, or an unencoded payload: an extension that must be understood and is not.
    CriticalHeader,
    /// A claim that can't be said in a header.
    ClaimUnforwardable,
}

/// Why there is no verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// It is refused.
    Refused(TokenError),
    /// Its provider has no keys to decide by.
    KeysUnavailable,
    /// Its provider's keys are not the ones it asks for; newer ones may be.
    KeyUnknown(Option<KeyId>),
}

impl From<TokenError> for VerifyError {
    fn from(error: TokenError) -> Self {
        Self::Refused(error)
    }
}
