//! Keys and the one question asked of them. The sole user of `jwt_simple` and of the primitives under it.
//!
//! Keys are imported by jwt-simple, which refuses weak and malformed ones. Signatures are checked over the bytes
//! received: its own `verify_token` would parse header and claims a second time, by rules that are not ours. What checks
//! them is what jwt-simple itself calls, but for RSA, where a newer release of the same crate takes a third of the time.

use std::fmt;

use jwt_simple::algorithms::{Edwards25519PublicKey, P256PublicKey, P384PublicKey, RSAPublicKey};
use p256::ecdsa::signature::Verifier;
use p521::pkcs8::EncodePublicKey;
use rsa::{BoxedUint, PublicKey};
use sha2::digest::const_oid::AssociatedOid;
use sha2::digest::{Digest, FixedOutputReset};
use sha2::{Sha256, Sha384, Sha512};

use super::algorithm::Algorithm;
use super::jwk::VerifyingKey;

/// What a key is made of. It has a type: no function takes the bytes of some key.
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
    /// What both sides know, and nobody else.
    Secret(Secret),
}

/// An RSA key, ready to verify.
#[derive(Clone, Debug)]
pub struct Rsa {
    public: PublicKey,
    der: Box<[u8]>,
}

/// The bytes of a secret, which can't be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<[u8]>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

impl KeyMaterial {
    /// From modulus and exponent, big-endian.
    pub fn rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        // jwt-simple's policy looks at the last byte of the modulus without asking whether there is one.
        let imported = (!n.is_empty()).then(|| RSAPublicKey::from_components(n, e).ok())??;
        let number =
            |bytes: &[u8]| BoxedUint::from_be_slice(bytes, u32::try_from(bytes.len()).ok()?.checked_mul(8)?).ok();
        let public = PublicKey::new(number(n)?, number(e)?).ok()?;
        Some(Self::Rsa(Rsa { public, der: imported.to_der().ok()?.into() }))
    }

    /// From the coordinates of a point on P-256, each of full length.
    pub fn p256(x: &[u8], y: &[u8]) -> Option<Self> {
        P256PublicKey::from_bytes(&point(x, y, 32)?).ok().map(Self::P256)
    }

    /// From the coordinates of a point on P-384, each of full length.
    pub fn p384(x: &[u8], y: &[u8]) -> Option<Self> {
        P384PublicKey::from_bytes(&point(x, y, 48)?).ok().map(Self::P384)
    }

    /// From the coordinates of a point on P-521, each of full length.
    pub fn p521(x: &[u8], y: &[u8]) -> Option<Self> {
        p521::ecdsa::VerifyingKey::from_sec1_bytes(&point(x, y, 66)?).ok().map(Self::P521)
    }

    /// From its 32 bytes.
    pub fn ed25519(x: &[u8]) -> Option<Self> {
        Edwards25519PublicKey::from_bytes(x).ok().map(Self::Ed25519)
    }

    /// From the bytes that are shared; whether there are enough of them is asked where they are configured.
    pub fn secret(bytes: Vec<u8>) -> Self {
        Self::Secret(Secret(bytes.into()))
    }

    /// DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), which a secret has none of.
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

/// The SEC 1 form of an uncompressed point.
fn point(x: &[u8], y: &[u8], width: usize) -> Option<Vec<u8>> {
    (x.len() == width && y.len() == width).then(|| [&[4], x, y].concat())
}

