//! Tokens that inputs name by a placeholder: a fuzzer cannot sign.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_compact::{KeyPair, Seed};
use serde_json::{Value, json};

use crate::engine::NOW;

pub(crate) const ISSUER: &str = "https://issuer.example.com";
pub(crate) const OTHER_ISSUER: &str = "https://other.example.com";

/// Valid tokens of the two issuers, and tokens that must never be accepted.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) valid: Vec<(&'static str, String)>,
    pub(crate) invalid: Vec<(&'static str, String)>,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        let (issuer, forger) = (key_pair(7), key_pair(8));
        let claims =
            json!({ "iss": ISSUER, "aud": "api", "sub": "alice", "scope": "read", "iat": NOW - 60, "exp": NOW + 600 });
        let with = |name: &str, value: Value| {
            let mut claims = claims.clone();
            if let Some(members) = claims.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
            claims
        };
        let header = json!({ "alg": "EdDSA", "kid": "k" });
        Self {
            valid: vec![
                ("{valid}", signed(&issuer, &header, &claims)),
                ("{other}", signed(&issuer, &header, &with("iss", json!(OTHER_ISSUER)))),
            ],
            invalid: vec![
                ("{expired}", signed(&issuer, &header, &with("exp", json!(NOW - 3600)))),
                ("{forged}", signed(&forger, &header, &claims)),
                ("{audience}", signed(&issuer, &header, &with("aud", json!("another")))),
                ("{none}", signed(&issuer, &json!({ "alg": "none" }), &claims)),
                ("{stranger}", signed(&issuer, &header, &with("iss", json!("https://stranger.example.com")))),
            ],
        }
    }

    /// The input with its placeholders replaced.
    pub(crate) fn fill(&self, data: &[u8]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(data.len());
        let mut rest = data;
        while let Some((&first, after)) = rest.split_first() {
            let mut all = self.valid.iter().chain(&self.invalid);
            match all.find_map(|(name, token)| Some((token, rest.strip_prefix(name.as_bytes())?))) {
                Some((token, after)) => {
                    filled.extend_from_slice(token.as_bytes());
                    rest = after;
                }
                None => {
                    filled.push(first);
                    rest = after;
                }
            }
        }
        filled
    }
}

/// The public key as JWK, which is the only one of both issuers.
pub(crate) fn jwk() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA", "x": URL_SAFE_NO_PAD.encode(*key_pair(7).pk) })
}

fn key_pair(seed: u8) -> KeyPair {
    KeyPair::from_seed(Seed::new([seed; 32]))
}

fn signed(key: &KeyPair, header: &Value, claims: &Value) -> String {
    let message = compact(header.to_string().as_bytes(), claims.to_string().as_bytes());
    let signature = key.sk.sign(&message, None);
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(*signature))
}

/// Header and payload of the compact serialization (RFC 7515 section 7.1).
pub(crate) fn compact(header: &[u8], payload: &[u8]) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}
