//! The example signatures of the RFCs (RFC 7515 appendix A, RFC 7520 §4, RFC 8037 appendix A.4). Each is verified; with
//! one bit changed, in signature or message, it is not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_authorizer::json::parse_lenient;
use jwt_authorizer::keys::algorithm::{Algorithm, AlgorithmSet};
use jwt_authorizer::keys::jwk::VerifyingKey;
use jwt_authorizer::keys::signature::{PureRust, SignatureVerifier};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Vector {
    source: String,
    algorithm: String,
    key: Value,
    jws: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

impl Vector {
    fn algorithm(&self) -> Algorithm {
        Algorithm::named(&self.algorithm).unwrap()
    }

    fn key(&self) -> VerifyingKey {
        let text = self.key.to_string();
        let key = parse_lenient(text.as_bytes()).unwrap();
        match self.key["kty"].as_str() {
            Some("oct") => VerifyingKey::from_secret(&key, AlgorithmSet::of(&[self.algorithm()])).unwrap(),
            _ => VerifyingKey::from_jwk(&key).unwrap(),
        }
    }

    fn signed_and_signature(&self) -> (Vec<u8>, Vec<u8>) {
        let (signed, signature) = self.jws.rsplit_once('.').unwrap();
        (signed.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature).unwrap())
    }
}

fn with_flipped_bit(bytes: &[u8], index: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[index] ^= 1;
    bytes
}

#[test]
fn examples_of_the_rfcs_are_verified() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 9);
    for vector in vectors {
        let (signed, signature) = vector.signed_and_signature();
        assert!(PureRust.verify(&vector.key(), vector.algorithm(), &signed, &signature), "{}", vector.source);
    }
}

#[test]
fn one_changed_bit_is_rejected() {
    for vector in vectors() {
        let (signed, signature) = vector.signed_and_signature();
        let (key, algorithm) = (vector.key(), vector.algorithm());
        for index in 0..signature.len() {
            let wrong = with_flipped_bit(&signature, index);
            assert!(!PureRust.verify(&key, algorithm, &signed, &wrong), "{}: signature, byte {index}", vector.source);
        }
        for index in [0, signed.len() / 2, signed.len() - 1] {
            let wrong = with_flipped_bit(&signed, index);
            assert!(!PureRust.verify(&key, algorithm, &wrong, &signature), "{}: message, byte {index}", vector.source);
        }
    }
}

#[test]
fn the_key_of_another_example_verifies_nothing() {
    let vectors = vectors();
    for vector in &vectors {
        let (signed, signature) = vector.signed_and_signature();
        for other in vectors.iter().filter(|other| other.key != vector.key) {
            let verified = PureRust.verify(&other.key(), vector.algorithm(), &signed, &signature);
            assert!(!verified, "{} with the key of {}", vector.source, other.source);
        }
    }
}
