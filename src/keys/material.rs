//! Key material. Only this file uses `jwt_simple`, which rejects weak and malformed keys.

use std::fmt;

use jwt_simple::algorithms::{Edwards25519PublicKey, P256PublicKey, P384PublicKey, RSAPublicKey};
use p521::pkcs8::EncodePublicKey;
use rsa::{BoxedUint, PublicKey};

/// The material of a key. Each type of key has a type of its own, so that one cannot be used as another.
#[derive(Clone, Debug)]
pub enum KeyMaterial {
    /// RSA, 2,048 to 4,096 bits, with the exponent 65,537.
    Rsa(Rsa),
    /// A point on P-256.
    P256(P256PublicKey),
    /// A point on P-384.
    P384(P384PublicKey),
    /// A point on P-521.
    P521(p521::ecdsa::VerifyingKey),
    /// An Ed25519 key that is not of small order.
    Ed25519(Edwards25519PublicKey),
    /// A secret that the issuer and the filter share.
    Secret(Secret),
}

/// An RSA key, ready to verify.
#[derive(Clone, Debug)]
pub struct Rsa {
    pub(super) public: PublicKey,
    der: Box<[u8]>,
}

/// The bytes of a shared secret. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(super) Box<[u8]>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

impl KeyMaterial {
    /// An RSA key from modulus and exponent, big-endian.
    pub fn rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        // The time to import a number grows with its written length, and a key set could pad one with a million zeros.
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        // jwt-simple reads the last byte of the modulus without checking that there is one.
        let imported = (!n.is_empty()).then(|| RSAPublicKey::from_components(n, e).ok())??;
        let number =
            |bytes: &[u8]| BoxedUint::from_be_slice(bytes, u32::try_from(bytes.len()).ok()?.checked_mul(8)?).ok();
        let public = PublicKey::new(number(n)?, number(e)?).ok()?;
        Some(Self::Rsa(Rsa { public, der: imported.to_der().ok()?.into() }))
    }

    /// A key on P-256 from its coordinates, each of full length.
    pub fn p256(x: &[u8], y: &[u8]) -> Option<Self> {
        P256PublicKey::from_bytes(&point(x, y, 32)?).ok().map(Self::P256)
    }

    /// A key on P-384 from its coordinates, each of full length.
    pub fn p384(x: &[u8], y: &[u8]) -> Option<Self> {
        P384PublicKey::from_bytes(&point(x, y, 48)?).ok().map(Self::P384)
    }

    /// A key on P-521 from its coordinates, each of full length.
    pub fn p521(x: &[u8], y: &[u8]) -> Option<Self> {
        p521::ecdsa::VerifyingKey::from_sec1_bytes(&point(x, y, 66)?).ok().map(Self::P521)
    }

    /// An Ed25519 key from its 32 bytes.
    pub fn ed25519(x: &[u8]) -> Option<Self> {
        Edwards25519PublicKey::from_bytes(x).ok().map(Self::Ed25519)
    }

    /// A shared secret. Its least length depends on the algorithm, and is checked where the JWK is read.
    pub fn secret(bytes: Vec<u8>) -> Self {
        Self::Secret(Secret(bytes.into()))
    }

    /// DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7); `None` for a secret.
    pub fn to_der(&self) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key) => Some(key.der.to_vec()),
            Self::P256(key) => key.to_der().ok(),
            Self::P384(key) => key.to_der().ok(),
            Self::P521(key) => key.to_public_key_der().ok().map(|der| der.as_bytes().to_vec()),
            Self::Ed25519(key) => Some(key.to_der()),
            Self::Secret(_) => None,
        }
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// The SEC 1 form of an uncompressed point.
fn point(x: &[u8], y: &[u8], width: usize) -> Option<Vec<u8>> {
    (x.len() == width && y.len() == width).then(|| [&[4], x, y].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_change_nothing_and_cost_nothing() {
        let der = |zeros: usize| {
            let padded = |number: &[u8]| [&vec![0; zeros], number].concat();
            KeyMaterial::rsa(&padded(&[0xff; 256]), &padded(&[1, 0, 1]))?.to_der()
        };
        assert!(der(0).is_some());
        // If they were imported too, 500,000 zeros would take hours.
        for zeros in [1, 500_000] {
            assert_eq!(der(zeros), der(0), "{zeros}");
        }
        assert!(KeyMaterial::rsa(&[0; 256], &[1, 0, 1]).is_none());
    }
}
