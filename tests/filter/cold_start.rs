//! Before the first keys: all requests wait for one fetch, and are decided when it ends.

use std::time::Duration;

use serde_json::json;

use super::issuer::{PATHS, failure, key, keys_named, policy, token, token_by};
use super::simulation::Simulation;

#[test]
fn all_requests_wait_for_one_fetch_and_are_decided() {
    let mut simulation = Simulation::new(4, &policy(&json!({})));
    let (good, forged) = (token(0, "a"), token_by(0, &key(1, "a")));
    let waiting: Vec<u32> =
        (0..300).map(|n| simulation.request(n % 4, if n % 3 == 0 { &forged } else { &good })).collect();
    assert!(waiting.iter().all(|stream| simulation.status(*stream).is_none()));
    simulation.advance(Duration::from_millis(50));
    assert_eq!(PATHS.map(|path| simulation.fetches(path)), [1, 1], "one fetch for each provider");
    simulation.respond(|_| keys_named(0, &["a"]));
    for (n, stream) in waiting.iter().enumerate() {
        assert_eq!(simulation.status(*stream), Some(if n % 3 == 0 { 401 } else { 200 }), "{n}");
    }
    assert_eq!(simulation.fetches(PATHS[0]), 1);
    simulation.advance(Duration::from_secs(1));
    // Each request counts once, even if it was decided twice. The good token misses once in each worker, the forged one
    // always.
    assert_eq!(["cache_hit", "cache_miss"].map(|name| simulation.metric(name)), [196, 104]);
}

#[test]
fn keys_are_fetched_before_the_first_request() {
    let mut simulation = Simulation::new(4, &policy(&json!({})));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    for worker in 0..4 {
        assert_eq!(simulation.send(worker, &token(0, "a")), Some(200), "worker {worker}");
    }
    assert_eq!(simulation.fetches(PATHS[0]), 1);
    simulation.advance(Duration::from_secs(1));
    assert_eq!(simulation.metric("provider.one.jwks_keys"), 1);
    assert_eq!(simulation.metric("provider.one.jwks_fetch_success"), 1);
    simulation.advance(Duration::from_secs(41));
    for gauge in ["jwks_age_seconds", "jwks_seconds_since_success"] {
        assert!((41..=42).contains(&simulation.metric(&format!("provider.one.{gauge}"))), "{gauge}");
    }
}

#[test]
fn a_request_whose_keys_do_not_come_is_refused_at_its_deadline() {
    let mut simulation = Simulation::new(2, &policy(&json!({ "timeout": "2s" })));
    let waiting = simulation.request(0, &token(0, "a"));
    simulation.advance(Duration::from_millis(1900));
    assert_eq!(simulation.status(waiting), None);
    simulation.advance(Duration::from_millis(200));
    assert_eq!(simulation.status(waiting), Some(503));
    assert_eq!(simulation.metric("provider.one.jwks_fetch_failed.timeout"), 0, "counted at the next tick");
    simulation.advance(Duration::from_secs(1));
    assert_eq!(simulation.metric("provider.one.jwks_fetch_failed.timeout"), 1);
}

#[test]
fn no_request_waits_after_a_failed_fetch() {
    let mut simulation = Simulation::new(2, &policy(&json!({})));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| failure());
    assert_eq!(simulation.send(1, &token(0, "a")), Some(503));
    simulation.advance(Duration::from_secs(2));
    simulation.respond(|_| keys_named(0, &["a"]));
    assert_eq!(simulation.send(1, &token(0, "a")), Some(200), "fetched at the first retry");
}

#[test]
fn a_missing_cluster_is_a_failed_fetch() {
    let mut simulation = Simulation::new(2, &policy(&json!({})));
    simulation.process(|process| process.cluster_is_missing = true);
    let waiting = simulation.request(0, &token(0, "a"));
    simulation.advance(Duration::from_millis(50));
    assert_eq!(simulation.status(waiting), Some(503));
    simulation.process(|process| process.cluster_is_missing = false);
    simulation.advance(Duration::from_secs(2));
    simulation.respond(|_| keys_named(0, &["a"]));
    assert_eq!(simulation.send(0, &token(0, "a")), Some(200));
}