/// Checks signatures: in Rust, or by what the host offers.
pub trait SignatureVerifier {
    /// Whether `signature`, in its JOSE form, is this key's over exactly these bytes. A key of another type than the
    /// algorithm's never says yes.
    fn verify(&self, key: &VerifyingKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool;
}

/// The verifier that every host has.
#[derive(Clone, Copy, Debug)]
pub struct PureRust;

impl SignatureVerifier for PureRust {
    fn verify(&self, key: &VerifyingKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (key.material(), algorithm) {
            (KeyMaterial::Rsa(key), Algorithm::Rs256) => pkcs1::<Sha256>(key, message, signature),
            (KeyMaterial::Rsa(key), Algorithm::Rs384) => pkcs1::<Sha384>(key, message, signature),
            (KeyMaterial::Rsa(key), Algorithm::Rs512) => pkcs1::<Sha512>(key, message, signature),
            (KeyMaterial::Rsa(key), Algorithm::Ps256) => pss::<Sha256>(key, message, signature),
            (KeyMaterial::Rsa(key), Algorithm::Ps384) => pss::<Sha384>(key, message, signature),
            (KeyMaterial::Rsa(key), Algorithm::Ps512) => pss::<Sha512>(key, message, signature),
            (KeyMaterial::P256(key), Algorithm::Es256) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.as_ref().verify(message, &signature).is_ok()),
            (KeyMaterial::P384(key), Algorithm::Es384) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.as_ref().verify(message, &signature).is_ok()),
            (KeyMaterial::P521(key), Algorithm::Es512) => p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            (KeyMaterial::Ed25519(key), Algorithm::EdDsa) => ed25519_compact::Signature::from_slice(signature)
                .is_ok_and(|signature| key.as_ref().verify(message, &signature).is_ok()),
            (KeyMaterial::Secret(Secret(key)), Algorithm::Hs256) => {
                signature.try_into().is_ok_and(|tag: &[u8; 32]| hmac_sha256::HMAC::verify(message, key, tag))
            }
            (KeyMaterial::Secret(Secret(key)), Algorithm::Hs384) => {
                signature.try_into().is_ok_and(|tag: &[u8; 48]| hmac_sha512::sha384::HMAC::verify(message, key, tag))
            }
            (KeyMaterial::Secret(Secret(key)), Algorithm::Hs512) => {
                signature.try_into().is_ok_and(|tag: &[u8; 64]| hmac_sha512::HMAC::verify(message, key, tag))
            }
            (
                KeyMaterial::Rsa(_)
                | KeyMaterial::P256(_)
                | KeyMaterial::P384(_)
                | KeyMaterial::P521(_)
                | KeyMaterial::Ed25519(_)
                | KeyMaterial::Secret(_),
                _,
            ) => false,
        }
    }
}

/// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
fn pkcs1<D: Digest + AssociatedOid>(key: &Rsa, message: &[u8], signature: &[u8]) -> bool {
    let verifier = rsa::pkcs1v15::VerifyingKey::<D>::new(key.public.clone());
    signature.try_into().is_ok_and(|signature| verifier.verify(message, &signature).is_ok())
}

/// RSASSA-PSS (RFC 8017 §8.1) with a salt as long as the hash (RFC 7518 §3.5).
fn pss<D: Digest + FixedOutputReset>(key: &Rsa, message: &[u8], signature: &[u8]) -> bool {
    let verifier = rsa::pss::VerifyingKey::<D>::new_with_salt_len(key.public.clone(), <D as Digest>::output_size());
    signature.try_into().is_ok_and(|signature| verifier.verify(message, &signature).is_ok())
}

/// A JOSE ECDSA signature (r‖s, RFC 7518 §3.4) as DER, the form that other libraries take. `None` for other
/// algorithms, another length, or a number out of range.
pub fn ecdsa_to_der(algorithm: Algorithm, signature: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        Algorithm::Es256 => Some(p256::ecdsa::Signature::from_slice(signature).ok()?.to_der().as_bytes().to_vec()),
        Algorithm::Es384 => Some(p384::ecdsa::Signature::from_slice(signature).ok()?.to_der().as_bytes().to_vec()),
        Algorithm::Es512 => Some(p521::ecdsa::Signature::from_slice(signature).ok()?.to_der().as_bytes().to_vec()),
        Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512
        | Algorithm::EdDsa
        | Algorithm::Hs256
        | Algorithm::Hs384
        | Algorithm::Hs512 => None,
    }
}
