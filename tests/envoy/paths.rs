//! Ambiguous paths, which servers interpret differently, are refused before routing.

use serde_json::json;

use crate::harness::{ALLOWED, Gateway, Outcome, PUBLIC, Request, Token, with_rules};

const AMBIGUOUS: Outcome<'static> = (400, "path_ambiguous");

/// Every path is public except `/admin` and below, which path confusion attacks target.
fn gateway() -> Gateway {
    Gateway::start(&with_rules(json!([
        { "route": "$default", "access": "public" },
        { "route": "ANY /admin", "groups": ["admin"] },
        { "route": "ANY /admin/{proxy+}", "groups": ["admin"] },
    ])))
}

#[test]
fn an_ambiguous_path_is_refused() {
    let paths = [
        "/./admin",
        "/a/./admin",
        "/admin/.",
        "/.",
        "/a/../admin",
        "/admin/..",
        "/..",
        "/../admin",
        "/a/..",
        "/a/../../admin",
        "/%2e/admin",
        "/a/%2e%2e/admin",
        "/a/.%2e/admin",
        "/a/%2E./admin",
        "/%2e%2e/admin",
        "/a%2F..%2Fadmin",
        "/a%5cadmin",
        "/%5Cadmin",
        "/a\\admin",
        "/\\admin",
        "/a\\..\\admin",
        "/a/..\\admin",
        "/a/..;/admin",
        "/a/..;x=1/admin",
        "/..;/admin",
        "/.;/admin",
        "/a/..%3b/admin",
        "/a/..%3Bx/admin",
        "/a/..%3B;/admin",
        "/a/..%3bx;y/admin",
        "/admin%00",
        "/%00admin",
        "/a/%00",
        "/admin%00.html",
        "/admin%0a",
        "/admin%0d%0a",
        "/admin%7f",
        "/admin%1f",
        "/%252e%252e/admin",
        "/a%255cadmin",
        "/a/%25252e",
        "/admin%2500",
        "/a/%25%32e%25%32e/admin",
        "/a/%252%65%252%65/admin",
        "/admin%",
        "/admin%2",
        "/admin%zz",
        "/a%u002fadmin",
        "/admin% 20",
        "/a%2",
        "/a%+1",
        "/%c0%af",
        "/%c0o",
        "/a//../admin",
        "/a/.%ff./admin",
        "/a/..%2fadmin",
        "/a/..%252fadmin",
        "/a%2500",
        "/a%25252525252525252525252525252525252f",
        "/%c0%ae%c0%ae/admin",
        "/%e0%80%af",
    ];
    // A space ends the request target, so Envoy refuses that row itself.
    let paths = paths.into_iter().filter(|path| !path.contains(' '));
    gateway().expect(paths.flat_map(|path| {
        let admin = Token::new().claim("groups", json!(["admin"])).signed();
        [
            (format!("{path}, no token"), Request::get(path), AMBIGUOUS),
            (format!("{path}, an admin"), Request::get(path).bearer(admin), AMBIGUOUS),
            (format!("{path}, preflight"), Request::preflight(path), AMBIGUOUS),
        ]
    }));
}

#[test]
fn a_path_whose_readings_fall_under_different_rules_is_refused() {
    let gateway = gateway();
    let paths = [
        "//admin",
        "///admin",
        "/%2fadmin",
        "/%2Fadmin",
        "/admin%2fusers",
        "/;/admin",
        "/;x=1/admin",
        "/%2561dmin",
        "/adm%ffin",
        "/admin%3fx",
        "/%2f%2fadmin",
        "/admin%252fusers",
        "/;x%2fadmin",
        "//host/admin",
        "/%2f/admin",
    ];
    gateway.expect(paths.into_iter().flat_map(|path| {
        let admin = Token::new().claim("groups", json!(["admin"])).signed();
        [
            (format!("{path}, no token"), Request::get(path), AMBIGUOUS),
            (format!("{path}, an admin"), Request::get(path).bearer(admin), AMBIGUOUS),
            // Needs no rule.
            (format!("{path}, preflight"), Request::preflight(path), (200, "preflight")),
        ]
    }));
}

