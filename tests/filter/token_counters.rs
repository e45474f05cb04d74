//! What is counted about verified tokens: their audience and client, and identity headers that cannot be written.

use std::time::Duration;

use jwt_authorizer_test_support::token::Token;
use serde_json::{Value, json};

use super::issuer::{ISSUER, key, keys_named, policy};
use super::simulation::{START, Simulation};

fn with_provider(fields: &Value) -> Simulation {
    let mut policy = policy(&json!({}));
    for (name, value) in fields.as_object().expect("fields") {
        policy["providers"]["one"][name] = value.clone();
    }
    policy["rules"] = json!([{ "route": "GET /", "require": { "claim": "forbidden", "exists": false } }]);
    let simulation = Simulation::new(1, &policy);
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    simulation
}

fn token(claims: Value) -> String {
    let token = Token::new().without("iat").claim("iss", ISSUER).claim("exp", START / 1000 + 3600);
    let claims = claims.as_object().expect("claims").clone();
    claims.into_iter().fold(token, |token, (name, value)| token.claim(&name, value)).sign(&key(0, "a"))
}

#[test]
fn requests_are_counted_by_the_audience_and_the_client_of_their_tokens() {
    let lists = json!({ "audiences": ["https://new.example/api", "old"], "clients": ["web", "app"] });
    let mut simulation = with_provider(&lists);
    for (claims, times, expected) in [
        (json!({ "aud": "old", "azp": "web" }), 3, 200),
        (json!({ "aud": ["old", "https://new.example/api"], "azp": "app" }), 2, 200),
        (json!({ "aud": null, "client_id": "old", "azp": "app" }), 5, 401),
        (json!({ "aud": "old", "azp": "app", "forbidden": true }), 1, 403),
        (json!({ "aud": "other", "azp": "app" }), 1, 401),
    ] {
        for _ in 0..times {
            assert_eq!(simulation.send(0, &token(claims.clone())), Some(expected), "{claims}");
        }
    }
    simulation.advance(Duration::from_secs(2));
    for (metric, expected) in [
        ("audience.old.requests", 4),
        ("audience.https://new.example/api.requests", 2),
        ("client.web.requests", 3),
        ("client.app.requests", 3),
        ("header_omitted", 0),
    ] {
        assert_eq!(simulation.metric(&format!("provider.one.{metric}")), expected, "{metric}");
    }
}

#[test]
fn a_single_audience_or_client_has_no_counter() {
    for lists in [json!({}), json!({ "clients": ["web"] }), json!({ "audiences": null, "any_audience": true })] {
        let mut simulation = with_provider(&lists);
        assert_eq!(simulation.send(0, &token(json!({ "azp": "web" }))), Some(200));
        simulation.advance(Duration::from_secs(2));
        let metrics = simulation.process(|process| process.metrics.clone());
        assert!(!metrics.iter().any(|(name, _)| name.ends_with(".requests")), "{metrics:?}");
    }
}

#[test]
fn an_identity_header_that_cannot_be_written_is_counted_and_named() {
    let headers = json!({ "x-name": "name", "x-groups": "groups", "x-sub": "sub" });
    let mut simulation = with_provider(&json!({ "claims_to_headers": headers }));
    let omitted = |simulation: &Simulation| {
        simulation.process(|process| process.filter_state.remove("jwt_authorizer.omitted_headers"))
    };
    for (claims, expected, names) in [
        (json!({ "name": "Zofia ", "groups": ["a"] }), 200, None),
        (json!({ "name": "two\nlines", "groups": ["a"] }), 200, Some("x-name")),
        (json!({ "name": "two\nlines", "groups": ["Finance, Berlin"] }), 200, Some("x-groups,x-name")),
        (json!({ "name": "two\nlines", "forbidden": true }), 403, None),
    ] {
        // The second time from the cache.
        for _ in 0..2 {
            assert_eq!(simulation.send(0, &token(claims.clone())), Some(expected), "{claims}");
            assert_eq!(omitted(&simulation).as_deref(), names, "{claims}");
        }
    }
    simulation.advance(Duration::from_secs(2));
    assert_eq!(simulation.metric("provider.one.header_omitted"), 4);
}
