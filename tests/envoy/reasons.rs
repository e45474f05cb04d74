//! Every reason that there is, had for real: the page for operators tells its status, and the number of series stays
//! within the bound that the page gives.

use std::collections::{BTreeMap, BTreeSet};

use jwt_authorizer::jwt::ledger::FetchFailure;
use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{Gateway, Key, Request, Token, eventually, now, provider};

const PAGE: &str = include_str!("../../docs/operating.md");
/// Where the codes come from.
const SOURCE: &str = include_str!("../../src/policy/reason.rs");

/// What the rules of a dry run have before their paths.
const TRIAL: &str = "/trial";
const PROVIDERS: usize = 3;
/// Of each mode, and a public one.
const RULES: usize = 2 * 8 + 1;

fn policy() -> Value {
    let strict = json!({
        "algorithms": ["ES256"],
        "token_use": "access",
        "clients": ["web"],
        "max_token_lifetime": "2h",
        "claims_to_headers": { "x-note": "note" },
    });
    let other = merged(provider(), json!({ "issuer": "https://other.example" }));
    let down = json!({ "issuer": "https://down.example", "jwks": { "cluster": "nobody" } });
    let rules = ["", TRIAL].into_iter().flat_map(|prefix| {
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
    json!({
        "providers": { "main": merged(provider(), strict), "other": other, "down": merged(provider(), down) },
        "rules": rules.chain([public]).collect::<Vec<_>>(),
    })
}

/// A good token for `main`.
fn token() -> Token {
    Token::new().claim("client_id", "web")
}

/// What each refusal takes: a path and, if any, a token.
fn refusals() -> Vec<(&'static str, &'static str, Option<String>)> {
    let signed = |token: Token| Some(token.signed());
    let hours = |count: i64| now() + 3600 * count;
    vec![
        ("token_missing", "/token", None),
        ("token_malformed", "/token", Some("nonsense".to_owned())),
        ("token_too_large", "/token", signed(token().claim("much", "x".repeat(16 * 1024)))),
        ("issuer_unknown", "/token", signed(token().claim("iss", "https://nobody.example"))),
        ("algorithm_not_allowed", "/token", Some(token().sign(&Key::of("RS256")))),
        ("key_unknown", "/token", Some(token().sign(&Key::of("ES256").named("made up")))),
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

/// The page's table: the status of each code, none where nobody is refused.
fn documented() -> BTreeMap<&'static str, Option<u16>> {
    let rows = PAGE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let (code, status) = (cells.next()?.strip_suffix('`')?, cells.next()?);
        (status == "—" || status.parse::<u16>().is_ok()).then(|| (code, status.parse().ok()))
    });
    rows.collect()
}

#[test]
fn the_page_has_every_code_and_no_other() {
    let codes = SOURCE.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","));
    assert_eq!(documented().into_keys().collect::<BTreeSet<_>>(), codes.collect());
}

