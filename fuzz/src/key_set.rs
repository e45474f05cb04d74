//! Reading a key set that an issuer serves, or that stands in the configuration, and verifying with its keys.

use jwt_authorizer::json::parse_lenient;
use jwt_authorizer::keys::algorithm::{Algorithm, AlgorithmSet};
use jwt_authorizer::keys::key_hint::{Fit, KeyHint};
use jwt_authorizer::keys::key_set::KeySet;
use jwt_authorizer::keys::signature::{PureRust, SignatureVerifier};

const ALGORITHMS: [&str; 14] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384",
    "HS512", "none",
];
const MAX_KEYS: usize = 200;
const SIGNATURES: [&[u8]; 4] = [&[], &[0; 64], &[1; 132], &[0xff; 256]];

pub(crate) fn run(data: &[u8]) {
    if let Ok(set) = KeySet::from_bytes(data) {
        examine(&set);
        assert!(
            ALGORITHMS.iter().filter(|name| name.starts_with("HS")).all(|name| !serves(&set, name)),
            "a secret is fetched"
        );
        assert!(set.has_keys_of(&set));
    }
    let secrets: Vec<_> =
        ALGORITHMS.iter().filter(|name| name.starts_with("HS")).filter_map(|name| Algorithm::named(name)).collect();
    if let Some(set) = parse_lenient(data).and_then(|json| KeySet::with_secrets(&json, AlgorithmSet::of(&secrets)).ok())
    {
        examine(&set);
    }
}

fn serves(set: &KeySet, name: &str) -> bool {
    Algorithm::named(name).is_some_and(|algorithm| set.serves(algorithm))
}

fn examine(set: &KeySet) {
    assert!(set.len() <= MAX_KEYS, "{} keys", set.len());
    for algorithm in ALGORITHMS.iter().filter_map(|name| Algorithm::named(name)) {
        for signature in SIGNATURES {
            let hint = KeyHint { algorithm, id: None, thumbprints: [None; 2], signature_bytes: signature.len() };
            for key in set.candidates(&hint, Fit::Possible).take(5) {
                assert!(set.contains(key) && key.supports(algorithm));
                assert!(!PureRust.verify(key, algorithm, b"header.claims", signature), "a made-up signature is valid");
            }
        }
    }
}
