//! A wall clock that is set while requests run: nothing panics, no expired token is accepted, and no keys are lost.

use std::time::Duration;

use serde_json::json;

use super::issuer::{PATHS, failure, keys_named, policy, token};
use super::simulation::{START, Simulation};

const DAY: i64 = 86_400_000;

fn with_keys(jwks: &serde_json::Value) -> Simulation {
    let simulation = Simulation::new(2, &policy(jwks));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    simulation
}

#[test]
fn a_clock_step_causes_no_fetch_and_refuses_no_valid_token() {
    let mut simulation = with_keys(&json!({}));
    for (label, step) in [("back a day", -DAY), ("forward a day", DAY), ("back a minute", -60_000)] {
        simulation.set_wall(START + step);
        let is_valid = simulation.wall() < START + 3_600_000 + 60_000;
        for worker in 0..2 {
            let expected = if is_valid { 200 } else { 401 };
            assert_eq!(simulation.send(worker, &token(0, "a")), Some(expected), "{label}, worker {worker}");
        }
        simulation.advance(Duration::from_secs(2));
    }
    assert_eq!(simulation.fetches(PATHS[0]), 1);
}

#[test]
fn a_token_is_accepted_until_exp_plus_skew_by_the_present_clock() {
    let mut simulation = with_keys(&json!({}));
    assert_eq!(simulation.send(0, &token(0, "a")), Some(200), "it is cached now");
    for (wall, expected) in [
        (START + 3_659_999, 200),
        (START + 3_660_000, 401),
        (START + DAY, 401),
        (START, 200),
        (START - DAY, 200),
        (START + 3_660_000, 401),
    ] {
        simulation.set_wall(wall);
        for worker in 0..2 {
            assert_eq!(simulation.send(worker, &token(0, "a")), Some(expected), "{}", wall - START);
        }
    }
}

#[test]
fn without_a_credible_clock_all_requests_are_refused() {
    let mut simulation = with_keys(&json!({}));
    let waiting = {
        let mut simulation = Simulation::new(1, &policy(&json!({})));
        let waiting = simulation.request(0, &token(0, "a"));
        simulation.set_wall(0);
        simulation.advance(Duration::from_millis(50));
        simulation.respond(|_| keys_named(0, &["a"]));
        simulation.status(waiting)
    };
    assert_eq!(waiting, Some(503), "a waiting request too");
    for wall in [0, 1_577_836_799_000, -1, i64::MIN, i64::MAX] {
        simulation.set_wall(wall);
        assert_eq!(simulation.send(0, &token(0, "a")), Some(503), "{wall}");
        simulation.tick(0);
    }
    simulation.set_wall(START);
    assert_eq!(simulation.send(0, &token(0, "a")), Some(200), "as soon as it is set");
}

#[test]
fn a_refresh_is_due_by_the_steady_clock() {
    let simulation = with_keys(&json!({ "refresh_interval": "100s" }));
    let start = simulation.steady();
    for step in [-DAY, DAY, -DAY, 1].into_iter().cycle() {
        simulation.set_wall(simulation.wall() + step);
        simulation.advance(Duration::from_secs(1));
        if simulation.fetches(PATHS[0]) > 1 {
            break;
        }
    }
    let waited = simulation.steady() - start;
    assert!((80_000..=91_000).contains(&waited), "{waited} ms");
}

#[test]
fn keys_expire_by_the_steady_clock() {
    let mut simulation = with_keys(&json!({ "refresh_interval": "10s", "max_stale": "60s" }));
    for step in [-DAY, 2 * DAY, -DAY, 60_000, -60_000] {
        simulation.set_wall(simulation.wall() + step);
        for _ in 0..10 {
            simulation.advance(Duration::from_secs(1));
            simulation.respond(|_| failure());
        }
    }
    simulation.set_wall(START);
    assert_eq!(simulation.send(0, &token(0, "a")), Some(200), "after 50 seconds");
    for _ in 0..10 {
        simulation.advance(Duration::from_secs(1));
        simulation.respond(|_| failure());
    }
    for wall in [START, START - DAY / 48, START + 3_000_000] {
        simulation.set_wall(wall);
        let stream = simulation.request(0, &token(0, "a"));
        simulation.advance(Duration::from_millis(5));
        simulation.respond(|_| failure());
        assert_eq!(simulation.status(stream), Some(503), "after 60 seconds, {}", wall - START);
    }
}

#[test]
fn a_clock_set_back_does_not_prolong_waiting() {
    let mut simulation = Simulation::new(1, &policy(&json!({ "timeout": "2s" })));
    let waiting = simulation.request(0, &token(0, "a"));
    simulation.set_wall(START - DAY);
    simulation.advance(Duration::from_millis(2100));
    assert_eq!(simulation.status(waiting), Some(503));
}
