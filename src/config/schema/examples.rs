//! Examples of objects, for the schema and the reference.

use serde_json::{Value, json};

pub(in crate::config) fn providers() -> Value {
    json!({ "main": { "issuer": "https://issuer.example.com", "audiences": ["api"], "jwks": jwks() } })
}

pub(in crate::config) fn jwks() -> Value {
    json!({ "uri": "https://issuer.example.com/jwks.json", "cluster": "issuer" })
}

/// The key of RFC 8037, appendix A.2.
pub(super) fn key() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
}

pub(in crate::config) fn key_set() -> Value {
    json!({ "keys": [key()] })
}
