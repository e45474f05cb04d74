//! Policies that are replaced while requests are in flight: no request is refused, and no keys are fetched again.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Connection, Request, Setup, Token, eventually, provider, with_rules};

/// A policy whose rules depend on the number.
fn version(number: usize) -> Value {
    with_rules(json!([{ "route": "GET /stays" }, { "route": format!("GET /{number}"), "access": "public" }]))
}

#[test]
fn twenty_updates_under_load_refuse_no_request_and_fetch_no_keys() {
    let mut gateway = Setup::new(&version(0)).workers(4).start();
    let valid = Request::get("/stays").bearer(Token::new().signed());
    gateway.expect((0..40).map(|n| (n, valid.clone(), ALLOWED)));
    let address = gateway.address();
    let (stop, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut connection = Connection::open(address).unwrap();
                    assert_eq!(connection.round_trip(&valid).unwrap().status, 200);
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 1..=20 {
            assert!(gateway.reconfigure(&version(number)), "update {number}");
            let before = served.load(Ordering::Relaxed);
            eventually("twenty more requests", || (served.load(Ordering::Relaxed) > before + 20).then_some(()));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(gateway.issuer.fetches(), 1);
    gateway.await_everywhere(&Request::get("/20"), 200);
    assert_eq!(gateway.send(&Request::get("/19")).status, 403, "the old rules are gone");
}

#[test]
fn a_cached_token_is_checked_against_the_new_policy() {
    let mut gateway = Setup::new(&version(0)).workers(2).start();
    let valid = Request::get("/stays").bearer(Token::new().signed());
    gateway.expect((0..10).map(|n| (n, valid.clone(), ALLOWED)));
    let stricter =
        merged(version(0), json!({ "providers": { "main": merged(provider(), json!({ "audiences": ["other"] })) } }));
    assert!(gateway.reconfigure(&stricter));
    gateway.await_everywhere(&valid, 401);
    gateway.expect((0..10).map(|n| (n, valid.clone(), (401, "audience_mismatch"))));
}

#[test]
fn replaced_policies_are_freed() {
    let large = |number: usize| {
        let rules = (0..5000).map(|rule| json!({ "route": format!("GET /{number}/{rule}"), "access": "public" }));
        with_rules(rules.collect())
    };
    let mut gateway = Setup::new(&large(0)).workers(1).start();
    let mut update = |numbers: Range<usize>| {
        for number in numbers {
            assert!(gateway.reconfigure(&large(number)));
            eventually("no listener is draining", || {
                (gateway.stat("listener_manager.total_listeners_draining") == 0).then_some(())
            });
        }
        gateway.resident_bytes()
    };
    // On a busy machine several policies exist at once, and a VM never returns memory, so only the
    // round that grows least is checked. If policies leaked, each round would grow by 74 MB: a policy takes 3.7 MB.
    let sizes: Vec<_> = (0..4).map(|round| update(round * 20 + 1..round * 20 + 21)).collect();
    let grown = sizes.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).min().unwrap();
    assert!(grown < 8 << 20, "memory grew by {grown} bytes in twenty updates");
}

#[test]
fn an_old_connection_keeps_its_policy_beside_the_new_one() {
    let mut gateway = Setup::new(&version(0)).workers(1).start();
    let mut old = gateway.connect();
    assert_eq!(old.round_trip(&Request::get("/0")).unwrap().status, 200);
    assert!(gateway.reconfigure(&version(1)));
    eventually("the new rules", || (gateway.send(&Request::get("/1")).status == 200).then_some(()));
    let mut new = gateway.connect();
    for _ in 0..3 {
        for (path, before, after) in [("/0", 200, 403), ("/1", 403, 200)] {
            let request = Request::get(path);
            assert_eq!(new.round_trip(&request).unwrap().status, after, "{path}");
            // Envoy drains an old connection with the policy with which it began.
            assert_eq!(old.round_trip(&request).unwrap().status, before, "{path}");
        }
    }
}
