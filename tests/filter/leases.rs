//! The lease on a fetch: what happens when the worker that holds it ends, and what new workers find.

use std::time::Duration;

use serde_json::json;

use super::issuer::{PATHS, keys_named, policy, token};
use super::simulation::Simulation;

/// A simulation in which a worker fetches the first keys, and the index of that worker.
fn fetching() -> (Simulation, usize) {
    let simulation = Simulation::new(3, &policy(&json!({ "timeout": "5s" })));
    simulation.advance(Duration::from_millis(50));
    let holder = simulation.process(|process| process.callouts.iter().find(|one| one.path == PATHS[0]).unwrap().worker);
    (simulation, holder)
}

#[test]
fn another_worker_fetches_when_the_lease_of_a_trapped_worker_expires() {
    let (mut simulation, holder) = fetching();
    simulation.trap(holder);
    simulation.advance(Duration::from_secs(4));
    assert_eq!(simulation.fetches(PATHS[0]), 1, "the lease has not expired");
    let waiting: Vec<u32> = (0..3).map(|worker| simulation.request(worker, &token(0, "a"))).collect();
    simulation.advance(Duration::from_secs(3));
    assert_eq!(simulation.fetches(PATHS[0]), 2);
    simulation.respond(|_| keys_named(0, &["a"]));
    assert_eq!(waiting.iter().map(|stream| simulation.status(*stream)).collect::<Vec<_>>(), [Some(200); 3]);
}

#[test]
fn a_worker_that_shuts_down_releases_its_lease() {
    let (mut simulation, holder) = fetching();
    let other = (holder + 1) % 3;
    let waiting = simulation.request(other, &token(0, "a"));
    simulation.replace(holder);
    simulation.advance(Duration::from_millis(60));
    assert_eq!(simulation.fetches(PATHS[0]), 2);
    simulation.respond(|_| keys_named(0, &["a"]));
    assert_eq!(simulation.status(waiting), Some(200));
}

#[test]
fn a_response_after_the_lease_is_ignored() {
    let (mut simulation, holder) = fetching();
    let (late, _) = simulation.fetching().into_iter().find(|(_, path)| path == PATHS[0]).unwrap();
    // The worker did not run for so long that even the time-out comes late.
    simulation.process(|process| process.callouts.iter_mut().for_each(|one| one.deadline += 60_000));
    simulation.process(|process| process.workers[holder].next_tick += 60_000);
    simulation.advance(Duration::from_secs(7));
    assert_eq!(simulation.fetches(PATHS[0]), 2, "another worker fetches");
    simulation.respond_to(late, keys_named(0, &["late"]));
    assert_eq!(simulation.send(holder, &token(0, "late")), None, "the late response had no effect");
    simulation.respond(|_| keys_named(0, &["a"]));
    assert_eq!(simulation.send(holder, &token(0, "a")), Some(200));
}

#[test]
fn a_fetch_without_a_response_is_given_up() {
    let mut simulation = Simulation::new(1, &policy(&json!({ "timeout": "5s" })));
    simulation.advance(Duration::from_millis(50));
    simulation.process(|process| process.callouts.clear());
    simulation.advance(Duration::from_secs(7));
    simulation.respond(|_| keys_named(0, &["a"]));
    assert_eq!(simulation.send(0, &token(0, "a")), Some(200));
}

#[test]
fn a_new_worker_has_the_keys_without_a_fetch() {
    let (mut simulation, holder) = fetching();
    simulation.respond(|_| keys_named(0, &["a"]));
    for index in 0..3 {
        simulation.trap(index);
        assert_eq!(simulation.send(index, &token(0, "a")), Some(200), "worker {index}, before its first tick");
        simulation.replace(index);
        assert_eq!(simulation.send(index, &token(0, "a")), Some(200), "worker {index}");
    }
    simulation.advance(Duration::from_secs(5));
    assert_eq!(simulation.fetches(PATHS[0]), 1);
    simulation.trap(holder);
}

#[test]
fn a_worker_that_is_not_woken_syncs_at_its_next_tick() {
    let (mut simulation, holder) = fetching();
    let waiting = simulation.request((holder + 1) % 3, &token(0, "a"));
    simulation.process(|process| process.shared.retain(|name, _| !name.ends_with("/queues")));
    simulation.respond(|_| keys_named(0, &["a"]));
    assert_eq!(simulation.status(waiting), None);
    simulation.advance(Duration::from_millis(51));
    assert_eq!(simulation.status(waiting), Some(200));
}

#[test]
fn workers_that_have_shut_down_are_not_woken() {
    let (simulation, _) = fetching();
    for _ in 0..40 {
        for index in 0..3 {
            simulation.replace(index);
        }
        simulation.advance(Duration::from_millis(20));
    }
    simulation.advance(Duration::from_secs(700));
    let unread: usize = simulation.process(|process| process.queues.iter().map(|queue| queue.items).sum());
    assert_eq!(unread, 0, "no messages in queues that no worker reads");
}

#[test]
fn the_list_of_queues_is_bounded_when_workers_trap() {
    let (simulation, _) = fetching();
    for _ in 0..100 {
        simulation.trap(0);
        simulation.advance(Duration::from_millis(20));
    }
    let list = simulation.process(|process| {
        process.shared.iter().find(|(name, _)| name.ends_with("/queues")).map(|(_, (list, _))| list.len())
    });
    assert_eq!(list, Some(64 * 4));
}

#[test]
fn workers_that_start_at_once_all_join_the_list() {
    let mut simulation = Simulation::new(8, &policy(&json!({})));
    // Each joins the list while another one joins it.
    for index in 0..8 {
        simulation.process(|process| process.interleaved = Some((1, (index + 1) % 8)));
        simulation.tick(index);
    }
    simulation.advance(Duration::from_millis(50));
    simulation.respond(|_| keys_named(0, &["a"]));
    // No time has passed. A worker that was not woken would have no keys, and could not load them now.
    simulation.process(|process| process.shared.retain(|name, _| !name.contains("/keys/")));
    for worker in 0..8 {
        assert_eq!(simulation.send(worker, &token(0, "a")), Some(200), "worker {worker}");
    }
}
