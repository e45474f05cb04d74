//! Tokens that name a key the set doesn't have: a new key, or a made-up one.

use std::time::Duration;

use jwt_authorizer::filter::host::FetchResponse;
use jwt_authorizer_test_support::Key;
use serde_json::json;

use super::issuer::{PATHS, document, failure, key, keys_named, policy, token, token_by};
use super::world::World;

fn with_key_a() -> World {
    let world = World::new(4, &policy(&json!({ "timeout": "5s" })));
    world.advance(Duration::from_millis(50));
    world.answer(|_| keys_named(0, &["a"]));
    world.advance(Duration::from_secs(20));
    world
}

fn old_and_new(path: &str) -> FetchResponse {
    keys_named(usize::from(path == PATHS[1]), &["a", "new"])
}

#[test]
fn two_hundred_at_once_wait_for_one_fetch_and_pass() {
    let mut world = with_key_a();
    let waiting: Vec<u32> = (0..200).map(|n| world.request(n % 4, &token(0, "new"))).collect();
    world.advance(Duration::from_millis(5));
    assert_eq!(world.send(0, &token(0, "a")), Some(200), "known keys do not wait");
    world.answer(old_and_new);
    assert!(waiting.iter().all(|stream| world.status(*stream) == Some(200)));
    assert_eq!(world.fetches(PATHS[0]), 2);
}

#[test]
fn who_joins_a_fetch_that_began_before_may_have_one_more() {
    let world = World::new(4, &policy(&json!({ "refresh_interval": "30s" })));
    world.advance(Duration::from_millis(50));
    world.answer(|_| keys_named(0, &["a"]));
    world.advance(Duration::from_secs(28));
    assert_eq!(world.fetches(PATHS[0]), 2, "a refresh is under way");
    let mut world = world;
    // The issuer has read its keys already, and only then published the new one.
    let waiting: Vec<u32> = (0..8).map(|n| world.request(n % 4, &token(0, "new"))).collect();
    world.answer(|_| keys_named(0, &["a"]));
    assert!(waiting.iter().all(|stream| world.status(*stream).is_none()), "the answer may be older than the key");
    world.advance(Duration::from_millis(5));
    world.answer(old_and_new);
    assert!(waiting.iter().all(|stream| world.status(*stream) == Some(200)));
    assert_eq!(world.fetches(PATHS[0]), 3);
}

#[test]
fn a_new_key_does_not_wait_for_the_next_fetch_once_it_is_there() {
    let mut world = with_key_a();
    let (new, made_up) = (world.request(0, &token(0, "new")), world.request(1, &token(0, "made-up")));
    world.advance(Duration::from_millis(5));
    world.answer(old_and_new);
    assert_eq!((world.status(new), world.status(made_up)), (Some(200), Some(401)));
}

#[test]
fn made_up_keys_cause_a_fetch_in_ten_seconds() {
    let mut world = with_key_a();
    let before = world.fetches(PATHS[0]);
    for n in 0..600 {
        let stream = world.request(n % 4, &token_by(0, &key(1, &format!("made-up-{n}"))));
        world.advance(Duration::from_millis(100));
        world.answer(|_| keys_named(0, &["a"]));
        assert_eq!(world.status(stream), Some(401), "{n}");
        assert_eq!(world.send(n % 4, &token(0, "a")), Some(200), "{n}");
    }
    let fetches = world.fetches(PATHS[0]) - before;
    assert!((6..=7).contains(&fetches), "{fetches} fetches in a minute");
}

#[test]
fn failures_do_not_shorten_the_cool_down() {
    let mut world = with_key_a();
    let mut demanded = Vec::new();
    for n in 0..40 {
        let before = world.fetches(PATHS[0]);
        world.request(n % 4, &token_by(0, &key(1, "made-up")));
        world.process(|process| process.desks.iter_mut().for_each(|desk| desk.next_tick = process.steady + 1));
        world.advance(Duration::from_millis(1));
        if world.fetches(PATHS[0]) > before {
            demanded.push(world.steady());
        }
        world.answer(|_| failure());
        world.advance(Duration::from_millis(499));
    }
    // Tries of the back-off are among them, and only they may be closer.
    let by_back_off = [1, 2, 4, 8, 16].len();
    assert!(demanded.len() <= 2 + by_back_off, "{} fetches in 20 seconds", demanded.len());
}

