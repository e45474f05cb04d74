//! Workers that end while they fetch for all, and those that come in their place.

use std::time::Duration;

use serde_json::json;

use super::issuer::{PATHS, keys_named, policy, token};
use super::world::World;

/// A world in which a worker fetches the first keys for all, and that worker.
fn fetching() -> (World, usize) {
    let world = World::new(3, &policy(&json!({ "timeout": "5s" })));
    world.advance(Duration::from_millis(50));
    let leader = world.process(|process| process.callouts.iter().find(|one| one.path == PATHS[0]).unwrap().worker);
    (world, leader)
}

#[test]
fn a_leader_that_dies_is_replaced_when_its_lease_runs_out() {
    let (mut world, leader) = fetching();
    world.trap(leader);
    world.advance(Duration::from_secs(4));
    assert_eq!(world.fetches(PATHS[0]), 1, "the lease still runs");
    let waiting: Vec<u32> = (0..3).map(|worker| world.request(worker, &token(0, "a"))).collect();
    world.advance(Duration::from_secs(3));
    assert_eq!(world.fetches(PATHS[0]), 2);
    world.answer(|_| keys_named(0, &["a"]));
    assert_eq!(waiting.iter().map(|stream| world.status(*stream)).collect::<Vec<_>>(), [Some(200); 3]);
}

#[test]
fn a_leader_that_leaves_in_good_order_hands_over_at_once() {
    let (mut world, leader) = fetching();
    let other = (leader + 1) % 3;
    let waiting = world.request(other, &token(0, "a"));
    world.replace(leader);
    world.advance(Duration::from_millis(60));
    assert_eq!(world.fetches(PATHS[0]), 2);
    world.answer(|_| keys_named(0, &["a"]));
    assert_eq!(world.status(waiting), Some(200));
}

#[test]
fn an_answer_that_comes_after_the_lease_is_nobodys() {
    let (mut world, leader) = fetching();
    let (late, _) = world.fetching().into_iter().find(|(_, path)| path == PATHS[0]).unwrap();
    // Its worker was kept from running for so long that nothing of it was on time, not even the time-out.
    world.process(|process| process.callouts.iter_mut().for_each(|one| one.deadline += 60_000));
    world.process(|process| process.desks[leader].next_tick += 60_000);
    world.advance(Duration::from_secs(7));
    assert_eq!(world.fetches(PATHS[0]), 2, "another has taken over");
    world.answer_one(late, keys_named(0, &["late"]));
    assert_eq!(world.send(leader, &token(0, "late")), None, "nothing came of the late answer");
    world.answer(|_| keys_named(0, &["a"]));
    assert_eq!(world.send(leader, &token(0, "a")), Some(200));
}

#[test]
fn a_fetch_that_is_never_answered_is_given_up() {
    let mut world = World::new(1, &policy(&json!({ "timeout": "5s" })));
    world.advance(Duration::from_millis(50));
    world.process(|process| process.callouts.clear());
    world.advance(Duration::from_secs(7));
    world.answer(|_| keys_named(0, &["a"]));
    assert_eq!(world.send(0, &token(0, "a")), Some(200));
}

#[test]
fn a_fresh_worker_has_the_keys_without_a_fetch() {
    let (mut world, leader) = fetching();
    world.answer(|_| keys_named(0, &["a"]));
    for place in 0..3 {
        world.trap(place);
        assert_eq!(world.send(place, &token(0, "a")), Some(200), "worker {place}, before its first tick");
        world.replace(place);
        assert_eq!(world.send(place, &token(0, "a")), Some(200), "worker {place}");
    }
    world.advance(Duration::from_secs(5));
    assert_eq!(world.fetches(PATHS[0]), 1);
    world.trap(leader);
}

#[test]
fn who_is_not_woken_finds_out_at_the_next_tick() {
    let (mut world, leader) = fetching();
    let waiting = world.request((leader + 1) % 3, &token(0, "a"));
    world.process(|process| process.shared.retain(|name, _| !name.ends_with("/queues")));
    world.answer(|_| keys_named(0, &["a"]));
    assert_eq!(world.status(waiting), None);
    world.advance(Duration::from_millis(51));
    assert_eq!(world.status(waiting), Some(200));
}

#[test]
fn those_who_left_are_not_woken_any_more() {
    let (world, _) = fetching();
    for _ in 0..40 {
        for place in 0..3 {
            world.replace(place);
        }
        world.advance(Duration::from_millis(20));
    }
    world.advance(Duration::from_secs(700));
    let unread: usize = world.process(|process| process.queues.iter().map(|queue| queue.items).sum());
    assert_eq!(unread, 0, "nothing piles up where nobody reads");
}

#[test]
fn those_who_died_are_woken_in_vain_by_a_bounded_number() {
    let (world, _) = fetching();
    for _ in 0..100 {
        world.trap(0);
        world.advance(Duration::from_millis(20));
    }
    let list = world.process(|process| {
        process.shared.iter().find(|(name, _)| name.ends_with("/queues")).map(|(_, (list, _))| list.len())
    });
    assert_eq!(list, Some(64 * 4));
}

#[test]
fn workers_that_start_at_once_all_know_each_other() {
    let mut world = World::new(8, &policy(&json!({})));
    // Each joins the list while another does.
    for place in 0..8 {
        world.process(|process| process.intrusion = Some((1, (place + 1) % 8)));
        world.tick(place);
    }
    world.advance(Duration::from_millis(50));
    world.answer(|_| keys_named(0, &["a"]));
    // No time has passed: whoever was not woken would still be without keys, and ask.
    world.process(|process| process.shared.retain(|name, _| !name.contains("/keys/")));
    for worker in 0..8 {
        assert_eq!(world.send(worker, &token(0, "a")), Some(200), "worker {worker}");
    }
}
