//! The wire format as JSON Schema, where deriving it does not suffice: text of a certain form, and fields that exclude
//! each other. As exact as a schema can be: what it takes and the filter refuses are references from one place to
//! another, bounds of durations, and what is said twice.

mod values;

use schemars::Schema;
use serde_json::{Value, json};

pub(super) use values::{ByHeader, ExtraHeaders, Groups, HeaderName, KeySet, Scopes};

pub(super) const ALGORITHMS: [&str; 14] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "HS256",
    "HS384", "HS512",
];
/// Those that need a secret, and how many letters of base64url it has at least (RFC 7518 §3.2).
const SECRET: [(&str, usize); 3] = [("HS256", 43), ("HS384", 64), ("HS512", 86)];

// Patterns without look-around, which not every validator has.
pub(super) const MORE_THAN_ZERO: &str = "^0*[1-9][0-9]*(ms|s|m|h)$";
pub(super) const A_SECOND_OR_MORE: &str = "^0*([1-9][0-9]*(s|m|h)|[1-9][0-9]{3,}ms)$";
pub(super) const IDENTITY_SOURCE: &str =
    r"^\$request\.(websocket|(header|querystring|cookie)\.[A-Za-z0-9!#$%&'*+.^_`|~-]+)$";
/// Printable ASCII without `#` and `\`, and in the authority neither `/`, `?` nor `@`.
pub(super) const URL: &str = r#"^https?://[!"$-.0->A-\[\]-~]+(/[!"$-\[\]-~]*)?$"#;
pub(super) const HOST: &str = r"^(\*\.)?[A-Za-z0-9._:\[\]-]+$";
/// Printable ASCII without quotes and backslashes (RFC 6749 §3.3).
pub(super) const SCOPE: &str = r"^[!#-\[\]-~]+$";
pub(super) const REALM: &str = r"^[ !#-\[\]-~]*$";
pub(super) const VARIABLE: &str = "^[A-Za-z0-9_.-]+$";
/// Written as what must not be found: to some, `$` is also in front of a line break at the end.
const CONTROL: &str = r"[\x00-\x1f\x7f-\x9f]";

pub(super) fn without_controls() -> Value {
    json!({ "type": "string", "pattern": CONTROL })
}

/// A route key. A literal segment is neither `.` nor `..`, and its escapes are of no control, slash, backslash or semicolon.
pub(super) fn route() -> String {
    let plain = r"[!$&-)+,:=@A-Z\[\]_a-z|~0-9-]";
    let escape = "%([2467][0-9A-Ea-e]|3[0-9AC-Eac-e]|[346][Ff]|[89A-Fa-f][0-9A-Fa-f]|5[0-9ABD-Fabd-f])";
    let literal = format!(r"(\.{{0,2}}({plain}|{escape})|\.{{3}})({plain}|\.|{escape})*");
    let variable = r"\{[A-Za-z0-9_.-]+";
    let segment = format!(r"({literal}|{variable}\}})");
    format!(r"^(\$default|[A-Z-]+ /(({segment}/)*({segment}|{variable}\+\}})/?)?)$")
}

/// `tenants` belongs to an issuer with a place for them, `audiences` to where not every audience will do, and a secret
/// to the algorithms that are listed.
pub(super) fn provider(schema: &mut Schema) {
    let mut rules = vec![
        json!({ "if": is_true("any_audience"), "then": none(&["audiences"]), "else": given("audiences") }),
        json!({
            "if": { "required": ["issuer"], "properties": { "issuer": { "pattern": r"\{tenantid\}" } } },
            "then": { "allOf": [given("tenants"), { "properties": { "jwks": { "not": is_true("discovery") } } }] },
            "else": none(&["tenants"]),
        }),
    ];
    for (algorithm, _) in SECRET {
        let named = json!({ "required": ["alg"], "properties": { "alg": { "const": algorithm } } });
        let possible = json!({ "properties": { "alg": { "const": algorithm } } });
        rules.push(json!({ "if": lists(&[algorithm]), "then": has_secret(&possible) }));
        rules.push(json!({ "if": has_secret(&named), "then": lists(&[algorithm]) }));
    }
    let unnamed = json!({ "not": { "required": ["alg"] } });
    rules.push(json!({ "if": has_secret(&unnamed), "then": lists(&SECRET.map(|(algorithm, _)| algorithm)) }));
    extend(schema, json!({ "allOf": rules }));
}

