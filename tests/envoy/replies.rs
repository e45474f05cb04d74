//! What a refused client is told: status, challenge and body of each row of the contract's table, and no more.

use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{Answer, Gateway, Issuer, Reply, Request, Setup, Token, now, with_rules};

fn policy(responses: Value) -> Value {
    let rules = json!([
        { "route": "ANY /token" },
        { "route": "ANY /scope", "scopes": ["read", "write"] },
        { "route": "ANY /scopes", "scopes": { "all": ["read", "write"] } },
        { "route": "ANY /group", "groups": ["admin"] },
        { "route": "ANY /claim", "require": { "claim": "tier", "equals": "pro" } },
        { "route": "ANY /deny", "access": "deny" },
    ]);
    merged(with_rules(rules), json!({ "responses": responses }))
}

fn good(path: &str) -> Request {
    Request::get(path).bearer(Token::new().signed())
}

fn expired(path: &str) -> Request {
    Request::get(path).bearer(Token::new().claim("exp", now() - 3600).signed())
}

/// Status, challenge and body.
fn told(reply: &Reply) -> (u16, Option<String>, String) {
    (reply.status, reply.header("www-authenticate"), reply.text())
}

#[test]
fn each_refusal_has_its_reply() {
    let gateway = Gateway::start(&policy(json!({ "realm": "shop" })));
    let bad = r#"{"message":"Bad Request"}"#;
    let unauthorized = r#"{"message":"Unauthorized"}"#;
    let forbidden = r#"{"message":"Forbidden"}"#;
    let invalid_token = Some(r#"Bearer realm="shop", error="invalid_token""#);
    let wrong_audience = Request::get("/token").bearer(Token::new().claim("aud", "web").signed());
    for (label, request, status, challenge, body) in [
        ("ambiguous path", good("/a//b"), 400, None, bad),
        (
            "two credentials",
            good("/token").bearer("x"),
            400,
            Some(r#"Bearer realm="shop", error="invalid_request""#),
            bad,
        ),
        ("no credential", Request::get("/token"), 401, Some(r#"Bearer realm="shop""#), unauthorized),
        ("nonsense", Request::get("/token").bearer("nonsense"), 401, invalid_token, unauthorized),
        ("expired", expired("/token"), 401, invalid_token, unauthorized),
        ("wrong audience", wrong_audience, 401, invalid_token, unauthorized),
        (
            "scope",
            good("/scope"),
            403,
            Some(r#"Bearer realm="shop", error="insufficient_scope", scope="read write""#),
            forbidden,
        ),
        (
            "scopes",
            good("/scopes"),
            403,
            Some(r#"Bearer realm="shop", error="insufficient_scope", scope="read write""#),
            forbidden,
        ),
        ("group", good("/group"), 403, Some(r#"Bearer realm="shop", error="insufficient_scope""#), forbidden),
        ("claim", good("/claim"), 403, Some(r#"Bearer realm="shop", error="insufficient_scope""#), forbidden),
        ("deny", good("/deny"), 403, None, forbidden),
        ("no rule", good("/elsewhere"), 403, None, forbidden),
    ] {
        let reply = gateway.send(&request);
        assert_eq!(told(&reply), (status, challenge.map(str::to_owned), body.to_owned()), "{label}");
        assert_eq!(reply.header("content-type").as_deref(), Some("application/json"), "{label}");
        assert_eq!(reply.header("content-length"), Some(body.len().to_string()), "{label}");
        assert_eq!(reply.header("retry-after"), None, "{label}");
    }
}

#[test]
fn only_the_scopes_that_are_missing_are_named() {
    let gateway = Gateway::start(&policy(json!({ "realm": "shop" })));
    let reader = Token::new().claim("scope", "read").signed();
    let reply = gateway.send(&Request::get("/scopes").bearer(reader));
    let expected = r#"Bearer realm="shop", error="insufficient_scope", scope="write""#;
    assert_eq!(reply.header("www-authenticate").as_deref(), Some(expected));
}

#[test]
fn a_refusal_to_head_has_no_body() {
    let gateway = Gateway::start(&policy(json!({})));
    let reply = gateway.send(&Request::new("HEAD", "/token"));
    assert_eq!((reply.status, reply.text()), (401, String::new()));
}

#[test]
fn without_keys_the_reply_is_503_and_when_to_come_back() {
    let mut policy = policy(json!({ "retry_after": "7s" }));
    policy["providers"]["main"]["jwks"]["timeout"] = json!("1s");
    let issuer = Issuer::start();
    issuer.answer(Answer::Status(500));
    let gateway = Setup::new(&policy).issuer(issuer).start();
    let reply = gateway.send(&good("/token"));
    assert_eq!(told(&reply), (503, None, r#"{"message":"Service Unavailable"}"#.to_owned()));
    assert_eq!(reply.header("retry-after").as_deref(), Some("7"));
    assert_eq!(gateway.send(&Request::get("/token")).status, 401, "a request without a token needs no keys");
}

#[test]
fn the_reason_is_told_only_on_request() {
    let gateway = Gateway::start(&policy(json!({ "realm": "shop", "expose_reason": true })));
    let challenge = |request: Request| gateway.send(&request).header("www-authenticate").unwrap_or_default();
    assert_eq!(
        challenge(expired("/token")),
        r#"Bearer realm="shop", error="invalid_token", error_description="token_expired""#
    );
    assert_eq!(challenge(Request::get("/token")), r#"Bearer realm="shop""#);
}

#[test]
fn the_format_can_be_chosen() {
    for (format, kind, body) in [
        ("problem", "application/problem+json", r#"{"type":"about:blank","title":"Unauthorized","status":401}"#),
        ("envoy", "text/plain", "Jwt is expired"),
    ] {
        let gateway = Gateway::start(&policy(json!({ "format": format })));
        let reply = gateway.send(&expired("/token"));
        assert_eq!((reply.text().as_str(), reply.header("content-type").as_deref()), (body, Some(kind)));
    }
}

#[test]
fn headers_can_be_added_by_status() {
    let headers = json!({ "401": { "access-control-allow-origin": "*" }, "403": { "x-help": "ask the owner" } });
    let gateway = Gateway::start(&policy(json!({ "headers": headers })));
    let of = |request: Request| {
        let reply = gateway.send(&request);
        ["access-control-allow-origin", "x-help"].map(|name| reply.header(name).unwrap_or_default())
    };
    assert_eq!(of(Request::get("/token")), ["*", ""]);
    assert_eq!(of(Request::get("/deny")), ["", "ask the owner"]);
    assert_eq!(of(good("/token")), ["", ""]);
}

#[test]
fn a_grpc_client_is_told_in_grpc() {
    let gateway = Gateway::start(&policy(json!({})));
    let grpc = |request: Request| {
        let reply = gateway.send(&request.header("content-type", "application/grpc"));
        (reply.status, reply.header("grpc-status").unwrap_or_default())
    };
    assert_eq!(grpc(Request::new("POST", "/token")), (200, "16".to_owned()));
    assert_eq!(grpc(Request::new("POST", "/deny")), (200, "7".to_owned()));
}