#[test]
fn an_unambiguous_path_is_decoded_before_routing() {
    let gateway = gateway();
    let missing = (401, "token_missing");
    gateway.expect(
        [
            ("/admin", missing),
            ("/%61dmin", missing),
            ("/%61%64%6d%69%6e", missing),
            ("/%61dmin/users", missing),
            ("/admin/", missing),
            ("/admin/users", missing),
            ("/admin/users/", missing),
            ("/admin?x=1", missing),
            ("/admin?", missing),
            ("/admin?/../public", missing),
            ("/admin//users", missing),
            ("/admin/a%2fb", missing),
            ("/admin/caf%e9", missing),
            ("/ADMIN", PUBLIC),
            ("/Admin", PUBLIC),
            ("/administrator", PUBLIC),
            ("/a%20b", PUBLIC),
            ("/a%C3%A9", PUBLIC),
            ("/a%25", PUBLIC),
            ("//", PUBLIC),
            ("/a//", PUBLIC),
            ("/a%2fadmin", PUBLIC),
            ("/a%252fadmin", PUBLIC),
            ("/a%25%32%66admin", PUBLIC),
            ("/%ff", PUBLIC),
            ("/%admin", PUBLIC),
            ("/%c3", PUBLIC),
            ("/%ed%a0%80", PUBLIC),
            ("/%40admin", PUBLIC),
            ("/...", PUBLIC),
            ("/.well-known/x", PUBLIC),
            ("/a/..b", PUBLIC),
            ("/a/b..", PUBLIC),
            ("/a;x=1", PUBLIC),
            ("/a;x=1/b", PUBLIC),
            ("/?x=//..%2f%00%zz", PUBLIC),
            ("/", PUBLIC),
        ]
        .map(|(path, expected)| (path, Request::get(path), expected)),
    );
    let admin = Token::new().claim("groups", json!(["admin"])).signed();
    gateway.expect([("/%61dmin, an admin", Request::get("/%61dmin").bearer(admin), ALLOWED)]);
}

#[test]
fn a_path_whose_parameters_change_the_rule_is_ambiguous() {
    let missing = (401, "token_missing");
    gateway().expect(
        [
            ("/admin;x=1", AMBIGUOUS),
            ("/admin;", AMBIGUOUS),
            ("/admin;x=1/users", AMBIGUOUS),
            ("/admin%3Bx=1", AMBIGUOUS),
            ("/admin%3b/users", AMBIGUOUS),
            ("/admin/users;x=1", missing),
            ("/admin/users%3Bx=1", missing),
            ("/a;x=1", PUBLIC),
            ("/a%3Bx=1", PUBLIC),
        ]
        .map(|(path, expected)| (path, Request::get(path), expected)),
    );
}

#[test]
fn a_path_whose_readings_fall_under_one_rule_is_decided() {
    // The last segment, by the spelling of an id.
    let ids =
        ["a%2Fb", "a%2fb", "a//b", "a%252Fb", "%E9", "caf%E9", "a%3Bb", "a%3Fb", "@scope%2Fname", "%40scope%2fname"];
    let alone = Gateway::start(&with_rules(json!([{ "route": "GET /files/{proxy+}", "access": "public" }])));
    let beside = Gateway::start(&with_rules(json!([
        { "route": "GET /files/{proxy+}", "access": "public" },
        { "route": "GET /files/a/b", "access": "deny" },
        { "route": "GET /files/a", "access": "deny" },
        { "route": "GET /files/caf", "access": "deny" },
        { "route": "GET /files/@scope/name", "access": "deny" },
    ])));
    for id in ids {
        let path = format!("/files/{id}");
        for method in ["GET", "HEAD"] {
            let reply = alone.send(&Request::new(method, &path));
            assert_eq!(alone.logged(&reply).reason.as_deref(), Some("public"), "{method} {path}");
        }
        assert_eq!(alone.send(&Request::get(&path)).echo().target, path);
    }
    beside.expect(ids.map(|id| {
        let expected = if id == "%E9" { PUBLIC } else { AMBIGUOUS };
        (format!("{id} beside another rule"), Request::get(format!("/files/{id}")), expected)
    }));
    beside.expect(
        ["c%2Fd", "c//d", "c%252Fd", "caf%C3%A9", "xcaf%E9", "a%40b"]
            .map(|id| (format!("{id} beside another rule"), Request::get(format!("/files/{id}")), PUBLIC)),
    );
}

