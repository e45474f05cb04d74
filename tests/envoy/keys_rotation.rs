//! Key rotation: new keys are accepted at once, withdrawn keys are refused, and no request waits for a refresh.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::issuer::JWKS;
use crate::harness::policy::merged;
use crate::harness::wait::within;
use crate::harness::{
    ALLOWED, Answer, Gateway, Issuer, Key, Reply, Request, Setup, Token, eventually, provider, with_provider,
};

fn with_jwks(jwks: Value) -> Value {
    with_provider(merged(provider(), json!({ "jwks": jwks })))
}

fn old() -> Key {
    Key::of("ES256").named("old")
}

fn new() -> Key {
    Key::of("EdDSA").named("new")
}

fn signed_by(key: &Key) -> Request {
    Request::get("/").bearer(Token::new().sign(key))
}

/// A gateway with four workers that has the old key.
fn gateway(jwks: Value) -> Gateway {
    let gateway = Setup::new(&with_jwks(jwks)).workers(4).issuer(Issuer::with_keys(&[old()])).start();
    gateway.expect([("the old key", signed_by(&old()), ALLOWED)]);
    gateway
}

#[test]
fn the_first_token_with_a_new_key_waits_for_one_fetch_and_passes() {
    let gateway = gateway(json!({}));
    gateway.issuer.publish(&[old(), new()]);
    gateway.expect([("the new key", signed_by(&new()), ALLOWED), ("the old key", signed_by(&old()), ALLOWED)]);
    assert_eq!(gateway.issuer.fetches(), 2);
    gateway.expect((0..20).map(|n| (n, signed_by(&new()), ALLOWED)));
    assert_eq!(gateway.issuer.fetches(), 2, "every worker has the new key");
}

#[test]
fn two_hundred_tokens_with_a_new_key_cause_one_fetch() {
    let gateway = gateway(json!({ "timeout": "60s" }));
    gateway.issuer.publish(&[old(), new()]);
    let hold = gateway.issuer.hold();
    let mut waiting: Vec<_> = (0..200).map(|_| gateway.connect()).collect();
    waiting.iter_mut().for_each(|connection| connection.send(&signed_by(&new())).unwrap());
    gateway.await_active(200);
    gateway.expect([("the old key does not wait", signed_by(&old()), ALLOWED)]);
    drop(hold);
    assert!(waiting.iter_mut().all(|connection| connection.reply().unwrap().status == 200));
    assert!((2..=3).contains(&gateway.issuer.fetches()), "{} fetches", gateway.issuer.fetches());
}

#[test]
fn fifty_tokens_with_an_unknown_key_cause_one_fetch_and_are_refused() {
    let gateway = gateway(json!({}));
    gateway.expect((0..50).map(|n| (n, signed_by(&new()), (401, "key_unknown"))));
    assert_eq!(gateway.issuer.fetches(), 2);
}

#[test]
fn a_new_key_during_an_outage_is_accepted_after_it() {
    let gateway = gateway(json!({}));
    gateway.issuer.publish(&[old(), new()]);
    gateway.issuer.answer(Answer::Status(500));
    let reply = gateway.send(&signed_by(&new()));
    assert!([401, 503].contains(&reply.status), "{}", reply.status);
    gateway.expect([("the old key still works", signed_by(&old()), ALLOWED)]);
    gateway.issuer.answer(Answer::Document(""));
    eventually("the new key is fetched without a restart", || {
        (gateway.send(&signed_by(&new())).status == 200).then_some(())
    });
}

#[test]
fn a_withdrawn_key_is_refused_after_the_next_refresh_for_cached_tokens_too() {
    let gateway = gateway(json!({ "refresh_interval": "1s" }));
    let (by_old, by_new) = (signed_by(&old()), signed_by(&new()));
    let mut connections: Vec<_> = (0..16).map(|_| gateway.connect()).collect();
    let mut all = |request: &Request, status: u16| {
        let replies: Vec<Reply> =
            connections.iter_mut().map(|connection| connection.round_trip(request).unwrap()).collect();
        replies.iter().all(|reply| reply.status == status)
    };
    assert!(all(&by_old, 200), "cached by every worker");
    gateway.issuer.publish(&[new()]);
    eventually("the old key is refused by every worker", || all(&by_old, 401).then_some(()));
    assert!(all(&by_new, 200));
    assert!(all(&by_old, 401));
}

