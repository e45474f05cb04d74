//! Bytes that are not UTF-8, and headers of the maximum size that Envoy accepts. Each request is answered and no VM traps.

use serde_json::json;

use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Gateway, PUBLIC, Reply, Request, Token, provider};

/// A policy that reads as many headers as possible.
fn gateway() -> Gateway {
    let sources = json!([
        "$request.header.Authorization",
        "$request.header.x-token",
        "$request.querystring.access_token",
        "$request.cookie.session",
        "$request.websocket",
    ]);
    let outputs =
        json!({ "identity_sources": sources, "claims_to_headers": { "x-jwt-sub": "sub" }, "forward_token": false });
    Gateway::start(&json!({
        "providers": { "main": merged(provider(), outputs) },
        "rules": [
            { "route": "GET /public", "access": "public" },
            { "route": "GET /token" },
            { "route": "GET /tenant", "require": { "claim": "sub", "equals_header": "x-tenant" } },
            { "route": "GET /hosted", "hosts": ["*.example"], "access": "public" },
        ],
    }))
}

/// Invalid UTF-8: lone continuation bytes, overlong encodings, surrogates, code points beyond U+10FFFF.
const NOT_UTF8: [&[u8]; 6] = [b"\xff", b"\xff\xfe\xfd", b"a\x80b", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"];

#[test]
fn headers_that_the_filter_reads_may_hold_any_bytes() {
    let gateway = gateway();
    let valid = Token::new().signed();
    for bytes in NOT_UTF8 {
        for name in [
            "authorization",
            "x-token",
            "cookie",
            "sec-websocket-protocol",
            "origin",
            "access-control-request-method",
            "x-tenant",
            "x-jwt-sub",
            "x_jwt_sub",
        ] {
            for prefix in [&b""[..], b"Bearer ", b"bearer, ", b"session=", b"x=1; session="] {
                let value = [prefix, bytes].concat();
                let label = format!("{name}: {}", value.escape_ascii());
                let public = gateway.send(&Request::get("/public").header(name, &value));
                assert_eq!(public.status, 200, "public, {label}");
                answered(&gateway.send(&Request::get("/token").header(name, &value)), &label);
                answered(&gateway.send(&Request::get("/tenant").bearer(&valid).header(name, &value)), &label);
                answered(&gateway.send(&Request::new("OPTIONS", "/token").header(name, &value)), &label);
            }
        }
    }
    gateway.expect([("still serving", Request::get("/token").bearer(&valid), ALLOWED)]);
}

#[track_caller]
fn answered(reply: &Reply, label: &str) {
    assert!([200, 400, 401, 403].contains(&reply.status), "{label}: {}", reply.status);
}

#[test]
fn a_token_that_is_not_utf8_is_refused() {
    let gateway = gateway();
    for bytes in NOT_UTF8 {
        let label = bytes.escape_ascii();
        gateway.expect([
            (format!("a bearer of {label}"), Request::get("/token").bearer(bytes), (401, "token_malformed")),
            (
                format!("a scheme of {label}"),
                Request::get("/token").header("authorization", bytes),
                (401, "token_missing"),
            ),
            (format!("a header of {label}"), Request::get("/token").header("x-token", bytes), (401, "token_malformed")),
        ]);
    }
}

#[test]
fn bytes_around_a_token_do_not_matter() {
    let gateway = gateway();
    let valid = Token::new().signed();
    for bytes in NOT_UTF8 {
        let with =
            |before: &str, after: &str| [before.replace("TOKEN", &valid).as_bytes(), bytes, after.as_bytes()].concat();
        let latin1 = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
        let get = || Request::get("/token");
        for (name, request, forwarded) in [
            ("cookie", get().header("cookie", with("session=TOKEN; lang=", "; b=2")), with("lang=", "; b=2")),
            ("cookie", get().header("cookie", with("lang=", &format!(";session={valid}"))), with("lang=", "")),
            (
                "cookie",
                get().header("cookie", format!("session={valid}")).header("cookie", with("lang=", "")),
                with("lang=", ""),
            ),
            ("cookie", get().bearer(&valid).header("cookie", with("mysession=", "")), with("mysession=", "")),
            (
                "cookie",
                get().header("cookie", format!("a=1; session={valid}")).header("cookie", with("lang=", "")),
                with("a=1; lang=", ""),
            ),
            (
                "sec-websocket-protocol",
                get().header("sec-websocket-protocol", with("bearer, TOKEN, v", ", v2")),
                with("v", ", v2"),
            ),
        ] {
            let reply = gateway.send(&request);
            assert_eq!(reply.status, 200, "{name}, {}", bytes.escape_ascii());
            assert_eq!(reply.echo().all(name), [&*latin1(&forwarded)], "{}", bytes.escape_ascii());
        }
    }
}

#[test]
fn other_headers_reach_the_upstream_unchanged() {
    let gateway = gateway();
    for bytes in NOT_UTF8 {
        let latin1: String = bytes.iter().copied().map(char::from).collect();
        for request in [Request::get("/public"), Request::get("/token").bearer(Token::new().signed())] {
            let echo = gateway.send(&request.header("user-agent", bytes).header("x-other", bytes)).echo();
            assert_eq!((echo.all("user-agent"), echo.all("x-other")), (vec![&*latin1], vec![&*latin1]));
        }
    }
}

#[test]
fn any_host_is_answered() {
    let gateway = gateway();
    let hosts: [&[u8]; 6] = [b"", b"api.example:", b"[::1]:80", b"api.example:99999", b"a,b", b"*.example"];
    for host in hosts.into_iter().chain(NOT_UTF8) {
        let reply = gateway.send(&Request::get("/hosted").host(host));
        assert!([200, 400, 403].contains(&reply.status), "{}: {}", host.escape_ascii(), reply.status);
    }
}

#[test]
fn a_method_that_is_not_utf8_is_refused_by_envoy_itself() {
    let gateway = gateway();
    for method in NOT_UTF8 {
        assert_eq!(gateway.send(&Request::new(method, "/public")).status, 400, "{}", method.escape_ascii());
    }
    assert_eq!((gateway.upstream.requests(), gateway.metric("denied")), (0, 0));
}

#[test]
fn headers_of_the_maximum_size_are_answered() {
    let gateway = gateway();
    let large = vec![b'x'; 58 * 1024];
    let valid = Token::new().signed();
    let many = (0..90)
        .fold(Request::get("/token").bearer(&valid), |request, n| request.header(format!("x-{n}"), vec![b'x'; 600]));
    gateway.expect([
        ("another header", Request::get("/public").header("x-other", &large), PUBLIC),
        ("the token", Request::get("/token").bearer(&large), (401, "token_too_large")),
        ("another scheme", Request::get("/token").header("authorization", &large), (401, "token_missing")),
        ("a cookie", Request::get("/token").bearer(&valid).header("cookie", &large), ALLOWED),
        (
            "a cookie with the token",
            Request::get("/token").header("cookie", [b"session=", &large[..]].concat()),
            (401, "token_too_large"),
        ),
        ("an identity header", Request::get("/public").header("x-jwt-sub", &large), PUBLIC),
        ("the path", Request::get([b"/", &large[..]].concat()), (403, "route_denied")),
        ("the path, many segments", Request::get("/x".repeat(29 * 1024)), (403, "route_denied")),
        ("the path, many escapes", Request::get(format!("/{}", "%20".repeat(19 * 1024))), (403, "route_denied")),
        (
            "the path, which decodes to another",
            Request::get(format!("/{}", "%2541".repeat(11 * 1024))),
            (400, "path_ambiguous"),
        ),
        (
            "the path, many encoded slashes",
            Request::get(format!("/a{}b", "%2F".repeat(19 * 1024))),
            (400, "path_ambiguous"),
        ),
        ("the path, many slashes", Request::get(format!("/a{}b", "/".repeat(57 * 1024))), (400, "path_ambiguous")),
        (
            "a cookie line, many names",
            Request::get("/token").bearer(&valid).header("cookie", "session;".repeat(7 * 1024)),
            ALLOWED,
        ),
        ("the query, many escapes", Request::get(format!("/public?{}", "%61=%62&".repeat(7 * 1024))), PUBLIC),
        (
            "the scheme and blanks",
            Request::get("/token").header("authorization", format!("Bearer{}x", " ".repeat(57 * 1024))),
            (401, "token_malformed"),
        ),
        ("the query", Request::get([b"/public?", &large[..]].concat()), PUBLIC),
        ("ninety headers", many, ALLOWED),
    ]);
}
