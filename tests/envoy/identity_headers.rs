//! Identity headers: their values come from the verified token only, never from the client.

use serde_json::{Value, json};

use crate::harness::bootstrap::{ROUTED_BY_TIER, TIER};
use crate::harness::policy::merged;
use crate::harness::upstream::Echo;
use crate::harness::{ALLOWED, Gateway, Request, Token, provider, with_provider};

fn gateway(claims_to_headers: Value) -> Gateway {
    Gateway::start(&json!({
        "providers": { "main": merged(provider(), json!({ "claims_to_headers": claims_to_headers })) },
        "rules": [
            { "route": "GET /token" },
            { "route": "GET /optional", "access": "optional" },
            { "route": "GET /public", "access": "public" },
            { "route": "POST /token" },
        ],
    }))
}

/// Names that some upstream treats as the same header.
const ALIASES: [&str; 8] =
    ["x-jwt-sub", "X-JWT-Sub", "x_jwt_sub", "X_JWT_SUB", "x-jwt_sub", "x_jwt-sub", "x.jwt.sub", "x-jwt~sub"];

fn spoofed(request: Request) -> Request {
    ALIASES.iter().fold(request, |request, name| request.header(name, "admin").header(name, "root"))
}

fn identity(echo: &Echo) -> Vec<(String, String)> {
    let names = echo.names().into_iter().filter(|name| name.replace(['_', '.', '~'], "-") == "x-jwt-sub");
    names.flat_map(|name| echo.all(name).into_iter().map(|value| (name.to_owned(), value.to_owned()))).collect()
}

#[test]
fn identity_headers_and_their_aliases_are_removed_from_every_request() {
    let gateway = gateway(json!({ "x-jwt-sub": "sub" }));
    let alice = vec![("x-jwt-sub".to_owned(), "alice".to_owned())];
    let valid = Token::new().signed();
    let without_sub = Token::new().without("sub").signed();
    for (label, request, expected) in [
        ("public", Request::get("/public"), vec![]),
        ("public, with a token", Request::get("/public").bearer(&valid), vec![]),
        ("preflight", Request::preflight("/token"), vec![]),
        ("preflight that matches no rule", Request::preflight("/elsewhere"), vec![]),
        ("optional, no token", Request::get("/optional"), vec![]),
        ("optional, with a token", Request::get("/optional").bearer(&valid), alice.clone()),
        ("authenticated", Request::get("/token").bearer(&valid), alice),
        ("authenticated, without the claim", Request::get("/token").bearer(&without_sub), vec![]),
    ] {
        assert_eq!(identity(&gateway.send(&spoofed(request)).echo()), expected, "{label}");
    }
}

#[test]
fn other_headers_with_similar_names_are_kept() {
    let gateway = gateway(json!({ "x-jwt-sub": "sub" }));
    let others = ["x-jwt-su", "x-jwt-subs", "x-jwtsub", "xjwt-sub", "jwt-sub"];
    let request = others.iter().fold(Request::get("/public"), |request, name| request.header(name, "kept"));
    let echo = gateway.send(&request).echo();
    for name in others {
        assert_eq!(echo.all(name), ["kept"], "{name}");
    }
}

#[test]
fn the_identity_headers_of_every_provider_are_removed_from_every_request() {
    let second =
        merged(provider(), json!({ "issuer": "https://second.example", "claims_to_headers": { "x-second": "sub" } }));
    let first = merged(provider(), json!({ "claims_to_headers": { "x-first": "sub" } }));
    let gateway = Gateway::start(&json!({
        "providers": { "first": first, "second": second },
        "rules": [{ "route": "GET /token" }, { "route": "GET /public", "access": "public" }],
    }));
    let spoof =
        |request: Request| request.header("x-first", "admin").header("x-second", "admin").header("x_second", "admin");
    let received = |request: Request| {
        let echo = gateway.send(&spoof(request)).echo();
        ["x-first", "x-second", "x_second"].map(|name| echo.all(name).join("|"))
    };
    let second = Token::new().claim("iss", "https://second.example").claim("sub", "bob").signed();
    assert_eq!(received(Request::get("/public")), ["", "", ""]);
    assert_eq!(received(Request::get("/token").bearer(Token::new().signed())), ["alice", "", ""]);
    assert_eq!(received(Request::get("/token").bearer(second)), ["", "bob", ""]);
}

