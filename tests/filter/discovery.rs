//! Keys that are found by discovery: which requests one fetch takes, and where they go.

use std::time::Duration;

use jwt_authorizer::filter::FetchResponse;
use jwt_authorizer_test_support::Key;
use serde_json::{Value, json};

use super::issuer::{ISSUERS, document, failure_with, key, policy, token};
use super::simulation::Simulation;

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

fn with_discovery(jwks: Value) -> Simulation {
    let mut jwks = jwks;
    jwks["discovery"] = json!(true);
    jwks["uri"] = json!(null);
    let mut policy = policy(&jwks);
    policy["providers"].as_object_mut().unwrap().remove("two");
    Simulation::new(2, &policy)
}

fn found(uri: &str) -> FetchResponse {
    document(&json!({ "issuer": ISSUERS[0], "jwks_uri": uri }))
}

fn keys() -> FetchResponse {
    document(&Key::set(&[key(0, "a")]))
}

fn targets(simulation: &Simulation) -> Vec<String> {
    simulation.process(|process| process.targets.clone())
}

#[test]
fn server_metadata_is_asked_for_if_there_is_no_openid_configuration() {
    let mut simulation = with_discovery(json!({}));
    let waiting = simulation.request(0, &token(0, "a"));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| failure_with(404));
    simulation.respond(|path| if path == OAUTH { found("https://one.example/found") } else { failure_with(404) });
    simulation.respond(|_| keys());
    assert_eq!(simulation.status(waiting), Some(200));
    let expected = [OPENID, OAUTH, "/found"].map(|path| format!("keys one.example{path}"));
    assert_eq!(targets(&simulation), expected);
}

#[test]
fn a_server_error_is_not_taken_for_a_missing_document() {
    let mut simulation = with_discovery(json!({}));
    let waiting = simulation.request(0, &token(0, "a"));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| failure_with(500));
    assert_eq!(simulation.status(waiting), Some(503));
    assert_eq!(simulation.fetches(OAUTH), 0);
}

#[test]
fn keys_on_another_host_are_asked_of_their_own_cluster() {
    let mut simulation = with_discovery(json!({ "jwks_uri_cluster": "apis" }));
    let waiting = simulation.request(0, &token(0, "a"));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| found("https://apis.example/found"));
    simulation.respond(|_| keys());
    assert_eq!(simulation.status(waiting), Some(200));
    assert_eq!(targets(&simulation), [format!("keys one.example{OPENID}"), "apis apis.example/found".to_owned()]);
}

#[test]
fn without_a_cluster_for_them_the_host_that_is_meant_is_told() {
    let mut simulation = with_discovery(json!({}));
    let waiting = simulation.request(0, &token(0, "a"));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| found("https://apis.example/found"));
    simulation.respond(|_| failure_with(404));
    assert_eq!(simulation.status(waiting), Some(503));
    simulation.advance(Duration::from_secs(1));
    assert_eq!(simulation.metric("provider.one.jwks_fetch_failed.host_mismatch"), 1);
}

#[test]
fn discovery_takes_two_fetches_and_one_timeout() {
    let mut jwks = json!({ "discovery": true, "timeout": "4s" });
    jwks["uri"] = json!(null);
    let mut simulation = Simulation::new(3, &policy(&jwks));
    let waiting = simulation.request(1, &token(0, "a"));
    simulation.advance(Duration::from_secs(3));
    assert_eq!(simulation.fetches(OPENID), 2, "one for each provider");
    let found = |issuer: &str| document(&json!({ "issuer": issuer, "jwks_uri": "https://elsewhere.example/found" }));
    let ids: Vec<u32> = simulation.fetching().into_iter().map(|(id, _)| id).collect();
    // Both providers request the same path; each accepts only a document with its own issuer.
    for id in ids {
        simulation.respond_to(id, found(ISSUERS[0]));
    }
    assert_eq!(simulation.fetches("/found"), 1);
    let left = simulation.process(|process| process.callouts[0].deadline - process.steady);
    assert!((900..=1100).contains(&left), "{left} ms are left for the second fetch");
    simulation.respond(|_| document(&Key::set(&[key(0, "a")])));
    assert_eq!(simulation.status(waiting), Some(200));
    assert_eq!(simulation.send(0, &token(1, "a")), Some(503));
}
