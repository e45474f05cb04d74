//! Requests that wait for keys: how many, for how long, and what happens when their streams are closed.

use std::time::Duration;

use serde_json::json;

use super::issuer::{PATHS, keys_named, policy, token};
use super::simulation::Simulation;

#[test]
fn each_provider_has_its_own_limit() {
    let mut simulation = Simulation::new(1, &policy(&json!({})));
    let waiting: Vec<u32> = (0..1024).map(|_| simulation.request(0, &token(0, "a"))).collect();
    assert_eq!(simulation.send(0, &token(0, "a")), Some(503), "one too many");
    let of_other = simulation.request(0, &token(1, "a"));
    assert_eq!(simulation.status(of_other), None, "a token of another issuer may wait");
    simulation.advance(Duration::from_millis(10));
    simulation.respond(|path| keys_named(usize::from(path == PATHS[1]), &["a"]));
    assert!(waiting.iter().chain([&of_other]).all(|stream| simulation.status(*stream) == Some(200)));
}

#[test]
fn closed_streams_no_longer_count_or_get_a_decision() {
    let mut simulation = Simulation::new(2, &policy(&json!({})));
    let waiting: Vec<u32> = (0..1024).map(|_| simulation.request(0, &token(0, "a"))).collect();
    let (closed, open) = waiting.split_at(1000);
    closed.iter().for_each(|stream| simulation.close(*stream));
    let late = simulation.request(0, &token(0, "a"));
    assert_eq!(simulation.status(late), None);
    simulation.advance(Duration::from_millis(10));
    // The fake proxy panics at a decision about a closed stream.
    simulation.respond(|_| keys_named(0, &["a"]));
    assert!(open.iter().chain([&late]).all(|stream| simulation.status(*stream) == Some(200)));
}

#[test]
fn a_request_waits_no_longer_than_one_fetch_may_take() {
    let mut simulation = Simulation::new(2, &policy(&json!({ "timeout": "5s" })));
    simulation.advance(Duration::from_millis(50));
    simulation.process(|process| process.callouts.iter_mut().for_each(|one| one.deadline += 60_000));
    let waiting = simulation.request(0, &token(0, "a"));
    simulation.advance(Duration::from_millis(5100));
    assert_eq!(simulation.status(waiting), Some(503));
}

#[test]
fn tokens_with_a_known_key_do_not_wait_for_a_refresh() {
    let mut simulation = Simulation::new(2, &policy(&json!({ "refresh_interval": "10s" })));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    simulation.advance(Duration::from_secs(10));
    assert_eq!(simulation.fetching().len(), 2, "both providers are refreshed");
    assert_eq!(simulation.send(0, &token(0, "a")), Some(200));
    assert_eq!(simulation.send(1, &token(0, "a")), Some(200));
}
