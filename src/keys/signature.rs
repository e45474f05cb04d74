//! Checks signatures.
//!
//! They are checked over the bytes as received. jwt-simple's own `verify_token` is not used: it would parse header and
//! claims a second time, by other rules. The crates called here are those that jwt-simple calls. RSA is the exception:
//! a newer release of the same crate takes a third of the time.

use p256::ecdsa::signature::Verifier;
use sha2::digest::const_oid::AssociatedOid;
use sha2::digest::{Digest, FixedOutputReset};
use sha2::{Sha256, Sha384, Sha512};

use super::algorithm::Algorithm;
use super::jwk::VerifyingKey;
use super::material::{KeyMaterial, Rsa, Secret};

/// Checks signatures, in Rust or with the host's cryptography.
pub trait SignatureVerifier {
    /// Whether `signature`, in its JOSE form, is valid for this key and exactly these bytes. False if the key is not of
    /// the algorithm's type.
    fn verify(&self, key: &VerifyingKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool;
}

/// The verifier that works in every host.
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

/// RSASSA-PSS (RFC 8017 §8.1) with a salt as long as the hash output (RFC 7518 §3.5).
fn pss<D: Digest + FixedOutputReset>(key: &Rsa, message: &[u8], signature: &[u8]) -> bool {
    let verifier = rsa::pss::VerifyingKey::<D>::new_with_salt_len(key.public.clone(), <D as Digest>::output_size());
    signature.try_into().is_ok_and(|signature| verifier.verify(message, &signature).is_ok())
}
