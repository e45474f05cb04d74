//! Requests that wait: how many, for how long, and what happens when they go.

use std::time::Duration;

use serde_json::json;

use super::issuer::{PATHS, keys_named, policy, token};
use super::world::World;

#[test]
fn the_room_of_one_provider_is_not_anothers() {
    let mut world = World::new(1, &policy(&json!({})));
    let waiting: Vec<u32> = (0..1024).map(|_| world.request(0, &token(0, "a"))).collect();
    assert_eq!(world.send(0, &token(0, "a")), Some(503), "one too many");
    let of_other = world.request(0, &token(1, "a"));
    assert_eq!(world.status(of_other), None, "another issuer's token may wait");
    world.advance(Duration::from_millis(10));
    world.answer(|path| keys_named(usize::from(path == PATHS[1]), &["a"]));
    assert!(waiting.iter().chain([&of_other]).all(|stream| world.status(*stream) == Some(200)));
}

#[test]
fn those_who_go_are_forgotten_and_make_room() {
    let mut world = World::new(2, &policy(&json!({})));
    let waiting: Vec<u32> = (0..1024).map(|_| world.request(0, &token(0, "a"))).collect();
    let (gone, left) = waiting.split_at(1000);
    gone.iter().for_each(|stream| world.hang_up(*stream));
    let late = world.request(0, &token(0, "a"));
    assert_eq!(world.status(late), None);
    world.advance(Duration::from_millis(10));
    // A decision about a request that is gone would end the test.
    world.answer(|_| keys_named(0, &["a"]));
    assert!(left.iter().chain([&late]).all(|stream| world.status(*stream) == Some(200)));
}

#[test]
fn nobody_waits_longer_than_one_fetch_may_take() {
    let mut world = World::new(2, &policy(&json!({ "timeout": "5s" })));
    world.advance(Duration::from_millis(50));
    world.process(|process| process.callouts.iter_mut().for_each(|one| one.deadline += 60_000));
    let waiting = world.request(0, &token(0, "a"));
    world.advance(Duration::from_millis(5100));
    assert_eq!(world.status(waiting), Some(503));
}

#[test]
fn good_tokens_do_not_wait_for_a_refresh() {
    let mut world = World::new(2, &policy(&json!({ "refresh_interval": "10s" })));
    world.advance(Duration::from_millis(50));
    world.answer(|_| keys_named(0, &["a"]));
    world.advance(Duration::from_secs(10));
    assert_eq!(world.fetching().len(), 2, "both providers are refreshed");
    assert_eq!(world.send(0, &token(0, "a")), Some(200));
    assert_eq!(world.send(1, &token(0, "a")), Some(200));
}
