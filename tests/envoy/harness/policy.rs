//! Plugin configurations that tests start from and change in one place.

use serde_json::{Value, json};

use super::issuer::{ISSUER, JWKS};
use super::token::AUDIENCE;

/// A provider of the issuer's tokens; its keys come from the cluster `issuer`.
pub(crate) fn provider() -> Value {
    json!({
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "jwks": { "uri": format!("{ISSUER}{JWKS}"), "cluster": "issuer" },
    })
}

/// That provider, under the name `main`, and these rules.
pub(crate) fn with_rules(rules: Value) -> Value {
    json!({ "providers": { "main": provider() }, "rules": rules })
}

/// This provider, every route behind a token, and a public one.
pub(crate) fn with_provider(provider: Value) -> Value {
    json!({
        "providers": { "main": provider },
        "rules": [{ "route": "$default" }, { "route": "GET /public", "access": "public" }],
    })
}

/// Merges the members of one object into another, deeply.
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
