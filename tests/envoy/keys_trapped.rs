//! Workers whose VM trapped, by a build of the module that does so on request: Envoy makes a fresh one, which has the
//! keys from the other workers, and meanwhile nobody gets through unchecked.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::envoy::{module, trapping_module};
use crate::harness::policy::merged;
use crate::harness::wait::within;
use crate::harness::{Gateway, Issuer, Key, Request, Setup, Token, provider, with_provider};

/// Envoy waits a second or two before it makes a fresh VM.
const RELOADED: Duration = Duration::from_secs(60);

const WORKERS: usize = 4;

fn policy(timeout: &str) -> Value {
    with_provider(merged(provider(), json!({ "jwks": { "timeout": timeout } })))
}

fn good() -> Request {
    Request::get("/").bearer(Token::new().signed())
}

fn forged() -> Request {
    Request::get("/").bearer(Token::new().sign(&Key::strangers("ES256")))
}

/// Traps the VM of every worker: of so many connections each worker has some.
fn trap_all(gateway: &Gateway) {
    let trap = good().header("x-trap", "now");
    let before = gateway.traps();
    let mut connections: Vec<_> = (0..80).map(|_| gateway.connect()).collect();
    connections.iter_mut().for_each(|connection| connection.send(&trap).unwrap());
    assert!(connections.iter_mut().all(|connection| connection.reply().unwrap().status == 503));
    within(RELOADED, "every worker traps", || (gateway.traps() >= before + WORKERS).then_some(()));
}

/// Waits until such a request has this status on each of many connections, to all workers.
#[test]
fn workers_that_trapped_come_back_with_the_keys_and_let_nobody_through_unchecked() {
    let gateway = Setup::new(&policy("5s")).workers(WORKERS).trapping().start();
    gateway.await_everywhere(&good(), 200);
    let passed = gateway.upstream.requests();
    let stop = AtomicBool::new(false);
    let served = thread::scope(|scope| {
        let requests = scope.spawn(|| {
            let mut served = 0;
            while !stop.load(Ordering::Relaxed) {
                for (request, otherwise) in [(forged(), 401), (Request::get("/"), 401), (good(), 200)] {
                    let status = gateway.send(&request).status;
                    assert!([otherwise, 503].contains(&status), "{status} instead of {otherwise}");
                    served += usize::from(status == 200);
                }
            }
            served
        });
        for _ in 0..3 {
            trap_all(&gateway);
            gateway.await_everywhere(&good(), 200);
        }
        stop.store(true, Ordering::Relaxed);
        requests.join().unwrap()
    });
    assert!(gateway.upstream.requests() - passed >= served);
    assert_eq!(gateway.issuer.fetches(), 1, "no worker that came back has fetched");
}

/// The first keys may be fetched by Envoy's main thread, which has no requests to trap at. A new key is fetched by the
/// worker that is asked for it.
#[test]
fn a_leader_that_trapped_is_replaced() {
    let new = Key::of("EdDSA").named("new");
    let by_new = Request::get("/").bearer(Token::new().sign(&new));
    let issuer = Issuer::with_keys(&[Key::of("ES256")]);
    let gateway = Setup::new(&policy("4s")).workers(WORKERS).issuer(issuer).trapping().start();
    gateway.await_everywhere(&good(), 200);
    gateway.issuer.publish(&[Key::of("ES256"), new]);
    let hold = gateway.issuer.hold();
    let mut waiting = gateway.connect();
    waiting.send(&by_new).unwrap();
    within(RELOADED, "a fetch is under way", || (gateway.issuer.fetches() == 2).then_some(()));
    trap_all(&gateway);
    // Envoy has no answer for a request whose VM is gone; it is up to the client to give up.
    drop(waiting);
    // Up to here an answer would go to the VM that trapped.
    gateway.await_everywhere(&good(), 200);
    drop(hold);
    assert_ne!(gateway.send(&by_new).status, 401, "nobody has said that there is no such key");
    gateway.await_everywhere(&by_new, 200);
    assert_eq!(gateway.issuer.fetches(), 3);
}

#[test]
fn what_is_shipped_has_no_trap() {
    let has_it = |module| fs::read(module).unwrap().windows(6).any(|bytes| bytes == b"x-trap");
    assert!(has_it(trapping_module()), "it is looked for in the right way");
    assert!(!has_it(module()));
}
