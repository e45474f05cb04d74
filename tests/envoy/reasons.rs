//! Every reason that a request can cause in a real Envoy, with the status in the page for operators. The number of time
//! series stays within the bound on that page.

use std::collections::{BTreeMap, BTreeSet};

use jwt_authorizer::keys::fetch_state::FetchFailure;
use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{Gateway, Key, Request, Token, eventually, now, provider};

const PAGE: &str = include_str!("../../docs/operating.md");
/// The source file with the codes.
const SOURCE: &str = include_str!("../../src/reason.rs");

/// The path prefix of the rules in dry run.
const DRY_RUN: &str = "/dry-run";
const PROVIDERS: usize = 6;
/// Eight rules in each mode, one public rule, and one with hosts.
const RULES: usize = 2 * 8 + 2;
/// Reasons that no request can cause here: Envoy itself refuses a method that is not UTF-8, its clock is set, and it
/// returns the headers.
const NOT_IN_ENVOY: [(&str, u16); 3] =
    [("method_ambiguous", 400), ("clock_unavailable", 503), ("headers_unreadable", 503)];
const TENANT: &str = "11111111-2222-3333-4444-555555555555";

fn policy() -> Value {
    let strict = json!({
        "algorithms": ["ES256"],
        "token_use": "access",
        "clients": ["web"],
        "max_token_lifetime": "2h",
        "claims_to_headers": { "x-note": { "claim": "note", "required": true } },
    });
    let other = merged(provider(), json!({ "issuer": "https://other.example" }));
    let down = json!({ "issuer": "https://down.example", "jwks": { "cluster": "unknown" } });
    let in_cookie = json!({ "issuer": "https://cookie.example", "identity_sources": ["$request.cookie.session"] });
    let tenants = json!({ "issuer": "https://tenants.example/{tenantid}/v2.0", "tenants": [TENANT] });
    let unnamed = (1..=6).map(|number| merged(Key::numbered("ES256", number).jwk(), json!({ "kid": null })));
    let many_keys = json!({
        "issuer": "https://many.example",
        "audiences": ["api"],
        "jwks": { "inline": { "keys": unnamed.collect::<Vec<_>>() } },
    });
    let rules = ["", DRY_RUN].into_iter().flat_map(|prefix| {
        let mode = if prefix.is_empty() { "enforce" } else { "dry_run" };
        let rule =
            |path: &str, rule: Value| merged(rule, json!({ "route": format!("GET {prefix}{path}"), "mode": mode }));
        [
            rule("/token", json!({})),
            rule("/optional", json!({ "access": "optional" })),
            rule("/main", json!({ "providers": ["main"] })),
            rule("/scope", json!({ "scopes": ["write"] })),
            rule("/group", json!({ "groups": ["admin"] })),
            rule("/claim", json!({ "require": { "claim": "tier", "equals": "pro" } })),
            rule("/deny", json!({ "access": "deny" })),
            rule("/named/{id}", json!({ "name": "several words {id}" })),
        ]
    });
    let public = json!({ "route": "GET /public", "access": "public" });
    let with_host = json!({ "route": "GET /public", "access": "public", "hosts": ["public.example"] });
    json!({
        "providers": {
            "main": merged(provider(), strict),
            "other": other,
            "down": merged(provider(), down),
            "cookie": merged(provider(), in_cookie),
            "tenants": merged(provider(), tenants),
            "many": many_keys,
        },
        "rules": rules.chain([public, with_host]).collect::<Vec<_>>(),
    })
}

/// A valid token for `main`.
fn token() -> Token {
    Token::new().claim("client_id", "web").claim("note", "one line")
}

