//! The reply to a refused request: status, challenge and body for each row of the documented table, and nothing else.

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

fn valid(path: &str) -> Request {
    Request::get(path).bearer(Token::new().signed())
}

fn expired(path: &str) -> Request {
    Request::get(path).bearer(Token::new().claim("exp", now() - 3600).signed())
}

/// Status, challenge and body.
fn parts(reply: &Reply) -> (u16, Option<String>, String) {
    (reply.status, reply.header("www-authenticate"), reply.text())
}

#[test]
fn each_refusal_has_its_status_challenge_and_body() {
    let gateway = Gateway::start(&policy(json!({ "realm": "shop" })));
    let bad = r#"{"message":"Bad Request"}"#;
    let unauthorized = r#"{"message":"Unauthorized"}"#;
    let forbidden = r#"{"message":"Forbidden"}"#;
    let invalid_token = Some(r#"Bearer realm="shop", error="invalid_token""#);
    let wrong_audience = Request::get("/token").bearer(Token::new().claim("aud", "web").signed());
    for (label, request, status, challenge, body) in [
        ("ambiguous path", valid("/a/../b"), 400, None, bad),
        (
            "two credentials",
            valid("/token").bearer("x"),
            400,
            Some(r#"Bearer realm="shop", error="invalid_request""#),
            bad,
        ),
        ("no credential", Request::get("/token"), 401, Some(r#"Bearer realm="shop""#), unauthorized),
        ("malformed", Request::get("/token").bearer("nonsense"), 401, invalid_token, unauthorized),
        ("expired", expired("/token"), 401, invalid_token, unauthorized),
        ("wrong audience", wrong_audience, 401, invalid_token, unauthorized),
        (
            "scope",
            valid("/scope"),
            403,
            Some(r#"Bearer realm="shop", error="insufficient_scope", scope="read write""#),
            forbidden,
        ),
        (
            "scopes",
            valid("/scopes"),
            403,
            Some(r#"Bearer realm="shop", error="insufficient_scope", scope="read write""#),
            forbidden,
        ),
        ("group", valid("/group"), 403, Some(r#"Bearer realm="shop", error="insufficient_scope""#), forbidden),
        ("claim", valid("/claim"), 403, Some(r#"Bearer realm="shop", error="insufficient_scope""#), forbidden),
        ("deny", valid("/deny"), 403, None, forbidden),
        ("no rule", valid("/elsewhere"), 403, None, forbidden),
    ] {
        let reply = gateway.send(&request);
        assert_eq!(parts(&reply), (status, challenge.map(str::to_owned), body.to_owned()), "{label}");
        assert_eq!(reply.header("content-type").as_deref(), Some("application/json"), "{label}");
        assert_eq!(reply.header("content-length"), Some(body.len().to_string()), "{label}");
        assert_eq!(reply.header("retry-after"), None, "{label}");
    }
}

#[test]
fn the_challenge_lists_only_missing_scopes() {
    let gateway = Gateway::start(&policy(json!({ "realm": "shop" })));
    let reader = Token::new().claim("scope", "read").signed();
    let reply = gateway.send(&Request::get("/scopes").bearer(reader));
    let expected = r#"Bearer realm="shop", error="insufficient_scope", scope="write""#;
    assert_eq!(reply.header("www-authenticate").as_deref(), Some(expected));
}

#[test]
fn the_reply_to_a_refused_head_request_has_no_body() {
    let gateway = Gateway::start(&policy(json!({})));
    let reply = gateway.send(&Request::new("HEAD", "/token"));
    assert_eq!((reply.status, reply.text()), (401, String::new()));
}

#[test]
fn without_keys_the_reply_is_503_with_retry_after() {
    let mut policy = policy(json!({ "retry_after": "7s" }));
    policy["providers"]["main"]["jwks"]["timeout"] = json!("1s");
    let issuer = Issuer::start();
    issuer.answer(Answer::Status(500));
    let gateway = Setup::new(&policy).issuer(issuer).start();
    let reply = gateway.send(&valid("/token"));
    assert_eq!(parts(&reply), (503, None, r#"{"message":"Service Unavailable"}"#.to_owned()));
    assert_eq!(reply.header("retry-after").as_deref(), Some("7"));
    assert_eq!(gateway.send(&Request::get("/token")).status, 401, "a request without a token needs no keys");
}

#[test]
fn the_reply_has_the_reason_only_with_expose_reason() {
    let gateway = Gateway::start(&policy(json!({ "realm": "shop", "expose_reason": true })));
    let challenge = |request: Request| gateway.send(&request).header("www-authenticate").unwrap_or_default();
    assert_eq!(
        challenge(expired("/token")),
        r#"Bearer realm="shop", error="invalid_token", error_description="token_expired""#
    );
    assert_eq!(challenge(Request::get("/token")), r#"Bearer realm="shop""#);
}

#[test]
fn the_format_can_be_configured() {
    let problem = |title: &str, status: u16| format!(r#"{{"type":"about:blank","title":"{title}","status":{status}}}"#);
    let requests =
        || [valid("/a/../b"), Request::get("/token"), expired("/token"), valid("/scope"), valid("/deny"), keyless()];
    for (format, content_type, bodies) in [
        (
            "problem",
            "application/problem+json",
            [
                problem("Bad Request", 400),
                problem("Unauthorized", 401),
                problem("Unauthorized", 401),
                problem("Forbidden", 403),
                problem("Forbidden", 403),
                problem("Service Unavailable", 503),
            ],
        ),
        (
            "envoy",
            "text/plain",
            [
                "Bad Request",
                "Jwt is missing",
                "Jwt is expired",
                "RBAC: access denied",
                "RBAC: access denied",
                "Jwks remote fetch is failed",
            ]
            .map(str::to_owned),
        ),
    ] {
        let gateway = Gateway::start(&with_keyless(policy(json!({ "format": format }))));
        for (request, body) in requests().iter().zip(&bodies) {
            let reply = gateway.send(request);
            assert_eq!((reply.text(), reply.header("content-type").as_deref()), (body.clone(), Some(content_type)));
        }
    }
    let gateway = Gateway::start(&policy(json!({ "format": "problem", "expose_reason": true })));
    let detailed = r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"token_expired"}"#;
    assert_eq!(gateway.send(&expired("/token")).text(), detailed);
}

/// Adds a provider whose keys are unavailable.
fn with_keyless(policy: Value) -> Value {
    let jwks = json!({ "uri": "https://issuer.example/nothing", "cluster": "issuer", "timeout": "1s" });
    let keyless = json!({ "issuer": "https://keyless.example", "audiences": ["api"], "jwks": jwks });
    merged(policy, json!({ "providers": { "keyless": keyless } }))
}

/// A request with a token of that provider.
fn keyless() -> Request {
    Request::get("/token").bearer(Token::new().claim("iss", "https://keyless.example").signed())
}

#[test]
fn headers_can_be_added_by_status() {
    let headers = json!({
        "400": { "x-help": "change the path" },
        "401": { "access-control-allow-origin": "*" },
        "403": { "x-help": "ask the owner" },
        "503": { "x-help": "wait" },
    });
    let gateway = Gateway::start(&with_keyless(policy(json!({ "headers": headers }))));
    let added = |request: Request| {
        let reply = gateway.send(&request);
        ["access-control-allow-origin", "x-help"].map(|name| reply.header(name).unwrap_or_default())
    };
    assert_eq!(added(Request::get("/token")), ["*", ""]);
    assert_eq!(added(Request::get("/deny")), ["", "ask the owner"]);
    assert_eq!(added(valid("/a/../b")), ["", "change the path"]);
    assert_eq!(added(keyless()), ["", "wait"]);
    assert_eq!(added(valid("/token")), ["", ""]);
}

#[test]
fn a_grpc_request_gets_a_grpc_status() {
    let gateway = Gateway::start(&with_keyless(policy(json!({}))));
    let grpc = |request: Request| {
        let reply = gateway.send(&request.header("content-type", "application/grpc"));
        (reply.status, reply.header("grpc-status").unwrap_or_default())
    };
    assert_eq!(grpc(Request::new("POST", "/token")), (200, "16".to_owned()));
    assert_eq!(grpc(Request::new("POST", "/deny")), (200, "7".to_owned()));
    assert_eq!(grpc(keyless()), (200, "14".to_owned()));
}
