//! What an operator sees: the access log, the metrics and the log; and what must never appear in them.

use std::time::Instant;

use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Gateway, Issuer, Key, Request, Setup, Token, eventually, now, provider};

fn policy(over: Value) -> Value {
    let provider = merged(provider(), json!({ "audiences": ["api", "m2m-client"], "cache": {} }));
    let policy = json!({
        "providers": { "main": provider },
        "rules": [
            { "route": "GET /token" },
            { "route": "GET /named", "name": "read items", "scopes": ["read"] },
            { "route": "GET /public", "access": "public" },
            { "route": "GET /optional", "access": "optional" },
        ],
        "log_denials": true,
    });
    merged(policy, over)
}

fn gateway() -> Gateway {
    Gateway::start(&policy(json!({})))
}

#[test]
fn the_access_log_has_the_reason_and_the_caller() {
    let gateway = gateway();
    let alice = Token::new().claim("client_id", "web").claim("scope", "read").signed();
    let machine = Token::new().without("aud").claim("client_id", "m2m-client").claim("sub", "m2m-client").signed();
    let expired = Token::new().claim("exp", now() - 3600).signed();
    let foreign = Token::new().claim("iss", "https://other.example").signed();
    let main = Some("main");
    for (request, reason, provider, rule, sub, client) in [
        (Request::get("/token").bearer(&alice), "allowed", main, "GET /token", Some("alice"), Some("web")),
        (Request::get("/named").bearer(&alice), "allowed", main, "read items", Some("alice"), Some("web")),
        (
            Request::get("/token").bearer(&machine),
            "allowed",
            main,
            "GET /token",
            Some("m2m-client"),
            Some("m2m-client"),
        ),
        (
            Request::get("/named").bearer(&machine),
            "scope_missing",
            main,
            "read items",
            Some("m2m-client"),
            Some("m2m-client"),
        ),
        (Request::get("/token").bearer(&expired), "token_expired", main, "GET /token", None, None),
        (Request::get("/token").bearer(&foreign), "issuer_unknown", None, "GET /token", None, None),
        (Request::get("/token"), "token_missing", None, "GET /token", None, None),
        (Request::get("/public").bearer(&alice), "public", None, "GET /public", None, None),
        (Request::get("/optional"), "anonymous", None, "GET /optional", None, None),
        (Request::get("/elsewhere"), "route_denied", None, "default", None, None),
    ] {
        let entry = gateway.logged(&gateway.send(&request));
        let logged = [&entry.reason, &entry.provider, &entry.rule, &entry.sub, &entry.client_id].map(Option::as_deref);
        assert_eq!(logged, [Some(reason), provider, Some(rule), sub, client], "{reason}");
    }
}

