use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_authorizer_test_support::Key;
use jwt_authorizer_test_support::keys::ALGORITHMS;
use serde_json::{Value, json};

use super::*;
use crate::json::parse_lenient;

fn read(jwk: &Value) -> Result<VerifyingKey, JwkError> {
    VerifyingKey::from_jwk(&parse_lenient(jwk.to_string().as_bytes()).unwrap())
}

/// The JWK with one member replaced.
fn with(jwk: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut jwk = jwk.clone();
    jwk[name] = value.into();
    jwk
}

fn number(jwk: &Value, name: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
}

/// Each member whose value is a number or a point.
fn numbers(jwk: &Value) -> Vec<&'static str> {
    ["n", "e", "x", "y"].into_iter().filter(|name| jwk.get(name).is_some()).collect()
}

#[test]
fn every_spelling_of_a_number_is_the_same_key() {
    for key in ALGORITHMS.map(Key::of) {
        let jwk = key.jwk();
        let expected = read(&jwk).unwrap();
        for name in numbers(&jwk) {
            let (text, bytes) = (jwk[name].as_str().unwrap(), number(&jwk, name));
            let standard = text.replace('-', "+").replace('_', "/");
            let mut spellings =
                vec![format!("{text}="), format!("{text}=="), standard.clone(), format!("{standard}==")];
            // Coordinates on Ed25519 are no numbers.
            if name != "x" || jwk["kty"] != "OKP" {
                spellings.push(URL_SAFE_NO_PAD.encode([&[0], &bytes[..]].concat()));
            }
            if bytes.len() % 3 != 0 {
                let (rest, last) = text.split_at(text.len() - 1);
                let next = char::from(last.as_bytes()[0] + 1);
                spellings.push(format!("{rest}{next}"));
            }
            for spelling in spellings {
                let read = read(&with(&jwk, name, spelling.clone()));
                assert_eq!(read.as_ref(), Ok(&expected), "{} {name} {spelling}", key.algorithm);
            }
        }
    }
}

#[test]
fn coordinates_may_lack_their_leading_zeros() {
    for algorithm in ["ES256", "ES384", "ES512"] {
        for name in ["x", "y"] {
            let jwk = Key::with_leading_zero(algorithm, name).jwk();
            let bytes = number(&jwk, name);
            assert_eq!(bytes[0], 0, "{algorithm} {name}");
            let short = with(&jwk, name, URL_SAFE_NO_PAD.encode(&bytes[1..]));
            assert_eq!(read(&short), read(&jwk), "{algorithm} {name}");
            assert!(read(&short).is_ok(), "{algorithm} {name}");
        }
    }
}

#[test]
fn a_member_that_is_null_or_empty_is_absent() {
    let jwk = Key::of("RS256").jwk();
    let without = |name: &str| {
        let mut jwk = jwk.clone();
        jwk.as_object_mut().unwrap().remove(name);
        read(&jwk)
    };
    let names = ["kid", "use", "key_ops", "alg", "d", "p", "x5t", "x5t#S256", "crv", "kty", "n", "e"];
    for name in names {
        for value in [Value::Null, json!(""), json!([])] {
            assert_eq!(read(&with(&jwk, name, value.clone())), without(name), "{name} {value}");
        }
    }
    assert_eq!(without("n").unwrap_err(), JwkError::Missing("n"));
    assert_eq!(without("kty").unwrap_err(), JwkError::Missing("kty"));
    assert_eq!(without("kid").unwrap().id(), None);
    assert!(without("alg").unwrap().supports(Algorithm::Ps512));
    assert!(!read(&jwk).unwrap().supports(Algorithm::Ps512));
}

