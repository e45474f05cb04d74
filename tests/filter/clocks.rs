//! A wall clock that is set while requests run: no panic, no trust in what has ended, and no keys lost.

use std::time::Duration;

use serde_json::json;

use super::issuer::{PATHS, failure, keys_named, policy, token};
use super::world::{START, World};

const DAY: i64 = 86_400_000;

fn with_keys(jwks: &serde_json::Value) -> World {
    let world = World::new(2, &policy(jwks));
    world.advance(Duration::from_millis(50));
    world.answer(|_| keys_named(0, &["a"]));
    world
}

#[test]
fn a_step_costs_no_fetch_and_refuses_nobody() {
    let mut world = with_keys(&json!({}));
    for (label, step) in [("back a day", -DAY), ("forward a day", DAY), ("back a minute", -60_000)] {
        world.set_wall(START + step);
        let ends_in_time = world.wall() < START + 3_600_000 + 60_000;
        for worker in 0..2 {
            let expected = if ends_in_time { 200 } else { 401 };
            assert_eq!(world.send(worker, &token(0, "a")), Some(expected), "{label}, worker {worker}");
        }
        world.advance(Duration::from_secs(2));
    }
    assert_eq!(world.fetches(PATHS[0]), 1);
}

#[test]
fn a_token_is_trusted_up_to_its_end_and_the_skew_by_the_clock_that_is() {
    let mut world = with_keys(&json!({}));
    assert_eq!(world.send(0, &token(0, "a")), Some(200), "cached now");
    for (wall, expected) in [
        (START + 3_659_999, 200),
        (START + 3_660_000, 401),
        (START + DAY, 401),
        (START, 200),
        (START - DAY, 200),
        (START + 3_660_000, 401),
    ] {
        world.set_wall(wall);
        for worker in 0..2 {
            assert_eq!(world.send(worker, &token(0, "a")), Some(expected), "{}", wall - START);
        }
    }
}

#[test]
fn a_clock_that_was_never_set_decides_nothing() {
    let mut world = with_keys(&json!({}));
    let waiting = {
        let mut world = World::new(1, &policy(&json!({})));
        let waiting = world.request(0, &token(0, "a"));
        world.set_wall(0);
        world.advance(Duration::from_millis(50));
        world.answer(|_| keys_named(0, &["a"]));
        world.status(waiting)
    };
    assert_eq!(waiting, Some(503), "those who wait as well");
    for wall in [0, 1_577_836_799_000, -1, i64::MIN, i64::MAX] {
        world.set_wall(wall);
        assert_eq!(world.send(0, &token(0, "a")), Some(503), "{wall}");
        world.tick(0);
    }
    world.set_wall(START);
    assert_eq!(world.send(0, &token(0, "a")), Some(200), "as soon as it is set");
}

#[test]
fn a_refresh_comes_when_it_is_due_whatever_the_wall_clock_does() {
    let world = with_keys(&json!({ "refresh_interval": "100s" }));
    let begun = world.steady();
    for step in [-DAY, DAY, -DAY, 1].into_iter().cycle() {
        world.set_wall(world.wall() + step);
        world.advance(Duration::from_secs(1));
        if world.fetches(PATHS[0]) > 1 {
            break;
        }
    }
    let waited = world.steady() - begun;
    assert!((80_000..=91_000).contains(&waited), "{waited} ms");
}

#[test]
fn keys_lapse_by_the_steady_clock() {
    let mut world = with_keys(&json!({ "refresh_interval": "10s", "max_stale": "60s" }));
    for step in [-DAY, 2 * DAY, -DAY, 60_000, -60_000] {
        world.set_wall(world.wall() + step);
        for _ in 0..10 {
            world.advance(Duration::from_secs(1));
            world.answer(|_| failure());
        }
    }
    world.set_wall(START);
    assert_eq!(world.send(0, &token(0, "a")), Some(200), "after 50 seconds");
    for _ in 0..10 {
        world.advance(Duration::from_secs(1));
        world.answer(|_| failure());
    }
    for wall in [START, START - DAY / 48, START + 3_000_000] {
        world.set_wall(wall);
        assert_eq!(world.send(0, &token(0, "a")), Some(503), "after 60 seconds, {}", wall - START);
    }
}

#[test]
fn who_waits_is_not_made_to_wait_longer() {
    let mut world = World::new(1, &policy(&json!({ "timeout": "2s" })));
    let waiting = world.request(0, &token(0, "a"));
    world.set_wall(START - DAY);
    world.advance(Duration::from_millis(2100));
    assert_eq!(world.status(waiting), Some(503));
}
