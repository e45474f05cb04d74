//! Tokens whose `kid` is not in the set: the key is new, or invented.

use std::time::Duration;

use jwt_authorizer::filter::FetchResponse;
use jwt_authorizer_test_support::{Key, Token};
use serde_json::json;

use super::issuer::{ISSUER, PATHS, document, failure, key, keys_named, policy, token, token_by};
use super::simulation::Simulation;

fn with_key_a() -> Simulation {
    with_key_a_on(4)
}

fn with_key_a_on(workers: usize) -> Simulation {
    let simulation = Simulation::new(workers, &policy(&json!({ "timeout": "5s" })));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    simulation.advance(Duration::from_secs(20));
    simulation
}

fn old_and_new(path: &str) -> FetchResponse {
    keys_named(usize::from(path == PATHS[1]), &["a", "new"])
}

#[test]
fn two_hundred_requests_wait_for_one_fetch_and_are_allowed() {
    let mut simulation = with_key_a();
    let waiting: Vec<u32> = (0..200).map(|n| simulation.request(n % 4, &token(0, "new"))).collect();
    simulation.advance(Duration::from_millis(5));
    assert_eq!(simulation.send(0, &token(0, "a")), Some(200), "known keys do not wait");
    simulation.respond(old_and_new);
    assert!(waiting.iter().all(|stream| simulation.status(*stream) == Some(200)));
    assert_eq!(simulation.fetches(PATHS[0]), 2);
}

/// Four workers that have the key `a`, of which one has begun to fetch again.
pub(crate) fn with_a_refresh_in_flight() -> Simulation {
    let simulation = Simulation::new(4, &policy(&json!({ "refresh_interval": "30s" })));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    simulation.advance(Duration::from_secs(28));
    assert_eq!(simulation.fetches(PATHS[0]), 2, "a refresh is in flight");
    simulation
}

#[test]
fn requests_that_join_an_earlier_fetch_get_one_more() {
    let mut simulation = with_a_refresh_in_flight();
    // The issuer built its response before it published the new key.
    let waiting: Vec<u32> = (0..8).map(|n| simulation.request(n % 4, &token(0, "new"))).collect();
    simulation.respond(|_| keys_named(0, &["a"]));
    assert!(
        waiting.iter().all(|stream| simulation.status(*stream).is_none()),
        "the response may be older than the key"
    );
    simulation.advance(Duration::from_millis(5));
    simulation.respond(old_and_new);
    assert!(waiting.iter().all(|stream| simulation.status(*stream) == Some(200)));
    assert_eq!(simulation.fetches(PATHS[0]), 3);
}

#[test]
fn a_fetch_decides_both_new_and_invented_keys() {
    let mut simulation = with_key_a();
    let (new, invented) = (simulation.request(0, &token(0, "new")), simulation.request(1, &token(0, "invented")));
    simulation.advance(Duration::from_millis(5));
    simulation.respond(old_and_new);
    assert_eq!((simulation.status(new), simulation.status(invented)), (Some(200), Some(401)));
}

#[test]
fn invented_keys_cause_one_fetch_in_ten_seconds() {
    let mut simulation = with_key_a();
    let before = simulation.fetches(PATHS[0]);
    for n in 0..600 {
        let stream = simulation.request(n % 4, &token_by(0, &key(1, &format!("invented-{n}"))));
        simulation.advance(Duration::from_millis(100));
        simulation.respond(|_| keys_named(0, &["a"]));
        assert_eq!(simulation.status(stream), Some(401), "{n}");
        assert_eq!(simulation.send(n % 4, &token(0, "a")), Some(200), "{n}");
    }
    let fetches = simulation.fetches(PATHS[0]) - before;
    assert!((6..=7).contains(&fetches), "{fetches} fetches in a minute");
}

#[test]
fn failures_do_not_shorten_the_cool_down() {
    let mut simulation = with_key_a();
    let mut demanded = Vec::new();
    for n in 0..40 {
        let before = simulation.fetches(PATHS[0]);
        simulation.request(n % 4, &token_by(0, &key(1, "invented")));
        simulation
            .process(|process| process.workers.iter_mut().for_each(|worker| worker.next_tick = process.steady + 1));
        simulation.advance(Duration::from_millis(1));
        if simulation.fetches(PATHS[0]) > before {
            demanded.push(simulation.steady());
        }
        simulation.respond(|_| failure());
        simulation.advance(Duration::from_millis(499));
    }
    // Retries of the back-off are among them; only these may come sooner.
    let retries = [1, 2, 4, 8, 16].len();
    assert!(demanded.len() <= 2 + retries, "{} fetches in 20 seconds", demanded.len());
}

#[test]
fn a_key_is_not_unknown_while_fetches_fail() {
    let mut simulation = with_key_a();
    let waiting = simulation.request(0, &token(0, "new"));
    simulation.advance(Duration::from_millis(5));
    simulation.respond(|_| failure());
    assert_eq!(simulation.status(waiting), Some(503));
    assert_eq!(simulation.send(1, &token(0, "new")), Some(503), "during the cool-down too");
    assert_eq!(simulation.send(1, &token(0, "a")), Some(200));
    simulation.advance(Duration::from_secs(2));
    simulation.respond(old_and_new);
    assert_eq!(simulation.send(1, &token(0, "new")), Some(200), "the retry brought it");
}

