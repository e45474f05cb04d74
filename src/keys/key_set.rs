//! A JWK Set of at most 200 keys. Its usable keys are found by `kid` and algorithm.

use std::rc::Rc;

use super::algorithm::{Algorithm, AlgorithmSet};
use super::certificate::is_certificate;
use super::jwk::{SecretError, VerifyingKey};
use super::jwk_error::JwkError;
use super::key_hint::{Fit, KeyHint};
use crate::json::{Json, parse_lenient};

const MAX_KEYS: usize = 200;
/// Issuers choose the ids, and these are only for messages.
const MAX_ID_CHARS: usize = 64;

/// The usable keys of one provider, and why the others were left out.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Box<[Rc<VerifyingKey>]>,
    left_out: Box<[LeftOut]>,
}

/// A key of a set that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its `kid`, cut to 64 characters.
    pub id: Option<Box<str>>,
    /// Its index in the document.
    pub index: usize,
    /// Why it can't be used.
    pub error: JwkError,
}

/// Why a document is not a valid key set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySetError {
    /// Not a JSON object with an array `keys`.
    Malformed,
    /// More than 200 keys.
    TooManyKeys,
    /// No usable key, and why these are none.
    NoUsableKey(Box<[LeftOut]>),
}

/// Why a key set in the configuration is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InlineError {
    /// An error that any key set can have.
    Set(KeySetError),
    /// A secret that can't be used.
    Secret {
        /// Its index in `keys`.
        index: usize,
        /// Why it can't be used.
        error: SecretError,
    },
}

impl KeySet {
    /// Reads a JWK Set (RFC 7517 §5), or an object with the certificate of each `kid`.
    ///
    /// # Errors
    ///
    /// If the document as a whole can't be used. Single keys that can't be used are left out.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeySetError> {
        let document = parse_lenient(bytes).ok_or(KeySetError::Malformed)?;
        let certificates = certificates(&document);
        if !certificates.is_empty() {
            let keys = check_count(Some(&certificates))?.iter();
            return Self::of(keys.map(|(id, pem)| (short_id(id), VerifyingKey::from_certificate(id, pem))));
        }
        let keys = document.get("keys").and_then(Json::as_list);
        Self::of(check_count(keys)?.iter().map(|jwk| (id_of(jwk), VerifyingKey::from_jwk(jwk))))
    }

    /// Reads a key set of the configuration, which may have shared secrets (`oct` keys) for the listed algorithms.
    ///
    /// # Errors
    ///
    /// As for [`from_bytes`](Self::from_bytes), and if a secret can't be used.
    pub fn with_secrets(document: &Json<'_>, listed: AlgorithmSet) -> Result<Self, InlineError> {
        let mut keys = Vec::new();
        let members = document.get("keys").and_then(Json::as_list);
        for (index, jwk) in check_count(members).map_err(InlineError::Set)?.iter().enumerate() {
            // Not by the error of `from_jwk`, which may name another fault first: a secret is never left out in silence.
            let key = if jwk.get("kty").is_some_and(|kty| kty.as_text() == Some("oct")) {
                Ok(VerifyingKey::from_secret(jwk, listed).map_err(|error| InlineError::Secret { index, error })?)
            } else {
                VerifyingKey::from_jwk(jwk)
            };
            keys.push((id_of(jwk), key));
        }
        Self::of(keys.into_iter()).map_err(InlineError::Set)
    }

    fn of(keys: impl Iterator<Item = (Option<Box<str>>, Result<VerifyingKey, JwkError>)>) -> Result<Self, KeySetError> {
        let (mut usable, mut left_out) = (Vec::new(), Vec::new());
        for (index, (id, key)) in keys.enumerate() {
            match key {
                Ok(key) => usable.push(Rc::new(key)),
                Err(error) => left_out.push(LeftOut { id, index, error }),
            }
        }
        // A token may have to be tried with several keys: first with those that are for its algorithm alone.
        usable.sort_by_key(|key| key.algorithms().len());
        if usable.is_empty() {
            return Err(KeySetError::NoUsableKey(left_out.into()));
        }
        Ok(Self { keys: usable.into(), left_out: left_out.into() })
    }

    /// Whether any key may be used with this algorithm.
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        self.keys.iter().any(|key| key.supports(algorithm))
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether the set has no keys.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys.
    pub fn keys(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.keys.iter().map(|key| &**key)
    }

    /// The keys that were left out.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Whether a token names one of the keys.
    pub fn has_named(&self, hint: &KeyHint<'_>) -> bool {
        self.keys.iter().any(|key| hint.fit(key) == Fit::Named)
    }

    /// The keys for a token's algorithm that fit its names in this way.
    pub fn candidates(&self, hint: &KeyHint<'_>, fit: Fit) -> impl Iterator<Item = &Rc<VerifyingKey>> {
        self.keys.iter().filter(move |key| key.supports(hint.algorithm) && hint.fit(key) == fit)
    }

    /// Whether both sets have the same keys, in any order: some issuers return theirs in random order.
    pub fn has_keys_of(&self, other: &Self) -> bool {
        let lacks = |set: &Self, left: &LeftOut| !set.left_out.iter().any(|known| known.is_same(left));
        self.keys.len() == other.keys.len()
            && self.left_out.len() == other.left_out.len()
            && other.keys.iter().all(|key| self.contains(key))
            && self.keys.iter().all(|key| other.contains(key))
            && !other.left_out.iter().any(|left| lacks(self, left))
            && !self.left_out.iter().any(|left| lacks(other, left))
    }

    /// Whether the set has the same key, with the same names and algorithms.
    pub fn contains(&self, key: &VerifyingKey) -> bool {
        self.keys.iter().any(|known| **known == *key)
    }
}

impl LeftOut {
    /// Whether this is the same key, wherever it stands in the document.
    fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.error == other.error
    }
}

/// The members of a document that has certificates by `kid`, as Google publishes them beside its JWK Sets.
fn certificates<'d>(document: &'d Json<'_>) -> Vec<(&'d str, &'d str)> {
    let Json::Object(object) = document else { return Vec::new() };
    let members = (0..).map_while(|index| object.member(index));
    let all: Option<Vec<_>> = members.map(|(id, pem)| Some((id, pem.as_text()?))).collect();
    all.filter(|all| all.iter().any(|(_, pem)| is_certificate(pem))).unwrap_or_default()
}

fn id_of(jwk: &Json<'_>) -> Option<Box<str>> {
    short_id(jwk.get("kid")?.as_text()?)
}

fn short_id(id: &str) -> Option<Box<str>> {
    (!id.is_empty()).then(|| id.chars().take(MAX_ID_CHARS).collect())
}

fn check_count<T>(keys: Option<&[T]>) -> Result<&[T], KeySetError> {
    let keys = keys.ok_or(KeySetError::Malformed)?;
    if keys.len() > MAX_KEYS { Err(KeySetError::TooManyKeys) } else { Ok(keys) }
}

#[cfg(test)]
mod tests;