fn lists(algorithms: &[&str]) -> Value {
    let list = json!({ "type": "array", "contains": { "enum": algorithms } });
    json!({ "required": ["algorithms"], "properties": { "algorithms": list } })
}

/// An inline key that is a secret, and this besides.
fn has_secret(besides: &Value) -> Value {
    let secret = json!({ "type": "object", "required": ["kty"], "properties": { "kty": { "const": "oct" } } });
    let keys = json!({ "type": "array", "contains": { "allOf": [secret, besides] } });
    let inline = json!({ "type": "object", "required": ["keys"], "properties": { "keys": keys } });
    let jwks = json!({ "type": "object", "required": ["inline"], "properties": { "inline": inline } });
    json!({ "required": ["jwks"], "properties": { "jwks": jwks } })
}

/// What a key must be like if it is a secret.
fn secret() -> Value {
    let long = |(algorithm, letters): (&str, usize)| {
        json!({
            "if": { "required": ["alg"], "properties": { "alg": { "const": algorithm } } },
            "then": { "properties": { "k": { "minLength": letters } } },
        })
    };
    json!({
        "if": { "type": "object", "required": ["kty"], "properties": { "kty": { "const": "oct" } } },
        "then": {
            "required": ["k"],
            "properties": {
                "k": { "type": "string", "pattern": "^[A-Za-z0-9_-]*$", "minLength": SECRET[0].1 },
                "alg": { "enum": SECRET.map(|(algorithm, _)| algorithm) },
                "kid": { "type": "string" },
                "use": { "const": "sig" },
                "key_ops": { "type": "array", "contains": { "const": "verify" } },
            },
            "allOf": SECRET.map(long),
        },
    })
}

/// One way to the keys, with what belongs to it.
pub(super) fn key_source(schema: &mut Schema) {
    let fetched = |others: &[&str]| json!({ "allOf": [given("cluster"), none(others)] });
    let only_fetched = ["cluster", "timeout", "refresh_interval", "max_stale", "respect_cache_control"];
    extend(
        schema,
        json!({
            "if": is_true("discovery"),
            "then": fetched(&["uri", "inline"]),
            "else": {
                "if": given("uri"),
                "then": fetched(&["inline"]),
                "else": { "allOf": [given("inline"), none(&only_fetched)] },
            },
        }),
    );
}

/// Where no token is looked at, nothing can be asked of it.
pub(super) fn rule(schema: &mut Schema) {
    extend(
        schema,
        json!({
            "if": { "required": ["access"], "properties": { "access": { "enum": ["public", "deny"] } } },
            "then": none(&["providers", "scopes", "groups", "require"]),
        }),
    );
}

/// One kind of requirement, and one operand beside a claim.
pub(super) fn requirement(schema: &mut Schema) {
    let operands = ["equals", "in", "contains", "exists", "equals_path", "equals_header", "matches"];
    extend(
        schema,
        json!({ "allOf": [
            exactly_one(&["scope", "group", "claim", "all_of", "any_of", "not"]),
            { "if": given("claim"), "then": exactly_one(&operands), "else": none(&operands) },
        ] }),
    );
}

/// `null` stands for what is not given.
fn given(field: &str) -> Value {
    json!({ "required": [field], "properties": { field: { "not": { "type": "null" } } } })
}

fn is_true(field: &str) -> Value {
    json!({ "required": [field], "properties": { field: { "const": true } } })
}

fn none(fields: &[&str]) -> Value {
    json!({ "not": { "anyOf": all_given(fields) } })
}

fn exactly_one(fields: &[&str]) -> Value {
    json!({ "oneOf": all_given(fields) })
}

fn all_given(fields: &[&str]) -> Vec<Value> {
    fields.iter().map(|field| given(field)).collect()
}

fn extend(schema: &mut Schema, with: Value) {
    if let (Some(schema), Value::Object(with)) = (schema.as_object_mut(), with) {
        schema.extend(with);
    }
}

pub(super) fn providers() -> Value {
    json!({ "main": { "issuer": "https://issuer.example.com", "audiences": ["api"], "jwks": jwks() } })
}

pub(super) fn jwks() -> Value {
    json!({ "uri": "https://issuer.example.com/jwks.json", "cluster": "issuer" })
}

/// RFC 8037's example key.
fn key() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
}

pub(super) fn key_set() -> Value {
    json!({ "keys": [key()] })
}
