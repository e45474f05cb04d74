//! The end of an outage in which no keys could be used: requests are allowed again within seconds.

use std::time::Duration;

use serde_json::json;

use super::issuer::{PATHS, failure, keys_named, policy, token};
use super::simulation::Simulation;

/// No keys since the start, and an issuer that fails for five minutes.
fn without_keys() -> Simulation {
    let simulation = Simulation::new(2, &policy(&json!({})));
    fail_for(&simulation, 300);
    simulation
}

/// Keys that expired in an outage.
fn with_expired_keys() -> Simulation {
    let simulation = Simulation::new(2, &policy(&json!({ "refresh_interval": "30s", "max_stale": "200s" })));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    fail_for(&simulation, 201);
    simulation
}

fn fail_for(simulation: &Simulation, secs: u32) {
    for _ in 0..secs * 10 {
        simulation.advance(Duration::from_millis(100));
        simulation.respond(|_| failure());
    }
}

#[test]
fn without_requests_the_keys_are_fetched_within_five_seconds() {
    for (label, mut simulation) in [("no keys", without_keys()), ("expired keys", with_expired_keys())] {
        let failed = simulation.fetches(PATHS[0]);
        let start = simulation.steady();
        while simulation.fetches(PATHS[0]) == failed {
            simulation.advance(Duration::from_millis(50));
        }
        let waited = simulation.steady() - start;
        assert!(waited <= 5000, "{label}: the next attempt came after {waited} ms");
        simulation.respond(|_| keys_named(0, &["a"]));
        assert_eq!(simulation.send(0, &token(0, "a")), Some(200), "{label}");
    }
}

#[test]
fn attempts_without_keys_are_few() {
    let simulation = without_keys();
    let fetches = simulation.fetches(PATHS[0]);
    assert!((60..=100).contains(&fetches), "{fetches} attempts in five minutes");
}

#[test]
fn a_request_without_keys_causes_an_attempt_two_seconds_after_the_last() {
    for (label, mut simulation) in [("no keys", without_keys()), ("expired keys", with_expired_keys())] {
        // Right after an attempt has failed.
        let failed = simulation.fetches(PATHS[0]);
        while simulation.fetches(PATHS[0]) == failed {
            simulation.advance(Duration::from_millis(10));
        }
        simulation.respond(|_| failure());
        let failed = simulation.fetches(PATHS[0]);
        assert_eq!(simulation.send(0, &token(0, "a")), Some(503), "{label}: at once");
        simulation.advance(Duration::from_millis(1900));
        assert_eq!(simulation.send(1, &token(0, "a")), Some(503), "{label}: after 1.9 s");
        simulation.advance(Duration::from_millis(150));
        let waiting: Vec<u32> = (0..20).map(|n| simulation.request(n % 2, &token(0, "a"))).collect();
        simulation.advance(Duration::from_millis(5));
        assert_eq!(simulation.fetches(PATHS[0]), failed + 1, "{label}: one attempt for all");
        simulation.respond(|_| keys_named(0, &["a"]));
        assert!(waiting.iter().all(|stream| simulation.status(*stream) == Some(200)), "{label}");
    }
}

#[test]
fn many_requests_without_keys_cause_an_attempt_every_two_seconds() {
    let mut simulation = without_keys();
    let before = simulation.fetches(PATHS[0]);
    for n in 0..6000 {
        simulation.request(n % 2, &token(0, "a"));
        simulation.advance(Duration::from_millis(10));
        simulation.respond(|_| failure());
    }
    let fetches = simulation.fetches(PATHS[0]) - before;
    assert!((28..=31).contains(&fetches), "{fetches} attempts in a minute");
}

#[test]
fn while_keys_can_be_used_requests_cause_no_attempt() {
    let mut simulation = Simulation::new(2, &policy(&json!({ "refresh_interval": "30s" })));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    fail_for(&simulation, 300);
    let before = simulation.fetches(PATHS[0]);
    for _ in 0..300 {
        assert_eq!(simulation.send(0, &token(0, "a")), Some(200));
        simulation.advance(Duration::from_millis(100));
        simulation.respond(|_| failure());
    }
    assert!(simulation.fetches(PATHS[0]) - before <= 1, "the back-off is a minute by now");
}
