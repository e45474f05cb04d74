//! One JSON Web Key → a verifying key, or nothing: a key that can't be used never spoils its set (RFC 7517 §5).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::algorithm::{Algorithm, AlgorithmSet};
use super::signature::PublicKey;

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

/// A public key, what it is called, and what it may verify.
#[derive(Debug)]
pub struct VerifyingKey {
    id: Option<KeyId>,
    algorithms: AlgorithmSet,
    public: PublicKey,
    der: Box<[u8]>,
}

impl VerifyingKey {
    /// Reads a JWK. `None` for what is not a public signature key of a supported kind.
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        if !meant_for_signatures(jwk) || jwk.get("d").is_some() {
            return None;
        }
        let (public, possible) = material(jwk)?;
        let algorithms = match jwk.get("alg") {
            None => possible,
            Some(name) => {
                let algorithm = Algorithm::named(name.as_str()?)?;
                possible.contains(algorithm).then(|| AlgorithmSet::of(&[algorithm]))?
            }
        };
        let id = match jwk.get("kid") {
            None => None,
            Some(id) => Some(KeyId::new(id.as_str()?)),
        };
        let der = public.to_der()?.into_boxed_slice();
        Some(Self { id, algorithms, public, der })
    }

    /// What tokens call it.
    pub fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    /// Whether the key may verify this algorithm's signatures.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(algorithm)
    }

    /// The key itself.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// DER SubjectPublicKeyInfo, made once.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.algorithms == other.algorithms && self.der == other.der
    }
}

/// `use` and `key_ops` (RFC 7517 §4.2, §4.3).
fn meant_for_signatures(jwk: &Value) -> bool {
    let by_use = jwk.get("use").is_none_or(|usage| usage == "sig");
    let by_operations = jwk
        .get("key_ops")
        .is_none_or(|operations| operations.as_array().is_some_and(|all| all.iter().any(|one| one == "verify")));
    by_use && by_operations
}

fn material(jwk: &Value) -> Option<(PublicKey, AlgorithmSet)> {
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok();
    let curve = jwk.get("crv").and_then(Value::as_str);
    match (jwk.get("kty")?.as_str()?, curve) {
        ("RSA", _) => Some((PublicKey::rsa(&bytes("n")?, &bytes("e")?)?, AlgorithmSet::RSA)),
        ("EC", Some("P-256")) => {
            Some((PublicKey::p256(&bytes("x")?, &bytes("y")?)?, AlgorithmSet::of(&[Algorithm::Es256])))
        }
        ("EC", Some("P-384")) => {
            Some((PublicKey::p384(&bytes("x")?, &bytes("y")?)?, AlgorithmSet::of(&[Algorithm::Es384])))
        }
        ("EC", Some("P-521")) => {
            Some((PublicKey::p521(&bytes("x")?, &bytes("y")?)?, AlgorithmSet::of(&[Algorithm::Es512])))
        }
        ("OKP", Some("Ed25519")) => Some((PublicKey::ed25519(&bytes("x")?)?, AlgorithmSet::of(&[Algorithm::EdDsa]))),
        _ => None,
    }
}
