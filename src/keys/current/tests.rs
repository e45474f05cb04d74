use std::cell::Cell;

use jwt_authorizer_test_support::Key;
use jwt_authorizer_test_support::token::base64url;
use serde_json::{Value, json};

use super::*;
use crate::json::parse_lenient;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// A token's hint without any name, for the length that ES256 has.
const UNNAMED: KeyHint<'static> =
    KeyHint { algorithm: Algorithm::Es256, id: None, thumbprints: [None, None], signature_bytes: 64 };

/// An ES256 key whose `y` tells which one it is, with these members instead of the usual ones.
fn jwk(number: u8, names: Value) -> Value {
    let mut jwk = Key::numbered("ES256", number).jwk();
    for name in ["kid", "alg", "use"] {
        jwk.as_object_mut().unwrap().remove(name);
    }
    jwk.as_object_mut().unwrap().extend(names.as_object().unwrap().clone());
    jwk
}

fn keys(jwks: &[Value]) -> CurrentKeys {
    let document = json!({ "keys": jwks }).to_string();
    CurrentKeys::inline(Rc::new(KeySet::from_bytes(document.as_bytes()).unwrap()))
}

/// Whether one of the keys that are tried signed a token, and how many were tried.
fn signer(keys: &CurrentKeys, hint: &KeyHint<'_>, by: u8) -> (Result<(), KeyLookupError>, usize) {
    tried(keys, hint, &der(&Key::numbered("ES256", by)))
}

fn tried(keys: &CurrentKeys, hint: &KeyHint<'_>, signer: &[u8]) -> (Result<(), KeyLookupError>, usize) {
    let trials = Cell::new(0);
    let found = keys.signer(hint, NOW, |key| {
        trials.set(trials.get() + 1);
        key.der() == signer
    });
    (found.map(|_| ()), trials.get())
}

fn der(key: &Key) -> Box<[u8]> {
    let jwk = key.jwk().to_string();
    VerifyingKey::from_jwk(&parse_lenient(jwk.as_bytes()).unwrap()).unwrap().der().into()
}

#[test]
fn a_token_is_tried_with_the_keys_that_it_may_mean() {
    let named = |id| KeyHint { id: Some(id), ..UNNAMED };
    let sha1 = |text| KeyHint { thumbprints: [None, Some(text)], ..UNNAMED };
    let sha256 = |text| KeyHint { thumbprints: [Some(text), None], ..UNNAMED };
    let both = |id, text| KeyHint { id: Some(id), thumbprints: [None, Some(text)], ..UNNAMED };
    let kids = keys(&[jwk(1, json!({ "kid": "a" })), jwk(2, json!({ "kid": "b" }))]);
    let one_unnamed = keys(&[jwk(1, json!({ "kid": "a" })), jwk(2, json!({}))]);
    let twins = keys(&[jwk(1, json!({ "kid": "a" })), jwk(2, json!({ "kid": "a" }))]);
    let certified = keys(&[
        jwk(1, json!({ "kid": "a", "x5t": "AQ" })),
        jwk(2, json!({ "kid": "b", "x5t": "Ag==", "x5t#S256": "AgI" })),
    ]);
    let (unknown, invalid) = (KeyLookupError::KeyUnknown, KeyLookupError::SignatureInvalid);
    for (label, keys, hint, by, expected, trials) in [
        ("a kid", &kids, named("b"), 2, Ok(()), 1),
        ("another key's kid", &kids, named("a"), 2, Err(invalid), 1),
        ("an unknown kid", &kids, named("c"), 2, Err(unknown), 0),
        ("no kid", &kids, UNNAMED, 2, Ok(()), 2),
        ("an unknown kid beside a key without", &one_unnamed, named("c"), 2, Ok(()), 1),
        ("an unknown kid, by a stranger", &one_unnamed, named("c"), 3, Err(invalid), 1),
        ("an unknown kid, by the key with another", &one_unnamed, named("c"), 1, Err(invalid), 1),
        ("a known kid beside a key without", &one_unnamed, named("a"), 2, Err(invalid), 1),
        ("a kid of two keys", &twins, named("a"), 2, Ok(()), 2),
        ("x5t", &certified, sha1("Ag"), 2, Ok(()), 1),
        ("x5t with padding", &certified, sha1("AQ=="), 1, Ok(()), 1),
        ("another key's x5t", &certified, sha1("AQ"), 2, Err(invalid), 1),
        ("an x5t that no key has", &certified, sha1("Aw"), 2, Err(unknown), 0),
        ("x5t#S256", &certified, sha256("AgI"), 2, Ok(()), 1),
        ("x5t#S256 that no key has", &certified, sha256("Aw"), 1, Ok(()), 1),
        ("kid and x5t of two keys: the kid counts", &certified, both("a", "Ag"), 1, Ok(()), 1),
        ("an unknown kid with a known x5t", &certified, both("c", "Ag"), 2, Err(unknown), 0),
        ("x5t, but keys have none", &kids, sha1("Ag"), 2, Ok(()), 2),
    ] {
        assert_eq!(signer(keys, &hint, by), (expected, trials), "{label}");
    }
}

