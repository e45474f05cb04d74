//! Issuers that fail, in every way the filter distinguishes. The last good key set stays in use, the log has one line, and
//! recovery is automatic.

use std::thread;
use std::time::{Duration, Instant};

use jwt_authorizer::keys::fetch_state::FetchFailure;
use serde_json::{Value, json};

use crate::harness::issuer::{DISCOVERY, JWKS};
use crate::harness::policy::merged;
use crate::harness::wait::within;
use crate::harness::{
    ALLOWED, Answer, Gateway, Issuer, Key, Request, Setup, Token, eventually, provider, with_provider,
};

/// Enough time for several fetches: the backoff starts at one second.
const SEVERAL_FETCHES: Duration = Duration::from_secs(60);

/// Name, answer, and the class of failure in the metrics.
const FAULTS: [(&str, Answer, &str); 15] = [
    ("status", Answer::Status(500), "status"),
    ("not-found", Answer::Status(404), "status"),
    ("unavailable", Answer::Status(503), "status"),
    ("redirect", Answer::Redirect, "status"),
    ("html", Answer::Html, "malformed"),
    ("truncated", Answer::TruncatedJson, "malformed"),
    ("empty", Answer::EmptySet, "no_usable_key"),
    ("unusable", Answer::NoUsableKey, "no_usable_key"),
    ("large", Answer::TooLarge, "too_large"),
    ("values", Answer::TooManyValues, "malformed"),
    ("many", Answer::TooManyKeys, "too_many_keys"),
    ("reset", Answer::Reset, "reset"),
    ("closed", Answer::Closed, "reset"),
    ("compressed", Answer::Document("content-encoding: gzip\r\n"), "encoded"),
    ("silence", Answer::Silence, "timeout"),
];

/// A provider with its own issuer and its own path for the keys.
fn provider_named(name: &str) -> Value {
    let jwks = json!({ "uri": format!("https://issuer.example/{name}"), "refresh_interval": "1s", "timeout": "5s" });
    merged(provider(), json!({ "issuer": format!("https://{name}.example"), "jwks": jwks }))
}

fn valid_at(name: &str) -> Request {
    Request::get("/").bearer(Token::new().claim("iss", format!("https://{name}.example")).signed())
}

fn valid() -> Request {
    Request::get("/").bearer(Token::new().signed())
}

#[test]
fn the_last_good_keys_stay_in_use_through_every_kind_of_failure() {
    let issuer = Issuer::start();
    let mut providers = json!({});
    for (name, _, _) in &FAULTS {
        issuer.publish_at(&format!("/{name}"), Key::set(&Key::one_of_each()));
        providers[name] = provider_named(name);
    }
    let policy = json!({ "providers": providers, "default": "authenticated" });
    let gateway = Setup::new(&policy).workers(4).issuer(issuer).start();
    gateway.expect(FAULTS.iter().map(|(name, _, _)| (*name, valid_at(name), ALLOWED)));

    for (name, fault, _) in &FAULTS {
        gateway.issuer.answer_at(&format!("/{name}"), fault.clone());
    }
    for (name, _, class) in &FAULTS {
        let counter = format!("provider.{name}.jwks_fetch_failed.{class}");
        within(SEVERAL_FETCHES, &format!("two failures counted as {counter}"), || {
            (gateway.metric(&counter) >= 2).then_some(())
        });
    }
    for (name, status) in [("status", "500"), ("not-found", "404"), ("unavailable", "503"), ("redirect", "302")] {
        assert_eq!(lines_about(&gateway, name, &format!("`status` ({status} from ")), 1, "{name}");
    }
    for (name, _, class) in &FAULTS {
        for other in FetchFailure::ALL.map(FetchFailure::label).iter().filter(|other| *other != class) {
            assert_eq!(gateway.metric(&format!("provider.{name}.jwks_fetch_failed.{other}")), 0, "{name}: {other}");
        }
        assert_eq!(lines_about(&gateway, name, "could not be fetched"), 1, "{name}: one line at the first failure");
        let url = format!("`issuer.example/{name}`");
        assert_eq!(lines_about(&gateway, name, &url), 1, "{name}: the line names the URL");
    }
    gateway.expect(FAULTS.iter().map(|(name, _, _)| (*name, valid_at(name), ALLOWED)));

    for (name, _, _) in &FAULTS {
        gateway.issuer.answer_at(&format!("/{name}"), Answer::Document(""));
    }
    for (name, _, _) in &FAULTS {
        within(SEVERAL_FETCHES, &format!("{name} recovers"), || {
            (lines_about(&gateway, name, "can be fetched again") == 1).then_some(())
        });
    }
    gateway.expect(FAULTS.iter().map(|(name, _, _)| (*name, valid_at(name), ALLOWED)));
}