#[test]
fn a_key_that_is_left_out_has_its_reason() {
    let (rsa, ec, okp) = (Key::of("RS256").jwk(), Key::of("ES256").jwk(), Key::of("EdDSA").jwk());
    let modulus = |bytes: &[u8]| with(&rsa, "n", URL_SAFE_NO_PAD.encode(bytes));
    let other_curve = |curve: &str, base: &Value| with(base, "crv", curve);
    let odd = |length: usize| [&vec![0xff; length - 1][..], &[0xfd]].concat();
    let long_x = URL_SAFE_NO_PAD.encode([&[1], &number(&ec, "x")[..]].concat());
    for (jwk, expected, text) in [
        (json!(null), JwkError::NotAnObject, "not an object, or with duplicate members"),
        (json!([]), JwkError::NotAnObject, "not an object, or with duplicate members"),
        (json!({}), JwkError::NotAnObject, "not an object, or with duplicate members"),
        (json!({ "kid": "a" }), JwkError::Missing("kty"), "kty is missing"),
        (with(&rsa, "d", "AQAB"), JwkError::PrivateKey, "d is present: a private key"),
        (with(&rsa, "d", 1), JwkError::PrivateKey, "d is present: a private key"),
        (with(&rsa, "use", "enc"), JwkError::NotForSignatures("use"), "use is not for signatures"),
        (with(&rsa, "use", 1), JwkError::NotForSignatures("use"), "use is not for signatures"),
        (
            with(&rsa, "key_ops", json!(["sign"])),
            JwkError::NotForSignatures("key_ops"),
            "key_ops is not for signatures",
        ),
        (with(&rsa, "key_ops", "verify"), JwkError::NotForSignatures("key_ops"), "key_ops is not for signatures"),
        (with(&rsa, "alg", "RSA-OAEP-256"), JwkError::NotForSignatures("alg"), "alg is not for signatures"),
        (with(&ec, "alg", "ECDH-ES+A128KW"), JwkError::NotForSignatures("alg"), "alg is not for signatures"),
        (other_curve("X25519", &okp), JwkError::NotForSignatures("crv"), "crv is not for signatures"),
        (with(&rsa, "alg", "ES256"), JwkError::Unsupported("alg"), "alg is not supported"),
        (with(&rsa, "alg", "none"), JwkError::Unsupported("alg"), "alg is not supported"),
        (with(&rsa, "alg", 256), JwkError::NotText("alg"), "alg is not text"),
        (with(&rsa, "kid", 1), JwkError::NotText("kid"), "kid is not text"),
        (with(&rsa, "kty", "rsa"), JwkError::Unsupported("kty"), "kty is not supported"),
        (other_curve("secp256k1", &ec), JwkError::Unsupported("crv"), "crv is not supported"),
        (other_curve("Ed448", &okp), JwkError::Unsupported("crv"), "crv is not supported"),
        (other_curve("Ed25519", &ec), JwkError::Unsupported("crv"), "crv is not supported"),
        (with(&ec, "crv", Value::Null), JwkError::Missing("crv"), "crv is missing"),
        (Key::of("HS256").jwk(), JwkError::Secret, "a shared secret"),
        (with(&rsa, "n", "a b"), JwkError::NotBase64url("n"), "n is not base64url"),
        (with(&rsa, "n", "-+"), JwkError::NotBase64url("n"), "n is not base64url"),
        (with(&rsa, "n", 65537), JwkError::NotText("n"), "n is not text"),
        (with(&rsa, "e", "Aw"), JwkError::Exponent, "e is not 65537"),
        (modulus(&odd(255)), JwkError::ModulusSize, "n has not 2048 to 4096 bits"),
        (modulus(&odd(513)), JwkError::ModulusSize, "n has not 2048 to 4096 bits"),
        (modulus(&[0x7f; 256]), JwkError::ModulusSize, "n has not 2048 to 4096 bits"),
        (modulus(&[0xfe; 256]), JwkError::Modulus, "n is not an RSA modulus"),
        (with(&ec, "x", "AQ"), JwkError::Point, "not a point on the curve"),
        (with(&ec, "x", long_x), JwkError::Point, "not a point on the curve"),
        (with(&okp, "x", "AQ"), JwkError::Point, "not a point on the curve"),
    ] {
        let error = read(&jwk).unwrap_err();
        assert_eq!((error, error.to_string().as_str()), (expected, text), "{jwk}");
        assert_eq!(error.is_fault(), !matches!(error, JwkError::NotForSignatures(_)), "{jwk}");
    }
    for length in [256, 512] {
        assert!(read(&modulus(&odd(length))).is_ok(), "{length}");
    }
}

#[test]
fn a_secret_of_the_configuration_is_read_strictly() {
    let listed = AlgorithmSet::of(&[Algorithm::Hs256]);
    let jwk = Key::of("HS256").jwk();
    let read = |jwk: &Value| VerifyingKey::from_secret(&parse_lenient(jwk.to_string().as_bytes()).unwrap(), listed);
    assert!(read(&jwk).is_ok());
    for name in ["kid", "alg", "use", "key_ops"] {
        assert!(read(&with(&jwk, name, Value::Null)).is_ok(), "{name}");
    }
    let padded = format!("{}=", jwk["k"].as_str().unwrap());
    for jwk in [with(&jwk, "k", padded), with(&jwk, "use", "enc"), with(&jwk, "kid", 1), with(&jwk, "alg", "RS256")] {
        assert_eq!(read(&jwk), Err(SecretError::Malformed), "{jwk}");
    }
}
