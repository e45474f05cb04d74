//! Trailers: an upstream may merge them into the headers, so no identity header may hide in them.

use serde_json::json;

use crate::harness::policy::merged;
use crate::harness::upstream::Echo;
use crate::harness::{Gateway, Issuer, Key, Request, Setup, Token, provider};

/// Names that some upstream treats as the same header.
const ALIASES: [&str; 6] = ["x-jwt-sub", "x_jwt_sub", "x-jwt_sub", "x_jwt-sub", "x.jwt.sub", "x-jwt~sub"];
/// Similar names, and those of gRPC.
const OTHERS: [&str; 4] = ["grpc-message", "grpc-status", "x-jwt-su", "x-jwtsub"];

fn policy() -> serde_json::Value {
    let mut provider = merged(
        provider(),
        json!({ "claims_to_headers": { "x-jwt-sub": "sub" }, "payload_to_header": "x-jwt-payload" }),
    );
    provider["jwks"]["timeout"] = json!("60s");
    json!({
        "providers": { "main": provider },
        "rules": [
            { "route": "POST /token" },
            { "route": "POST /optional", "access": "optional" },
            { "route": "POST /public", "access": "public" },
            { "route": "POST /trial", "mode": "dry_run" },
        ],
    })
}

fn with_trailers(request: Request) -> Request {
    let reserved = ALIASES.into_iter().chain(["x-jwt-payload", "x_jwt_payload"]);
    let request = reserved
        .fold(request.body(b"body".to_vec()), |request, name| request.trailer(name, "victim").trailer(name, "root"));
    OTHERS.into_iter().fold(request, |request, name| request.trailer(name, "kept"))
}

fn post(path: &str) -> Request {
    Request::new("POST", path)
}

/// The request as the upstream received it, over HTTP/1.1 and over HTTP/2.
fn echoes(gateway: &Gateway, request: &Request) -> [Echo; 2] {
    let body = gateway.connect().body_over_http2(request).unwrap();
    [gateway.send(request).echo(), serde_json::from_slice(&body).unwrap()]
}

#[test]
fn trailers_of_any_bytes_and_size_are_stripped() {
    let gateway = Gateway::start(&policy());
    let body = post("/public").body(b"body".to_vec());
    let values = [vec![0xff; 400], vec![b'v'; 400], Vec::new()];
    let reserved = (0..80)
        .fold(body, |request, index| request.trailer(ALIASES[index % ALIASES.len()], &values[index % values.len()]));
    let echo = gateway.send(&reserved.trailer("grpc-status", [0x80, 0xff])).echo();
    assert_eq!(echo.trailers(), ["grpc-status"]);
}

#[test]
fn reserved_trailers_are_removed_whatever_was_decided_and_others_are_kept() {
    let gateway = Gateway::start(&policy());
    let valid = Token::new().signed();
    for (label, request) in [
        ("allowed", post("/token").bearer(&valid)),
        ("public", post("/public")),
        ("public, with a token", post("/public").bearer(&valid)),
        ("preflight", Request::preflight("/token")),
        ("optional, no token", post("/optional")),
        ("optional, with a token", post("/optional").bearer(&valid)),
        ("dry run, no token", post("/trial")),
        ("dry run, with a token", post("/trial").bearer(&valid)),
    ] {
        for echo in echoes(&gateway, &with_trailers(request)) {
            assert_eq!(echo.trailers(), OTHERS, "{label}");
            assert_eq!(echo.body_length, 4, "{label}");
        }
    }
    let in_capitals = post("/public").trailer("X-JWT-Sub", "victim").trailer("X-Other", "kept");
    assert_eq!(gateway.send(&in_capitals).echo().trailers(), ["x-other"]);
}

#[test]
fn where_no_header_is_reserved_every_trailer_is_kept() {
    let gateway = Gateway::start(&json!({
        "providers": { "main": provider() },
        "rules": [{ "route": "POST /public", "access": "public" }],
    }));
    let request = post("/public").body(b"body".to_vec()).trailer("x-jwt-sub", "a").trailer("x-other", "b");
    for echo in echoes(&gateway, &request) {
        assert_eq!(echo.trailers(), ["x-jwt-sub", "x-other"]);
    }
}

/// Requests with body and trailers wait for keys. None of them reaches the upstream before it is decided.
fn waiting_requests_are_decided_first(setup: Setup, hold: impl Sized) {
    let gateway = setup.start();
    let request = with_trailers(post("/token")).body(vec![b'x'; 100_000]);
    let mut valid = gateway.connect();
    valid.send(&request.clone().bearer(Token::new().signed())).unwrap();
    let mut forged = gateway.connect();
    forged.send(&request.clone().bearer(Token::new().sign(&Key::other("ES256")))).unwrap();
    gateway.await_active(2);
    assert!(valid.is_pending().unwrap() && forged.is_pending().unwrap());
    assert_eq!(gateway.upstream.requests(), 0);
    drop(hold);
    let echo = valid.reply().unwrap().echo();
    assert_eq!((echo.trailers(), echo.body_length), (OTHERS.to_vec(), 100_000));
    assert_eq!(forged.reply().unwrap().status, 401);
    assert_eq!(gateway.upstream.requests(), 1, "a refused request is not forwarded");
}

#[test]
fn reserved_trailers_of_a_waiting_request_are_removed() {
    let issuer = Issuer::start();
    let hold = issuer.hold();
    waiting_requests_are_decided_first(Setup::new(&policy()).issuer(issuer), hold);
}

#[test]
fn the_body_and_the_trailers_of_a_waiting_request_do_not_release_it() {
    let issuer = Issuer::start();
    let hold = issuer.hold();
    let setup = Setup::new(&policy()).issuer(issuer).allow_on_headers_stop_iteration();
    waiting_requests_are_decided_first(setup, hold);
}