#[test]
fn a_key_is_not_called_unknown_while_the_issuer_cannot_be_asked() {
    let mut world = with_key_a();
    let waiting = world.request(0, &token(0, "new"));
    world.advance(Duration::from_millis(5));
    world.answer(|_| failure());
    assert_eq!(world.status(waiting), Some(503));
    assert_eq!(world.send(1, &token(0, "new")), Some(503), "in the cool-down too");
    assert_eq!(world.send(1, &token(0, "a")), Some(200));
    world.advance(Duration::from_secs(2));
    world.answer(old_and_new);
    assert_eq!(world.send(1, &token(0, "new")), Some(200), "the next try has brought it");
}

#[test]
fn a_leader_that_dies_makes_no_key_unknown() {
    let mut world = with_key_a();
    let asked = world.request(0, &token(0, "new"));
    world.advance(Duration::from_millis(5));
    let waiting = world.request(1, &token(0, "new"));
    world.trap(0);
    assert!(world.process(|process| !process.streams.contains_key(&asked)));
    world.advance(Duration::from_secs(6));
    assert_eq!(world.status(waiting), Some(503), "nobody has said that there is no such key");
    world.advance(Duration::from_secs(5));
    let again = world.request(1, &token(0, "new"));
    world.advance(Duration::from_millis(5));
    world.answer(old_and_new);
    assert_eq!(world.status(again), Some(200), "it was not remembered as a stranger");
}

#[test]
fn a_stranger_is_asked_for_again_after_a_while() {
    let mut world = with_key_a();
    let waiting = world.request(0, &token(0, "late"));
    world.advance(Duration::from_millis(5));
    world.answer(|_| keys_named(0, &["a"]));
    assert_eq!(world.status(waiting), Some(401));
    let before = world.fetches(PATHS[0]);
    world.advance(Duration::from_secs(20));
    assert_eq!(world.send(0, &token(0, "late")), Some(401));
    assert_eq!(world.fetches(PATHS[0]), before, "its worker remembers");
    world.advance(Duration::from_secs(10));
    let waiting = world.request(0, &token(0, "late"));
    world.advance(Duration::from_millis(5));
    world.answer(|_| keys_named(0, &["a", "late"]));
    assert_eq!(world.status(waiting), Some(200));
}

#[test]
fn a_token_without_a_key_id_waits_for_keys_that_fit() {
    let mut world = with_key_a();
    let nameless = |key: &Key| {
        use super::issuer::ISSUER;
        use jwt_authorizer_test_support::Token;
        let token = Token::new().claim("iss", ISSUER).claim("iat", 1_900_000_000).claim("exp", 1_900_003_600);
        token.header("kid", serde_json::Value::Null).sign(key)
    };
    assert_eq!(world.send(0, &nameless(&key(0, "a"))), Some(200));
    assert_eq!(world.send(0, &nameless(&key(1, "a"))), Some(401), "keys that fit were tried");
    let other = Key::of("ES256").named("b");
    let waiting = world.request(0, &nameless(&other));
    world.advance(Duration::from_millis(5));
    world.answer(|_| document(&Key::set(&[key(0, "a"), other.clone()])));
    assert_eq!(world.status(waiting), Some(200));
}

#[test]
fn a_worker_that_has_just_found_the_keys_asks_for_a_new_one_like_others() {
    let mut world = World::new(2, &policy(&json!({})));
    world.process(|process| process.shared.retain(|name, _| !name.ends_with("/queues")));
    world.tick(0);
    world.answer(|_| keys_named(0, &["a"]));
    let waiting = world.request(1, &token(0, "new"));
    assert_eq!(world.status(waiting), None, "the keys are there, and this one may be as well");
    world.tick(1);
    world.answer(old_and_new);
    assert_eq!(world.status(waiting), Some(200));
    assert_eq!(world.fetches(PATHS[0]), 2);
}

#[test]
fn a_set_in_another_order_is_the_same_set() {
    let world = World::new(2, &policy(&json!({ "refresh_interval": "10s" })));
    let mut flip = false;
    for _ in 0..5 {
        world.advance(Duration::from_secs(10));
        flip = !flip;
        world.answer(|_| keys_named(0, if flip { &["a", "b"] } else { &["b", "a"] }));
    }
    world.advance(Duration::from_secs(1));
    assert!(world.metric("provider.one.jwks_age_seconds") >= 40, "it has not changed since the first");
    assert!(world.metric("provider.one.jwks_seconds_since_success") <= 2);
}
