//! Why a key of a set is left out.

use std::fmt;

/// Why a JWK can't be used. It does not make its set invalid (RFC 7517 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwkError {
    /// Not an object, or an object with duplicate members, which is read as an empty one.
    NotAnObject,
    /// `d` is present: whoever can read the document can sign.
    PrivateKey,
    /// This member says that the key is not for signatures.
    NotForSignatures(&'static str),
    /// This member is missing.
    Missing(&'static str),
    /// This member is not text.
    NotText(&'static str),
    /// This member is not base64url.
    NotBase64url(&'static str),
    /// A shared secret, in a set that is fetched.
    Secret,
    /// The value of this member (`kty`, `crv`, `alg`), or this property of a certificate's key, is not supported, or does not fit the key.
    Unsupported(&'static str),
    /// An RSA modulus of fewer than 2,048 or more than 4,096 bits.
    ModulusSize,
    /// An RSA exponent other than 65,537.
    Exponent,
    /// A number of the right size that is not an RSA modulus.
    Modulus,
    /// Text in place of an X.509 certificate.
    Certificate,
    /// Coordinates that are not those of a point on the curve.
    Point,
}

impl JwkError {
    /// Whether somebody should look at the key. Issuers publish their encryption keys in the same set.
    pub fn is_fault(self) -> bool {
        !matches!(self, Self::NotForSignatures(_))
    }
}

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("not an object, or with duplicate members"),
            Self::PrivateKey => f.write_str("d is present: a private key"),
            Self::NotForSignatures(member) => write!(f, "{member} is not for signatures"),
            Self::Missing(member) => write!(f, "{member} is missing"),
            Self::NotText(member) => write!(f, "{member} is not text"),
            Self::NotBase64url(member) => write!(f, "{member} is not base64url"),
            Self::Secret => f.write_str("a shared secret"),
            Self::Unsupported(member) => write!(f, "{member} is not supported"),
            Self::ModulusSize => f.write_str("n has not 2048 to 4096 bits"),
            Self::Exponent => f.write_str("e is not 65537"),
            Self::Modulus => f.write_str("n is not an RSA modulus"),
            Self::Certificate => f.write_str("not an X.509 certificate"),
            Self::Point => f.write_str("not a point on the curve"),
        }
    }
}
