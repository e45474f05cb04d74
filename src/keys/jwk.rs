//! One JSON Web Key → a verifying key, or nothing: a key that can't be used never spoils its set (RFC 7517 §5).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::algorithm::{Algorithm, AlgorithmSet};
use super::material::KeyMaterial;
use crate::json::Json;

/// The `kid` by which a token names its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(Box<str>);

impl KeyId {
    /// Any text is a key id; it is only ever compared.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key, what it is called, and what it may verify.
#[derive(Debug)]
pub struct VerifyingKey {
    id: Option<KeyId>,
    algorithms: AlgorithmSet,
    material: KeyMaterial,
    der: Box<[u8]>,
}

impl VerifyingKey {
    /// Reads a JWK. `None` for what is not a public signature key of a supported kind.
    pub fn from_jwk(jwk: &Json<'_>) -> Option<Self> {
        if !meant_for_signatures(jwk) || jwk.get("d").is_some() {
            return None;
        }
        let (material, possible) = material(jwk)?;
        let der = material.to_der()?.into_boxed_slice();
        Some(Self { id: id(jwk)?, algorithms: narrowed(jwk, possible)?, material, der })
    }

    /// Reads a JWK that is a secret, for those of the algorithms that it is meant for.
    ///
    /// # Errors
    ///
    /// Why it can't be used. Somebody wrote it down to be used, so that is a mistake.
    pub fn from_secret(jwk: &Json<'_>, listed: AlgorithmSet) -> Result<Self, SecretError> {
        let bytes = jwk.get("k").and_then(Json::as_text).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let (Some(bytes), Some(id), Some(meant), true) =
            (bytes, id(jwk), narrowed(jwk, AlgorithmSet::SECRET), meant_for_signatures(jwk))
        else {
            return Err(SecretError::Malformed);
        };
        let algorithms = meant.among(listed);
        if algorithms.is_empty() {
            return Err(SecretError::Unlisted);
        }
        let short = algorithms.each().find(|algorithm| bytes.len() < least_secret_bytes(*algorithm));
        if let Some(algorithm) = short {
            return Err(SecretError::Short { has: bytes.len(), needs: least_secret_bytes(algorithm), algorithm });
        }
        Ok(Self { id, algorithms, material: KeyMaterial::secret(bytes), der: Box::default() })
    }

    /// What tokens call it.
    pub fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    /// Whether tokens call it so.
    pub fn is_named(&self, id: &str) -> bool {
        self.id.as_ref().is_some_and(|known| known.as_str() == id)
    }

    /// Whether the key may verify this algorithm's signatures.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(algorithm)
    }

    /// The key itself.
    pub fn material(&self) -> &KeyMaterial {
        &self.material
    }

    /// DER SubjectPublicKeyInfo, made once; empty for a secret.
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
    /// Its `k` is not canonical base64url, or another member is not for HMAC.
    Malformed,
    /// None of its algorithms is listed.
    Unlisted,
    /// It has fewer bytes than the hash (RFC 7518 §3.2).
    Short {
        /// So many it has.
        has: usize,
        /// So many it must have.
        needs: usize,
        /// For this.
        algorithm: Algorithm,
    },
}

fn least_secret_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Hs384 => 48,
        Algorithm::Hs512 => 64,
        _ => 32,
    }
}

/// The id, if there is one; `None` if it is no text.
fn id(jwk: &Json<'_>) -> Option<Option<KeyId>> {
    match jwk.get("kid") {
        None => Some(None),
        Some(id) => Some(Some(KeyId::new(id.as_text()?))),
    }
}

/// What is possible, or of that the one thing that `alg` names.
fn narrowed(jwk: &Json<'_>, possible: AlgorithmSet) -> Option<AlgorithmSet> {
    match jwk.get("alg") {
        None => Some(possible),
        Some(name) => {
            let algorithm = Algorithm::named(name.as_text()?)?;
            possible.contains(algorithm).then(|| AlgorithmSet::of(&[algorithm]))
        }
    }
}

/// `use` and `key_ops` (RFC 7517 §4.2, §4.3).
fn meant_for_signatures(jwk: &Json<'_>) -> bool {
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
