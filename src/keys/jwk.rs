//! Reads one JSON Web Key. A key that can't be used is left out; it does not make its set invalid (RFC 7517 §5).
//!
//! Issuers spell their keys in more ways than RFC 7517 and RFC 7518 allow: members that are null, numbers with padding
//! or without their leading zeros. What has only one meaning is read, because a key that is left out refuses every token
//! that it signed.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, NO_PAD, URL_SAFE_NO_PAD};

use super::algorithm::{Algorithm, AlgorithmSet};
use super::certificate;
use super::jwk_error::JwkError;
use super::material::KeyMaterial;
use crate::json::Json;

/// Bits behind the last byte are ignored.
const LENIENT: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(true);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

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

/// A key, its names, and the algorithms that it may be used with.
#[derive(Debug)]
pub struct VerifyingKey {
    id: Option<KeyId>,
    /// `x5t#S256` and `x5t`, without padding.
    thumbprints: [Option<Box<str>>; 2],
    algorithms: AlgorithmSet,
    material: KeyMaterial,
    der: Box<[u8]>,
}

impl VerifyingKey {
    /// Reads a JWK: a public key for signatures.
    ///
    /// # Errors
    ///
    /// Why it can't be used.
    pub fn from_jwk(jwk: &Json<'_>) -> Result<Self, JwkError> {
        if !matches!(jwk, Json::Object(object) if object.member(0).is_some()) {
            return Err(JwkError::NotAnObject);
        }
        check_purpose(jwk)?;
        if member(jwk, "d").is_some() {
            return Err(JwkError::PrivateKey);
        }
        let material = material(jwk)?;
        let thumbprints = ["x5t#S256", "x5t"].map(|name| Some(unpadded(member(jwk, name)?.as_text()?).into()));
        let algorithms = permitted(jwk, material.algorithms())?;
        Self::public(key_id(jwk)?, thumbprints, algorithms, material)
    }

    /// Reads a certificate in PEM that a document has under this `kid`.
    ///
    /// # Errors
    ///
    /// Why its key can't be used.
    pub fn from_certificate(id: &str, pem: &str) -> Result<Self, JwkError> {
        let material = certificate::public_key(pem)?;
        Self::public(Some(KeyId::new(id)), [None, None], material.algorithms(), material)
    }

    fn public(
        id: Option<KeyId>,
        thumbprints: [Option<Box<str>>; 2],
        algorithms: AlgorithmSet,
        material: KeyMaterial,
    ) -> Result<Self, JwkError> {
        let der = material.to_der().ok_or(JwkError::Secret)?.into();
        Ok(Self { id, thumbprints, algorithms, material, der })
    }

    /// Reads a shared secret, for those of the listed algorithms that its `alg` permits.
    ///
    /// # Errors
    ///
    /// Why it can't be used. Unlike a public key, it is never ignored: an operator configured it to be used.
    pub fn from_secret(jwk: &Json<'_>, listed: AlgorithmSet) -> Result<Self, SecretError> {
        // Strict, unlike the members of a public key: an operator wrote it, and can correct it.
        let bytes = jwk.get("k").and_then(Json::as_text).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let (Some(bytes), Ok(id), Ok(permitted), Ok(())) =
            (bytes, key_id(jwk), permitted(jwk, AlgorithmSet::SECRET), check_purpose(jwk))
        else {
            return Err(SecretError::Malformed);
        };
        let algorithms = permitted.among(listed);
        if algorithms.is_empty() {
            return Err(SecretError::Unlisted);
        }
        let short = algorithms.each().find(|algorithm| bytes.len() < algorithm.hash_bytes());
        if let Some(algorithm) = short {
            return Err(SecretError::Short { has: bytes.len(), needs: algorithm.hash_bytes(), algorithm });
        }
        Ok(Self {
            id,
            thumbprints: [None, None],
            algorithms,
            material: KeyMaterial::secret(bytes),
            der: Box::default(),
        })
    }

    /// Its `kid`.
    pub fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    /// `x5t#S256` and `x5t` (RFC 7517 §4.8, §4.9), without padding.
    pub fn thumbprints(&self) -> [Option<&str>; 2] {
        self.thumbprints.each_ref().map(Option::as_deref)
    }

    /// Whether the key may be used with this algorithm.
    pub fn supports(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(algorithm)
    }

