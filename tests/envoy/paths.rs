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
        "//admin",
        "/admin//users",
        "//",
        "/a//",
        "///admin",
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
        "/a%2fadmin",
        "/%2fadmin",
        "/%2Fadmin",
        "/a%2F..%2Fadmin",
        "/admin%2fusers",
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
        "/;/admin",
        "/;x=1/admin",
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
        "/a%252fadmin",
        "/a%255cadmin",
        "/%2561dmin",
        "/a/%25252e",
        "/admin%2500",
        "/a/%25%32e%25%32e/admin",
        "/a/%252%65%252%65/admin",
        "/a%25%32%66admin",
        "/admin%",
        "/admin%2",
        "/admin%zz",
        "/%admin",
        "/a%u002fadmin",
        "/admin% 20",
        "/a%2",
        "/a%+1",
        "/%c0%af",
        "/%c0%ae%c0%ae/admin",
        "/%e0%80%af",
        "/%ff",
        "/%c3",
        "/%ed%a0%80",
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
            ("/ADMIN", PUBLIC),
            ("/Admin", PUBLIC),
            ("/administrator", PUBLIC),
            ("/a%20b", PUBLIC),
            ("/a%C3%A9", PUBLIC),
            ("/a%25", PUBLIC),
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
fn the_path_reaches_the_upstream_unchanged() {
    let gateway = gateway();
    for path in ["/a%20b", "/%61%C3%a9?x=%zz//..", "/a;v=1", "/a/?"] {
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
