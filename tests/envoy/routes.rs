//! Routing: the most specific rule applies, in whatever order the rules are.

use serde_json::{Value, json};

use crate::harness::{ALLOWED, Gateway, PUBLIC, Request, Token, with_rules};

/// Overlapping rules with a name each.
fn overlapping() -> Vec<Value> {
    [
        ("$default", "default"),
        ("ANY /{rest+}", "any rest"),
        ("GET /{rest+}", "get rest"),
        ("GET /items", "items"),
        ("ANY /items", "any items"),
        ("GET /items/{id}", "item"),
        ("GET /items/new", "new item"),
        ("GET /items/{id}/parts/{part}", "part"),
        ("GET /items/{rest+}", "below items"),
        ("POST /items/{id}", "post item"),
        ("GET /", "root"),
    ]
    .map(|(route, name)| json!({ "route": route, "name": name, "access": "public" }))
    .into()
}

#[test]
fn the_most_specific_rule_applies_in_any_order() {
    let expected = [
        ("GET", "/", "root"),
        ("POST", "/", "default"),
        ("GET", "/items", "items"),
        ("GET", "/items?id=new", "items"),
        ("POST", "/items", "any items"),
        ("DELETE", "/items", "any items"),
        ("GET", "/items/new", "new item"),
        ("GET", "/items/7", "item"),
        ("GET", "/items/newer", "item"),
        ("POST", "/items/7", "post item"),
        ("POST", "/items/new", "post item"),
        ("PUT", "/items/7", "any rest"),
        ("GET", "/items/7/parts/9", "part"),
        ("GET", "/items/7/parts", "below items"),
        ("GET", "/items/new/parts/9", "part"),
        ("GET", "/items/7/parts/9/more", "below items"),
        ("GET", "/other", "get rest"),
        ("GET", "/other/deep/down", "get rest"),
        ("POST", "/other", "any rest"),
        ("GET", "/itemsandmore", "get rest"),
        ("GET", "/Items", "get rest"),
    ];
    let mut reversed = overlapping();
    reversed.reverse();
    for rules in [overlapping(), reversed] {
        let gateway = Gateway::start(&with_rules(json!(rules)));
        let replies = expected
            .map(|(method, path, name)| (format!("{method} {path}"), name, gateway.send(&Request::new(method, path))));
        for (label, name, reply) in replies {
            assert_eq!(gateway.logged(&reply).rule.as_deref(), Some(name), "{label}");
        }
    }
}

#[test]
fn a_route_matches_method_and_segments_exactly() {
    let gateway = Gateway::start(&with_rules(json!([
        { "route": "GET /admin", "access": "public" },
        { "route": "GET /one/{id}", "access": "public" },
        { "route": "GET /more/{rest+}", "access": "public" },
        { "route": "ANY /any", "access": "public" },
    ])));
    let (matched, unmatched) = ((200, "public"), (403, "route_denied"));
    gateway.expect(
        [
            ("GET", "/admin", matched),
            ("GET", "/admin?x=/other", matched),
            ("GET", "/administrator", unmatched),
            ("GET", "/ADMIN", unmatched),
            ("GET", "/%61dmin", matched),
            ("GET", "/admin/users", unmatched),
            ("POST", "/admin", unmatched),
            ("HEAD", "/admin", matched),
            ("HEAD", "/admin/users", unmatched),
            ("GET", "/one/1", matched),
            ("GET", "/one", unmatched),
            ("GET", "/one/1/2", unmatched),
            ("GET", "/more/1", matched),
            ("GET", "/more/1/2/3", matched),
            ("GET", "/more", unmatched),
            ("PATCH", "/any", matched),
            ("TRACE", "/any", matched),
        ]
        .map(|(method, path, expected)| (format!("{method} {path}"), Request::new(method, path), expected)),
    );
}