#[test]
fn the_page_has_every_class_of_failed_fetches() {
    let (_, table) = PAGE.split_once("| class | then |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let told = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let told: BTreeSet<_> = told.flat_map(|cell| cell.split(", ")).map(|class| class.trim_matches('`')).collect();
    assert_eq!(told, FetchFailure::ALL.map(FetchFailure::label).into());
}

/// In one test, since the most series come of everything at once.
#[test]
fn every_reason_has_its_status_and_series_are_bounded() {
    let mut gateway = Gateway::start(&policy());
    let mut seen = BTreeMap::new();
    let mut sent = 0;
    let mut note = |gateway: &Gateway, request: &Request, reason: &'static str, in_trial: bool| {
        let reply = gateway.send(request);
        let entry = gateway.logged(&reply);
        assert_eq!(entry.reason.as_deref(), Some(reason));
        assert_eq!(entry.dry_run.as_deref(), in_trial.then_some("true"), "{reason}");
        let refused = (reply.status != 200).then_some(reply.status);
        if in_trial {
            assert_eq!(refused, None, "{reason} in a dry run");
        } else {
            seen.insert(reason, refused);
        }
        sent += 1;
    };
    let good = || Request::get("/token").bearer(token().signed());
    note(&gateway, &good(), "allowed", false);
    note(&gateway, &Request::get("/public"), "public", false);
    note(&gateway, &Request::get("/optional"), "anonymous", false);
    note(&gateway, &Request::preflight("/token"), "preflight", false);
    note(&gateway, &Request::get("/a//b"), "path_ambiguous", false);
    for prefix in ["", TRIAL] {
        let in_trial = !prefix.is_empty();
        let twice = Request::get(format!("{prefix}/token")).bearer("a").bearer("b");
        note(&gateway, &twice, "credential_ambiguous", in_trial);
        for (reason, path, token) in refusals() {
            let request = Request::get(format!("{prefix}{path}"));
            let request = token.iter().fold(request, |request, token| request.bearer(token));
            note(&gateway, &request, reason, in_trial);
        }
        // A rule counts under one name, whatever was asked for.
        for id in 0..10 {
            let request = Request::get(format!("{prefix}/named/{id}"));
            note(&gateway, &request, "token_missing", in_trial);
        }
    }
    assert_eq!(seen, documented());

    // Rules are the last that a worker hands over, and what was read before them may be older than they.
    let by_rule = |name: &str| name.starts_with("rule.") && (name.ends_with(".allowed") || name.ends_with(".denied"));
    eventually("everything is counted", || {
        let metrics = gateway.metrics();
        let counted: u64 = metrics.iter().filter(|(name, _)| by_rule(name)).map(|(_, count)| count).sum();
        (counted == sent).then_some(())
    });
    let metrics = gateway.metrics();
    let series = |prefix: &str| metrics.keys().filter(|name| name.starts_with(prefix)).count();
    let refusals = refusals().len() + 1;
    assert_eq!((series("reason."), series("dry_run_reason.")), (seen.len(), refusals));
    let of_all = 5 + seen.len() + refusals;
    let of_each_provider = 3 + 3 + 1 + FetchFailure::ALL.len();
    let formula = format!("{of_all} + {of_each_provider} × providers + 2 × (rules + 1)");
    assert!(PAGE.lines().any(|line| line == formula), "the page says: {formula}");
    let bound = of_all + of_each_provider * PROVIDERS + 2 * (RULES + 1);
    assert!(metrics.len() <= bound, "{} series, and no more than {bound} were promised", metrics.len());
    assert!(series("rule.") <= 2 * (RULES + 1), "{metrics:?}");

    // What has no name in the configuration any more stands still, and is there.
    let rules = json!([{ "route": "GET /token", "name": "renamed" }]);
    assert!(gateway.reconfigure(&merged(policy(), json!({ "rules": rules }))));
    eventually("the new rules are in force", || {
        gateway.send(&good());
        (gateway.metric("rule.renamed.allowed") > 0).then_some(())
    });
    let missing: Vec<_> = metrics.keys().filter(|name| !gateway.metrics().contains_key(*name)).cloned().collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn rules_that_nobody_asked_for_are_no_series() {
    let rules: Vec<_> = (0..5000).map(|n| json!({ "route": format!("GET /{n}") })).collect();
    let gateway = Gateway::start(&json!({ "providers": { "main": provider() }, "rules": rules }));
    gateway.await_metric("provider.main.jwks_keys", 10);
    for n in [0, 2500, 4999] {
        gateway.send(&Request::get(format!("/{n}")));
    }
    let asked_for = ["rule.GET /0.denied", "rule.GET /2500.denied", "rule.GET /4999.denied"];
    asked_for.iter().for_each(|name| gateway.await_metric(name, 1));
    let series: Vec<_> = gateway.metrics().into_keys().filter(|name| name.starts_with("rule.")).collect();
    assert_eq!(series, asked_for);
}
