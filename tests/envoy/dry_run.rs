//! A policy in dry run: it is tried with the traffic of production, and changes no answer and no header.

use std::fs;

use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{Gateway, Issuer, Key, Request, Setup, Token, provider};

/// A policy that would refuse or change every request below, if it were enforced.
fn strict() -> Value {
    json!({
        "mode": "dry_run",
        "providers": { "main": merged(provider(), json!({
            "claims_to_headers": { "x-jwt-sub": "sub" },
            "forward_token": false,
            "identity_sources": ["$request.header.Authorization", "$request.querystring.access_token"],
        })) },
        "rules": [
            { "route": "GET /public", "access": "public" },
            { "route": "GET /scope", "scopes": ["read"] },
            { "route": "GET /token" },
            { "route": "POST /token" },
        ],
        "clear_route_cache": true,
    })
}

/// The same answers and headers with and without the filter.
#[track_caller]
fn assert_unchanged(with: &Gateway, without: &Gateway, label: &str, request: &Request) {
    let (actual, expected) = (with.send(request), without.send(request));
    assert_eq!(actual.status, expected.status, "{label}");
    if expected.status != 200 {
        assert_eq!(actual.text(), expected.text(), "{label}");
        return;
    }
    let (actual, expected) = (actual.echo(), expected.echo());
    assert_eq!((&actual.method, &actual.target), (&expected.method, &expected.target), "{label}");
    assert_eq!(actual.headers_without("x-probe"), expected.headers_without("x-probe"), "{label}");
    assert_eq!(actual.trailers(), expected.trailers(), "{label}");
}

#[test]
fn a_policy_in_dry_run_changes_no_answer_and_no_header() {
    let with = Setup::new(&strict()).start();
    let without = Setup::new(&strict()).without_filter().start();
    let valid = Token::new().signed();
    with.await_metric("provider.main.jwks_keys", 10);
    let forged = |request: Request| request.header("x-jwt-sub", "root").header("x_jwt_sub", "root");
    for (request, reason, is_refusal) in [
        (forged(Request::get("/public")), "public", false),
        (forged(Request::get("/token")), "token_missing", true),
        (forged(Request::get("/token").bearer(&valid)), "allowed", false),
        (Request::get(format!("/token?a=b&access_token={valid}")), "allowed", false),
        (Request::get(format!("/scope?access_token={valid}")), "scope_missing", true),
        (Request::get("/token").bearer(Token::new().claim("exp", 1).signed()), "token_expired", true),
        (Request::get("/token").bearer("no.t.oken"), "token_malformed", true),
        (Request::get("/elsewhere").bearer(&valid), "route_denied", true),
        (Request::get("/a/../token").bearer(&valid), "path_ambiguous", true),
        (forged(Request::preflight("/token")), "preflight", false),
        (Request::new("POST", "/token").body(b"body".to_vec()).trailer("x-jwt-sub", "root"), "token_missing", true),
    ] {
        assert_unchanged(&with, &without, reason, &request);
        let entry = with.logged(&with.send(&request));
        let expected = (Some(reason), is_refusal.then_some("true"));
        assert_eq!((entry.reason.as_deref(), entry.dry_run.as_deref()), expected, "{request:?}");
    }
    with.await_metric("dry_run_denied", 14);
    assert_eq!(with.metric("denied"), 0);
    let log = with.filter_log();
    assert!(log.iter().any(|line| line.contains("mode: is `dry_run`")), "{log:?}");
}

#[test]
fn a_trial_delays_no_request_while_there_are_no_keys() {
    let issuer = Issuer::start();
    let hold = issuer.hold();
    let gateway = Setup::new(&strict()).issuer(issuer).start();
    let request = Request::get("/token").bearer(Token::new().signed());
    let mut connection = gateway.connect();
    connection.send(&request).unwrap();
    assert!(!connection.is_pending().unwrap(), "the request waits for keys");
    assert_eq!(gateway.logged(&connection.reply().unwrap()).reason.as_deref(), Some("keys_unavailable"));
    drop(hold);
    gateway.await_metric("provider.main.jwks_keys", 10);
    assert_eq!(gateway.logged(&gateway.send(&request)).reason.as_deref(), Some("allowed"));
}

const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_ABC123";

/// The two configurations of the page, with the cluster of this test.
fn page() -> (Vec<Value>, Value) {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/from-jwt-authn.md")).unwrap();
    let block = |language: &str| {
        let block = page.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap();
        block.replace("cluster: cognito", "cluster: issuer")
    };
    let yaml: Value = serde_saphyr::from_str(&block("yaml")).unwrap();
    let filters = yaml["http_filters"].as_array().unwrap();
    let mut policy: Value = serde_json::from_str(&block("json")).unwrap();
    policy["providers"]["cognito"]["jwks"]["cluster"] = json!("issuer");
    policy["mode"] = json!("dry_run");
    // The last filter is the router.
    (filters[..filters.len() - 1].to_vec(), policy)
}

#[test]
fn the_migration_from_jwt_authn_breaks_no_request() {
    let (filters, policy) = page();
    let cognito = || {
        let issuer = Issuer::start();
        issuer.publish_at("/us-east-1_ABC123/.well-known/jwks.json", Key::set(&Key::one_of_each()));
        issuer
    };
    let with = Setup::new(&policy).issuer(cognito()).preceded_by(&filters).start();
    let without = Setup::new(&policy).issuer(cognito()).preceded_by(&filters).without_filter().start();
    with.await_metric("provider.cognito.jwks_keys", 10);
    let token = || {
        let token = Token::new().claim("iss", ISSUER).claim("client_id", "web-client-id").without("aud");
        token.claim("token_use", "access").claim("scope", "https://api.example.com/read").claim("sub", "alice")
    };
    let read = token().signed();
    let admin = token().claim("cognito:groups", json!(["admin"])).signed();
    for (label, request, status, reason) in [
        ("public", Request::get("/health"), 200, Some("public")),
        ("a scope", Request::get("/items").bearer(&read), 200, Some("allowed")),
        ("no token", Request::get("/items"), 401, None),
        ("no scope", Request::get("/items").bearer(token().claim("scope", "openid").signed()), 403, None),
        ("no group", Request::get("/admin/users").bearer(&read), 403, None),
        ("a group", Request::get("/admin/users").bearer(&admin), 200, Some("allowed")),
        // RBAC's prefix allows this path, and the rules do not cover it.
        ("a path that only RBAC allows", Request::get("/admin/").bearer(&admin), 200, Some("route_denied")),
        // RBAC allows every OPTIONS request, and jwt_authn asks for a token.
        ("another OPTIONS", Request::new("OPTIONS", "/items").bearer(&read), 200, Some("route_denied")),
    ] {
        let reply = with.send(&request);
        assert_eq!(reply.status, status, "{label}");
        assert_unchanged(&with, &without, label, &request);
        if status == 200 {
            assert_eq!(with.logged(&reply).reason.as_deref(), reason, "{label}");
        }
        if label == "a path that only RBAC allows" {
            assert_eq!(reply.echo().all("x-jwt-sub"), ["alice"], "jwt_authn's header stays");
        }
    }
}