#[test]
fn a_literal_behind_a_variable_goes_before_the_variable() {
    let rules = json!([
        { "route": "POST /v1/orders/{id}", "name": "order", "access": "public" },
        { "route": "POST /v1/orders/{id}:cancel", "name": "cancel", "access": "public" },
        { "route": "ANY /{file}", "name": "file", "access": "public" },
        { "route": "ANY /{file}.js", "name": "script", "access": "public" },
        { "route": "ANY /{file}.min.js", "name": "minified", "access": "public" },
        { "route": "GET /app.js", "name": "app", "access": "public" },
    ]);
    let gateway = Gateway::start(&with_rules(rules));
    for (method, path, name) in [
        ("POST", "/v1/orders/7", "order"),
        ("POST", "/v1/orders/7:cancel", "cancel"),
        ("POST", "/v1/orders/7%3acancel", "cancel"),
        ("POST", "/v1/orders/7:x:cancel/", "cancel"),
        ("POST", "/v1/orders/:cancel", "order"),
        ("POST", "/v1/orders/7:cancelled", "order"),
        ("GET", "/app.js", "app"),
        ("GET", "/a.js", "script"),
        ("GET", "/a%2Ejs", "script"),
        ("GET", "/a.min.js", "minified"),
        ("GET", "/.js", "file"),
        ("GET", "/a.css", "file"),
    ] {
        let reply = gateway.send(&Request::new(method, path));
        assert_eq!(gateway.logged(&reply).rule.as_deref(), Some(name), "{method} {path}");
    }
}

#[test]
fn head_is_decided_by_the_rule_for_get() {
    let gateway = Gateway::start(&with_rules(json!([
        { "route": "GET /items", "scopes": ["read"] },
        { "route": "GET /items/{id}", "scopes": ["read"] },
        { "route": "GET /health", "access": "public" },
        { "route": "GET /pages", "access": "deny" },
        { "route": "HEAD /pages", "access": "public" },
        { "route": "GET /files", "access": "deny" },
        { "route": "ANY /files", "access": "public" },
        { "route": "GET /shop", "access": "public" },
        { "route": "GET /shop", "hosts": ["shop.example.com"], "access": "deny" },
        { "route": "ANY /{proxy+}", "access": "public" },
    ])));
    gateway.expect(
        [
            ("/items", (401, "token_missing")),
            ("/items/", (401, "token_missing")),
            ("/items/7", (401, "token_missing")),
            ("/health", PUBLIC),
            ("/pages", PUBLIC),
            ("/files", PUBLIC),
            ("/elsewhere", PUBLIC),
        ]
        .map(|(path, expected)| (path, Request::new("HEAD", path), expected)),
    );
    gateway.expect([
        (
            "a token without the scope",
            Request::new("HEAD", "/items").bearer(Token::new().signed()),
            (403, "scope_missing"),
        ),
        (
            "a token with the scope",
            Request::new("HEAD", "/items").bearer(Token::new().claim("scope", json!("read")).signed()),
            ALLOWED,
        ),
        ("a rule for the host", Request::new("HEAD", "/shop").host("shop.example.com"), (403, "route_denied")),
    ]);
}

#[test]
fn a_rule_with_a_matching_host_precedes_a_rule_for_all_hosts() {
    let gateway = Gateway::start(&with_rules(json!([
        { "route": "GET /", "name": "any", "access": "public" },
        { "route": "GET /", "name": "exact", "access": "public", "hosts": ["shop.example.com"] },
        { "route": "GET /", "name": "under", "access": "public", "hosts": ["*.example.com"] },
    ])));
    for (host, name) in [
        ("shop.example.com", "exact"),
        ("SHOP.example.com:8080", "exact"),
        ("shop.example.com.", "exact"),
        ("www.example.com.:8080", "under"),
        ("www.example.com", "under"),
        ("a.b.example.com", "under"),
        ("example.com", "any"),
        ("evilexample.com", "any"),
        ("other.test", "any"),
    ] {
        let reply = gateway.send(&Request::get("/").host(host));
        assert_eq!(gateway.logged(&reply).rule.as_deref(), Some(name), "{host}");
    }
}

#[test]
fn an_ambiguous_host_is_refused_if_rules_have_hosts() {
    let hosts = [
        "%73hop.example.com",
        "shop.example.com,other.test",
        "shop.example.com:80:80",
        "user@shop.example.com",
        "*.test",
    ];
    let gateway = Gateway::start(&with_rules(json!([
        { "route": "GET /", "access": "public" },
        { "route": "GET /", "access": "public", "hosts": ["shop.example.com"] },
    ])));
    gateway.expect(hosts.map(|host| (host, Request::get("/").host(host), (400, "host_ambiguous"))));
    let gateway = Gateway::start(&with_rules(json!([{ "route": "GET /", "access": "public" }])));
    gateway.expect(hosts.map(|host| (host, Request::get("/").host(host), (200, "public"))));
}
