//! Shared data that another plugin has overwritten, or that is gone: no request is allowed by it, and the keys are
//! fetched again.

use std::time::Duration;

use jwt_authorizer_test_support::Key;
use serde_json::json;

use super::issuer::{PATHS, key, keys_named, policy, token, token_by};
use super::simulation::Simulation;

fn with_keys() -> Simulation {
    let simulation = Simulation::new(3, &policy(&json!({})));
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|path| keys_named(usize::from(path == PATHS[1]), &["a"]));
    simulation.advance(Duration::from_secs(20));
    simulation
}

/// A change of a stored value, with its name.
type Change = (&'static str, fn(&mut Vec<u8>));

/// Changes all entries with this text in their key.
fn tamper(simulation: &Simulation, name: &str, change: impl Fn(&mut Vec<u8>)) {
    simulation.process(|process| {
        let names: Vec<String> = process.shared.keys().filter(|known| known.contains(name)).cloned().collect();
        assert!(!names.is_empty(), "{name}");
        for name in names {
            let mut value = process.shared[&name].0.clone();
            change(&mut value);
            process.write(&name, &value);
        }
    });
}

/// Every request is allowed after the issuer has responded for some time.
fn recovers(simulation: &mut Simulation, label: &str) {
    for _ in 0..200 {
        simulation.advance(Duration::from_millis(200));
        simulation.respond(|path| keys_named(usize::from(path == PATHS[1]), &["a"]));
    }
    for worker in 0..3 {
        for provider in 0..2 {
            assert_eq!(simulation.send(worker, &token(provider, "a")), Some(200), "{label}: worker {worker}");
        }
    }
}

#[test]
fn after_any_change_the_keys_are_fetched_again() {
    let changes: [Change; 8] = [
        ("empty", |value| value.clear()),
        ("cut", |value| value.truncate(value.len() / 2)),
        ("longer", |value| value.push(0)),
        ("zeros", |value| value.iter_mut().for_each(|byte| *byte = 0)),
        ("ones", |value| value.iter_mut().for_each(|byte| *byte = 0xff)),
        ("far future", |value| value.iter_mut().skip(7).step_by(8).for_each(|byte| *byte = 0x7f)),
        ("future times", |value| value.chunks_mut(8).skip(1).take(6).for_each(|time| time[time.len() - 1] = 0x7f)),
        ("text", |value| *value = b"{\"keys\":[]}".to_vec()),
    ];
    for (label, change) in changes {
        for entry in ["/state/", "/keys/", "/queues", "/"] {
            let mut simulation = with_keys();
            tamper(&simulation, entry, change);
            simulation.trap(0);
            let forged = token_by(0, &key(1, "a"));
            for worker in 0..3 {
                assert_ne!(simulation.send(worker, &forged), Some(200), "{label} {entry}");
            }
            recovers(&mut simulation, &format!("{label} {entry}"));
        }
    }
}

#[test]
fn after_the_loss_of_all_entries_the_keys_are_fetched_again() {
    let mut simulation = with_keys();
    simulation.process(|process| process.shared.clear());
    recovers(&mut simulation, "gone");
}

#[test]
fn a_worker_that_finds_no_keys_fetches_them_at_once() {
    let mut simulation = with_keys();
    let before = simulation.fetches(PATHS[0]);
    tamper(&simulation, "/keys/", Vec::clear);
    simulation.trap(0);
    let waiting = simulation.request(0, &token(0, "a"));
    assert_eq!(simulation.send(1, &token(0, "a")), Some(200), "other workers still have them");
    simulation.advance(Duration::from_millis(10));
    assert_eq!(simulation.fetches(PATHS[0]), before + 1);
    simulation.respond(|_| keys_named(0, &["a"]));
    assert_eq!(simulation.status(waiting), Some(200));
}

#[test]
fn keys_of_another_generation_are_not_used() {
    let mut simulation = with_keys();
    let forged = Key::set(&[key(1, "a")]).to_string();
    tamper(&simulation, "/keys/", |value| *value = [&[7; 8], forged.as_bytes()].concat());
    simulation.trap(0);
    assert_ne!(simulation.send(0, &token_by(0, &key(1, "a"))), Some(200));
}

#[test]
fn a_new_fetch_state_is_not_mistaken_for_the_lost_one() {
    let mut simulation = with_keys();
    // The state is lost, and one worker fetches other keys before the others sync.
    tamper(&simulation, "/state/", Vec::clear);
    simulation.tick(0);
    simulation.respond(|_| keys_named(0, &["b"]));
    for worker in 0..3 {
        assert_eq!(simulation.send(worker, &token(0, "b")), Some(200), "worker {worker}");
        assert_ne!(simulation.send(worker, &token(0, "a")), Some(200), "worker {worker}");
    }
}