#[test]
fn a_claim_is_forwarded_as_one_header_value() {
    let gateway = gateway(json!({
        "x-claim": "claim",
        "x-nested": ["org", "id"],
        "x-dotted": "org.id",
        "x-each": ["orgs", "*", "id"],
        "x-spaced": { "claim": "claim", "list": "join", "separator": " " },
        "x-json": { "claim": "claim", "list": "json" },
    }));
    for (value, plain, spaced, as_json) in [
        (json!("text"), "text", "text", "text"),
        (json!("José"), "JosÃ©", "JosÃ©", "JosÃ©"),
        (json!(7), "7", "7", "7"),
        (json!(-1.5), "-1.5", "-1.5", "-1.5"),
        (json!(true), "true", "true", "true"),
        (json!(["a", "b", 3]), "a,b,3", "a b 3", r#"["a","b",3]"#),
        (json!([]), "", "", "[]"),
        (json!({ "k": [1] }), r#"{"k":[1]}"#, r#"{"k":[1]}"#, r#"{"k":[1]}"#),
    ] {
        let echo =
            gateway.send(&Request::get("/token").bearer(Token::new().claim("claim", value.clone()).signed())).echo();
        let headers = ["x-claim", "x-spaced", "x-json"].map(|name| echo.all(name));
        assert_eq!(headers, [vec![plain], vec![spaced], vec![as_json]], "{value}");
    }
    let token = Token::new().claim("org", json!({ "id": "acme" })).claim("org.id", "literal");
    let echo = gateway.send(&Request::get("/token").bearer(token.signed())).echo();
    assert_eq!((echo.all("x-nested"), echo.all("x-dotted")), (vec!["acme"], vec!["literal"]));
    assert!(echo.all("x-claim").is_empty(), "a missing claim sets no header");
    assert!(echo.all("x-each").is_empty(), "a path that leads to no value sets no header");
    let token = Token::new().claim("orgs", json!([{ "id": "acme" }, { "name": "x" }, { "id": 7 }]));
    assert_eq!(gateway.send(&Request::get("/token").bearer(token.signed())).echo().all("x-each"), ["acme,7"]);
}

#[test]
fn a_claim_that_cannot_be_written_leaves_its_header_out_unless_it_is_required() {
    let plain = gateway(json!({ "x-jwt-sub": "sub", "x-claim": "claim" }));
    let required = gateway(json!({ "x-jwt-sub": "sub", "x-claim": { "claim": "claim", "required": true } }));
    let values = [
        json!("a\nb"),
        json!("a\r\nx-admin: true"),
        json!("a\0b"),
        json!("\u{1}"),
        json!("a\tb"),
        json!("\u{7f}"),
        json!("\u{85}"),
        json!(["a", "b\nc"]),
        json!(["Finance, Berlin"]),
    ];
    for value in &values {
        let token = Token::new().claim("claim", value.clone()).signed();
        let request = || Request::get("/token").bearer(&token).header("x-claim", "forged").header("x_claim", "forged");
        let reply = plain.send(&request());
        let echo = reply.echo();
        let received = ["x-claim", "x_claim", "x-admin", "x-jwt-sub"].map(|name| echo.all(name).join("|"));
        assert_eq!(received, ["", "", "", "alice"], "{value}");
        assert_eq!(plain.logged(&reply).omitted_headers.as_deref(), Some("x-claim"), "{value}");
        required.expect([(value.to_string(), request(), (401, "claim_unforwardable"))]);
    }
    let with = |value: Value| Request::get("/token").bearer(Token::new().claim("claim", value).signed());
    for gateway in [&plain, &required] {
        let reply = gateway.send(&with(json!("Zofia ")));
        assert_eq!(reply.echo().all("x-claim"), ["Zofia"]);
        assert_eq!(gateway.logged(&reply).omitted_headers, None);
    }
    let absent = Request::get("/token").bearer(Token::new().signed());
    plain.expect([("absent", absent.clone(), ALLOWED), ("a large value", with(json!("x".repeat(8000))), ALLOWED)]);
    required.expect([("absent", absent, (401, "claim_unforwardable"))]);
    plain.await_metric("provider.main.header_omitted", values.len() as u64);
}

#[test]
fn a_claim_can_be_encoded() {
    let gateway = gateway(json!({
        "x-percent": { "claim": "claim", "encoding": "percent", "required": true },
        "x-base64url": { "claim": "claim", "encoding": "base64url" },
        "x-json": { "claim": "claim", "list": "json", "encoding": "percent" },
    }));
    for (value, percent, base64url, as_json) in [
        (json!("Zofia "), "Zofia%20", "Wm9maWEg", "Zofia%20"),
        (json!("Łucja\n"), "%C5%81ucja%0A", "xYF1Y2phCg", "%C5%81ucja%0A"),
        (
            json!(["Finance, Berlin", "IT"]),
            "Finance%2C%20Berlin,IT",
            "RmluYW5jZSwgQmVybGlu,SVQ",
            "%5B%22Finance%2C%20Berlin%22%2C%22IT%22%5D",
        ),
    ] {
        let token = Token::new().claim("claim", value.clone()).signed();
        let echo = gateway.send(&Request::get("/token").bearer(token)).echo();
        let received = ["x-percent", "x-base64url", "x-json"].map(|name| echo.all(name).join("|"));
        assert_eq!(received, [percent, base64url, as_json], "{value}");
    }
}

#[test]
fn the_whole_payload_can_be_forwarded() {
    let fields = json!({ "payload_to_header": "x-jwt-payload" });
    let gateway = Gateway::start(&json!({
        "providers": { "main": merged(provider(), fields) },
        "rules": [{ "route": "GET /token" }, { "route": "GET /public", "access": "public" }],
    }));
    let valid = Token::new().signed();
    let payload = valid.split('.').nth(1).unwrap();
    let received = |request: Request| {
        gateway.send(&request.header("x-jwt-payload", "forged").header("x_jwt_payload", "forged")).echo()
    };
    let protected = received(Request::get("/token").bearer(&valid));
    assert_eq!((protected.all("x-jwt-payload"), protected.all("x_jwt_payload")), (vec![payload], vec![]));
    let public = received(Request::get("/public"));
    assert_eq!((public.all("x-jwt-payload").len(), public.all("x_jwt_payload").len()), (0, 0));
}

#[test]
fn a_header_that_already_has_the_right_value_is_forwarded_once() {
    let gateway = gateway(json!({ "x-jwt-sub": "sub", "x-list": "list" }));
    let token = Token::new().claim("list", json!(["a", "b"])).signed();
    let get = || Request::get("/token").bearer(&token);
    for (label, request) in [
        ("the same value", get().header("x-jwt-sub", "alice").header("x-list", "a,b")),
        ("the same value twice", get().header("x-jwt-sub", "alice").header("x-jwt-sub", "alice")),
        ("the same value, and an alias", get().header("x-jwt-sub", "alice").header("x_jwt_sub", "alice")),
        ("an alias only", get().header("x_jwt_sub", "alice")),
        ("another value", get().header("x-jwt-sub", "Alice").header("x-list", "b,a")),
    ] {
        let echo = gateway.send(&request).echo();
        assert_eq!(identity(&echo), [("x-jwt-sub".to_owned(), "alice".to_owned())], "{label}");
        assert_eq!(echo.all("x-list"), ["a,b"], "{label}");
    }
}

#[test]
fn envoy_routes_by_verified_claims_and_never_by_spoofed_ones() {
    let gateway = Gateway::start(&json!({
        "providers": { "main": merged(provider(), json!({ "claims_to_headers": { TIER: "tier" } })) },
        "rules": [{ "route": "GET /token" }, { "route": "GET /public", "access": "public" }],
        "clear_route_cache": true,
    }));
    let routed = |request: Request| gateway.send(&request).echo().all(ROUTED_BY_TIER).join(",");
    let with_tier = |tier: &str| Request::get("/token").bearer(Token::new().claim("tier", tier).signed());
    assert_eq!(routed(with_tier("gold")), "gold");
    assert_eq!(routed(with_tier("lead")), "");
    assert_eq!(routed(with_tier("gold").header(TIER, "gold")), "gold", "the client sent the right value");
    assert_eq!(routed(with_tier("lead").header(TIER, "gold")), "", "spoofed with a token");
    assert_eq!(routed(Request::get("/public").header(TIER, "gold")), "", "spoofed on a public route");
    assert_eq!(routed(Request::preflight("/token").header(TIER, "gold")), "", "spoofed on a preflight");
}

#[test]
fn other_headers_and_the_body_are_forwarded_unchanged() {
    let gateway = gateway(json!({ "x-jwt-sub": "sub" }));
    let request = Request::new("POST", "/token")
        .bearer(Token::new().signed())
        .header("x-twice", "1")
        .header("x-twice", "2")
        .header("x-empty", "")
        .body(b"body".to_vec());
    let echo = gateway.send(&request).echo();
    assert_eq!((echo.all("x-twice"), echo.all("x-empty"), echo.body_length), (vec!["1", "2"], vec![""], 4));
}

#[test]
fn an_upgrade_cannot_name_an_identity_header_in_connection() {
    let gateway = gateway(json!({ "x-jwt-sub": "sub", "x-jwt-org": "org" }));
    let upgrade = |path: &str, options: &[&str]| {
        let request = Request::get(path).header("upgrade", "websocket");
        options.iter().fold(request, |request, options| request.header("connection", options))
    };
    let valid = Token::new().signed();
    let alice = vec![("x-jwt-sub".to_owned(), "alice".to_owned())];
    for (options, expected) in [
        (&["Upgrade"][..], "Upgrade"),
        (&["Upgrade, X-JWT-Sub"], "Upgrade"),
        (&["x-jwt-sub,upgrade"], "upgrade"),
        (&["X_JWT_Org", "keep-alive, Upgrade, X-Other, x-jwt.sub"], "keep-alive, Upgrade, X-Other"),
    ] {
        let echo = gateway.send(&upgrade("/token", options).bearer(&valid)).echo();
        assert_eq!((echo.all("connection"), identity(&echo)), (vec![expected], alice.clone()), "{options:?}");
        let echo = gateway.send(&upgrade("/public", options)).echo();
        assert_eq!((echo.all("connection"), identity(&echo)), (vec![expected], vec![]), "{options:?}");
    }
}

#[test]
fn an_identity_header_that_is_also_an_identity_source_has_only_the_claim() {
    let gateway = Gateway::start(&with_provider(merged(
        provider(),
        json!({
            "identity_sources": [{ "source": "$request.header.x_auth", "scheme": "required" }],
            "claims_to_headers": { "x-auth": "sub" },
            "forward_token": false,
        }),
    )));
    let token = format!("Bearer {}", Token::new().signed());
    for name in ["x-auth", "x_auth"] {
        let request = Request::get("/token").header(name, &token).header(name, "admin").header("x-auth", "root");
        let echo = gateway.send(&request).echo();
        assert_eq!((echo.all("x-auth"), echo.all("x_auth")), (vec!["alice"], vec![]), "{name}");
    }
}