#[test]
fn equals_path_holds_only_for_a_value_that_every_server_reads() {
    let same = |variable: &str| json!({ "claim": "owner", "equals_path": variable });
    let gateway = Gateway::start(&with_rules(json!([
        { "route": "GET /projects/{id}", "require": same("id") },
        { "route": "GET /projects/{id}/{part+}", "require": same("id") },
        { "route": "GET /files/{proxy+}", "require": same("proxy") },
        { "route": "GET /orders/{id}", "require": same("id") },
        { "route": "POST /orders/{id}:cancel", "require": same("id") },
        { "route": "GET /any/{proxy+}", "require": { "not": same("proxy") } },
    ])));
    let mismatch = (403, "claim_mismatch");
    gateway.expect(
        [
            ("GET", "/projects/7", "7", ALLOWED),
            ("GET", "/projects/a%40b", "a@b", ALLOWED),
            ("GET", "/projects/7/x%2Fy//z", "7", ALLOWED),
            ("GET", "/projects//7/x", "7", AMBIGUOUS),
            ("GET", "/files/a/b", "a/b", ALLOWED),
            ("GET", "/files/a%20b", "a b", ALLOWED),
            ("GET", "/files/caf%C3%A9", "caf\u{e9}", ALLOWED),
            ("GET", "/files/a%2Fb", "a/b", mismatch),
            ("GET", "/files/a%2Fb", "a%2Fb", mismatch),
            ("GET", "/files/a%252Fb", "a%2Fb", mismatch),
            ("GET", "/files/a//b", "a/b", mismatch),
            ("GET", "/files/a//b", "a//b", mismatch),
            ("GET", "/files/caf%E9", "caf\u{e9}", mismatch),
            ("GET", "/files/%E9", "\u{e9}", mismatch),
            ("GET", "/files/a;v=1", "a", mismatch),
            ("GET", "/files/a%3Fb", "a", mismatch),
            ("GET", "/any/a%2Fb", "c", mismatch),
            ("GET", "/any/a//b", "c", mismatch),
            ("GET", "/any/ab", "c", ALLOWED),
            ("POST", "/orders/7:cancel", "7", ALLOWED),
            ("POST", "/orders/7%3Acancel", "7", ALLOWED),
            ("POST", "/orders/7:cancel", "7:cancel", mismatch),
            ("POST", "/orders/a%2Fb:cancel", "a/b", AMBIGUOUS),
        ]
        .map(|(method, path, owner, expected)| {
            let token = Token::new().claim("owner", json!(owner)).signed();
            (format!("{method} {path} by {owner}"), Request::new(method, path).bearer(token), expected)
        }),
    );
}

#[test]
fn the_path_reaches_the_upstream_unchanged() {
    let gateway = gateway();
    for path in ["/a%20b", "/%61%C3%a9?x=%zz//..", "/a;v=1", "/a/?", "/a%2fb//%e9", "/a%2525//?//"] {
        assert_eq!(gateway.send(&Request::get(path)).echo().target, path);
    }
}

#[test]
fn a_target_in_absolute_form_is_routed_by_its_path() {
    gateway().expect([
        ("a path of a rule", Request::get("http://api.example/admin"), (401, "token_missing")),
        ("a public path", Request::get("http://api.example/a"), PUBLIC),
        ("an ambiguous path", Request::get("http://api.example/a/../admin"), AMBIGUOUS),
    ]);
}

#[test]
fn targets_that_envoy_refuses_never_reach_the_upstream() {
    let gateway = gateway();
    let targets: [&[u8]; 9] =
        [b"/admin#", b"/a#/../admin", b"/a b", b"/a\tb", b"/a\xff", b"/\xc3\xa9", b"admin", b"*", b"http:admin"];
    for target in targets {
        let reply = gateway.send(&Request::get(target));
        assert_eq!(reply.status, 400, "{}", String::from_utf8_lossy(target));
    }
    assert_eq!(gateway.upstream.requests(), 0);
}
