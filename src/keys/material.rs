//! Key material. Only this file uses `jwt_simple`, which rejects weak and malformed keys.

use std::fmt;
use std::ops::RangeInclusive;

use jwt_simple::algorithms::{Edwards25519PublicKey, P256PublicKey, P384PublicKey, RSAPublicKey};
use p521::pkcs8::EncodePublicKey;
use rsa::{BoxedUint, PublicKey};

use super::algorithm::{Algorithm, AlgorithmSet};
use super::jwk_error::JwkError;

/// Shorter ones can be factored, and each signature check with a longer one would cost more.
const MODULUS_BITS: RangeInclusive<usize> = 2048..=4096;
/// 65,537. jwt-simple takes no smaller one, and Envoy's BoringSSL must decide as Rust does.
const EXPONENT: [u8; 3] = [1, 0, 1];
/// The first byte of a point with both coordinates.
const UNCOMPRESSED: u8 = 4;

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
    modulus_bytes: usize,
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
    ///
    /// # Errors
    ///
    /// If the key is weak, or not one.
    pub fn rsa(n: &[u8], e: &[u8]) -> Result<Self, JwkError> {
        // The time to import a number grows with its written length, and a key set could pad one with a million zeros.
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        let unused = n.first().map_or(0, |first| first.leading_zeros() as usize);
        if !MODULUS_BITS.contains(&(8 * n.len() - unused)) {
            return Err(JwkError::ModulusSize);
        }
        if e != EXPONENT {
            return Err(JwkError::Exponent);
        }
        Self::import_rsa(n, e).ok_or(JwkError::Modulus)
    }

    fn import_rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        let imported = RSAPublicKey::from_components(n, e).ok()?;
        let number =
            |bytes: &[u8]| BoxedUint::from_be_slice(bytes, u32::try_from(bytes.len()).ok()?.checked_mul(8)?).ok();
        let public = PublicKey::new(number(n)?, number(e)?).ok()?;
        Some(Self::Rsa(Rsa { public, der: imported.to_der().ok()?.into(), modulus_bytes: n.len() }))
    }

    /// A key on P-256 from its coordinates, big-endian.
    ///
    /// # Errors
    ///
    /// If they are not those of a point on the curve.
    pub fn p256(x: &[u8], y: &[u8]) -> Result<Self, JwkError> {
        let point = point::<32>(x, y)?;
        P256PublicKey::from_bytes(&point).map(Self::P256).map_err(|_| JwkError::Point)
    }

    /// A key on P-384 from its coordinates, big-endian.
    ///
    /// # Errors
    ///
    /// If they are not those of a point on the curve.
    pub fn p384(x: &[u8], y: &[u8]) -> Result<Self, JwkError> {
        let point = point::<48>(x, y)?;
        P384PublicKey::from_bytes(&point).map(Self::P384).map_err(|_| JwkError::Point)
    }

    /// A key on P-521 from its coordinates, big-endian.
    ///
    /// # Errors
    ///
    /// If they are not those of a point on the curve.
    pub fn p521(x: &[u8], y: &[u8]) -> Result<Self, JwkError> {
        let point = point::<66>(x, y)?;
        p521::ecdsa::VerifyingKey::from_sec1_bytes(&point).map(Self::P521).map_err(|_| JwkError::Point)
    }

    /// An Ed25519 key from its 32 bytes.
    ///
    /// # Errors
    ///
    /// If they are not those of a key, or of one of small order.
    pub fn ed25519(x: &[u8]) -> Result<Self, JwkError> {
        Edwards25519PublicKey::from_bytes(x).map(Self::Ed25519).map_err(|_| JwkError::Point)
    }

    /// A shared secret. Its least length depends on the algorithm, and is checked where the JWK is read.
    pub fn secret(bytes: Vec<u8>) -> Self {
        Self::Secret(Secret(bytes.into()))
    }

    /// The algorithms that a key of this type can be used with.
    pub fn algorithms(&self) -> AlgorithmSet {
        match self {
            Self::Rsa(_) => AlgorithmSet::RSA,
            Self::P256(_) => AlgorithmSet::of(&[Algorithm::Es256]),
            Self::P384(_) => AlgorithmSet::of(&[Algorithm::Es384]),
            Self::P521(_) => AlgorithmSet::of(&[Algorithm::Es512]),
            Self::Ed25519(_) => AlgorithmSet::of(&[Algorithm::EdDsa]),
            Self::Secret(_) => AlgorithmSet::SECRET,
        }
    }

    /// The length of every signature with this key (RFC 7518 §3.2 to §3.5, RFC 8037 §3.1).
    pub fn signature_bytes(&self, algorithm: Algorithm) -> usize {
        match self {
            Self::Rsa(key) => key.modulus_bytes,
            Self::P256(_) | Self::Ed25519(_) => 64,
            Self::P384(_) => 96,
            Self::P521(_) => 132,
            Self::Secret(_) => algorithm.hash_bytes(),
        }
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

/// The SEC 1 form of an uncompressed point. Coordinates are written in full length (RFC 7518 §6.2.1.2), but some issuers
/// leave out zeros in front, and some write one more.
fn point<const WIDTH: usize>(x: &[u8], y: &[u8]) -> Result<Vec<u8>, JwkError> {
    let mut point = Vec::with_capacity(1 + 2 * WIDTH);
    point.push(UNCOMPRESSED);
    for number in [x, y].map(without_leading_zeros) {
        let zeros = WIDTH.checked_sub(number.len()).ok_or(JwkError::Point)?;
        point.extend(std::iter::repeat_n(0, zeros));
        point.extend_from_slice(number);
    }
    Ok(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_change_nothing_and_cost_nothing() {
        let der = |zeros: usize| {
            let padded = |number: &[u8]| [&vec![0; zeros], number].concat();
            KeyMaterial::rsa(&padded(&[0xff; 256]), &padded(&[1, 0, 1])).unwrap().to_der()
        };
        assert!(der(0).is_some());
        // If they were imported too, 500,000 zeros would take hours.
        for zeros in [1, 500_000] {
            assert_eq!(der(zeros), der(0), "{zeros}");
        }
        for n in [&[][..], &[0; 256]] {
            assert_eq!(KeyMaterial::rsa(n, &[1, 0, 1]).unwrap_err(), JwkError::ModulusSize);
        }
    }
}
