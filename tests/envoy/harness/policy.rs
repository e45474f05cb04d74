//! Plugin configurations that tests start from.

use jwt_authorizer_test_support::token::{AUDIENCE, ISSUER};
use serde_json::{Value, json};

use super::issuer::JWKS;

/// A provider for the issuer, which fetches keys from the cluster `issuer`.
pub(crate) fn provider() -> Value {
    json!({
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "jwks": { "uri": format!("{ISSUER}{JWKS}"), "cluster": "issuer" },
    })
}

/// A policy of these rules with that provider, named `main`.
pub(crate) fn with_rules(rules: Value) -> Value {
    json!({ "providers": { "main": provider() }, "rules": rules })
}

/// A policy of this provider, named `main`, in which every route requires a token but a public one.
pub(crate) fn with_provider(provider: Value) -> Value {
    json!({
        "providers": { "main": provider },
        "rules": [{ "route": "$default" }, { "route": "GET /public", "access": "public" }],
    })
}

/// Merges one object into another recursively.
pub(crate) fn merged(mut base: Value, over: Value) -> Value {
    match (&mut base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                let old = base.remove(&name).unwrap_or(Value::Null);
                base.insert(name, merged(old, value));
            }
        }
        (base, over) => *base = over,
    }
    base
}