fn lines_about(gateway: &Gateway, provider: &str, text: &str) -> usize {
    let about = format!("provider `{provider}`");
    gateway.filter_log().iter().filter(|line| line.contains(&about) && line.contains(text)).count()
}

#[test]
fn a_failed_discovery_is_handled_like_a_failed_key_fetch() {
    let jwks =
        json!({ "uri": null, "discovery": true, "cluster": "issuer", "refresh_interval": "1s", "timeout": "2s" });
    let policy = with_provider(merged(provider(), json!({ "jwks": jwks })));
    let gateway = Setup::new(&policy).workers(4).start();
    gateway.expect([("before", valid(), ALLOWED)]);
    for path in [DISCOVERY, JWKS] {
        for (_, fault, class) in FAULTS.into_iter().filter(|(name, _, _)| ["status", "html", "reset"].contains(name)) {
            let failed = format!("provider.main.jwks_fetch_failed.{class}");
            let failures = gateway.metric(&failed);
            gateway.issuer.answer_at(path, fault);
            gateway.await_at_least(&failed, failures + 1);
            // All earlier successes are counted by now.
            let successes = gateway.metric("provider.main.jwks_fetch_success");
            gateway.expect([(format!("{path}: {class}"), valid(), ALLOWED)]);
            gateway.issuer.answer_at(path, Answer::Document(""));
            gateway.await_at_least("provider.main.jwks_fetch_success", successes + 1);
        }
    }
}

#[test]
fn fetches_recover_when_the_issuer_listens_again() {
    let policy = with_provider(merged(provider(), json!({ "jwks": { "refresh_interval": "1s" } })));
    let mut gateway = Setup::new(&policy).workers(4).start();
    gateway.expect([("before", valid(), ALLOWED)]);
    gateway.issuer.refuse();
    gateway.await_at_least("provider.main.jwks_fetch_failed.connect", 2);
    assert_eq!(lines_about(&gateway, "main", "`connect` (\"upstream connect error"), 1, "Envoy's own text");
    gateway.expect([("while connections are refused", valid(), ALLOWED)]);
    let before = gateway.metric("provider.main.jwks_fetch_success");
    gateway.issuer.listen();
    gateway.await_at_least("provider.main.jwks_fetch_success", before + 1);
    gateway.expect([("after", valid(), ALLOWED)]);
}

#[test]
fn keys_older_than_max_stale_are_not_used() {
    let jwks = json!({ "refresh_interval": "1s", "max_stale": "10s" });
    let gateway = Setup::new(&with_provider(merged(provider(), json!({ "jwks": jwks })))).workers(4).start();
    gateway.expect([("fresh", valid(), ALLOWED)]);
    gateway.issuer.answer(Answer::Status(500));
    gateway.await_at_least("provider.main.jwks_fetch_failed.status", 1);
    gateway.expect([("stale", valid(), ALLOWED)]);
    eventually("the keys are older than max_stale", || (gateway.send(&valid()).status == 503).then_some(()));
    let start = Instant::now();
    let reply = gateway.send(&valid());
    assert!(start.elapsed() < Duration::from_secs(4), "answered within the timeout: {:?}", start.elapsed());
    assert_eq!((reply.status, reply.header("retry-after").as_deref()), (503, Some("5")));
    gateway.expect([
        ("older than max_stale", valid(), (503, "keys_unavailable")),
        ("no token", Request::get("/"), (401, "token_missing")),
        ("malformed", Request::get("/").bearer("nonsense"), (401, "token_malformed")),
        ("public", Request::get("/public"), (200, "public")),
    ]);
    gateway.issuer.answer(Answer::Document(""));
    eventually("keys are fetched without a restart", || (gateway.send(&valid()).status == 200).then_some(()));
}

