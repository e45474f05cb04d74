//! A JWK Set of at most 200 keys. Its usable keys are found by `kid` and algorithm.

use std::rc::Rc;

use super::algorithm::{Algorithm, AlgorithmSet};
use super::jwk::{SecretError, VerifyingKey};
use crate::json::{Json, parse_lenient};

const MAX_KEYS: usize = 200;
/// The most keys that a token is tried with, as each costs a signature check. Matters for tokens without `kid`.
const MAX_CANDIDATES: usize = 5;

/// The usable keys of one provider.
#[derive(Debug, Default)]
pub struct KeySet(Box<[Rc<VerifyingKey>]>);

/// Why a document is not a valid key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySetError {
    /// Not a JSON object with an array `keys`.
    Malformed,
    /// More than 200 keys.
    TooManyKeys,
    /// No usable key.
    NoUsableKey,
}

/// Why a key set in the configuration is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Reads a JWK Set (RFC 7517 §5).
    ///
    /// # Errors
    ///
    /// If the document as a whole can't be used. Single keys that can't be used are left out.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeySetError> {
        let document = parse_lenient(bytes).ok_or(KeySetError::Malformed)?;
        let keys = document.get("keys").and_then(Json::as_list);
        Self::of(check_count(keys)?.iter().filter_map(VerifyingKey::from_jwk))
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
            if jwk.get("kty").is_some_and(|kty| kty.as_text() == Some("oct")) {
                keys.push(
                    VerifyingKey::from_secret(jwk, listed).map_err(|error| InlineError::Secret { index, error })?,
                );
            } else {
                keys.extend(VerifyingKey::from_jwk(jwk));
            }
        }
        Self::of(keys.into_iter()).map_err(InlineError::Set)
    }

    fn of(keys: impl Iterator<Item = VerifyingKey>) -> Result<Self, KeySetError> {
        let usable: Box<[_]> = keys.map(Rc::new).collect();
        if usable.is_empty() { Err(KeySetError::NoUsableKey) } else { Ok(Self(usable)) }
    }

    /// Whether any key may be used with this algorithm.
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        self.0.iter().any(|key| key.supports(algorithm))
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the set has no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys to try a token with: those with its `kid`; without a `kid`, the first ones for its algorithm.
    pub fn candidates(&self, id: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = &Rc<VerifyingKey>> {
        self.0
            .iter()
            .filter(move |key| key.supports(algorithm) && id.is_none_or(|id| key.has_id(id)))
            .take(MAX_CANDIDATES)
    }

    /// Whether a key has this `kid`, for any algorithm.
    pub fn has_key_id(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.has_id(id))
    }

    /// Whether both sets have the same keys, in any order: some issuers return theirs in random order.
    pub fn has_keys_of(&self, other: &Self) -> bool {
        self.len() == other.len()
            && other.0.iter().all(|key| self.contains(key))
            && self.0.iter().all(|key| other.contains(key))
    }

    /// Whether the set has the same key, with the same `kid` and algorithms.
    pub fn contains(&self, key: &VerifyingKey) -> bool {
        self.0.iter().any(|known| **known == *key)
    }
}

fn check_count<T>(keys: Option<&[T]>) -> Result<&[T], KeySetError> {
    let keys = keys.ok_or(KeySetError::Malformed)?;
    if keys.len() > MAX_KEYS { Err(KeySetError::TooManyKeys) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_duplicate_members_is_left_out() {
        let key = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
        let keys = |text: String| KeySet::from_bytes(text.as_bytes()).map(|set| set.len());
        for (text, expected) in [
            (format!(r#"{{"keys":[{{{key}}}]}}"#), Ok(1)),
            (format!(r#"{{"keys":[{{{key}}},{{{key},"kid":"a","kid":"b"}},{{{key},{key}}}]}}"#), Ok(1)),
            (format!(r#"{{"keys":[{{{key},"use":{{"a":1,"a":2}}}}]}}"#), Err(KeySetError::NoUsableKey)),
            (format!(r#"{{"keys":[],"keys":[{{{key}}}]}}"#), Err(KeySetError::Malformed)),
        ] {
            assert_eq!(keys(text.clone()), expected, "{text}");
        }
    }
}
