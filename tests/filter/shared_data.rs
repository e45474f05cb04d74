//! Shared data that somebody else has written over, or that is gone: nothing is decided by it, and the keys come back.

use std::time::Duration;

use jwt_authorizer_test_support::Key;
use serde_json::json;

use super::issuer::{PATHS, key, keys_named, policy, token, token_by};
use super::world::World;

fn with_keys() -> World {
    let world = World::new(3, &policy(&json!({})));
    world.advance(Duration::from_millis(50));
    world.answer(|path| keys_named(usize::from(path == PATHS[1]), &["a"]));
    world.advance(Duration::from_secs(20));
    world
}

/// What may become of a value, and its name.
type Change = (&'static str, fn(&mut Vec<u8>));

/// Changes what is shared under names with this text.
fn tamper(world: &World, name: &str, change: impl Fn(&mut Vec<u8>)) {
    world.process(|process| {
        let names: Vec<String> = process.shared.keys().filter(|known| known.contains(name)).cloned().collect();
        assert!(!names.is_empty(), "{name}");
        for name in names {
            let mut value = process.shared[&name].0.clone();
            change(&mut value);
            process.write(&name, &value);
        }
    });
}

/// After a while in which the issuer answers, everybody is served.
fn recovers(world: &mut World, label: &str) {
    for _ in 0..200 {
        world.advance(Duration::from_millis(200));
        world.answer(|path| keys_named(usize::from(path == PATHS[1]), &["a"]));
    }
    for worker in 0..3 {
        for provider in 0..2 {
            assert_eq!(world.send(worker, &token(provider, "a")), Some(200), "{label}: worker {worker}");
        }
    }
}

#[test]
fn whatever_becomes_of_it_the_keys_come_back() {
    let changes: [Change; 8] = [
        ("empty", |value| value.clear()),
        ("cut", |value| value.truncate(value.len() / 2)),
        ("longer", |value| value.push(0)),
        ("zeros", |value| value.iter_mut().for_each(|byte| *byte = 0)),
        ("ones", |value| value.iter_mut().for_each(|byte| *byte = 0xff)),
        ("far future", |value| value.iter_mut().skip(7).step_by(8).for_each(|byte| *byte = 0x7f)),
        ("times to come", |value| value.chunks_mut(8).skip(1).take(6).for_each(|time| time[time.len() - 1] = 0x7f)),
        ("text", |value| *value = b"{\"keys\":[]}".to_vec()),
    ];
    for (label, change) in changes {
        for place in ["/state/", "/keys/", "/queues", "/"] {
            let mut world = with_keys();
            tamper(&world, place, change);
            world.trap(0);
            let forged = token_by(0, &key(1, "a"));
            for worker in 0..3 {
                assert_ne!(world.send(worker, &forged), Some(200), "{label} {place}");
            }
            recovers(&mut world, &format!("{label} {place}"));
        }
    }
}

#[test]
fn what_is_gone_altogether_is_made_anew() {
    let mut world = with_keys();
    world.process(|process| process.shared.clear());
    recovers(&mut world, "gone");
}

#[test]
fn a_worker_that_finds_no_keys_fetches_them_within_the_cool_down() {
    let mut world = with_keys();
    let before = world.fetches(PATHS[0]);
    tamper(&world, "/keys/", Vec::clear);
    world.trap(0);
    let waiting = world.request(0, &token(0, "a"));
    assert_eq!(world.send(1, &token(0, "a")), Some(200), "others have them still");
    world.advance(Duration::from_millis(10));
    assert_eq!(world.fetches(PATHS[0]), before + 1);
    world.answer(|_| keys_named(0, &["a"]));
    assert_eq!(world.status(waiting), Some(200));
}

#[test]
fn keys_under_anothers_edition_are_not_taken() {
    let mut world = with_keys();
    let forged = Key::set(&[key(1, "a")]).to_string();
    tamper(&world, "/keys/", |value| *value = [&[7; 8], forged.as_bytes()].concat());
    world.trap(0);
    assert_ne!(world.send(0, &token_by(0, &key(1, "a"))), Some(200));
}

#[test]
fn a_ledger_that_began_anew_is_not_taken_for_the_old_one() {
    let mut world = with_keys();
    // All is lost, and another worker fetches other keys before the rest has looked.
    tamper(&world, "/state/", Vec::clear);
    world.tick(0);
    world.answer(|_| keys_named(0, &["b"]));
    for worker in 0..3 {
        assert_eq!(world.send(worker, &token(0, "b")), Some(200), "worker {worker}");
        assert_ne!(world.send(worker, &token(0, "a")), Some(200), "worker {worker}");
    }
}
