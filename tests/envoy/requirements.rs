//! Requirements on claims, path variables and headers, and their combinations.

use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Gateway, Outcome, Request, Token, provider, with_rules};

const MISMATCH: Outcome<'static> = (403, "claim_mismatch");

/// Checks each requirement against a token with one claim, `c`.
#[track_caller]
fn check<const N: usize>(table: [(Value, Value, Outcome<'_>); N]) {
    let rules = table
        .iter()
        .enumerate()
        .map(|(n, (require, _, _))| json!({ "route": format!("GET /{n}"), "require": require }));
    let gateway = Gateway::start(&with_rules(json!(rules.collect::<Vec<_>>())));
    gateway.expect(table.iter().enumerate().map(|(n, (require, value, expected))| {
        let token = if value.is_null() { Token::new() } else { Token::new().claim("c", value.clone()) };
        (format!("{require} with c={value}"), Request::get(format!("/{n}")).bearer(token.signed()), *expected)
    }));
}

#[test]
fn a_claim_is_compared_by_value_and_type() {
    let equals = |value: Value| json!({ "claim": "c", "equals": value });
    check([
        (equals(json!("pro")), json!("pro"), ALLOWED),
        (equals(json!("pro")), json!("PRO"), MISMATCH),
        (equals(json!("pro")), json!("pro "), MISMATCH),
        (equals(json!("pro")), json!(["pro"]), MISMATCH),
        (equals(json!("pro")), Value::Null, MISMATCH),
        (equals(json!("1")), json!(1), MISMATCH),
        (equals(json!(1)), json!("1"), MISMATCH),
        (equals(json!(1)), json!(1), ALLOWED),
        (equals(json!(true)), json!(true), ALLOWED),
        (equals(json!(true)), json!("true"), MISMATCH),
        (equals(json!(true)), json!(1), MISMATCH),
    ]);
}

#[test]
fn a_claim_may_be_in_a_list_or_contain_a_value() {
    let among = json!({ "claim": "c", "in": ["pro", "enterprise", 7] });
    let contains = json!({ "claim": "c", "contains": "admin" });
    check([
        (among.clone(), json!("enterprise"), ALLOWED),
        (among.clone(), json!(7), ALLOWED),
        (among.clone(), json!("7"), MISMATCH),
        (among.clone(), json!("free"), MISMATCH),
        (among, json!(["pro"]), MISMATCH),
        (contains.clone(), json!(["user", "admin"]), ALLOWED),
        (contains.clone(), json!(["administrator"]), MISMATCH),
        (contains.clone(), json!("admin of nothing"), MISMATCH),
        (contains, json!({ "admin": true }), MISMATCH),
    ]);
}

#[test]
fn a_claim_may_exist_or_match_a_pattern() {
    let exists = |exists: bool| json!({ "claim": "c", "exists": exists });
    let matches = |pattern: &str| json!({ "claim": "c", "matches": pattern });
    check([
        (exists(true), json!(false), ALLOWED),
        (exists(true), Value::Null, MISMATCH),
        (exists(false), Value::Null, ALLOWED),
        (exists(false), json!(""), MISMATCH),
        (matches("*@example.com"), json!("a@example.com"), ALLOWED),
        (matches("*@example.com"), json!("a@example.com.evil"), MISMATCH),
        (matches("*@example.com"), json!("a@exampleXcom"), MISMATCH),
        (matches("a*c*e"), json!("abcde"), ALLOWED),
        (matches("a*c*e"), json!("abcd"), MISMATCH),
        (matches("*"), json!(""), ALLOWED),
        (matches("*"), json!(1), MISMATCH),
        (matches("1*"), json!(12), MISMATCH),
    ]);
}

#[test]
fn requirements_combine_with_all_of_any_of_and_not() {
    let is = |value: &str| json!({ "claim": "c", "equals": value });
    check([
        (json!({ "any_of": [is("a"), is("b")] }), json!("b"), ALLOWED),
        (json!({ "any_of": [is("a"), is("b")] }), json!("c"), MISMATCH),
        (json!({ "all_of": [is("a"), { "claim": "sub", "equals": "alice" }] }), json!("a"), ALLOWED),
        (json!({ "all_of": [is("a"), { "claim": "sub", "equals": "bob" }] }), json!("a"), MISMATCH),
        (json!({ "not": is("a") }), json!("b"), ALLOWED),
        (json!({ "not": is("a") }), json!("a"), MISMATCH),
        (json!({ "not": { "not": is("a") } }), json!("a"), ALLOWED),
        (json!({ "any_of": [{ "all_of": [is("x"), is("y")] }, { "not": is("z") }] }), json!("a"), ALLOWED),
    ]);
}

#[test]
fn a_comparison_with_a_missing_claim_fails_even_if_negated() {
    let missing = |test: Value| merged(json!({ "claim": "missing" }), test);
    check([
        (missing(json!({ "equals": "x" })), Value::Null, MISMATCH),
        (json!({ "not": missing(json!({ "equals": "x" })) }), Value::Null, MISMATCH),
        (json!({ "not": missing(json!({ "in": ["x"] })) }), Value::Null, MISMATCH),
        (json!({ "not": missing(json!({ "contains": "x" })) }), Value::Null, MISMATCH),
        (json!({ "not": missing(json!({ "matches": "*" })) }), Value::Null, MISMATCH),
        (json!({ "not": { "not": missing(json!({ "equals": "x" })) } }), Value::Null, MISMATCH),
        (json!({ "not": missing(json!({ "exists": true })) }), Value::Null, ALLOWED),
        (
            json!({ "any_of": [missing(json!({ "equals": "x" })), { "claim": "sub", "equals": "alice" }] }),
            Value::Null,
            ALLOWED,
        ),
    ]);
}

#[test]
fn a_claim_may_have_to_equal_a_path_variable_or_a_header() {
    let gateway = Gateway::start(&with_rules(json!([
        { "route": "GET /users/{id}", "require": { "claim": "sub", "equals_path": "id" } },
        { "route": "GET /files/{path+}", "require": { "claim": "path", "equals_path": "path" } },
        { "route": "GET /tenant", "require": { "claim": ["org", "id"], "equals_header": "X-Tenant" } },
        { "route": "GET /host", "require": { "claim": "host", "equals_header": "Host" } },
    ])));
    let with_subject = |subject: &str| Token::new().claim("sub", subject).signed();
    let tenant = Token::new().claim("org", json!({ "id": "acme" })).signed();
    let to_tenant = || Request::get("/tenant").bearer(&tenant);
    let file = Token::new().claim("path", "a/b").signed();
    let for_host = |host: &str| Request::get("/host").bearer(Token::new().claim("host", host).signed());
    gateway.expect([
        ("the same", Request::get("/users/alice").bearer(with_subject("alice")), ALLOWED),
        ("the same, percent-encoded", Request::get("/users/%61lice").bearer(with_subject("alice")), ALLOWED),
        ("the same, with a space", Request::get("/users/a%20b").bearer(with_subject("a b")), ALLOWED),
        ("the same, with a trailing slash", Request::get("/users/alice/").bearer(with_subject("alice")), ALLOWED),
        (
            "the same, with parameters that some servers drop",
            Request::get("/users/alice;x").bearer(with_subject("alice;x")),
            MISMATCH,
        ),
        (
            "the same, with percent-encoded parameters",
            Request::get("/users/alice%3bx").bearer(with_subject("alice;x")),
            MISMATCH,
        ),
        ("another user", Request::get("/users/bob").bearer(with_subject("alice")), MISMATCH),
        ("another case", Request::get("/users/Alice").bearer(with_subject("alice")), MISMATCH),
        ("greedy", Request::get("/files/a/b").bearer(&file), ALLOWED),
        ("greedy, deeper", Request::get("/files/a/b/c").bearer(&file), MISMATCH),
        ("the same header value", to_tenant().header("x-tenant", "acme"), ALLOWED),
        ("another header value", to_tenant().header("x-tenant", "other"), MISMATCH),
        ("no header", to_tenant(), MISMATCH),
        ("an alias of the header", to_tenant().header("x_tenant", "acme"), MISMATCH),
        ("the header and an alias", to_tenant().header("x-tenant", "acme").header("x_tenant", "other"), MISMATCH),
        ("the host of the request", for_host("a.example").host("a.example"), ALLOWED),
        ("another host", for_host("a.example").host("b.example"), MISMATCH),
        ("two headers", to_tenant().header("x-tenant", "acme").header("x-tenant", "other"), MISMATCH),
    ]);
}

#[test]
fn a_path_variable_or_a_header_may_be_in_the_tokens_list_or_a_number() {
    let gateway = Gateway::start(&with_rules(json!([
        { "route": "GET /t/{tenant}", "require": { "claim": "tenants", "equals_path": "tenant" } },
        { "route": "GET /other/{tenant}", "require": { "not": { "claim": "tenants", "equals_path": "tenant" } } },
        { "route": "GET /n/{id}", "require": { "claim": "id", "equals_path": "id" } },
        { "route": "GET /tenant", "require": { "claim": "tenants", "equals_header": "x-tenant" } },
        { "route": "GET /id", "require": { "claim": "id", "equals_header": "x-id" } },
    ])));
    let token = |claim: &str, value: Value| Token::new().claim(claim, value).signed();
    let both = token("tenants", json!(["ABC", "DEF"]));
    let of_tenants = |path: &str| Request::get(path).bearer(&both);
    let number = |path: &str, id: Value| Request::get(path).bearer(token("id", id));
    gateway.expect([
        ("the first in the list", of_tenants("/t/ABC"), ALLOWED),
        ("the second in the list", of_tenants("/t/DEF"), ALLOWED),
        ("not in the list", of_tenants("/t/XYZ"), MISMATCH),
        ("a part of a member", of_tenants("/t/AB"), MISMATCH),
        ("a negated member", of_tenants("/other/ABC"), MISMATCH),
        ("a negated other", of_tenants("/other/XYZ"), ALLOWED),
        ("a header in the list", of_tenants("/tenant").header("x-tenant", "DEF"), ALLOWED),
        ("a header not in the list", of_tenants("/tenant").header("x-tenant", "XYZ"), MISMATCH),
        ("two headers", of_tenants("/tenant").header("x-tenant", "ABC").header("x-tenant", "DEF"), MISMATCH),
        ("an empty list", Request::get("/t/ABC").bearer(token("tenants", json!([]))), MISMATCH),
        ("text that looks like a list", Request::get("/t/ABC").bearer(token("tenants", json!("[ABC]"))), MISMATCH),
        ("a number", number("/n/42", json!(42)), ALLOWED),
        ("a number with a leading zero", number("/n/042", json!(42)), MISMATCH),
        ("another number", number("/n/421", json!(42)), MISMATCH),
        ("a number with a fraction of zero", number("/n/42", json!(42.0)), ALLOWED),
        ("a large number", number("/n/1234567890123456789", json!(1_234_567_890_123_456_789_u64)), ALLOWED),
        ("its neighbour", number("/n/1234567890123456788", json!(1_234_567_890_123_456_789_u64)), MISMATCH),
        ("a number in a list", number("/n/42", json!([7, 42])), ALLOWED),
        ("a header with a number", number("/id", json!(42)).header("x-id", "42"), ALLOWED),
        ("a header with a leading zero", number("/id", json!(42)).header("x-id", "042"), MISMATCH),
        ("true is no text", number("/n/true", json!(true)), MISMATCH),
    ]);
}

#[test]
fn a_star_in_a_claims_path_is_any_member() {
    let gateway = Gateway::start(&with_rules(json!([
        { "route": "GET /okta", "require": { "claim": ["identities", "*", "providerName"], "equals": "okta" } },
        { "route": "GET /not-okta", "require": { "not": { "claim": ["identities", "*", "providerName"], "equals": "okta" } } },
        { "route": "GET /u/{id}", "require": { "claim": ["identities", "*", "userId"], "equals_path": "id" } },
        { "route": "GET /some", "require": { "claim": ["identities", "*", "primary"], "exists": true } },
        { "route": "GET /org", "require": { "claim": ["orgs", "*", "roles"], "contains": "owner" } },
        { "route": "GET /zitadel", "require": { "claim": ["urn:zitadel:iam:org:project:roles", "admin", "*"], "matches": "*.example.com" } },
    ])));
    let identities = Token::new()
        .claim(
            "identities",
            json!([{ "providerName": "google", "userId": "7" }, { "providerName": "okta", "userId": 8 }]),
        )
        .claim("orgs", json!({ "a": { "roles": ["member"] }, "b": { "roles": ["owner"] } }))
        .claim("urn:zitadel:iam:org:project:roles", json!({ "admin": { "1": "acme.example.com" } }))
        .signed();
    let others = Token::new()
        .claim("identities", json!([{ "providerName": "google" }, { "okta": "okta", "primary": true }]))
        .claim("orgs", json!({ "owner": { "roles": ["member"] } }))
        .claim("urn:zitadel:iam:org:project:roles", json!({ "user": { "1": "acme.example.com" } }))
        .signed();
    let none = Token::new().claim("identities", json!([])).signed();
    let row = |path: &'static str, token: &str, expected| (path, Request::get(path).bearer(token), expected);
    gateway.expect([
        row("/okta", &identities, ALLOWED),
        row("/okta", &others, MISMATCH),
        row("/okta", &none, MISMATCH),
        row("/not-okta", &identities, MISMATCH),
        row("/not-okta", &others, ALLOWED),
        row("/not-okta", &none, MISMATCH),
        row("/u/7", &identities, ALLOWED),
        row("/u/8", &identities, ALLOWED),
        row("/u/9", &identities, MISMATCH),
        row("/some", &identities, MISMATCH),
        row("/some", &others, ALLOWED),
        row("/org", &identities, ALLOWED),
        row("/org", &others, MISMATCH),
        row("/zitadel", &identities, ALLOWED),
        row("/zitadel", &others, MISMATCH),
    ]);
}

#[test]
fn scopes_and_groups_may_be_requirements() {
    let gateway = Gateway::start(&with_rules(json!([
        { "route": "GET /", "require": { "any_of": [{ "scope": "read" }, { "group": "admin" }] } },
    ])));
    let get = |token: Token| Request::get("/").bearer(token.signed());
    let reply = gateway.expect([
        ("scope", get(Token::new().claim("scope", "read")), ALLOWED),
        ("group", get(Token::new().claim("groups", json!(["admin"]))), ALLOWED),
    ]);
    assert_eq!(reply.len(), 2);
    assert_eq!(gateway.send(&get(Token::new())).status, 403);
}

#[test]
fn a_rule_may_accept_only_some_providers() {
    let partner = merged(provider(), json!({ "issuer": "https://partner.example" }));
    let gateway = Gateway::start(&json!({
        "providers": { "main": provider(), "partner": partner },
        "rules": [{ "route": "GET /", "providers": ["main"] }, { "route": "GET /both" }],
    }));
    let of_partner = Token::new().claim("iss", "https://partner.example").signed();
    gateway.expect([
        ("an accepted provider", Request::get("/").bearer(Token::new().signed()), ALLOWED),
        ("another provider", Request::get("/").bearer(&of_partner), (403, "provider_not_allowed")),
        ("another provider, accepted by the rule", Request::get("/both").bearer(&of_partner), ALLOWED),
    ]);
}

#[test]
fn a_dry_run_allows_and_counts_refusals() {
    let gateway = Gateway::start(&merged(
        with_rules(json!([
            { "route": "GET /", "name": "trial", "groups": ["admin"], "mode": "dry_run" },
            { "route": "GET /closed", "access": "deny", "mode": "dry_run" },
        ])),
        json!({ "providers": { "main": { "claims_to_headers": { "x-sub": "sub" } } } }),
    ));
    let get = |path: &str| Request::get(path).header("x-sub", "spoofed").header("x_sub", "spoofed");
    for (label, request, reason) in [
        ("no group", get("/").bearer(Token::new().signed()), "group_missing"),
        ("no token", get("/"), "token_missing"),
        ("malformed", get("/").bearer("nonsense"), "token_malformed"),
        ("two credentials", get("/").bearer("x").bearer("y"), "credential_ambiguous"),
        ("closed", get("/closed"), "route_denied"),
    ] {
        let reply = gateway.send(&request);
        let entry = gateway.logged(&reply);
        assert_eq!(
            (reply.status, entry.reason.as_deref(), entry.dry_run.as_deref()),
            (200, Some(reason), Some("true")),
            "{label}"
        );
        let echo = reply.echo();
        assert_eq!((echo.all("x-sub").len(), echo.all("x_sub").len()), (0, 0), "{label}: no verified token");
    }
    let admin = get("/").bearer(Token::new().claim("groups", json!(["admin"])).signed());
    let reply = gateway.send(&admin);
    assert_eq!((reply.echo().all("x-sub"), gateway.logged(&reply).dry_run), (vec!["alice"], None));
    for (name, count) in [
        ("rule.trial.dry_run_denied", 4),
        ("rule.trial.allowed", 5),
        ("dry_run_denied", 5),
        ("provider.main.dry_run_denied", 1),
        ("denied", 0),
    ] {
        gateway.await_metric(name, count);
    }
    let log = gateway.filter_log();
    assert!(log.iter().any(|line| line.contains("would refuse: reason=group_missing rule=\"trial\"")), "{log:?}");
    assert!(log.iter().all(|line| !line.contains(": refused")), "{log:?}");
}
