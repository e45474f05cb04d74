//! Keys that the issuer replaces under the same `kid`, or without any `kid`: a token of the new key has a signature that
//! the known key does not verify.

use std::time::Duration;

use jwt_authorizer::filter::FetchResponse;
use jwt_authorizer_test_support::{Key, Token};
use serde_json::{Value, json};

use super::issuer::{ISSUER, PATHS, document, failure, key, keys_named, policy, token, token_by};
use super::simulation::Simulation;
use super::unknown_keys::with_a_refresh_in_flight;

/// Four workers that have the key of the first issuer.
fn with_old_key() -> Simulation {
    let simulation = Simulation::new(4, &policy(&json!({ "timeout": "5s" })));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    simulation.advance(Duration::from_secs(20));
    simulation
}

/// The new key has the same `kid`.
fn replaced() -> FetchResponse {
    document(&Key::set(&[key(1, "a")]))
}

fn by_new_key() -> String {
    token_by(0, &key(1, "a"))
}

#[test]
fn requests_with_a_replaced_key_wait_for_one_fetch_and_pass() {
    let mut simulation = with_old_key();
    let waiting: Vec<u32> = (0..200).map(|n| simulation.request(n % 4, &by_new_key())).collect();
    simulation.advance(Duration::from_millis(5));
    assert_eq!(simulation.send(0, &token(0, "a")), Some(200), "the known key does not wait");
    simulation.respond(|_| replaced());
    assert!(waiting.iter().all(|stream| simulation.status(*stream) == Some(200)));
    assert_eq!(simulation.fetches(PATHS[0]), 2);
    for worker in 0..4 {
        assert_eq!(simulation.send(worker, &by_new_key()), Some(200), "worker {worker}");
        assert_eq!(simulation.send(worker, &token(0, "a")), Some(401), "worker {worker}: the old key is gone");
    }
}

#[test]
fn a_key_without_kid_can_be_replaced() {
    let without_kid = |key: &Key| {
        let token = Token::new().claim("iss", ISSUER).claim("iat", 1_900_000_000).claim("exp", 1_900_003_600);
        token.header("kid", Value::Null).sign(key)
    };
    let set = |key: &Key| {
        let mut jwk = key.jwk();
        jwk.as_object_mut().unwrap().remove("kid");
        document(&json!({ "keys": [jwk] }))
    };
    let (old, new) = (key(0, "a"), key(1, "a"));
    let mut simulation = Simulation::new(2, &policy(&json!({})));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| set(&old));
    simulation.advance(Duration::from_secs(20));
    assert_eq!(simulation.send(0, &without_kid(&old)), Some(200));
    let waiting = simulation.request(1, &without_kid(&new));
    simulation.advance(Duration::from_millis(5));
    simulation.respond(|_| set(&new));
    assert_eq!(simulation.status(waiting), Some(200));
}

#[test]
fn a_key_can_be_replaced_by_one_of_another_type() {
    let mut simulation = with_old_key();
    let new = Key::of("ES256").named("a");
    let waiting = simulation.request(0, &token_by(0, &new));
    simulation.advance(Duration::from_millis(5));
    simulation.respond(|_| document(&Key::set(std::slice::from_ref(&new))));
    assert_eq!(simulation.status(waiting), Some(200));
}

#[test]
fn bad_signatures_cause_one_fetch_in_ten_seconds_and_delay_nobody() {
    let mut simulation = with_old_key();
    let before = simulation.fetches(PATHS[0]);
    for n in 0..600 {
        let stream = simulation.request(n % 4, &by_new_key());
        assert_eq!(simulation.send(n % 4, &token(0, "a")), Some(200), "{n}");
        simulation.advance(Duration::from_millis(100));
        assert_eq!(simulation.send((n + 1) % 4, &token(0, "a")), Some(200), "{n}");
        simulation.respond(|_| keys_named(0, &["a"]));
        assert_eq!(simulation.status(stream), Some(401), "{n}");
    }
    let fetches = simulation.fetches(PATHS[0]) - before;
    assert!((6..=7).contains(&fetches), "{fetches} fetches in a minute");
}

#[test]
fn bad_signatures_and_unknown_keys_share_the_cool_down() {
    for forged_first in [true, false] {
        let mut simulation = with_old_key();
        let before = simulation.fetches(PATHS[0]);
        let tokens = [by_new_key(), token(0, "invented")];
        let (first, second) = if forged_first { (0, 1) } else { (1, 0) };
        let waiting = simulation.request(0, &tokens[first]);
        simulation.advance(Duration::from_millis(5));
        simulation.respond(|_| keys_named(0, &["a"]));
        assert_eq!(simulation.status(waiting), Some(401));
        simulation.advance(Duration::from_secs(9));
        for worker in 0..4 {
            assert_eq!(simulation.send(worker, &tokens[second]), Some(401), "worker {worker} does not wait");
        }
        assert_eq!(simulation.fetches(PATHS[0]), before + 1);
    }
}

#[test]
fn a_signature_is_not_tried_twice_with_the_same_keys() {
    let mut simulation = with_old_key();
    let waiting: Vec<u32> = (0..50).map(|_| simulation.request(0, &by_new_key())).collect();
    simulation.advance(Duration::from_millis(5));
    let before = simulation.process(|process| process.verified);
    simulation.respond(|_| keys_named(0, &["a"]));
    assert!(waiting.iter().all(|stream| simulation.status(*stream) == Some(401)));
    assert_eq!(simulation.process(|process| process.verified), before);
}

/// Nearly all such tokens are forged, and 503 would report an outage for each of them.
#[test]
fn a_bad_signature_is_refused_with_401_while_fetches_fail() {
    let mut simulation = with_old_key();
    let waiting = simulation.request(0, &by_new_key());
    simulation.advance(Duration::from_millis(5));
    simulation.respond(|_| failure());
    assert_eq!(simulation.status(waiting), Some(401));
    assert_eq!(simulation.send(1, &by_new_key()), Some(401));
    simulation.advance(Duration::from_secs(1));
    assert_eq!(simulation.metric("reason.signature_invalid"), 2);
}

#[test]
fn a_replaced_key_is_found_by_one_more_fetch_if_the_first_was_too_early() {
    let mut simulation = with_a_refresh_in_flight();
    let waiting: Vec<u32> = (0..8).map(|n| simulation.request(n % 4, &by_new_key())).collect();
    simulation.respond(|_| keys_named(0, &["a"]));
    assert!(waiting.iter().all(|stream| simulation.status(*stream).is_none()));
    simulation.advance(Duration::from_millis(5));
    simulation.respond(|_| replaced());
    assert!(waiting.iter().all(|stream| simulation.status(*stream) == Some(200)));
    assert_eq!(simulation.fetches(PATHS[0]), 3);
}
