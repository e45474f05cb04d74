//! Why a token is not valid, or cannot be verified yet.

/// Why a token is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Not a compact JWS of canonical base64url with JSON objects as header and payload, or a claim has the wrong type.
    Malformed,
    /// More than the `max_token_size` of its provider.
    TooLarge,
    /// No provider has this `iss`.
    IssuerUnknown,
    /// The token is not in one of its provider's identity sources.
    IdentitySourceMismatch,
    /// The claim for the tenant is not the tenant in `iss`.
    TenantMismatch,
    /// `alg` is not in the provider's list, or not supported.
    AlgorithmNotAllowed,
    /// The provider has no key for the `kid` and `alg` of the token.
    KeyUnknown,
    /// The token does not say which key signed it, and none of those that were tried did. There are more.
    KeyAmbiguous,
    /// No candidate key verifies the signature.
    SignatureInvalid,
    /// `exp` has passed.
    Expired,
    /// `nbf` is in the future.
    NotYetValid,
    /// `iat` is in the future.
    IssuedInFuture,
    /// No `exp`.
    ExpirationMissing,
    /// `exp - iat` is longer than allowed, or one of them is missing.
    LifetimeTooLong,
    /// `aud`, or `client_id` if there is none, has no accepted audience.
    AudienceMismatch,
    /// Issued to a client that is not in the provider's list.
    ClientMismatch,
    /// An ID token instead of an access token, or the reverse.
    UseMismatch,
    /// `typ` names another kind of JWT, or the token is a security event.
    TypeMismatch,
    /// Bound to a key or certificate (`cnf`, RFC 7800), which the filter cannot check.
    Bound,
    /// `crit`, or `b64` other than `true`: an extension that the filter must understand (RFC 7515 §4.1.11) and does
    /// not.
    CriticalHeader,
    /// A claim for an identity header cannot be a header value.
    ClaimUnforwardable,
}

/// Why verifying a token failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// The token is not valid.
    Refused(TokenError),
    /// Its provider has no usable key set.
    KeysUnavailable,
    /// Its provider's key set has no key for its `kid` and `alg`, but a newer one may.
    KeyUnknown,
    /// No candidate key verifies its signature, but a newer key with the same `kid` may.
    SignatureInvalid,
}

impl From<TokenError> for VerifyError {
    fn from(error: TokenError) -> Self {
        Self::Refused(error)
    }
}