    /// The algorithms that the key may be used with.
    pub fn algorithms(&self) -> AlgorithmSet {
        self.algorithms
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
        same && self.id == other.id && self.thumbprints == other.thumbprints && self.algorithms == other.algorithms
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

/// The value of a member. Some JSON libraries write every member that they know, with null, an empty text or an empty
/// list for those that the key does not have.
fn member<'j>(jwk: &'j Json<'_>, name: &str) -> Option<&'j Json<'j>> {
    jwk.get(name).filter(|value| match value {
        Json::Null => false,
        Json::Text(text) => !text.is_empty(),
        Json::List(items) => !items.is_empty(),
        Json::Boolean(_) | Json::Number(_) | Json::Object(_) => true,
    })
}

fn text<'j>(jwk: &'j Json<'_>, name: &'static str) -> Result<Option<&'j str>, JwkError> {
    member(jwk, name).map(|value| value.as_text().ok_or(JwkError::NotText(name))).transpose()
}

/// Base64url without padding, which some issuers write.
pub(super) fn unpadded(text: &str) -> &str {
    text.trim_end_matches('=')
}

/// The bytes of a number or point: base64url, where padding and base64's other alphabet don't matter.
fn bytes(jwk: &Json<'_>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    let text = unpadded(text(jwk, name)?.ok_or(JwkError::Missing(name))?);
    let decoded = if text.contains(['+', '/']) { STANDARD.decode(text) } else { URL_SAFE.decode(text) };
    decoded.map_err(|_| JwkError::NotBase64url(name))
}

fn key_id(jwk: &Json<'_>) -> Result<Option<KeyId>, JwkError> {
    Ok(text(jwk, "kid")?.map(KeyId::new))
}

/// The supported algorithms, or only the one that `alg` names (RFC 7517 §4.4).
fn permitted(jwk: &Json<'_>, supported: AlgorithmSet) -> Result<AlgorithmSet, JwkError> {
    match text(jwk, "alg")? {
        None => Ok(supported),
        Some(name) => {
            let named = Algorithm::named(name).filter(|algorithm| supported.contains(*algorithm));
            named.map(|algorithm| AlgorithmSet::of(&[algorithm])).ok_or(JwkError::Unsupported("alg"))
        }
    }
}

/// Refuses a key that says that it is not for signatures, by `use`, `key_ops`, `alg` or `crv` (RFC 7517 §4.2 to §4.4,
/// RFC 7518 §4.1, RFC 8037 §3.2). SPIFFE's keys for JWTs have the `use` `jwt-svid`.
fn check_purpose(jwk: &Json<'_>) -> Result<(), JwkError> {
    let is = |name: &str, accepts: fn(&str) -> bool| {
        member(jwk, name).is_some_and(|value| value.as_text().is_some_and(accepts))
    };
    if member(jwk, "use").is_some() && !is("use", |usage| matches!(usage, "sig" | "jwt-svid")) {
        return Err(JwkError::NotForSignatures("use"));
    }
    let verifies = |operations: &Json<'_>| {
        operations.as_list().is_some_and(|all| all.iter().any(|one| one.as_text() == Some("verify")))
    };
    if !member(jwk, "key_ops").is_none_or(verifies) {
        return Err(JwkError::NotForSignatures("key_ops"));
    }
    if is("alg", |name| ["RSA1_5", "RSA-OAEP", "ECDH-ES"].iter().any(|prefix| name.starts_with(prefix))) {
        return Err(JwkError::NotForSignatures("alg"));
    }
    if is("crv", |name| matches!(name, "X25519" | "X448")) {
        return Err(JwkError::NotForSignatures("crv"));
    }
    Ok(())
}

fn material(jwk: &Json<'_>) -> Result<KeyMaterial, JwkError> {
    let point = |of: fn(&[u8], &[u8]) -> Result<KeyMaterial, JwkError>| of(&bytes(jwk, "x")?, &bytes(jwk, "y")?);
    match text(jwk, "kty")?.ok_or(JwkError::Missing("kty"))? {
        "RSA" => KeyMaterial::rsa(&bytes(jwk, "n")?, &bytes(jwk, "e")?),
        "EC" => match curve(jwk)? {
            "P-256" => point(KeyMaterial::p256),
            "P-384" => point(KeyMaterial::p384),
            "P-521" => point(KeyMaterial::p521),
            _ => Err(JwkError::Unsupported("crv")),
        },
        "OKP" => match curve(jwk)? {
            "Ed25519" => KeyMaterial::ed25519(&bytes(jwk, "x")?),
            _ => Err(JwkError::Unsupported("crv")),
        },
        "oct" => Err(JwkError::Secret),
        _ => Err(JwkError::Unsupported("kty")),
    }
}

fn curve<'j>(jwk: &'j Json<'_>) -> Result<&'j str, JwkError> {
    text(jwk, "crv")?.ok_or(JwkError::Missing("crv"))
}

#[cfg(test)]
mod tests;
