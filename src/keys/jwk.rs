//! Reads one JSON Web Key. A key that can't be used is ignored; it does not make its set invalid (RFC 7517 §5).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::algorithm::{Algorithm, AlgorithmSet};
use super::material::KeyMaterial;
use crate::json::Json;

/// A `kid` (RFC 7517 §4.5, RFC 7515 §4.1.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(Box<str>);

impl KeyId {
    /// Any text is a valid `kid`: it is only compared.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key, its `kid`, and the algorithms that it may be used with.
#[derive(Debug)]
pub struct VerifyingKey {
    id: Option<KeyId>,
    algorithms: AlgorithmSet,
    material: KeyMaterial,
    der: Box<[u8]>,
}

impl VerifyingKey {
    /// Reads a JWK. `None` if it is not a public key for signatures, or of an unsupported type.
    pub fn from_jwk(jwk: &Json<'_>) -> Option<Self> {
        if !is_for_signatures(jwk) || jwk.get("d").is_some() {
            return None;
        }
        let (material, supported) = material(jwk)?;
        let der = material.to_der()?.into_boxed_slice();
        Some(Self { id: key_id(jwk)?, algorithms: permitted(jwk, supported)?, material, der })
    }

    /// Reads a shared secret, for those of the listed algorithms that its `alg` permits.
    ///
    /// # Errors
    ///
    /// Why it can't be used. Unlike a public key, it is never ignored: an operator configured it to be used.
    pub fn from_secret(jwk: &Json<'_>, listed: AlgorithmSet) -> Result<Self, SecretError> {
        let bytes = jwk.get("k").and_then(Json::as_text).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let (Some(bytes), Some(id), Some(permitted), true) =
            (bytes, key_id(jwk), permitted(jwk, AlgorithmSet::SECRET), is_for_signatures(jwk))
        else {
            return Err(SecretError::Malformed);
        };
        let algorithms = permitted.among(listed);
        if algorithms.is_empty() {
            return Err(SecretError::Unlisted);
        }
        let short = algorithms.each().find(|algorithm| bytes.len() < min_secret_bytes(*algorithm));
        if let Some(algorithm) = short {
            return Err(SecretError::Short { has: bytes.len(), needs: min_secret_bytes(algorithm), algorithm });
        }
        Ok(Self { id, algorithms, material: KeyMaterial::secret(bytes), der: Box::default() })
    }

    /// Its `kid`.
    pub fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    /// Whether this is its `kid`.
    pub fn has_id(&self, id: &str) -> bool {
        self.id.as_ref().is_some_and(|known| known.as_str() == id)
    }

    /// Whether the key may be used with this algorithm.
    pub fn supports(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(algorithm)
    }

    /// The key itself.
    pub fn material(&self) -> &KeyMaterial {
        &self.material
    }

    /// DER SubjectPublicKeyInfo, encoded once; empty for a secret.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.material, &other.material) {
            (KeyMaterial::Secret(ours), KeyMaterial::Secret(theirs)) => ours == theirs,
            _ => self.der == other.der,
        };
        same && self.id == other.id && self.algorithms == other.algorithms
    }
}

/// Why a secret can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretError {
    /// `k` is not canonical base64url, or another member does not permit HMAC.
    Malformed,
    /// None of its algorithms is in the provider's list.
    Unlisted,
    /// It is shorter than the hash output (RFC 7518 §3.2).
    Short {
        /// Its length in bytes.
        has: usize,
        /// The least length in bytes.
        needs: usize,
        /// The algorithm that needs it.
        algorithm: Algorithm,
    },
}

fn min_secret_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Hs384 => 48,
        Algorithm::Hs512 => 64,
        _ => 32,
    }
}

/// `Some(None)` without a `kid`; `None` if it is not a string.
fn key_id(jwk: &Json<'_>) -> Option<Option<KeyId>> {
    match jwk.get("kid") {
        None => Some(None),
        Some(id) => Some(Some(KeyId::new(id.as_text()?))),
    }
}

/// The supported algorithms, or only the one that `alg` names (RFC 7517 §4.4).
fn permitted(jwk: &Json<'_>, supported: AlgorithmSet) -> Option<AlgorithmSet> {
    match jwk.get("alg") {
        None => Some(supported),
        Some(name) => {
            let algorithm = Algorithm::named(name.as_text()?)?;
            supported.contains(algorithm).then(|| AlgorithmSet::of(&[algorithm]))
        }
    }
}

/// `use` and `key_ops` (RFC 7517 §4.2, §4.3).
fn is_for_signatures(jwk: &Json<'_>) -> bool {
    let by_use = jwk.get("use").is_none_or(|usage| usage.as_text() == Some("sig"));
    let by_operations = jwk.get("key_ops").is_none_or(|operations| {
        operations.as_list().is_some_and(|all| all.iter().any(|one| one.as_text() == Some("verify")))
    });
    by_use && by_operations
}

fn material(jwk: &Json<'_>) -> Option<(KeyMaterial, AlgorithmSet)> {
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_text()?).ok();
    let curve = jwk.get("crv").and_then(Json::as_text);
    match (jwk.get("kty")?.as_text()?, curve) {
        ("RSA", _) => Some((KeyMaterial::rsa(&bytes("n")?, &bytes("e")?)?, AlgorithmSet::RSA)),
        ("EC", Some("P-256")) => {
            Some((KeyMaterial::p256(&bytes("x")?, &bytes("y")?)?, AlgorithmSet::of(&[Algorithm::Es256])))
        }
        ("EC", Some("P-384")) => {
            Some((KeyMaterial::p384(&bytes("x")?, &bytes("y")?)?, AlgorithmSet::of(&[Algorithm::Es384])))
        }
        ("EC", Some("P-521")) => {
            Some((KeyMaterial::p521(&bytes("x")?, &bytes("y")?)?, AlgorithmSet::of(&[Algorithm::Es512])))
        }
        ("OKP", Some("Ed25519")) => Some((KeyMaterial::ed25519(&bytes("x")?)?, AlgorithmSet::of(&[Algorithm::EdDsa]))),
        _ => None,
    }
}
