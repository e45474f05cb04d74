//! The schema of an inline key set, and of the secrets in it.

use std::borrow::Cow;

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};
use serde_json::{Value, json};

use super::examples::{key, key_set};

/// The algorithms that need a secret, and the least length of the secret in base64url characters (RFC 7518 §3.2).
pub(super) const SECRET_ALGORITHMS: [(&str, usize); 3] = [("HS256", 43), ("HS384", 64), ("HS512", 86)];

pub(in crate::config) struct KeySet;

impl JsonSchema for KeySet {
    fn schema_name() -> Cow<'static, str> {
        "KeySet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "key set",
            "description": "A JWK Set (RFC 7517 §5). At least one key must be a public RSA key of 2048 to 4096 bits, \
                an EC key on P-256, P-384 or P-521, an Ed25519 key, or a secret.",
            "type": "object",
            "properties": {
                "keys": {
                    "description": "The keys.",
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 200,
                    "items": key_with_valid_secret(),
                    "examples": [[key()]],
                },
            },
            "required": ["keys"],
            "examples": [key_set()],
        })
    }
}

/// A key. If it is a secret, it must be usable.
fn key_with_valid_secret() -> Value {
    let is_long_enough = |(algorithm, characters): (&str, usize)| {
        json!({
            "if": { "required": ["alg"], "properties": { "alg": { "const": algorithm } } },
            "then": { "properties": { "k": { "minLength": characters } } },
        })
    };
    json!({
        "if": { "type": "object", "required": ["kty"], "properties": { "kty": { "const": "oct" } } },
        "then": {
            "required": ["k"],
            "properties": {
                "k": { "type": "string", "pattern": "^[A-Za-z0-9_-]*$", "minLength": SECRET_ALGORITHMS[0].1 },
                "alg": { "enum": SECRET_ALGORITHMS.map(|(algorithm, _)| algorithm) },
                "kid": { "type": "string" },
                "use": { "const": "sig" },
                "key_ops": { "type": "array", "contains": { "const": "verify" } },
            },
            "allOf": SECRET_ALGORITHMS.map(is_long_enough),
        },
    })
}
