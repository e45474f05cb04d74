//! The policies that requests are decided by.

use serde_json::{Value, json};

use crate::tokens::{ISSUER, OTHER_ISSUER, jwk};

/// The identity headers of both providers; a client can set none of them.
pub(crate) const RESERVED: [&str; 3] = ["x-jwt-sub", "x-jwt-org", "x-jwt-payload"];

fn provider(issuer: &str, more: Value) -> Value {
    let mut provider = json!({
        "issuer": issuer,
        "audiences": ["api"],
        "jwks": { "inline": { "keys": [jwk()] } },
        "claims_to_headers": { "x-jwt-sub": "sub", "x-jwt-org": "org" },
        "payload_to_header": "x-jwt-payload",
    });
    if let (Some(provider), Value::Object(more)) = (provider.as_object_mut(), more) {
        provider.extend(more);
    }
    provider
}

/// Two issuers, the tokens of one of which are not forwarded; rules of every kind.
pub(crate) fn whole() -> Value {
    json!({
        "providers": {
            "main": provider(ISSUER, json!({
                "forward_token": false,
                "identity_sources": ["$request.header.Authorization", "$request.querystring.access_token", "$request.cookie.session"],
            })),
            "other": provider(OTHER_ISSUER, json!({})),
        },
        "rules": [
            { "route": "GET /public", "access": "public" },
            { "route": "ANY /public/{proxy+}", "access": "public" },
            { "route": "GET /optional", "access": "optional" },
            { "route": "GET /users/{id}", "require": { "claim": "sub", "equals_path": "id" } },
            { "route": "GET /files/{proxy+}" },
            { "route": "GET /files/a/b", "access": "deny" },
            { "route": "POST /items", "scopes": ["write"] },
            { "route": "GET /items", "scopes": ["read"] },
            { "route": "ANY /trial", "mode": "dry_run", "scopes": ["write"] },
        ],
    })
}

/// One issuer whose tokens are found in many places, and never forwarded.
pub(crate) fn many_sources() -> Value {
    json!({ "providers": { "main": provider(ISSUER, json!({
        "forward_token": false,
        "identity_sources": [
            "$request.header.Authorization", "$request.header.x-token", "$request.querystring.access_token",
            "$request.querystring.t", "$request.cookie.session", "$request.cookie.s",
        ],
    })) }, "default": "authenticated" })
}

/// Every way in which claims are used: lists, paths, profiles, requirements with all operands.
pub(crate) fn claims() -> Value {
    json!({
        "providers": {
            "main": provider(ISSUER, json!({
                "scope_claims": ["scope", "scp", "permissions"],
                "group_claims": ["groups", "realm_access.roles", "cognito:groups"],
            })),
            "cognito": {
                "issuer": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abcdefghi", "profile": "cognito",
                "audiences": ["client"], "jwks": { "inline": { "keys": [jwk()] } },
                "claims_to_headers": { "x-user": "username", "x-groups": "cognito:groups" },
            },
        },
        "rules": [
            { "route": "GET /scopes", "scopes": ["read", "write"] },
            { "route": "GET /groups", "groups": ["admin", "Billing admin"] },
            { "route": "GET /claims/{id}", "require": { "any_of": [
                { "claim": "tier", "in": ["pro", 1, true] },
                { "claim": "address.country", "matches": "d*" },
                { "claim": "tenants", "contains": "a" },
                { "claim": "sub", "equals_path": "id" },
                { "all_of": [{ "claim": "email_verified", "equals": true }, { "not": { "group": "blocked" } }] },
            ] } },
        ],
    })
}
