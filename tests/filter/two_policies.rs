//! Two policies in one process: each has its own log lines and metrics.

use std::cell::RefCell;
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};
use serde_json::{Value, json};

use super::issuer::{PATHS, keys_named, policy, token};
use super::simulation::Simulation;

thread_local! {
    /// Of one test: each test runs in its own thread, and the logger is one for all.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the lines that a test logs at info level.
struct Capture;

impl Log for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        LINES.with_borrow_mut(|lines| lines.push(record.args().to_string()));
    }

    fn flush(&self) {}
}

fn policy_named(name: Option<&str>, keys_path: &str) -> Value {
    let mut policy = policy(&json!({}));
    if let Some(name) = name {
        policy["name"] = name.into();
    }
    policy["providers"]["one"]["jwks"]["uri"] = format!("https://keys.example{keys_path}").into();
    policy
}

/// How many lines say that a configuration was accepted: with this name, and without a name.
fn configured_lines(name: &str) -> [usize; 2] {
    LINES.with_borrow(|lines| {
        let configured: Vec<_> = lines.iter().filter(|line| line.contains(" rules, 2 providers")).collect();
        let named = configured.iter().filter(|line| line.contains(&format!("policy `{name}`"))).count();
        [named, configured.len() - named]
    })
}

#[test]
fn each_policy_logs_one_line_when_it_is_configured() {
    log::set_logger(&Capture).expect("no other test sets a logger");
    log::set_max_level(LevelFilter::Info);
    let (named, unnamed) = (policy_named(Some("x"), PATHS[0]), policy_named(None, PATHS[0]));
    let simulation = Simulation::with_policies(&[&named, &unnamed, &named, &unnamed, &named, &unnamed]);
    assert_eq!(configured_lines("x"), [1, 1], "three workers each");
    simulation.advance(Duration::from_secs(61));
    for index in 0..6 {
        simulation.replace(index);
    }
    assert_eq!(configured_lines("x"), [2, 2], "configured again a minute later");
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