#[test]
fn claims_in_the_access_log_are_those_of_the_verified_token_even_if_it_is_refused() {
    let claims = json!({ "tenant": ["org", "id"], "roles": "roles" });
    let gateway = Gateway::start(&policy(json!({ "providers": { "main": { "claims_to_filter_state": claims } } })));
    let acme = || Token::new().claim("org", json!({ "id": "ac\nme" })).claim("roles", json!(["a", 1]));
    let expired = acme().claim("exp", now() - 3600).signed();
    let (tenant, roles) = (Some("ac me"), Some(r#"["a",1]"#));
    for (request, reason, expected) in [
        (Request::get("/token").bearer(acme().signed()), "allowed", [tenant, roles]),
        (Request::get("/token").bearer(acme().signed()), "allowed", [tenant, roles]),
        (Request::get("/named").bearer(acme().signed()), "scope_missing", [tenant, roles]),
        (Request::get("/token").bearer(Token::new().signed()), "allowed", [None, None]),
        (Request::get("/token").bearer(expired), "token_expired", [None, None]),
        (Request::get("/public").bearer(acme().signed()), "public", [None, None]),
    ] {
        let reply = gateway.send(&request);
        let entry = gateway.logged(&reply);
        assert_eq!(entry.reason.as_deref(), Some(reason));
        assert_eq!([&entry.tenant, &entry.roles].map(Option::as_deref), expected, "{reason}");
        assert!(!reply.text().contains("acme"), "the upstream received it");
    }
}

#[test]
fn every_value_in_a_line_of_the_access_log_belongs_to_the_last_decision() {
    let with_claims = |claims: Value| merged(provider(), json!({ "claims_to_filter_state": claims }));
    let first = json!({
        "providers": { "first": with_claims(json!({ "tenant": "org" })) },
        "rules": [
            { "route": "GET /token", "name": "first" },
            { "route": "GET /public", "name": "first" },
            { "route": "GET /refused", "name": "first", "mode": "dry_run" },
        ],
    });
    let second = json!({
        "providers": { "second": with_claims(json!({ "tenant": "missing", "roles": "org" })) },
        "rules": [
            { "route": "GET /token", "name": "second" },
            { "route": "GET /public", "name": "second", "access": "public" },
            { "route": "GET /refused", "name": "second", "access": "public" },
        ],
    });
    let gateway = Setup::new(&first).followed_by(&second).start();
    let valid = Token::new().claim("org", "acme").claim("client_id", "web").signed();
    for (path, token, expected) in [
        ("/token", Some(&valid), ["allowed", "second", "second", "alice", "web", "", "", "acme"]),
        ("/public", Some(&valid), ["public", "second", "", "", "", "", "", ""]),
        ("/refused", None, ["public", "second", "", "", "", "", "", ""]),
    ] {
        let request = token.into_iter().fold(Request::get(path), |request, token| request.bearer(token));
        let entry = gateway.logged(&gateway.send(&request));
        let logged = [
            &entry.reason,
            &entry.rule,
            &entry.provider,
            &entry.sub,
            &entry.client_id,
            &entry.dry_run,
            &entry.tenant,
            &entry.roles,
        ];
        assert_eq!(logged.map(|value| value.as_deref().unwrap_or_default()), expected, "{path}");
    }
}

#[test]
fn control_characters_in_claims_become_spaces_in_the_access_log() {
    let gateway = gateway();
    let token = Token::new().claim("sub", "alice\r\nreason=allowed\u{0}").claim("client_id", "\u{85}web").signed();
    let entry = gateway.logged(&gateway.send(&Request::get("/token").bearer(token)));
    assert_eq!((entry.sub.as_deref(), entry.client_id.as_deref()), (Some("alice  reason=allowed "), Some(" web")));
}

#[test]
fn decisions_before_routing_have_no_provider_and_subject() {
    let gateway = gateway();
    for (request, reason) in [(Request::get("/a/../b"), "path_ambiguous"), (Request::preflight("/token"), "preflight")]
    {
        let entry = gateway.logged(&gateway.send(&request));
        assert_eq!((entry.reason.as_deref(), entry.provider, entry.sub), (Some(reason), None, None));
    }
}

#[test]
fn each_request_is_counted_once_in_each_metric() {
    let gateway = gateway();
    let valid = Token::new().signed();
    let rows = [
        (Request::get("/token").bearer(&valid), 5),
        (Request::get("/named").bearer(&valid), 3),
        (Request::get("/token"), 2),
        (Request::get("/public"), 4),
        (Request::get("/elsewhere"), 1),
    ];
    for (request, times) in &rows {
        (0..*times).for_each(|_| drop(gateway.send(request)));
    }
    for (name, count) in [
        ("allowed", 9),
        ("denied", 6),
        ("reason.allowed", 5),
        ("reason.public", 4),
        ("reason.scope_missing", 3),
        ("reason.token_missing", 2),
        ("reason.route_denied", 1),
        ("provider.main.allowed", 5),
        ("provider.main.denied", 3),
        ("rule.GET /token.allowed", 5),
        ("rule.GET /token.denied", 2),
        ("rule.read items.denied", 3),
        ("rule.GET /public.allowed", 4),
        ("rule.default.denied", 1),
    ] {
        gateway.await_metric(name, count);
    }
    assert!(gateway.metric("cache_hit") >= 6, "one token in eight requests to two workers");
}

#[test]
fn the_state_of_the_keys_is_in_the_metrics() {
    let gateway = gateway();
    gateway.await_metric("provider.main.jwks_keys", 10);
    gateway.await_metric("provider.main.jwks_fetch_success", 1);
    assert!(!gateway.metrics().keys().any(|name| name.contains("jwks_fetch_failed")));
    // Each worker sets the gauge to its own value, and clocks of workers differ by up to a second.
    for age in ["provider.main.jwks_age_seconds", "provider.main.jwks_seconds_since_success"] {
        eventually(&format!("{age} grows"), || (1..30).contains(&gateway.metric(age)).then_some(()));
    }
}

#[test]
fn a_dry_run_counts_as_allowed_and_is_marked() {
    let gateway = Gateway::start(&json!({
        "providers": { "main": provider() },
        "rules": [{ "route": "GET /trial", "mode": "dry_run" }, { "route": "GET /token" }],
        "log_denials": true,
    }));
    let valid = Token::new().signed();
    for (request, reason, dry_run) in [
        (Request::get("/trial"), "token_missing", Some("true")),
        (Request::get("/trial").bearer(&valid), "allowed", None),
        (Request::get("/token"), "token_missing", None),
    ] {
        let entry = gateway.logged(&gateway.send(&request));
        assert_eq!((entry.reason.as_deref(), entry.dry_run.as_deref()), (Some(reason), dry_run));
    }
    for (name, count) in [
        ("allowed", 2),
        ("denied", 1),
        ("dry_run_denied", 1),
        ("rule.GET /trial.allowed", 2),
        ("rule.GET /trial.dry_run_denied", 1),
        ("reason.token_missing", 1),
        ("dry_run_reason.token_missing", 1),
    ] {
        gateway.await_metric(name, count);
    }
    assert_eq!(gateway.metric("rule.GET /trial.denied"), 0);
    let log = gateway.filter_log();
    assert_eq!(log.iter().filter(|line| line.starts_with("would refuse: ")).count(), 1, "{log:?}");
}

#[test]
fn the_field_filter_state_selects_the_requests_with_filter_state() {
    let valid = Token::new().signed();
    for (setting, if_allowed, if_refused) in [
        ("all", Some("allowed"), Some("token_missing")),
        ("refused", None, Some("token_missing")),
        ("none", None, None),
    ] {
        let gateway = Gateway::start(&json!({
            "providers": { "main": provider() },
            "rules": [{ "route": "GET /trial", "mode": "dry_run" }, { "route": "GET /token" }],
            "filter_state": setting,
        }));
        for (request, reason) in [
            (Request::get("/token").bearer(&valid), if_allowed),
            (Request::get("/token"), if_refused),
            (Request::get("/trial"), if_refused),
        ] {
            assert_eq!(gateway.logged(&gateway.send(&request)).reason.as_deref(), reason, "{setting}");
        }
    }
}

#[test]
fn a_configuration_is_logged_once_for_all_workers() {
    let mut gateway = Setup::new(&policy(json!({}))).workers(4).start();
    let version = env!("CARGO_PKG_VERSION");
    let four = format!("jwt_authorizer {version}: 4 rules, 1 provider: main");
    let none = format!("jwt_authorizer {version}: 0 rules, 1 provider: main");
    let configured = |gateway: &Gateway| -> Vec<_> {
        gateway.filter_log().into_iter().filter(|line| line.contains(" rules, ")).collect()
    };
    let valid = Request::get("/token").bearer(Token::new().signed());
    gateway.expect([("the first", valid.clone(), ALLOWED)]);
    assert_eq!(configured(&gateway), [&*four]);
    assert!(gateway.reconfigure(&policy(json!({ "rules": [] }))));
    eventually("the new rules are in force", || {
        (gateway.logged(&gateway.send(&valid)).reason.as_deref() == Some("route_denied")).then_some(())
    });
    assert_eq!(configured(&gateway), [&*four, &none]);
}

#[test]
fn each_of_two_policies_in_one_process_is_logged_once() {
    let without_rules = policy(json!({ "rules": [] }));
    let mut gateway = Setup::new(&policy(json!({}))).followed_by(&without_rules).workers(8).start();
    let version = env!("CARGO_PKG_VERSION");
    let line = |rules: usize| {
        format!("jwt_authorizer {version}: {rules} rule{}, 1 provider: main", if rules == 1 { "" } else { "s" })
    };
    let configured = |gateway: &Gateway| -> Vec<_> {
        let mut lines = gateway.filter_log();
        lines.retain(|line| line.starts_with("jwt_authorizer "));
        lines.sort();
        lines
    };
    gateway.await_everywhere(&Request::get("/token"), 401);
    assert_eq!(configured(&gateway), [line(0), line(4)]);
    // The second policy is configured again with the new listener, but it is the same policy.
    assert!(gateway.reconfigure(&policy(json!({ "rules": [{ "route": "GET /new" }] }))));
    gateway.await_everywhere(&Request::get("/token"), 403);
    assert_eq!(configured(&gateway), [line(0), line(1), line(4)]);
}

#[test]
fn two_named_policies_with_a_provider_of_the_same_name_have_their_own_gauges() {
    let issuer = Issuer::start();
    issuer.publish_at("/other", Key::set(&[Key::of("ES256")]));
    let other_keys = json!({ "main": { "jwks": { "uri": "https://issuer.example/other" } } });
    let first = policy(json!({ "name": "first" }));
    let second = policy(json!({ "name": "second", "providers": other_keys }));
    let gateway = Setup::new(&first).followed_by(&second).workers(4).issuer(issuer).start();
    let keys = |policy: &str| {
        let is_gauge = |name: &str| name.contains(policy) && name.ends_with("provider.main.jwks_keys");
        gateway.metrics().into_iter().find_map(|(name, value)| is_gauge(&name).then_some(value))
    };
    for (policy, count) in [("first", 10), ("second", 1)] {
        eventually(&format!("{count} keys of {policy}"), || (keys(policy) == Some(count)).then_some(()));
    }
    // The gauges are different series, so no worker overwrites the value of the other policy.
    for n in 0..20 {
        gateway.expect([(n, Request::get("/token").bearer(Token::new().signed()), ALLOWED)]);
        assert_eq!((keys("first"), keys("second")), (Some(10), Some(1)));
    }
    let log = gateway.filter_log();
    for policy in ["`first`", "`second`"] {
        let lines = log.iter().filter(|line| line.contains(" rules, ") && line.contains(policy)).count();
        assert_eq!(lines, 1, "{policy}: {log:?}");
    }
}

#[test]
fn changed_keys_are_logged_once_for_all_workers() {
    let issuer = Issuer::start();
    let jwks = json!({ "providers": { "main": { "jwks": { "refresh_interval": "1s" } } } });
    let gateway = Setup::new(&policy(jwks)).workers(4).issuer(issuer).start();
    let lines = |text: &str| gateway.filter_log().iter().filter(|line| *line == text).count();
    let first = "provider `main`: keys from cluster `issuer`: 10 keys";
    eventually("the first keys", || (lines(first) == 1).then_some(()));
    let mut broken = Key::of("ES384").named("k1").jwk();
    broken["x"] = json!("not base64url");
    gateway.issuer.publish_at("/jwks.json", json!({ "keys": [Key::of("ES256").named("b").jwk(), broken] }));
    let removed = "`RS256`, `RS384`, `RS512`, `PS256` and 6 more";
    let second = format!(
        "provider `main`: new keys from cluster `issuer`: 1 of 2 keys; added: `b`; withdrawn: {removed}; left out: `k1` (x is not base64url)"
    );
    eventually("other keys", || (lines(&second) == 1).then_some(()));
    gateway.await_metric("provider.main.jwks_keys", 1);
    gateway.await_metric("provider.main.jwks_keys_left_out", 1);
    // The same keys are not logged again.
    let fetched = gateway.issuer.fetches();
    eventually("two more fetches", || (gateway.issuer.fetches() > fetched + 2).then_some(()));
    assert_eq!((lines(first), lines(&second)), (1, 1));
}

#[test]
fn refusals_are_logged_at_debug_by_default() {
    let gateway = Gateway::start(&policy(json!({ "log_denials": false })));
    let valid = Token::new().signed();
    gateway.expect([("allowed", Request::get("/token").bearer(&valid), ALLOWED)]);
    gateway.await_metric("provider.main.jwks_fetch_success", 1);
    let before = gateway.filter_log();
    let expired = Token::new().claim("exp", now() - 3600).claim("secret", "confidential").signed();
    for request in [
        Request::get("/token").bearer(&valid),
        Request::get("/token").bearer(&expired),
        Request::get("/named").bearer(&valid),
        Request::get("/token"),
        Request::get("/public"),
        Request::get("/a/../b"),
    ] {
        gateway.send(&request);
    }
    // At the level debug, which is enabled in these tests, each refusal is logged.
    let refused = |reason: &str| {
        gateway.debug_log().into_iter().find(|line| line.starts_with("refused: ") && line.contains(reason))
    };
    for reason in ["token_expired", "scope_missing", "token_missing", "path_ambiguous"] {
        eventually(reason, || refused(reason));
    }
    let log = gateway.debug_log().join("\n");
    let signature = expired.rsplit('.').next().unwrap();
    for secret in [&expired[..20], signature, "confidential", "alice"] {
        assert!(!log.contains(secret), "the log has {secret}");
    }
    assert_eq!(gateway.filter_log(), before);
}

#[test]
fn a_logged_refusal_is_one_line_without_the_token() {
    let gateway = gateway();
    let expired = Token::new().claim("exp", now() - 3600).claim("secret", "confidential").signed();
    let machine = Token::new().without("aud").claim("client_id", "m2m-client").signed();
    let long = Token::new().claim("exp", now() - 3600).header("kid", "a\n".repeat(100)).signed();
    for request in [
        Request::get("/token").bearer(&expired),
        Request::get("/named").bearer(&machine),
        Request::get("/named").bearer(&machine),
        Request::get("/named").bearer(&machine),
        Request::get("/elsewhere"),
        Request::get("/token").bearer(&long),
    ] {
        gateway.send(&request);
    }
    // An attacker chooses the `kid`: it is escaped and truncated.
    let shortened = format!(
        r#"refused: reason=token_expired rule="GET /token" provider=main kid="{}…" client="""#,
        r"a\n".repeat(32)
    );
    let unmet = r#"refused: reason=scope_missing rule="read items" provider=main kid="ES256" client="m2m-client""#;
    let expected = [
        r#"refused: reason=token_expired rule="GET /token" provider=main kid="ES256" client="""#,
        // The line is the same whether the token is cached or not.
        unmet,
        unmet,
        unmet,
        r#"refused: reason=route_denied rule="default" provider=- kid="" client="""#,
        &shortened,
    ];
    let refusals = |gateway: &Gateway| -> Vec<_> {
        gateway.filter_log().into_iter().filter(|line| line.starts_with("refused: ")).collect()
    };
    eventually("all refusals are logged", || (refusals(&gateway).len() == expected.len()).then_some(()));
    assert_eq!(refusals(&gateway), expected);
    let signature = expired.rsplit('.').next().unwrap();
    let log = gateway.filter_log().join("\n");
    for secret in [&expired[..20], signature, "confidential", "alice"] {
        assert!(!log.contains(secret), "the log has {secret}");
    }
}

#[test]
fn a_logged_refusal_has_at_most_1_kib() {
    let long = "\u{10ffff}".repeat(500);
    let key = Key::of("ES256").named(&long);
    let issuer = Issuer::with_keys(std::slice::from_ref(&key));
    let policy = policy(json!({ "rules": [{ "route": "GET /a", "name": long, "scopes": ["read"] }] }));
    let gateway = Setup::new(&policy).issuer(issuer).start();
    let token = Token::new().claim("client_id", long.as_str()).sign(&key);
    gateway.expect([("a", Request::get("/a").bearer(token), (403, "scope_missing"))]);
    let line = eventually("the refusal is logged", || {
        gateway.filter_log().into_iter().find(|line| line.starts_with("refused: "))
    });
    assert!((500..=1024).contains(&line.len()), "{} bytes: {line}", line.len());
}

#[test]
fn probable_mistakes_are_logged_as_warnings() {
    let gateway = Gateway::start(&json!({
        "providers": { "main": merged(provider(), json!({ "audiences": ["*"], "token_use": "access" })) },
        "rules": (0..30).map(|n| json!({ "route": format!("GET /{n}"), "scopes": ["*"] })).collect::<Vec<_>>(),
    }));
    let log = gateway.filter_log();
    let lines: Vec<_> = log.iter().filter_map(|line| line.strip_prefix("jwt_authorizer: ")).collect();
    let configured = log.iter().filter(|line| line.contains("30 rules")).count();
    let count = |text: &str| lines.iter().filter(|line| **line == text).count();
    for text in [
        "providers.main.audiences[0]: is compared literally, and no token has the audience `*`; write `\"any_audience\": true` to accept every audience",
        "rules[0].scopes[0]: is compared literally: it is not a wildcard",
        "rules[18].scopes[0]: is compared literally: it is not a wildcard",
        "11 more warnings",
    ] {
        assert_eq!(count(text), configured, "{text}\n{log:#?}");
    }
    assert_eq!(lines.len(), 21 * configured, "{log:#?}");
}

#[test]
fn a_refusal_by_issuer_audience_or_client_is_logged_with_that_claim() {
    let strict = merged(provider(), json!({ "audiences": ["api"], "clients": ["web"] }));
    let gateway = Gateway::start(&policy(json!({ "providers": { "main": strict } })));
    let other = "https://cognito-idp.ap-southeast-1.amazonaws.com/ap-southeast-1_EXAMPLE12/";
    let nested = Token::new().signed();
    for (token, expected) in [
        (
            Token::new().claim("iss", other),
            format!(r#"issuer_unknown rule="GET /token" provider=- kid="ES256" unverified_iss="{other}""#),
        ),
        (
            Token::new().claim("iss", nested.as_str()),
            r#"issuer_unknown rule="GET /token" provider=- kid="ES256" unverified_iss="…""#.to_owned(),
        ),
        (
            Token::new().claim("aud", json!(["a\n", "b"])),
            r#"audience_mismatch rule="GET /token" provider=main kid="ES256" unverified_aud="a\n b""#.to_owned(),
        ),
        (
            Token::new().without("aud").claim("client_id", "mobile"),
            r#"audience_mismatch rule="GET /token" provider=main kid="ES256" unverified_client_id="mobile""#.to_owned(),
        ),
        (
            Token::new().claim("client_id", "mobile"),
            r#"client_mismatch rule="GET /token" provider=main kid="ES256" unverified_client="mobile""#.to_owned(),
        ),
        (
            Token::new().without("client_id"),
            r#"client_mismatch rule="GET /token" provider=main kid="ES256" unverified_client="""#.to_owned(),
        ),
        (
            Token::new().claim("iss", "\u{10ffff}".repeat(2000)),
            format!(
                r#"issuer_unknown rule="GET /token" provider=- kid="ES256" unverified_iss="{}…""#,
                r"\u{10ffff}".repeat(25)
            ),
        ),
    ] {
        gateway.send(&Request::get("/token").bearer(token.signed()));
        let expected = format!("refused: reason={expected}");
        let is_logged = || gateway.filter_log().contains(&expected).then_some(());
        eventually(&format!("{expected} is logged"), is_logged);
    }
    let log = gateway.filter_log();
    assert!(log.iter().all(|line| line.len() <= 1024 && !line.contains("eyJ")), "{log:#?}");
}

#[test]
fn a_log_level_is_in_force_at_the_next_refusal() {
    let gateway = Gateway::start(&policy(json!({ "log_denials": false })));
    gateway.set_log_level("info");
    gateway.send(&Request::get("/token"));
    // The tick that hands over the count also takes over the level.
    gateway.await_metric("reason.token_missing", 1);
    gateway.set_log_level("debug");
    gateway.send(&Request::get("/elsewhere"));
    let refused = |reason: &str| gateway.debug_log().iter().any(|line| line.contains(&format!("reason={reason} ")));
    eventually("the second refusal is logged", || refused("route_denied").then_some(()));
    assert!(!refused("token_missing"));
}

#[test]
fn logged_refusals_are_rate_limited() {
    let gateway = gateway();
    let mut connection = gateway.connect();
    let start = Instant::now();
    for _ in 0..500 {
        connection.round_trip(&Request::get("/token")).unwrap();
    }
    // Ten lines for each second that has begun.
    let allowed = 10 * (start.elapsed().as_secs() + 2);
    gateway.await_metric("reason.token_missing", 500);
    let lines = gateway.filter_log().iter().filter(|line| line.contains("token_missing")).count();
    assert!((1..=allowed).contains(&(lines as u64)), "{lines} lines");
    let suppressed = |line: &String| line.ends_with(" similar lines suppressed)");
    eventually("the number of suppressed lines is logged", || {
        connection.round_trip(&Request::get("/token")).unwrap();
        gateway.filter_log().iter().any(suppressed).then_some(())
    });
}
