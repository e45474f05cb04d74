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
            let key = match VerifyingKey::from_jwk(jwk) {
                Err(JwkError::Secret) => {
                    Ok(VerifyingKey::from_secret(jwk, listed).map_err(|error| InlineError::Secret { index, error })?)
                }
                key => key,
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
mod tests {
    use serde_json::json;

    use super::*;

    fn set(keys: &[String]) -> Result<KeySet, KeySetError> {
        KeySet::from_bytes(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes())
    }

    /// The same key under a `kid`, with more members.
    fn key(id: &str, more: &str) -> String {
        format!(
            r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"{id}"{more}}}"#
        )
    }

    #[test]
    fn a_set_has_at_most_200_keys() {
        let keys = |count: usize| vec![key("a", ""); count];
        assert_eq!(set(&keys(200)).unwrap().len(), 200);
        assert_eq!(set(&keys(201)).unwrap_err(), KeySetError::TooManyKeys);
        // Keys that can't be used count too: reading them takes as long.
        let unusable = |count: usize| [vec!["{}".to_owned(); count - 1], keys(1)].concat();
        assert_eq!(set(&unusable(200)).unwrap().len(), 1);
        assert_eq!(set(&unusable(201)).unwrap_err(), KeySetError::TooManyKeys);
    }

    #[test]
    fn keys_that_are_left_out_are_told() {
        let long = "ä".repeat(65);
        let keys = [key("a", ""), key("b", r#","d":"AA""#), "1".to_owned(), key(&long, r#","use":"enc""#), key("", "")];
        let set = set(&keys).unwrap();
        assert_eq!(set.len(), 2);
        let told: Vec<_> = set.left_out().iter().map(|left| (left.id.as_deref(), left.index, left.error)).collect();
        let cut = "ä".repeat(64);
        let expected = [
            (Some("b"), 1, JwkError::PrivateKey),
            (None, 2, JwkError::NotAnObject),
            (Some(cut.as_str()), 3, JwkError::NotForSignatures("use")),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_document_may_have_certificates() {
        let pem = jwt_authorizer_test_support::Key::of("ES256").certificate();
        let read = |document: serde_json::Value| {
            let set = KeySet::from_bytes(document.to_string().as_bytes())?;
            let ids: Vec<_> = set.keys().map(|key| key.id().unwrap().as_str().to_owned()).collect();
            Ok((ids, set.left_out().len()))
        };
        let left_out = |error| Box::from([LeftOut { id: Some("b".into()), index: 0, error }]);
        let many = |count: usize| (0..count).map(|n| (n.to_string(), pem.into())).collect::<serde_json::Map<_, _>>();
        for (document, expected) in [
            (json!({ "a": pem, "b": pem }), Ok((vec!["a".to_owned(), "b".to_owned()], 0))),
            (json!({ "a": pem, "b": "-----BEGIN CERTIFICATE-----" }), Ok((vec!["a".to_owned()], 1))),
            (
                json!({ "b": "-----BEGIN CERTIFICATE-----" }),
                Err(KeySetError::NoUsableKey(left_out(JwkError::Certificate))),
            ),
            (json!({ "error": "not found" }), Err(KeySetError::Malformed)),
            (json!({ "a": pem, "b": 1 }), Err(KeySetError::Malformed)),
            (json!({}), Err(KeySetError::Malformed)),
            (many(201).into(), Err(KeySetError::TooManyKeys)),
        ] {
            assert_eq!(read(document.clone()), expected, "{document}");
        }
        assert_eq!(read(many(200).into()).unwrap().0.len(), 200);
    }

    #[test]
    fn the_order_of_keys_does_not_matter_but_everything_else_does() {
        let (a, b) = (key("a", ""), key("b", ""));
        let (enc, private) = (key("c", r#","use":"enc""#), key("c", r#","d":"AA""#));
        let same = |ours: &[&String], theirs: &[&String]| {
            let of = |keys: &[&String]| set(&keys.iter().map(|key| (*key).clone()).collect::<Vec<_>>()).unwrap();
            of(ours).has_keys_of(&of(theirs))
        };
        assert!(same(&[&a, &b, &enc], &[&enc, &b, &a]));
        assert!(!same(&[&a, &a], &[&a, &b]));
        assert!(!same(&[&a, &b], &[&a, &a]));
        assert!(!same(&[&a], &[&a, &b]));
        assert!(!same(&[&a, &enc], &[&a]));
        assert!(!same(&[&a, &enc], &[&a, &private]));
        assert!(!same(&[&a, &enc, &private], &[&a, &enc, &enc]));
        assert!(!same(&[&a, &enc, &enc], &[&a, &enc, &private]));
        assert!(!same(&[&a], &[&key("a", r#","x5t":"AA""#)]));
    }

    #[test]
    fn a_key_with_duplicate_members_is_left_out() {
        let key = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
        let keys = |text: String| KeySet::from_bytes(text.as_bytes()).map(|set| set.len());
        let purpose: Box<[_]> = [LeftOut { id: None, index: 0, error: JwkError::NotForSignatures("use") }].into();
        for (text, expected) in [
            (format!(r#"{{"keys":[{{{key}}}]}}"#), Ok(1)),
            (format!(r#"{{"keys":[{{{key}}},{{{key},"kid":"a","kid":"b"}},{{{key},{key}}}]}}"#), Ok(1)),
            (
                format!(r#"{{"keys":[{{{key},"use":{{"a":1,"a":2}}}}]}}"#),
                Err(KeySetError::NoUsableKey(purpose.clone())),
            ),
            (format!(r#"{{"keys":[],"keys":[{{{key}}}]}}"#), Err(KeySetError::Malformed)),
        ] {
            assert_eq!(keys(text.clone()), expected, "{text}");
        }
    }
}
