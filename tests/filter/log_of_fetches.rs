//! The log line of a failed fetch names what an operator needs: status, URL, both issuers, or the missing cluster.

use std::time::Duration;

use jwt_authorizer::filter::FetchResponse;
use serde_json::{Value, json};

use super::issuer::{document, failure_with, keys_named, policy};
use super::log_lines;
use super::simulation::Simulation;

fn start(jwks: &Value) -> Simulation {
    log_lines::capture();
    let mut policy = policy(jwks);
    policy["providers"].as_object_mut().unwrap().remove("two");
    let simulation = Simulation::new(2, &policy);
    log_lines::take();
    simulation
}

/// The lines after this response to the first request.
fn lines_after(jwks: &Value, response: impl Fn(&str) -> FetchResponse) -> Vec<String> {
    let simulation = start(jwks);
    simulation.advance(Duration::from_millis(50));
    simulation.respond(response);
    log_lines::take()
}

fn failed(detail: &str) -> String {
    format!("provider `one`: keys could not be fetched from cluster `keys`: {detail}; no keys to serve, retrying")
}

#[test]
fn a_failed_fetch_names_status_and_url() {
    for (response, detail) in [
        (failure_with(404), "`status` (404 from `keys.example/one`)"),
        (document(&json!([])), "`malformed` (from `keys.example/one`)"),
        (
            FetchResponse { content_encoding: Some("gzip".to_owned()), ..keys_named(0, &["a"]) },
            "`encoded` (`content-encoding: gzip` from `keys.example/one`)",
        ),
        (
            FetchResponse { body: Some(b"no healthy upstream".to_vec()), ..failure_with(503) },
            r#"`connect` ("no healthy upstream" from `keys.example/one`)"#,
        ),
    ] {
        let body = response.body.clone();
        let respond = |_: &str| FetchResponse {
            status: response.status,
            cache_control: None,
            content_encoding: response.content_encoding.clone(),
            body: body.clone(),
        };
        assert_eq!(lines_after(&json!({}), respond), [failed(detail)]);
    }
}

#[test]
fn another_issuer_is_named_beside_the_one_that_was_expected() {
    let discovery = json!({ "discovery": true, "uri": null });
    let document =
        |_: &str| document(&json!({ "issuer": "https://one.example/", "jwks_uri": "https://one.example/k" }));
    let detail = "`issuer_mismatch` (the issuer `https://one.example/` instead of `https://one.example` from `one.example/.well-known/openid-configuration`)";
    assert_eq!(lines_after(&discovery, document), [failed(detail)]);
}

#[test]
fn a_cluster_that_does_not_exist_is_told_apart() {
    let simulation = start(&json!({}));
    simulation.process(|process| process.cluster_is_missing = true);
    simulation.advance(Duration::from_millis(50));
    assert_eq!(log_lines::take(), [failed("`cluster_unknown` (Envoy has no cluster of this name)")]);
    simulation.advance(Duration::from_secs(1));
    assert!(simulation.metric("provider.one.jwks_fetch_failed.cluster_unknown") > 0);
    assert_eq!(simulation.metric("provider.one.jwks_fetch_failed.connect"), 0);
}

#[test]
fn values_of_a_response_are_cut_and_stay_in_one_line() {
    let discovery = json!({ "discovery": true, "uri": null });
    let issuer = format!("https://one.example/\n{}", "\u{1}".repeat(10_000));
    let lines = lines_after(&discovery, |_| document(&json!({ "issuer": issuer, "jwks_uri": "https://a/k" })));
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(line.len() < 700 && !line.chars().any(char::is_control), "{line}");
}