#[test]
fn a_worker_that_traps_during_a_fetch_makes_no_key_unknown() {
    let mut simulation = with_key_a();
    let lost = simulation.request(0, &token(0, "new"));
    simulation.advance(Duration::from_millis(5));
    let waiting = simulation.request(1, &token(0, "new"));
    simulation.trap(0);
    assert!(simulation.process(|process| !process.streams.contains_key(&lost)));
    simulation.advance(Duration::from_secs(6));
    assert_eq!(simulation.status(waiting), Some(503), "the issuer has not responded");
    simulation.advance(Duration::from_secs(5));
    let again = simulation.request(1, &token(0, "new"));
    simulation.advance(Duration::from_millis(5));
    simulation.respond(old_and_new);
    assert_eq!(simulation.status(again), Some(200));
}

/// A token that comes before its key is published is refused until the cool-down is over, on any number of workers.
#[test]
fn a_key_that_is_published_late_is_found_after_the_cool_down() {
    for workers in [1, 2, 8] {
        let mut simulation = with_key_a_on(workers);
        let early = simulation.request(0, &token(0, "late"));
        simulation.advance(Duration::from_millis(5));
        let start = simulation.steady();
        simulation.respond(|_| keys_named(0, &["a"]));
        assert_eq!(simulation.status(early), Some(401), "{workers} workers");
        let fetches = simulation.fetches(PATHS[0]);
        let mut worker = 0;
        let found = loop {
            simulation.advance(Duration::from_millis(100));
            worker = (worker + 1) % workers;
            let stream = simulation.request(worker, &token(0, "late"));
            simulation.advance(Duration::from_millis(2));
            simulation.respond(|_| keys_named(0, &["a", "late"]));
            if simulation.status(stream) == Some(200) {
                break simulation.steady() - start;
            }
        };
        assert!((9_800..=10_200).contains(&found), "{workers} workers: found after {found} ms");
        assert_eq!(simulation.fetches(PATHS[0]), fetches + 1, "{workers} workers");
        for worker in 0..workers {
            assert_eq!(simulation.send(worker, &token(0, "late")), Some(200), "worker {worker} of {workers}");
        }
    }
}

/// The issuer is slow, and the cool-down is over before its response comes: what that fetch did not bring, the issuer
/// does not have.
#[test]
fn a_request_waits_for_one_fetch_only_that_began_after_it() {
    let mut simulation = Simulation::new(2, &policy(&json!({ "timeout": "60s", "refresh_interval": "1h" })));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    simulation.advance(Duration::from_secs(20));
    let waiting = simulation.request(0, &token(0, "invented"));
    simulation.advance(Duration::from_secs(20));
    assert_eq!(simulation.status(waiting), None);
    simulation.respond(|_| keys_named(0, &["a"]));
    assert_eq!(simulation.status(waiting), Some(401));
    assert_eq!(simulation.fetches(PATHS[0]), 2);
}

#[test]
fn two_missing_keys_are_refused_by_one_fetch() {
    let mut simulation = with_key_a();
    let waiting = ["one", "other"].map(|name| simulation.request(0, &token(0, name)));
    simulation.advance(Duration::from_millis(5));
    simulation.respond(|_| keys_named(0, &["a"]));
    assert_eq!(waiting.map(|stream| simulation.status(stream)), [Some(401); 2]);
    for name in ["one", "other", "one", "third"] {
        assert_eq!(simulation.send(0, &token(0, name)), Some(401), "{name}");
    }
    simulation.advance(Duration::from_millis(1500));
    assert_eq!(simulation.fetches(PATHS[0]), 2);
}

#[test]
fn a_token_without_kid_waits_for_a_key_of_its_algorithm() {
    let mut simulation = with_key_a();
    let without_kid = |key: &Key| {
        let token = Token::new().claim("iss", ISSUER).claim("iat", 1_900_000_000).claim("exp", 1_900_003_600);
        token.header("kid", serde_json::Value::Null).sign(key)
    };
    assert_eq!(simulation.send(0, &without_kid(&key(0, "a"))), Some(200));
    let other = Key::of("ES256").named("b");
    let waiting = simulation.request(0, &without_kid(&other));
    simulation.advance(Duration::from_millis(5));
    simulation.respond(|_| document(&Key::set(&[key(0, "a"), other.clone()])));
    assert_eq!(simulation.status(waiting), Some(200));
}

#[test]
fn a_worker_that_has_just_loaded_the_keys_fetches_a_new_one() {
    let mut simulation = Simulation::new(2, &policy(&json!({})));
    simulation.process(|process| process.shared.retain(|name, _| !name.ends_with("/queues")));
    simulation.tick(0);
    simulation.respond(|_| keys_named(0, &["a"]));
    let waiting = simulation.request(1, &token(0, "new"));
    assert_eq!(simulation.status(waiting), None, "the loaded set does not have it, and the issuer may");
    simulation.tick(1);
    simulation.respond(old_and_new);
    assert_eq!(simulation.status(waiting), Some(200));
    assert_eq!(simulation.fetches(PATHS[0]), 2);
}

#[test]
fn a_set_in_another_order_is_unchanged() {
    let simulation = Simulation::new(2, &policy(&json!({ "refresh_interval": "10s" })));
    let mut flip = false;
    for _ in 0..5 {
        simulation.advance(Duration::from_secs(10));
        flip = !flip;
        simulation.respond(|_| keys_named(0, if flip { &["a", "b"] } else { &["b", "a"] }));
    }
    simulation.advance(Duration::from_secs(1));
    assert!(simulation.metric("provider.one.jwks_age_seconds") >= 40, "the set has not changed since the first fetch");
    assert!(simulation.metric("provider.one.jwks_seconds_since_success") <= 2);
}
