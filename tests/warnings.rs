//! The warnings that the filter logs when it is configured: what is valid but probably not intended, each with its path.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

use jwt_authorizer::engine::Engine;
use serde_json::{Value, json};

/// Merges the members of one object into another, recursively. `null` removes a member.
fn merged(mut base: Value, over: Value) -> Value {
    match (&mut base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                match (base.remove(&name), value) {
                    (_, Value::Null) => {}
                    (old, value) => drop(base.insert(name, merged(old.unwrap_or(Value::Null), value))),
                }
            }
        }
        (base, over) => *base = over,
    }
    base
}

/// A configuration without warnings, with these members changed.
fn changed(over: Value) -> Value {
    let valid = json!({
        "providers": { "main": {
            "issuer": "https://issuer.example",
            "audiences": ["api"],
            "token_use": "access",
            "jwks": { "uri": "https://issuer.example/jwks.json", "cluster": "issuer" },
        } },
        "rules": [{ "route": "GET /" }],
    });
    merged(valid, over)
}

fn provider(over: Value) -> Value {
    changed(json!({ "providers": { "main": over } }))
}

fn rule(rule: Value) -> Value {
    changed(json!({ "rules": [merged(json!({ "route": "GET /{id}" }), rule)] }))
}

fn ids(rule: Value) -> Value {
    changed(json!({ "providers": { "main": { "token_use": "id" } }, "rules": [rule] }))
}

