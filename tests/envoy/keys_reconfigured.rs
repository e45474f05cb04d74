//! New policies while requests run: no request is refused, and no key is fetched again.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Connection, Request, Setup, Token, eventually, provider, with_rules};

/// A policy that differs from the others in its rules.
fn version(number: usize) -> Value {
    with_rules(json!([{ "route": "GET /stays" }, { "route": format!("GET /{number}"), "access": "public" }]))
}

#[test]
fn twenty_updates_under_load_refuse_nobody_and_fetch_nothing() {
    let mut gateway = Setup::new(&version(0)).workers(4).start();
    let good = Request::get("/stays").bearer(Token::new().signed());
    gateway.expect((0..40).map(|n| (n, good.clone(), ALLOWED)));
    let address = gateway.address();
    let (stop, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut connection = Connection::open(address).unwrap();
                    assert_eq!(connection.round_trip(&good).unwrap().status, 200);
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 1..=20 {
            assert!(gateway.reconfigure(&version(number)), "update {number}");
            let before = served.load(Ordering::Relaxed);
            eventually("some load", || (served.load(Ordering::Relaxed) > before + 20).then_some(()));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(gateway.issuer.fetches(), 1);
    gateway.await_everywhere(&Request::get("/20"), 200);
    assert_eq!(gateway.send(&Request::get("/19")).status, 403, "the old rules are gone");
}

#[test]
fn a_token_that_was_good_is_judged_by_the_new_policy() {
    let mut gateway = Setup::new(&version(0)).workers(2).start();
    let good = Request::get("/stays").bearer(Token::new().signed());
    gateway.expect((0..10).map(|n| (n, good.clone(), ALLOWED)));
    let stricter =
        merged(version(0), json!({ "providers": { "main": merged(provider(), json!({ "audiences": ["other"] })) } }));
    assert!(gateway.reconfigure(&stricter));
    gateway.await_everywhere(&good, 401);
    gateway.expect((0..10).map(|n| (n, good.clone(), (401, "audience_mismatch"))));
}

#[test]
fn policies_that_were_replaced_leave_nothing_behind() {
    let large = |number: usize| {
        let rules = (0..5000).map(|rule| json!({ "route": format!("GET /{number}/{rule}"), "access": "public" }));
        with_rules(rules.collect())
    };
    let mut gateway = Setup::new(&large(0)).workers(1).start();
    let mut update = |numbers: Range<usize>| {
        for number in numbers {
            assert!(gateway.reconfigure(&large(number)));
            eventually("nobody is served by old rules", || {
                (gateway.stat("listener_manager.total_listeners_draining") == 0).then_some(())
            });
        }
        gateway.resident_bytes()
    };
    // On a busy machine more of them live at once, and what that took is not given back. If each were kept, none of
    // these rounds could be free: a policy is 3.7 MB.
    let sizes: Vec<_> = (0..4).map(|round| update(round * 20 + 1..round * 20 + 21)).collect();
    let grown = sizes.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).min().unwrap();
    assert!(grown < 8 << 20, "{grown} bytes more in twenty updates");
}

#[test]
fn two_policies_in_one_worker_are_not_mixed_up() {
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
            // Envoy keeps an old connection for a while, with the policy that it began with.
            assert_eq!(old.round_trip(&request).unwrap().status, before, "{path}");
        }
    }
}
