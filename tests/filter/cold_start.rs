//! Before the first keys: everybody waits for the one fetch, and is decided when it ends.

use std::time::Duration;

use jwt_authorizer_test_support::Key;
use serde_json::json;

use super::issuer::{ISSUERS, PATHS, document, failure, key, keys_named, policy, token, token_by};
use super::world::World;

#[test]
fn all_wait_for_one_fetch_and_all_are_decided() {
    let mut world = World::new(4, &policy(&json!({})));
    let (good, forged) = (token(0, "a"), token_by(0, &key(1, "a")));
    let waiting: Vec<u32> = (0..300).map(|n| world.request(n % 4, if n % 3 == 0 { &forged } else { &good })).collect();
    assert!(waiting.iter().all(|stream| world.status(*stream).is_none()));
    world.advance(Duration::from_millis(50));
    assert_eq!(PATHS.map(|path| world.fetches(path)), [1, 1], "one fetch for each provider");
    world.answer(|_| keys_named(0, &["a"]));
    for (n, stream) in waiting.iter().enumerate() {
        assert_eq!(world.status(*stream), Some(if n % 3 == 0 { 401 } else { 200 }), "{n}");
    }
    assert_eq!(world.fetches(PATHS[0]), 1);
    world.advance(Duration::from_secs(1));
    // However often a token was looked for, it counts once. Each worker misses the good one once, and the forged always.
    assert_eq!(["cache_hit", "cache_miss"].map(|name| world.metric(name)), [196, 104]);
}

#[test]
fn keys_are_fetched_before_anybody_asks() {
    let mut world = World::new(4, &policy(&json!({})));
    world.advance(Duration::from_millis(50));
    world.answer(|_| keys_named(0, &["a"]));
    for worker in 0..4 {
        assert_eq!(world.send(worker, &token(0, "a")), Some(200), "worker {worker}");
    }
    assert_eq!(world.fetches(PATHS[0]), 1);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.metric("provider.one.jwks_keys"), 1);
    assert_eq!(world.metric("provider.one.jwks_fetch_success"), 1);
    world.advance(Duration::from_secs(41));
    for gauge in ["jwks_age_seconds", "jwks_seconds_since_success"] {
        assert!((41..=42).contains(&world.metric(&format!("provider.one.{gauge}"))), "{gauge}");
    }
}

#[test]
fn who_waits_in_vain_is_told_in_time() {
    let mut world = World::new(2, &policy(&json!({ "timeout": "2s" })));
    let waiting = world.request(0, &token(0, "a"));
    world.advance(Duration::from_millis(1900));
    assert_eq!(world.status(waiting), None);
    world.advance(Duration::from_millis(200));
    assert_eq!(world.status(waiting), Some(503));
    assert_eq!(world.metric("provider.one.jwks_fetch_failed.timeout"), 0, "counted at the next tick");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.metric("provider.one.jwks_fetch_failed.timeout"), 1);
}

#[test]
fn without_keys_and_without_hope_nobody_waits() {
    let mut world = World::new(2, &policy(&json!({})));
    world.advance(Duration::from_millis(50));
    world.answer(|_| failure());
    assert_eq!(world.send(1, &token(0, "a")), Some(503));
    world.advance(Duration::from_secs(2));
    world.answer(|_| keys_named(0, &["a"]));
    assert_eq!(world.send(1, &token(0, "a")), Some(200), "recovery within one step of the back-off");
}

#[test]
fn a_cluster_that_is_not_there_is_a_failure_like_others() {
    let mut world = World::new(2, &policy(&json!({})));
    world.process(|process| process.cluster_is_gone = true);
    let waiting = world.request(0, &token(0, "a"));
    world.advance(Duration::from_millis(50));
    assert_eq!(world.status(waiting), Some(503));
    world.process(|process| process.cluster_is_gone = false);
    world.advance(Duration::from_secs(2));
    world.answer(|_| keys_named(0, &["a"]));
    assert_eq!(world.send(0, &token(0, "a")), Some(200));
}

#[test]
fn discovery_takes_two_fetches_and_one_timeout() {
    let mut jwks = json!({ "discovery": true, "timeout": "4s" });
    jwks["uri"] = json!(null);
    let mut world = World::new(3, &policy(&jwks));
    let waiting = world.request(1, &token(0, "a"));
    world.advance(Duration::from_secs(3));
    let asked = "/.well-known/openid-configuration";
    assert_eq!(world.fetches(asked), 2, "one for each provider");
    let found = |issuer: &str| document(&json!({ "issuer": issuer, "jwks_uri": "https://elsewhere.example/found" }));
    let ids: Vec<u32> = world.fetching().into_iter().map(|(id, _)| id).collect();
    // Both providers ask for the same path; each takes the document of its own issuer only.
    for id in ids {
        world.answer_one(id, found(ISSUERS[0]));
    }
    assert_eq!(world.fetches("/found"), 1);
    let left = world.process(|process| process.callouts[0].deadline - process.steady);
    assert!((900..=1100).contains(&left), "{left} ms are left for the second");
    world.answer(|_| document(&Key::set(&[key(0, "a")])));
    assert_eq!(world.status(waiting), Some(200));
    assert_eq!(world.send(0, &token(1, "a")), Some(503));
}