#[test]
fn a_key_can_be_replaced_under_the_same_kid() {
    let gateway = gateway(json!({}));
    let replacement = Key::other("ES256").named("old");
    gateway.issuer.publish(std::slice::from_ref(&replacement));
    gateway.expect([
        ("the first token of the new key", signed_by(&replacement), ALLOWED),
        ("the old key", signed_by(&old()), (401, "signature_invalid")),
    ]);
    assert_eq!(gateway.issuer.fetches(), 2);
    gateway.expect((0..20).map(|n| (n, signed_by(&replacement), ALLOWED)));
    gateway.expect((0..20).map(|n| (n, signed_by(&old()), (401, "signature_invalid"))));
    assert_eq!(gateway.issuer.fetches(), 2, "the old tokens cause no fetch within the cool-down");
}

#[test]
fn a_key_without_kid_can_be_replaced() {
    let set = |key: &Key| {
        let mut jwk = key.jwk();
        jwk.as_object_mut().unwrap().remove("kid");
        json!({ "keys": [jwk] })
    };
    let without_kid = |key: &Key| Request::get("/").bearer(Token::new().header("kid", Value::Null).sign(key));
    let (old, new) = (Key::of("RS256"), Key::other("RS256"));
    let issuer = Issuer::start();
    issuer.publish_at(JWKS, set(&old));
    let gateway = Setup::new(&with_jwks(json!({}))).workers(4).issuer(issuer).start();
    gateway.expect([("the old key", without_kid(&old), ALLOWED)]);
    gateway.issuer.publish_at(JWKS, set(&new));
    gateway.expect([("the first token of the new key", without_kid(&new), ALLOWED)]);
    assert_eq!(gateway.issuer.fetches(), 2);
}

/// A token that comes a moment before its key is published is refused until the cool-down of ten seconds is over.
#[test]
fn a_key_that_is_published_late_is_found_after_the_cool_down() {
    std::thread::scope(|scope| {
        for workers in [1, 2, 8] {
            scope.spawn(move || {
                let issuer = Issuer::with_keys(&[old()]);
                let gateway = Setup::new(&with_jwks(json!({}))).workers(workers).issuer(issuer).start();
                gateway.expect([("the old key", signed_by(&old()), ALLOWED)]);
                let start = Instant::now();
                gateway.expect([("before its key", signed_by(&new()), (401, "key_unknown"))]);
                gateway.issuer.publish(&[old(), new()]);
                eventually("the key is found", || (gateway.send(&signed_by(&new())).status == 200).then_some(()));
                let waited = start.elapsed();
                println!("{workers} workers: the key was found after {waited:?}");
                assert!(waited > Duration::from_secs(9), "{workers} workers: {waited:?}");
                assert!(waited < Duration::from_secs(20), "{workers} workers: {waited:?}");
                assert_eq!(gateway.issuer.fetches(), 3, "{workers} workers");
            });
        }
    });
}

#[test]
fn no_request_waits_for_a_refresh() {
    let gateway = gateway(json!({ "refresh_interval": "1s", "timeout": "60s" }));
    let hold = gateway.issuer.hold();
    eventually("a refresh is in progress", || (hold.fetches() > 0).then_some(()));
    gateway.expect((0..40).map(|n| (n, signed_by(&old()), ALLOWED)));
    assert_eq!(hold.fetches(), 1, "one worker refreshes for all");
    drop(hold);
}

#[test]
fn max_age_delays_the_refresh_only_with_respect_cache_control() {
    let issuer = Issuer::with_keys(&[old()]);
    issuer.publish_at("/respected", Key::set(&[old()]));
    for path in [JWKS, "/respected"] {
        issuer.answer_at(path, Answer::Document("cache-control: public, max-age=3600\r\n"));
    }
    let plain = merged(provider(), json!({ "jwks": { "refresh_interval": "1s" } }));
    let respectful = json!({
        "issuer": "https://respected.example",
        "jwks": { "uri": "https://issuer.example/respected", "refresh_interval": "1s", "respect_cache_control": true },
    });
    let policy = json!({ "providers": { "plain": plain, "respectful": merged(provider(), respectful) } });
    let gateway = Setup::new(&policy).workers(4).issuer(issuer).start();
    within(Duration::from_secs(60), "five refreshes", || (gateway.issuer.fetches() > 5).then_some(()));
    assert_eq!(gateway.issuer.fetches_at("/respected"), 1);
}
