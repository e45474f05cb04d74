//! Tokens in the query: access logs and traces have the path of every request, and must not have a token that the
//! upstream does not receive.

use serde_json::{Value, json};

use crate::harness::collector::Collector;
use crate::harness::policy::merged;
use crate::harness::{Gateway, Issuer, Key, Request, Setup, Token, eventually, now, provider};

fn policy(forward_token: bool) -> Value {
    let sources = ["$request.header.Authorization", "$request.querystring.t", "$request.querystring.access_token"];
    let main = merged(provider(), json!({ "identity_sources": sources, "forward_token": forward_token }));
    let down = json!({ "issuer": "https://down.example", "jwks": { "cluster": "unknown" } });
    json!({
        "providers": { "main": merged(main, json!({ "jwks": { "timeout": "60s" } })), "down": merged(provider(), down) },
        "rules": [
            { "route": "GET /token" },
            { "route": "GET /scope", "scopes": ["write"] },
            { "route": "GET /public", "access": "public" },
            { "route": "GET /optional", "access": "optional" },
            { "route": "GET /trial", "scopes": ["write"], "mode": "dry_run" },
            { "route": "GET /deny", "access": "deny" },
            // So that an ambiguous host is refused.
            { "route": "GET /host", "hosts": ["api.example"] },
        ],
    })
}

/// A request with this in its query, and in the path that it had before Envoy rewrote it.
fn with_query(request: impl Fn(String) -> Request, path: &str, query: &str) -> Request {
    let target = |path: &str| format!("{path}?x=1&{query}&y=2");
    request(target(path)).header("x-envoy-original-path", target("/original"))
}

fn get(path: &str, query: &str) -> Request {
    with_query(Request::get, path, query)
}

/// Requests of every kind, each with a token in the query that must not be logged.
fn requests() -> Vec<(&'static str, Request)> {
    let valid = Token::new().signed();
    let expired = Token::new().claim("exp", now() - 3600).signed();
    let of_down = Token::new().claim("iss", "https://down.example").signed();
    let foreign = Token::new().claim("iss", "https://other.example").signed();
    let t = format!("t={valid}");
    vec![
        ("allowed", get("/token", &t)),
        ("allowed", get("/token", &format!("access%5Ftoken={valid}"))),
        ("allowed", get("/token", &format!("t=Bearer%20{valid}"))),
        ("allowed", get("/optional", &t)),
        ("token_expired", get("/token", &format!("t={expired}"))),
        ("issuer_unknown", get("/token", &format!("t={foreign}"))),
        ("token_malformed", get("/token", &format!("t=x.{valid}"))),
        ("identity_source_mismatch", get("/token", &format!("t={of_down}"))),
        ("scope_missing", get("/scope", &t)),
        ("credential_ambiguous", get("/token", &format!("{t}&access_token={expired}"))),
        ("credential_ambiguous", get("/token", &t).bearer(&expired)),
        ("route_denied", get("/deny", &t)),
        ("route_denied", get("/elsewhere", &t)),
        ("path_ambiguous", get("/a/../b", &t)),
        ("host_ambiguous", get("/host", &t).host("a,b")),
        ("public", get("/public", &t)),
        ("public", get("/public", &format!("t=Bearer+{expired}"))),
        ("preflight", with_query(Request::preflight, "/token", &t)),
        ("scope_missing", get("/trial", &t)),
        ("token_expired", get("/trial", &format!("t={expired}"))),
    ]
}

#[test]
fn a_token_in_the_query_is_in_no_access_log_and_no_trace() {
    let collector = Collector::start();
    let gateway = Setup::new(&policy(false)).traced(&collector).start();
    let requests = requests();
    for (reason, request) in &requests {
        let reply = gateway.send(request);
        let entry = gateway.logged(&reply);
        assert_eq!(entry.reason.as_deref(), Some(*reason));
        for path in [&entry.path, &entry.original_path] {
            let path = path.as_deref().unwrap();
            assert!(!path.contains("eyJ"), "{reason}: {path}");
            assert!(path.ends_with("?x=1&y=2"), "{reason}: what is no token stays: {path}");
        }
        assert!(!reply.text().contains("eyJ"), "{reason}: the upstream received the token");
    }
    // Envoy sends spans in groups, and the last ones after five seconds.
    let spans = eventually("the spans", || {
        Some(collector.spans()).filter(|spans| spans.matches("http.url").count() == requests.len())
    });
    assert_eq!(spans.matches("?x=1&y=2\"").count(), requests.len(), "{spans}");
    assert!(!spans.contains("eyJ"), "{spans}");
}

#[test]
fn a_token_that_is_forwarded_stays_in_the_query_of_allowed_requests_only() {
    let gateway = Gateway::start(&policy(true));
    let query = format!("t={}", Token::new().signed());
    for (path, is_kept) in [("/token", true), ("/public", true), ("/trial", true), ("/scope", false), ("/deny", false)]
    {
        let entry = gateway.logged(&gateway.send(&get(path, &query)));
        for path in [entry.path, entry.original_path] {
            assert_eq!(path.unwrap().contains(&query), is_kept, "{:?}", entry.reason);
        }
    }
}

#[test]
fn a_public_route_keeps_parameters_that_are_no_tokens_of_these_issuers() {
    let gateway = Gateway::start(&policy(false));
    let foreign = Token::new().claim("iss", "https://other.example").signed();
    for query in ["t=reset-code", &format!("t={foreign}"), "t="] {
        let echo = gateway.send(&get("/public", query)).echo();
        assert_eq!(echo.target, format!("/public?x=1&{query}&y=2"));
    }
}

#[test]
fn a_token_of_a_request_that_is_refused_after_waiting_is_in_no_access_log() {
    let issuer = Issuer::start();
    let hold = issuer.hold();
    let gateway = Setup::new(&policy(false)).issuer(issuer).start();
    let forged = Token::new().sign(&Key::other("ES256"));
    let mut connection = gateway.connect();
    connection.send(&get("/token", &format!("t={forged}"))).unwrap();
    gateway.await_active(1);
    drop(hold);
    let entry = gateway.logged(&connection.reply().unwrap());
    assert_eq!(entry.reason.as_deref(), Some("signature_invalid"));
    assert_eq!(entry.path.as_deref(), Some("/token?x=1&y=2"));
}
