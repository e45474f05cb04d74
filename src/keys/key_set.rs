//! A key set: at most 200 keys, those of them that can be used, found by `kid` and algorithm.

use std::rc::Rc;

use super::algorithm::{Algorithm, AlgorithmSet};
use super::jwk::{SecretError, VerifyingKey};
use crate::json::{Json, parse_lenient};

const MAX_KEYS: usize = 200;
/// A token without `kid` is tried with no more keys than this (each costs a signature check).
const MAX_TRIALS: usize = 5;

/// The usable keys of one provider.
#[derive(Debug, Default)]
pub struct KeySet(Box<[Rc<VerifyingKey>]>);

/// Why a document is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySetError {
    /// Not a JSON object with an array `keys`.
    Malformed,
    /// More than 200 keys.
    TooManyKeys,
    /// Not one usable key.
    NoUsableKey,
}

/// Why a document of the configuration is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InlineError {
    /// As any other.
    Set(KeySetError),
    /// A secret that can't be used.
    Secret {
        /// Which of the keys.
        index: usize,
        /// Why.
        error: SecretError,
    },
}

impl KeySet {
    /// Reads a JWK Set (RFC 7517 §5).
    ///
    /// # Errors
    ///
    /// When the document as a whole can't be used. Keys that can't are left out.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeySetError> {
        let document = parse_lenient(bytes).ok_or(KeySetError::Malformed)?;
        let keys = document.get("keys").and_then(Json::as_list);
        Self::of(not_too_many(keys)?.iter().filter_map(VerifyingKey::from_jwk))
    }

    /// The same for a document of the configuration, which may have secrets (`oct` keys) for these algorithms.
    ///
    /// # Errors
    ///
    /// As above, and if a secret can't be used.
    pub fn with_secrets(document: &Json<'_>, listed: AlgorithmSet) -> Result<Self, InlineError> {
        let mut keys = Vec::new();
        let listed_keys = document.get("keys").and_then(Json::as_list);
        for (index, jwk) in not_too_many(listed_keys).map_err(InlineError::Set)?.iter().enumerate() {
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

    /// Whether any key can verify this algorithm's signatures.
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        self.0.iter().any(|key| key.fits(algorithm))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that a token may be tried with: those that it names, or some that fit if it names none.
    pub fn candidates(&self, id: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = &Rc<VerifyingKey>> {
        self.0.iter().filter(move |key| key.fits(algorithm) && id.is_none_or(|id| key.is_named(id))).take(MAX_TRIALS)
    }

    /// Whether some key has this id, whatever it can verify.
    pub fn names(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.is_named(id))
    }

    /// Whether it has the very keys of another set, in whatever order: some issuers shuffle theirs.
    pub fn has_keys_of(&self, other: &Self) -> bool {
        self.len() == other.len()
            && other.0.iter().all(|key| self.contains(key))
            && self.0.iter().all(|key| other.contains(key))
    }

    /// Whether the same key, under the same name and for the same algorithms, is in the set.
    pub fn contains(&self, key: &VerifyingKey) -> bool {
        self.0.iter().any(|known| **known == *key)
    }
}

fn not_too_many<T>(keys: Option<&[T]>) -> Result<&[T], KeySetError> {
    let keys = keys.ok_or(KeySetError::Malformed)?;
    if keys.len() > MAX_KEYS { Err(KeySetError::TooManyKeys) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_says_something_twice_is_left_out() {
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