fn warnings(policy: &Value) -> Vec<String> {
    let engine = Engine::from_json(policy.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    engine.warnings().iter().map(ToString::to_string).collect()
}

#[track_caller]
fn assert_warnings<const N: usize>(table: [(Value, &str); N]) {
    for (policy, expected) in table {
        assert_eq!(warnings(&policy), [expected], "{policy}");
    }
}

#[test]
fn a_usual_configuration_has_no_warnings() {
    let secret = json!([{ "kty": "oct", "k": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE" }]);
    for policy in [
        changed(json!({})),
        changed(json!({ "rules": [], "default": "authenticated" })),
        changed(json!({ "rules": [{ "route": "GET /", "access": "public" }], "default": "authenticated" })),
        provider(json!({ "max_token_lifetime": "60s", "clock_skew": "60s" })),
        provider(json!({ "identity_sources": ["$request.querystring.t"], "forward_token": false })),
        provider(json!({ "identity_sources": ["$request.cookie.t", "$request.header.X-Token"] })),
        provider(json!({ "identity_sources": [{ "source": "$request.header.Authorization", "scheme": "Token" }] })),
        provider(json!({ "jwks": { "uri": "http://127.0.0.1:5000/jwks.json" } })),
        provider(json!({ "jwks": { "uri": "http://[::1]/jwks.json" } })),
        provider(json!({ "jwks": { "uri": "http://localhost/jwks.json" } })),
        provider(json!({ "jwks": { "uri": null, "discovery": true } })),
        provider(json!({
            "profile": "google",
            "issuer": "https://accounts.google.com",
            "jwks": { "uri": null, "discovery": true, "jwks_uri_cluster": "googleapis" },
        })),
        provider(json!({
            "profile": "google",
            "issuer": "https://accounts.google.com",
            "jwks": { "uri": "https://www.googleapis.com/oauth2/v3/certs" },
        })),
        provider(
            json!({ "jwks": { "uri": null, "cluster": null, "inline": { "keys": secret } }, "algorithms": ["HS256"] }),
        ),
        provider(json!({ "profile": "cognito", "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_A" })),
        provider(json!({
            "profile": "cognito", "issuer": "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_A",
            "jwks": { "uri": null, "discovery": true },
        })),
        provider(json!({ "profile": "auth0", "issuer": "https://dev.auth0.com/" })),
        provider(json!({ "token_use": "any" })),
        provider(
            json!({ "issuer": null, "without_issuer": true, "subjects": ["spiffe://a.example/*", "spiffe://a/b"] }),
        ),
        provider(json!({ "profile": "auth0", "issuer": null, "without_issuer": true, "subjects": ["a*"] })),
        provider(json!({ "claims_to_headers": { "x-a": { "claim": "a", "encoding": "percent" } } })),
        provider(json!({ "claims_to_headers": { "x-a": { "claim": "a", "separator": "-" } } })),
        provider(json!({ "claims_to_headers": { "x-a": { "claim": "a", "separator": "", "encoding": "percent" } } })),
        provider(json!({ "profile": "okta", "token_use": null })),
        provider(json!({ "profile": "google", "token_use": null })),
        provider(json!({ "token_use": "any", "audiences": null, "any_audience": true })),
        provider(json!({ "token_use": "id", "audiences": null, "any_audience": true })),
        provider(json!({ "profile": "cognito", "audiences": null, "any_audience": true })),
        provider(json!({ "profile": "rfc9068", "audiences": null, "any_audience": true })),
        provider(json!({ "profile": "entra", "audiences": null, "any_audience": true })),
        provider(json!({ "profile": "keycloak", "audiences": null, "any_audience": true })),
        provider(json!({ "issuer": "https://sts.windows.net/{tenantid}/", "tenants": ["t"] })),
        provider(json!({ "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0", "tenants": ["t"] })),
        rule(json!({ "access": "optional" })),
        rule(json!({ "require": { "claim": "azp", "equals_header": "host" } })),
        rule(json!({ "hosts": ["api.example.com", "*.example.com", "[::1]", "::1"] })),
        rule(json!({ "scopes": ["read"], "groups": { "all": ["admin"] }, "mode": "dry_run" })),
        rule(json!({ "require": { "any_of": [{ "claim": "a", "equals": 1 }, { "claim": "a", "equals": 2 }] } })),
        rule(json!({ "require": { "all_of": [{ "claim": "a", "in": [1, 2] }, { "claim": "a", "in": [2.0, 3] }] } })),
        rule(json!({ "require": { "all_of": [{ "claim": "a", "exists": false }, { "claim": "b", "equals": 1 }] } })),
        rule(
            json!({ "require": { "all_of": [{ "claim": ["a", "*"], "equals": 1 }, { "claim": ["a", "*"], "equals": 2 }] } }),
        ),
        provider(
            json!({ "scope_claims": [{ "claim": "scope", "separator": " " }, { "claim": "scp", "separator": "," }] }),
        ),
        ids(json!({ "route": "GET /", "groups": ["admin"] })),
        ids(json!({ "route": "GET /", "require": { "any_of": [{ "scope": "read" }, { "group": "admin" }] } })),
        changed(json!({
            "providers": { "main": { "token_use": "id", "scope_claims": ["rights"] } },
            "rules": [{ "route": "GET /", "scopes": ["read"] }],
        })),
        changed(json!({ "providers": { "main": { "payload_to_header": "x-payload" } }, "clear_route_cache": true })),
    ] {
        assert_eq!(warnings(&policy), [""; 0], "{policy}");
    }
}

#[test]
fn a_separator_with_spaces() {
    let problem =
        "has spaces around it, and matches only with them; leave them out: spaces around a name do not belong to it";
    let claims = json!(["a", { "claim": "b", "separator": ", " }]);
    assert_warnings([
        (provider(json!({ "scope_claims": claims })), format!("providers.main.scope_claims[1]: {problem}").as_str()),
        (provider(json!({ "group_claims": claims })), format!("providers.main.group_claims[1]: {problem}").as_str()),
    ]);
}

#[test]
fn discovery_of_an_issuer_whose_keys_are_on_another_host() {
    for (issuer, host) in [
        ("https://accounts.google.com", "www.googleapis.com"),
        ("https://securetoken.google.com/project", "www.googleapis.com"),
        ("https://sts.windows.net/9122040d-6c67-4c5b-b112-36a304b66dad/", "login.windows.net"),
    ] {
        let policy = provider(json!({ "issuer": issuer, "jwks": { "uri": null, "discovery": true } }));
        let expected = format!(
            "providers.main.jwks.discovery: finds a `jwks_uri` on another host, `{host}`, but the keys are requested from the issuer's host; name the cluster for it in `jwks_uri_cluster`, or write its `uri`"
        );
        assert_eq!(warnings(&policy), [expected], "{policy}");
    }
}

#[test]
fn an_issuer_that_no_token_has() {
    let issuer = |issuer: &str| provider(json!({ "issuer": issuer }));
    assert_warnings([
        (
            issuer("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_A/"),
            "providers.main.issuer: ends with a slash, but Cognito's `iss` does not: no token will match",
        ),
        (
            issuer("https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_A/"),
            "providers.main.issuer: ends with a slash, but Cognito's `iss` does not: no token will match",
        ),
        (
            provider(json!({ "profile": "cognito", "issuer": "http://127.0.0.1:5000/pool/" })),
            "providers.main.issuer: ends with a slash, but Cognito's `iss` does not: no token will match",
        ),
        (
            issuer("https://dev-1.us.auth0.com"),
            "providers.main.issuer: does not end with a slash, but Auth0's `iss` does: no token will match",
        ),
        (
            provider(json!({ "issuer": "https://sts.windows.net/{tenantid}", "tenants": ["t"] })),
            "providers.main.issuer: does not end with a slash, but the `iss` of Entra's version 1 tokens does: no token will match",
        ),
        (
            issuer("https://login.microsoftonline.com/t/v2.0/"),
            "providers.main.issuer: ends with a slash, but the `iss` of Entra's version 2 tokens does not: no token will match",
        ),
        (
            issuer("https://login.microsoftonline.com/common/v2.0"),
            "providers.main.issuer: is not the `iss` of any token: tokens have the id of their tenant there; write `{tenantid}` in its place and list the `tenants`",
        ),
        (
            issuer("https://issuer.example/.well-known/openid-configuration"),
            "providers.main.issuer: is the URL of a document; `iss` is the part before `/.well-known`",
        ),
        (
            issuer("https://issuer.example "),
            "providers.main.issuer: has spaces around it, and `iss` does not: no token will match",
        ),
    ]);
}

#[test]
fn a_provider_with_a_probable_mistake() {
    let problem =
        "is plain `http:`: anyone on the network path can replace the keys; use `https:`, and TLS in the cluster";
    for uri in [
        "http://issuer.example/jwks.json",
        "http://10.0.0.1/jwks.json",
        "http://127.0.0.1.example/jwks.json",
        "HTTP://10.0.0.1/jwks.json",
    ] {
        let policy = provider(json!({ "jwks": { "uri": uri } }));
        assert_eq!(warnings(&policy), [format!("providers.main.jwks.uri: {problem}")], "{uri}");
    }
    let discovered = provider(json!({ "issuer": "http://issuer.example", "jwks": { "uri": null, "discovery": true } }));
    assert_eq!(warnings(&discovered), [format!("providers.main.issuer: {problem}")]);
    assert_warnings([
        (
            provider(json!({ "audiences": ["api", "*"] })),
            "providers.main.audiences[1]: is compared literally, and no token has the audience `*`; write `\"any_audience\": true` to accept every audience",
        ),
        (
            provider(json!({ "max_token_lifetime": "30s" })),
            "providers.main.clock_skew: is longer than `max_token_lifetime`: tokens would be accepted for longer after they expire than before",
        ),
        (
            provider(
                json!({ "identity_sources": ["$request.header.Authorization", "$request.querystring.access_token"] }),
            ),
            "providers.main.identity_sources[1]: leaves the token in the URL, which servers write to their logs; write `\"forward_token\": false` to remove it",
        ),
        (
            provider(json!({ "identity_sources": [{ "source": "$request.querystring.t" }] })),
            "providers.main.identity_sources[0]: leaves the token in the URL, which servers write to their logs; write `\"forward_token\": false` to remove it",
        ),
        (
            provider(json!({ "identity_sources": ["$request.cookie.session", "$request.header.Cookie"] })),
            "providers.main.identity_sources[1]: reads the whole header, which has more than a token; write `$request.cookie.NAME` or `$request.websocket`",
        ),
        (
            provider(json!({ "identity_sources": [{ "source": "$request.header.Authorization", "scheme": "basic" }] })),
            "providers.main.identity_sources[0]: has a scheme for passwords: no token follows it; write `required`, `optional` or another scheme",
        ),
        (
            changed(json!({ "rules": [{ "route": "GET /", "access": "public" }] })),
            "providers.main: is not accepted by any rule or by `default`: its tokens are never accepted",
        ),
        (
            provider(json!({
                "claims_to_headers": { "x-a": { "claim": "a", "separator": "-", "encoding": "base64url" } },
            })),
            "providers.main.claims_to_headers.x-a.separator: can be part of an encoded item, and then the header is left out; use another character, such as `,`",
        ),
        (
            provider(json!({ "issuer": null, "without_issuer": true, "subjects": ["a", "spiffe://example.org*"] })),
            "providers.main.subjects[1]: also means longer names of the host, such as `example.org.other.example`; write a slash before `*`",
        ),
        (changed(json!({ "rules": [] })), "rules: is empty and `default` is `deny`: every request will be refused"),
        (
            changed(json!({ "clear_route_cache": true })),
            "clear_route_cache: has no effect: no provider sets a header that a route could match on",
        ),
    ]);
}

#[test]
fn id_tokens_that_pass_as_access_tokens() {
    let not_given = "providers.main.token_use: is not given, and the profile `generic` accepts ID tokens in place of access tokens; write `access`, `id` or `any`, or the issuer's `profile`";
    let any_audience = "providers.main.any_audience: accepts ID tokens too: this profile tells them from access tokens only by a claim like `nonce`, which they need not have; list the `audiences` of the API, or write the issuer's `profile`";
    let any = json!({ "audiences": null, "any_audience": true });
    assert_warnings([
        (provider(json!({ "token_use": null })), not_given),
        (provider(json!({ "token_use": null, "profile": "generic" })), not_given),
        (provider(json!({ "audiences": null, "any_audience": true, "token_use": null })), not_given),
        (provider(any.clone()), any_audience),
        (provider(merged(any, json!({ "profile": "google" }))), any_audience),
    ]);
}

#[test]
fn a_rule_that_can_never_match_or_hold() {
    let never = "rules[0].require: can never hold: `a` would need two values at once";
    let both = |one: Value, other: Value| rule(json!({ "require": { "all_of": [one, other] } }));
    let a = |test: Value| merged(json!({ "claim": "a" }), test);
    assert_warnings([
        (
            rule(json!({ "hosts": ["api.example.com", "api.example.com:8443"] })),
            "rules[0].hosts[1]: can never match: hosts are compared without ports; write `api.example.com`",
        ),
        (
            rule(json!({ "hosts": ["[::1]:80"] })),
            "rules[0].hosts[0]: can never match: hosts are compared without ports; write `[::1]`",
        ),
        (both(a(json!({ "equals": "x" })), a(json!({ "equals": "y" }))), never),
        (both(a(json!({ "in": [1, 2] })), a(json!({ "in": [3, "1"] }))), never),
        (both(a(json!({ "exists": false })), a(json!({ "matches": "*" }))), never),
        (both(a(json!({ "equals": "x" })), json!({ "all_of": [a(json!({ "exists": false }))] })), never),
        (
            both(json!({ "claim": ["o", "id"], "equals": 1 }), json!({ "claim": ["o", "id"], "equals": 2 })),
            "rules[0].require: can never hold: `o.id` would need two values at once",
        ),
        (rule(json!({ "scopes": ["*"] })), "rules[0].scopes[0]: is compared literally: it is not a wildcard"),
        (
            rule(json!({ "groups": { "all": ["admin", "*"] } })),
            "rules[0].groups.all[1]: is compared literally: it is not a wildcard",
        ),
    ]);
}

#[test]
fn scopes_required_of_id_tokens() {
    let reported = |field: &str| {
        format!(
            "rules[0].{field}: needs scopes, but ID tokens have none: tokens of `main` are always refused; use groups or claims, or set `token_use` to `access`"
        )
    };
    for (policy, field) in [
        (ids(json!({ "route": "GET /", "scopes": ["read"] })), "scopes"),
        (ids(json!({ "route": "GET /", "require": { "scope": "read" } })), "require"),
        (
            ids(json!({ "route": "GET /", "require": { "all_of": [{ "group": "admin" }, { "scope": "read" }] } })),
            "require",
        ),
        (
            changed(json!({
                "providers": { "main": { "profile": "google", "token_use": null } },
                "rules": [{ "route": "GET /", "scopes": ["read"] }],
            })),
            "scopes",
        ),
    ] {
        assert_eq!(warnings(&policy), [reported(field)], "{policy}");
    }
    let other = json!({
        "issuer": "https://other.example", "audiences": ["api"], "token_use": "access", "jwks": { "uri": "https://other.example/k", "cluster": "c" },
    });
    let rules = json!([{ "route": "GET /", "scopes": ["read"], "providers": ["other"] }, { "route": "GET /id" }]);
    let policy = changed(json!({ "providers": { "main": { "token_use": "id" }, "other": other }, "rules": rules }));
    assert_eq!(warnings(&policy), [""; 0], "the rule accepts other tokens only");
}

#[test]
fn a_rule_that_allows_more_than_it_seems_to() {
    let optional =
        "applies only to requests with a token: with `\"access\": \"optional\"`, requests without one are allowed";
    for field in ["scopes", "groups"] {
        let policy = rule(json!({ "access": "optional", field: ["x"] }));
        assert_eq!(warnings(&policy), [format!("rules[0].{field}: {optional}")]);
    }
    assert_warnings([(
        changed(
            json!({ "rules": [{ "route": "GET /" }, { "route": "GET /p", "access": "public", "mode": "dry_run" }] }),
        ),
        "rules[1].mode: has no effect: a public rule refuses no requests",
    )]);
}

#[test]
fn claims_for_filter_state_that_is_not_written() {
    let policy = |filter_state: &str| {
        let claims = json!({ "main": { "claims_to_filter_state": { "tenant": "org" } } });
        changed(json!({ "providers": claims, "filter_state": filter_state }))
    };
    let no_effect = "providers.main.claims_to_filter_state: has no effect: the top-level `filter_state` is `none`";
    assert_warnings([(policy("none"), no_effect)]);
    assert_eq!([warnings(&policy("all")), warnings(&policy("refused"))], [[""; 0]; 2]);
}

#[test]
fn a_policy_that_is_only_tried() {
    assert_warnings([(
        changed(json!({ "mode": "dry_run" })),
        "mode: is `dry_run`: no request is refused, and no header is changed",
    )]);
}

#[test]
fn inline_keys_that_are_left_out() {
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let inline = |others: &[Value]| {
        let keys = [std::slice::from_ref(&key), others].concat();
        provider(json!({ "jwks": { "uri": null, "cluster": null, "inline": { "keys": keys } } }))
    };
    assert_warnings([(
        inline(&[merged(key.clone(), json!({ "x": "not base64url" }))]),
        "providers.main.jwks.inline.keys[1]: is left out: x is not base64url",
    )]);
    let encryption = merged(key.clone(), json!({ "use": "enc" }));
    assert_eq!(warnings(&inline(&[encryption])), Vec::<String>::new());
}
