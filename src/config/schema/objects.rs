//! Which fields of an object require or exclude each other.

use schemars::Schema;
use serde_json::{Value, json};

use super::conditions::{exactly_one, extend, given, is_true, none};
use super::key_set::SECRET_ALGORITHMS;

/// `issuer` excludes `without_issuer`, `tenants` needs an issuer with `{tenantid}`, `audiences` excludes `any_audience`,
/// and an algorithm that needs a secret must be listed together with the secret.
pub(in crate::config) fn provider(schema: &mut Schema) {
    let mut conditions = vec![
        json!({
            "if": is_true("without_issuer"),
            "then": { "allOf": [
                given("subjects"),
                none(&["issuer", "tenants"]),
                { "properties": { "jwks": { "not": is_true("discovery") } } },
            ] },
            "else": { "allOf": [given("issuer"), none(&["subjects"])] },
        }),
        json!({ "if": is_true("any_audience"), "then": none(&["audiences"]), "else": given("audiences") }),
        json!({
            "if": { "required": ["issuer"], "properties": { "issuer": { "pattern": r"\{tenantid\}" } } },
            "then": { "allOf": [given("tenants"), { "properties": { "jwks": { "not": is_true("discovery") } } }] },
            "else": none(&["tenants", "tenant_claim"]),
        }),
    ];
    for (algorithm, _) in SECRET_ALGORITHMS {
        let named = json!({ "required": ["alg"], "properties": { "alg": { "const": algorithm } } });
        let possible = json!({ "properties": { "alg": { "const": algorithm } } });
        conditions.push(json!({ "if": lists(&[algorithm]), "then": has_secret(&possible) }));
        conditions.push(json!({ "if": has_secret(&named), "then": lists(&[algorithm]) }));
    }
    let unnamed = json!({ "not": { "required": ["alg"] } });
    conditions
        .push(json!({ "if": has_secret(&unnamed), "then": lists(&SECRET_ALGORITHMS.map(|(algorithm, _)| algorithm)) }));
    extend(schema, json!({ "allOf": conditions }));
}

/// `algorithms` has one of these.
fn lists(algorithms: &[&str]) -> Value {
    let list = json!({ "type": "array", "contains": { "enum": algorithms } });
    json!({ "required": ["algorithms"], "properties": { "algorithms": list } })
}

/// `jwks.inline` has a secret that meets the condition.
fn has_secret(condition: &Value) -> Value {
    let secret = json!({ "type": "object", "required": ["kty"], "properties": { "kty": { "const": "oct" } } });
    let keys = json!({ "type": "array", "contains": { "allOf": [secret, condition] } });
    let inline = json!({ "type": "object", "required": ["keys"], "properties": { "keys": keys } });
    let jwks = json!({ "type": "object", "required": ["inline"], "properties": { "inline": inline } });
    json!({ "required": ["jwks"], "properties": { "jwks": jwks } })
}

/// Exactly one source of keys, with the fields that belong to it.
pub(in crate::config) fn key_source(schema: &mut Schema) {
    let fetched = |others: &[&str]| json!({ "allOf": [given("cluster"), none(others)] });
    let only_fetched =
        ["cluster", "timeout", "refresh_interval", "max_stale", "respect_cache_control", "jwks_uri_cluster"];
    extend(
        schema,
        json!({
            "if": is_true("discovery"),
            "then": fetched(&["uri", "inline"]),
            "else": {
                "if": given("uri"),
                "then": fetched(&["inline", "jwks_uri_cluster"]),
                "else": { "allOf": [given("inline"), none(&only_fetched)] },
            },
        }),
    );
}

/// A rule that does not check tokens must not have conditions on tokens.
pub(in crate::config) fn rule(schema: &mut Schema) {
    extend(
        schema,
        json!({
            "if": { "required": ["access"], "properties": { "access": { "enum": ["public", "deny"] } } },
            "then": none(&["providers", "scopes", "groups", "require"]),
        }),
    );
}

/// Exactly one kind of requirement, and exactly one operand with a claim.
pub(in crate::config) fn requirement(schema: &mut Schema) {
    let operands = ["equals", "in", "contains", "exists", "equals_path", "equals_header", "matches"];
    extend(
        schema,
        json!({ "allOf": [
            exactly_one(&["scope", "group", "claim", "all_of", "any_of", "not"]),
            { "if": given("claim"), "then": exactly_one(&operands), "else": none(&operands) },
        ] }),
    );
}