/// For each reason of a refusal after routing, the path and the token that cause it.
fn refusals() -> Vec<(&'static str, &'static str, Option<String>)> {
    let signed = |token: Token| Some(token.signed());
    let hours = |count: i64| now() + 3600 * count;
    let of_tenant = format!("https://tenants.example/{TENANT}/v2.0");
    vec![
        ("token_missing", "/token", None),
        ("token_malformed", "/token", Some("nonsense".to_owned())),
        ("token_too_large", "/token", signed(token().claim("large", "x".repeat(16 * 1024)))),
        ("issuer_unknown", "/token", signed(token().claim("iss", "https://unknown.example"))),
        ("identity_source_mismatch", "/token", signed(token().claim("iss", "https://cookie.example"))),
        ("tenant_mismatch", "/token", signed(token().claim("iss", of_tenant).claim("tid", "another"))),
        ("algorithm_not_allowed", "/token", Some(token().sign(&Key::of("RS256")))),
        ("key_unknown", "/token", Some(token().sign(&Key::of("ES256").named("unknown")))),
        ("key_ambiguous", "/token", signed(token().claim("iss", "https://many.example"))),
        ("signature_invalid", "/token", Some(token().sign(&Key::other("ES256")))),
        ("token_expired", "/token", signed(token().claim("exp", hours(-1)).claim("iat", hours(-2)))),
        ("token_not_yet_valid", "/token", signed(token().claim("nbf", hours(1)))),
        ("issued_in_future", "/token", signed(token().claim("iat", hours(1)).claim("exp", hours(2)))),
        ("expiration_missing", "/token", signed(token().without("exp"))),
        ("lifetime_too_long", "/token", signed(token().claim("exp", hours(9)))),
        ("audience_mismatch", "/token", signed(token().claim("aud", "another"))),
        ("client_mismatch", "/token", signed(token().claim("client_id", "another"))),
        ("token_use_mismatch", "/token", signed(token().claim("token_use", "id"))),
        ("token_type_mismatch", "/token", signed(token().header("typ", "dpop+jwt"))),
        ("token_bound", "/token", signed(token().claim("cnf", json!({ "jkt": "x" })))),
        ("critical_header", "/token", signed(token().header("crit", json!(["b64"])))),
        ("claim_unforwardable", "/token", signed(token().claim("note", "two\nlines"))),
        ("provider_not_allowed", "/main", signed(token().claim("iss", "https://other.example"))),
        ("scope_missing", "/scope", signed(token())),
        ("group_missing", "/group", signed(token())),
        ("claim_mismatch", "/claim", signed(token())),
        ("route_denied", "/deny", None),
        ("keys_unavailable", "/token", signed(token().claim("iss", "https://down.example"))),
    ]
}

/// The table of the page: the status of each code, `None` if the request is allowed.
fn documented() -> BTreeMap<&'static str, Option<u16>> {
    let rows = PAGE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let (code, status) = (cells.next()?.strip_suffix('`')?, cells.next()?);
        (status == "—" || status.parse::<u16>().is_ok()).then(|| (code, status.parse().ok()))
    });
    rows.collect()
}

#[test]
fn the_page_lists_exactly_the_codes_of_the_source() {
    let codes = SOURCE.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","));
    assert_eq!(documented().into_keys().collect::<BTreeSet<_>>(), codes.collect());
}