#[test]
fn keys_of_another_algorithm_or_size_are_not_tried() {
    let rsa = |bits: usize, names: Value| {
        let modulus = [&vec![0xff; bits / 8 - 1][..], &[0xfd]].concat();
        let mut jwk = json!({ "kty": "RSA", "n": base64url(&modulus), "e": "AQAB" });
        jwk.as_object_mut().unwrap().extend(names.as_object().unwrap().clone());
        jwk
    };
    let set = keys(&[
        jwk(1, json!({ "kid": "ec" })),
        rsa(2048, json!({})),
        rsa(3072, json!({})),
        rsa(4096, json!({ "alg": "RS512" })),
        rsa(2048, json!({ "alg": "RS256" })),
    ]);
    let hint = |algorithm, signature_bytes| KeyHint { algorithm, signature_bytes, ..UNNAMED };
    let tried = |hint: &KeyHint<'_>| {
        let tried = Cell::new(Vec::new());
        let found = set.signer(hint, NOW, |key| {
            let mut keys = tried.take();
            keys.push((key.der().len(), key.algorithms().len()));
            tried.set(keys);
            false
        });
        (found.unwrap_err(), tried.take())
    };
    let (short, medium) = (294, 422);
    for (algorithm, bytes, expected) in [
        // A key that is for this algorithm alone comes first.
        (Algorithm::Rs256, 256, vec![(short, 1), (short, 6)]),
        (Algorithm::Ps256, 256, vec![(short, 6)]),
        (Algorithm::Rs256, 384, vec![(medium, 6)]),
        (Algorithm::Rs256, 512, vec![]),
        (Algorithm::Rs256, 0, vec![]),
        (Algorithm::Es256, 96, vec![]),
    ] {
        let expected = (KeyLookupError::SignatureInvalid, expected);
        assert_eq!(tried(&hint(algorithm, bytes)), expected, "{algorithm:?} {bytes}");
    }
    assert_eq!(tried(&hint(Algorithm::Es384, 96)), (KeyLookupError::KeyUnknown, vec![]));
    let named = KeyHint { id: Some("ec"), ..hint(Algorithm::Rs256, 256) };
    assert_eq!(tried(&named), (KeyLookupError::KeyUnknown, vec![]));
}

#[test]
fn keys_that_were_not_tried_have_another_reason() {
    let of = |algorithm, count: u8| {
        let unnamed = |number| {
            let mut jwk = Key::numbered(algorithm, number).jwk();
            jwk["kid"] = Value::Null;
            jwk
        };
        keys(&(1..=count).map(unnamed).collect::<Vec<_>>())
    };
    for (algorithm, count, by, expected, trials) in [
        ("ES256", 5, 5, Ok(()), 5),
        ("ES256", 5, 9, Err(KeyLookupError::SignatureInvalid), 5),
        ("ES256", 6, 5, Ok(()), 5),
        ("ES256", 6, 6, Err(KeyLookupError::KeyAmbiguous), 5),
        ("ES384", 2, 2, Ok(()), 2),
        ("ES384", 3, 3, Err(KeyLookupError::KeyAmbiguous), 2),
        ("ES512", 2, 2, Ok(()), 2),
        ("ES512", 3, 3, Err(KeyLookupError::KeyAmbiguous), 2),
    ] {
        let hint = KeyHint {
            algorithm: Algorithm::named(algorithm).unwrap(),
            signature_bytes: Key::of(algorithm).sign(b"").len(),
            ..UNNAMED
        };
        let found = tried(&of(algorithm, count), &hint, &der(&Key::numbered(algorithm, by)));
        assert_eq!(found, (expected, trials), "{count} {algorithm} keys, signed by {by}");
    }
}

#[test]
fn keys_that_are_too_old_verify_nothing() {
    let mut keys = CurrentKeys::none();
    assert_eq!(signer(&keys, &UNNAMED, 1), (Err(KeyLookupError::KeysUnavailable), 0));
    let document = json!({ "keys": [jwk(1, json!({}))] }).to_string();
    keys.install(KeySet::from_bytes(document.as_bytes()).unwrap());
    assert_eq!(signer(&keys, &UNNAMED, 1), (Err(KeyLookupError::KeysUnavailable), 0));
    keys.set_remaining_validity(Duration::from_secs(1), NOW);
    assert_eq!(signer(&keys, &UNNAMED, 1), (Ok(()), 1));
}

#[test]
fn an_empty_set_does_not_say_that_a_key_is_unknown() {
    let mut keys = CurrentKeys::none();
    keys.set_remaining_validity(Duration::from_secs(60), NOW);
    assert!(!keys.is_usable(NOW));
    assert_eq!(signer(&keys, &UNNAMED, 1), (Err(KeyLookupError::KeysUnavailable), 0));
}

#[test]
fn a_set_is_usable_for_its_remaining_validity() {
    let wall = |secs: i64| UnixTime::from_secs(1_800_000_000 + secs);
    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let mut keys = CurrentKeys::none();
    keys.install(KeySet::from_bytes(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).unwrap());
    assert!(!keys.is_usable(wall(0)), "no remaining validity was set");
    keys.set_remaining_validity(Duration::from_secs(60), wall(40));
    for (secs, expected) in [(40, true), (99, true), (100, false), (39, false), (86_400, false)] {
        assert_eq!(keys.is_usable(wall(secs)), expected, "{secs}");
    }
    // The wall clock was set a day ahead: the remaining validity counts from the new time.
    keys.set_remaining_validity(Duration::from_secs(50), wall(86_400));
    for (secs, expected) in [(86_400, true), (86_449, true), (86_450, false)] {
        assert_eq!(keys.is_usable(wall(secs)), expected, "{secs}");
    }
    keys.set_remaining_validity(Duration::ZERO, wall(0));
    assert!(!keys.is_usable(wall(0)));
}

#[test]
fn inline_keys_never_expire_and_an_empty_set_is_never_usable() {
    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let set = KeySet::from_bytes(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).unwrap();
    assert!(CurrentKeys::inline(Rc::new(set)).is_usable(UnixTime::from_secs(0)));
    assert!(!CurrentKeys::inline(Rc::default()).is_usable(UnixTime::from_secs(0)));
}