/// The outage is long enough for the back-off to exceed five seconds, if it did so without keys too.
#[test]
fn after_an_outage_without_keys_requests_are_allowed_within_five_seconds() {
    let expiring = json!({ "refresh_interval": "1s", "max_stale": "2s" });
    thread::scope(|scope| {
        for (label, has_keys, jwks) in [("no keys", false, json!({})), ("expired keys", true, expiring)] {
            scope.spawn(move || {
                let issuer = Issuer::start();
                issuer.answer(if has_keys { Answer::Document("") } else { Answer::Status(500) });
                let policy = with_provider(merged(provider(), json!({ "jwks": jwks })));
                let gateway = Setup::new(&policy).workers(4).issuer(issuer).start();
                if has_keys {
                    gateway.expect([("before", valid(), ALLOWED)]);
                    gateway.issuer.answer(Answer::Status(500));
                }
                gateway.await_at_least("provider.main.jwks_fetch_failed.status", 6);
                gateway.issuer.answer(Answer::Document(""));
                let start = Instant::now();
                eventually(label, || (gateway.send(&valid()).status == 200).then_some(()));
                println!("{label}: allowed after {:?}", start.elapsed());
                assert!(start.elapsed() < Duration::from_secs(5), "{label}: {:?}", start.elapsed());
            });
        }
    });
}

#[test]
fn failed_fetches_are_retried_with_backoff() {
    let policy = with_provider(merged(provider(), json!({ "jwks": { "refresh_interval": "1s", "timeout": "1s" } })));
    let issuer = Issuer::start();
    issuer.answer(Answer::Status(500));
    let start = Instant::now();
    let gateway = Setup::new(&policy).workers(4).issuer(issuer).start();
    within(SEVERAL_FETCHES, "four fetches", || (gateway.issuer.fetches() >= 4).then_some(()));
    // Backoff of 1 s, 2 s and 4 s, each shortened by at most a fifth.
    assert!(start.elapsed() > Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn providers_never_share_keys() {
    let issuer = Issuer::start();
    let (key_of_one, key_of_two) = (Key::of("ES256").named("same"), Key::other("ES256").named("same"));
    issuer.publish_at("/one", Key::set(std::slice::from_ref(&key_of_one)));
    issuer.publish_at("/two", Key::set(std::slice::from_ref(&key_of_two)));
    let policy = json!({
        "providers": { "one": provider_named("one"), "two": provider_named("two") },
        "default": "authenticated",
    });
    let gateway = Setup::new(&policy).workers(4).issuer(issuer).start();
    let token = |name: &str, key: &Key| {
        Request::get("/").bearer(Token::new().claim("iss", format!("https://{name}.example")).sign(key))
    };
    for _ in 0..4 {
        gateway.expect([
            ("issuer one, key one", token("one", &key_of_one), ALLOWED),
            ("issuer two, key two", token("two", &key_of_two), ALLOWED),
            ("issuer one, key two", token("one", &key_of_two), (401, "signature_invalid")),
            ("issuer two, key one", token("two", &key_of_one), (401, "signature_invalid")),
        ]);
    }
}

#[test]
fn two_providers_with_one_url_fetch_it_separately() {
    let second = merged(provider(), json!({ "issuer": "https://second.example" }));
    let policy = json!({ "providers": { "first": provider(), "second": second }, "default": "authenticated" });
    let gateway = Setup::new(&policy).workers(4).start();
    let of_second = Request::get("/").bearer(Token::new().claim("iss", "https://second.example").signed());
    gateway.expect([("first", valid(), ALLOWED), ("second", of_second, ALLOWED)]);
    assert_eq!(gateway.issuer.fetches_at(JWKS), 2);
}

#[test]
fn a_provider_that_is_down_does_not_delay_another() {
    let issuer = Issuer::start();
    for name in ["up", "down"] {
        issuer.publish_at(&format!("/{name}"), Key::set(&Key::one_of_each()));
    }
    issuer.answer_at("/down", Answer::Silence);
    let down = merged(provider_named("down"), json!({ "jwks": { "timeout": "20s" } }));
    let policy = json!({ "providers": { "up": provider_named("up"), "down": down }, "default": "authenticated" });
    let gateway = Setup::new(&policy).workers(4).issuer(issuer).start();
    let mut waiting: Vec<_> = (0..40).map(|_| gateway.connect()).collect();
    waiting.iter_mut().for_each(|connection| connection.send(&valid_at("down")).unwrap());
    gateway.await_active(40);
    let start = Instant::now();
    gateway.expect((0..40).map(|n| (n, valid_at("up"), ALLOWED)));
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    gateway.await_active(40);
}
