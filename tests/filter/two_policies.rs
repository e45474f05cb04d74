//! Two policies in one process: each has its own log lines and metrics, and fetches keys by its own settings.

use std::time::Duration;

use serde_json::{Value, json};

use super::issuer::{PATHS, failure, keys_named, policy, token};
use super::log_lines;
use super::simulation::Simulation;

fn policy_named(name: Option<&str>, keys_path: &str) -> Value {
    let mut policy = policy(&json!({}));
    if let Some(name) = name {
        policy["name"] = name.into();
    }
    policy["providers"]["one"]["jwks"]["uri"] = format!("https://keys.example{keys_path}").into();
    policy
}

/// How many new lines say that a configuration was accepted: with this name, and without a name.
fn configured_lines(name: &str) -> [usize; 2] {
    let lines = log_lines::take();
    let configured: Vec<_> = lines.iter().filter(|line| line.contains(" rules, 2 providers")).collect();
    let named = configured.iter().filter(|line| line.contains(&format!("policy `{name}`"))).count();
    [named, configured.len() - named]
}

#[test]
fn each_policy_logs_one_line_when_it_is_configured() {
    log_lines::capture();
    let (named, unnamed) = (policy_named(Some("x"), PATHS[0]), policy_named(None, PATHS[0]));
    let simulation = Simulation::with_policies(&[&named, &unnamed, &named, &unnamed, &named, &unnamed]);
    assert_eq!(configured_lines("x"), [1, 1], "three workers each");
    simulation.advance(Duration::from_secs(61));
    for index in 0..6 {
        simulation.replace(index);
    }
    assert_eq!(configured_lines("x"), [1, 1], "configured again a minute later");
}

#[test]
fn a_name_separates_the_metrics_of_two_policies() {
    let (named, unnamed) = (policy_named(Some("x"), "/of-x"), policy_named(None, "/of-none"));
    let mut simulation = Simulation::with_policies(&[&named, &unnamed, &named, &unnamed]);
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|path| keys_named(0, if path == "/of-x" { &["a"] } else { &["a", "b"] }));
    assert_eq!(simulation.send(0, &token(0, "a")), Some(200));
    for worker in [1, 3] {
        assert_eq!(simulation.send(worker, &token(0, "b")), Some(200), "worker {worker}");
    }
    simulation.advance(Duration::from_secs(1));
    for (metric, of_named, of_unnamed) in [
        ("allowed", 1, 2),
        ("reason.allowed", 1, 2),
        ("rule.default.allowed", 1, 2),
        ("provider.one.allowed", 1, 2),
        ("provider.one.jwks_keys", 1, 2),
        ("provider.one.jwks_fetch_success", 1, 1),
    ] {
        assert_eq!(simulation.metric(&format!("policy.x.{metric}")), of_named, "{metric} of `x`");
        assert_eq!(simulation.metric(metric), of_unnamed, "{metric} without a name");
    }
}

/// A policy of one provider only, with these settings in `jwks`.
fn policy_with(jwks: &Value) -> Value {
    let mut policy = policy(jwks);
    policy["providers"].as_object_mut().expect("providers").remove("two");
    policy
}

#[test]
fn a_short_timeout_in_one_policy_does_not_shorten_the_wait_in_another() {
    let (short, long) = (policy_with(&json!({ "timeout": "300ms" })), policy_with(&json!({ "timeout": "5s" })));
    let mut simulation = Simulation::with_policies(&[&short, &long, &short, &long]);
    let waiting = [0, 1, 2, 3].map(|worker| simulation.request(worker, &token(0, "a")));
    simulation.advance(Duration::from_secs(2));
    assert_eq!(waiting.map(|stream| simulation.status(stream)), [Some(503), None, Some(503), None]);
    simulation.respond(|_| keys_named(0, &["a"]));
    assert_eq!(waiting.map(|stream| simulation.status(stream)), [Some(503), Some(200), Some(503), Some(200)]);
}

#[test]
fn each_policy_refreshes_at_its_own_interval() {
    let (rare, often) =
        (policy_with(&json!({ "refresh_interval": "1h" })), policy_with(&json!({ "refresh_interval": "1s" })));
    let fetches = |policies: &[&Value]| {
        let simulation = Simulation::with_policies(policies);
        for _ in 0..6000 {
            simulation.advance(Duration::from_millis(10));
            simulation.respond(|_| keys_named(0, &["a"]));
        }
        simulation.fetches(PATHS[0])
    };
    let alone = fetches(&[&often, &often]);
    let together = fetches(&[&rare, &often, &rare, &often]);
    assert!((alone..=alone + 10).contains(&together), "{together} fetches in a minute beside {alone} of one alone");
    assert_eq!(fetches(&[&rare, &rare]), 1);
}

/// The only way out of an outage that lasts longer than `max_stale`.
#[test]
fn other_settings_begin_with_the_keys_that_were_fetched_last() {
    let before = policy_with(&json!({ "refresh_interval": "10s", "max_stale": "60s" }));
    let after = policy_with(&json!({ "refresh_interval": "10s", "max_stale": "1h", "timeout": "1s" }));
    let mut simulation = Simulation::with_policies(&[&before, &before]);
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    for _ in 0..700 {
        simulation.advance(Duration::from_millis(100));
        simulation.respond(|_| failure());
    }
    let late = simulation.request(0, &token(0, "a"));
    simulation.advance(Duration::from_millis(5));
    simulation.respond(|_| failure());
    assert_eq!(simulation.status(late), Some(503), "the keys have expired");
    for worker in 0..2 {
        simulation.reconfigure(worker, &after);
        assert_eq!(simulation.send(worker, &token(0, "a")), Some(200), "worker {worker}");
    }
    let fetches = simulation.fetches(PATHS[0]);
    simulation.advance(Duration::from_millis(50));
    assert_eq!(simulation.fetches(PATHS[0]), fetches + 1, "a refresh is due");
}

#[test]
fn other_settings_cause_no_fetch_while_the_keys_are_fresh() {
    let (before, after) =
        (policy_with(&json!({ "refresh_interval": "1h" })), policy_with(&json!({ "refresh_interval": "30m" })));
    let mut simulation = Simulation::with_policies(&[&before, &before]);
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    simulation.advance(Duration::from_secs(600));
    for worker in 0..2 {
        simulation.reconfigure(worker, &after);
        assert_eq!(simulation.send(worker, &token(0, "a")), Some(200), "worker {worker}");
    }
    simulation.advance(Duration::from_secs(14 * 60 - 5));
    assert_eq!(simulation.fetches(PATHS[0]), 1);
    for _ in 0..4 * 60 {
        simulation.advance(Duration::from_secs(1));
        simulation.respond(|_| keys_named(0, &["a"]));
    }
    assert_eq!(simulation.fetches(PATHS[0]), 2, "80 to 90 % of half an hour after the fetch");
}