#[test]
fn the_page_lists_every_class_of_fetch_failures() {
    let (_, table) = PAGE.split_once("| class | then |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let cells = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let classes: BTreeSet<_> = cells.flat_map(|cell| cell.split(", ")).map(|class| class.trim_matches('`')).collect();
    assert_eq!(classes, FetchFailure::ALL.map(FetchFailure::label).into());
}

/// One test for both, because all reasons together make the most series.
#[test]
fn every_reason_has_its_status_and_series_are_bounded() {
    let mut gateway = Gateway::start(&policy());
    let mut seen = BTreeMap::new();
    let mut sent = 0;
    let mut check = |gateway: &Gateway, request: &Request, reason: &'static str, dry_run: bool| {
        let reply = gateway.send(request);
        let entry = gateway.logged(&reply);
        assert_eq!(entry.reason.as_deref(), Some(reason));
        assert_eq!(entry.dry_run.as_deref(), dry_run.then_some("true"), "{reason}");
        let refused = (reply.status != 200).then_some(reply.status);
        let details = refused.map_or("via_upstream".to_owned(), |_| format!("jwt_authorizer_denied{{{reason}}}"));
        assert_eq!(entry.details, Some(details));
        if dry_run {
            assert_eq!(refused, None, "{reason} in a dry run");
        } else {
            seen.insert(reason, refused);
        }
        sent += 1;
    };
    let valid = || Request::get("/token").bearer(token().signed());
    check(&gateway, &valid(), "allowed", false);
    check(&gateway, &Request::get("/public"), "public", false);
    check(&gateway, &Request::get("/optional"), "anonymous", false);
    check(&gateway, &Request::preflight("/token"), "preflight", false);
    check(&gateway, &Request::get("/a/../b"), "path_ambiguous", false);
    check(&gateway, &Request::get("/public").host("a,b"), "host_ambiguous", false);
    for prefix in ["", DRY_RUN] {
        let dry_run = !prefix.is_empty();
        let two_tokens = Request::get(format!("{prefix}/token")).bearer("a").bearer("b");
        check(&gateway, &two_tokens, "credential_ambiguous", dry_run);
        for (reason, path, token) in refusals() {
            let request = Request::get(format!("{prefix}{path}"));
            let request = token.iter().fold(request, |request, token| request.bearer(token));
            check(&gateway, &request, reason, dry_run);
        }
        // All paths of a rule count under the name of the rule.
        for id in 0..10 {
            let request = Request::get(format!("{prefix}/named/{id}"));
            check(&gateway, &request, "token_missing", dry_run);
        }
    }
    let not_in_envoy = NOT_IN_ENVOY.map(|(reason, status)| (reason, Some(status)));
    let all: BTreeMap<_, _> = seen.clone().into_iter().chain(not_in_envoy).collect();
    assert_eq!(all, documented());

    // A worker reports the metrics of rules last, so all metrics are read again after these are complete.
    let by_rule = |name: &str| name.starts_with("rule.") && (name.ends_with(".allowed") || name.ends_with(".denied"));
    eventually("every request is counted", || {
        let metrics = gateway.metrics();
        let counted: u64 = metrics.iter().filter(|(name, _)| by_rule(name)).map(|(_, count)| count).sum();
        (counted == sent).then_some(())
    });
    let metrics = gateway.metrics();
    let series = |prefix: &str| metrics.keys().filter(|name| name.starts_with(prefix)).count();
    let refusals = refusals().len() + 1;
    assert_eq!((series("reason."), series("dry_run_reason.")), (seen.len(), refusals));
    let global = 5 + all.len() + refusals;
    let per_provider = 3 + 1 + 4 + 1 + FetchFailure::ALL.len();
    let formula = format!("{global} + {per_provider} × providers + audiences + clients + 2 × (rules + 1)");
    assert!(PAGE.lines().any(|line| line == formula), "the page lacks the formula {formula}");
    // No provider has several audiences or clients here.
    let bound = global + per_provider * PROVIDERS + 2 * (RULES + 1);
    assert!(metrics.len() <= bound, "{} series exceed the documented bound of {bound}", metrics.len());
    assert!(series("rule.") <= 2 * (RULES + 1), "{metrics:?}");

    // The series of removed rules stay, unchanged.
    let rules = json!([{ "route": "GET /token", "name": "renamed" }]);
    assert!(gateway.reconfigure(&merged(policy(), json!({ "rules": rules }))));
    eventually("the new rules are in force", || {
        gateway.send(&valid());
        (gateway.metric("rule.renamed.allowed") > 0).then_some(())
    });
    let missing: Vec<_> = metrics.keys().filter(|name| !gateway.metrics().contains_key(*name)).cloned().collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn rules_without_requests_have_no_series() {
    let rules: Vec<_> = (0..5000).map(|n| json!({ "route": format!("GET /{n}") })).collect();
    let gateway = Gateway::start(&json!({ "providers": { "main": provider() }, "rules": rules }));
    gateway.await_metric("provider.main.jwks_keys", 10);
    for n in [0, 2500, 4999] {
        gateway.send(&Request::get(format!("/{n}")));
    }
    let expected = ["rule.GET /0.denied", "rule.GET /2500.denied", "rule.GET /4999.denied"];
    expected.iter().for_each(|name| gateway.await_metric(name, 1));
    let series: Vec<_> = gateway.metrics().into_keys().filter(|name| name.starts_with("rule.")).collect();
    assert_eq!(series, expected);
}
