//! Workers whose VM trapped, with a build of the module that traps on request. Envoy creates a new VM, which reads the
//! keys from shared data; until then every request is refused.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::envoy::{module, trapping_module};
use crate::harness::policy::merged;
use crate::harness::wait::within;
use crate::harness::{Gateway, Issuer, Key, Request, Setup, Token, provider, with_provider};

/// Envoy waits one or two seconds before it reloads a VM.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(60);

const WORKERS: usize = 4;

fn policy(timeout: &str) -> Value {
    with_provider(merged(provider(), json!({ "jwks": { "timeout": timeout } })))
}

fn valid() -> Request {
    Request::get("/").bearer(Token::new().signed())
}

fn forged() -> Request {
    Request::get("/").bearer(Token::new().sign(&Key::other("ES256")))
}

/// Traps the VM of every worker; eighty connections reach all workers.
fn trap_all(gateway: &Gateway) {
    let trap = valid().header("x-trap", "now");
    let before = gateway.traps();
    let mut connections: Vec<_> = (0..80).map(|_| gateway.connect()).collect();
    connections.iter_mut().for_each(|connection| connection.send(&trap).unwrap());
    assert!(connections.iter_mut().all(|connection| connection.reply().unwrap().status == 503));
    within(RELOAD_TIMEOUT, "every worker traps", || (gateway.traps() >= before + WORKERS).then_some(()));
}

#[test]
fn reloaded_workers_reuse_the_keys_and_no_request_passes_unchecked() {
    let gateway = Setup::new(&policy("5s")).workers(WORKERS).trapping().start();
    gateway.await_everywhere(&valid(), 200);
    let (passed, start) = (gateway.upstream.requests(), Instant::now());
    let stop = AtomicBool::new(false);
    let served = thread::scope(|scope| {
        let requests = scope.spawn(|| {
            let mut served = 0;
            while !stop.load(Ordering::Relaxed) {
                // A forged token may wait for a fetch. If the VM traps meanwhile, Envoy never answers it.
                if let Ok(reply) = gateway.connect().round_trip(&forged()) {
                    assert!([401, 503].contains(&reply.status), "{} for a forged token", reply.status);
                }
                for (request, expected) in [(Request::get("/"), 401), (valid(), 200)] {
                    let status = gateway.send(&request).status;
                    assert!([expected, 503].contains(&status), "{status} instead of {expected}");
                    served += usize::from(status == 200);
                }
            }
            served
        });
        for _ in 0..3 {
            trap_all(&gateway);
            gateway.await_everywhere(&valid(), 200);
        }
        stop.store(true, Ordering::Relaxed);
        requests.join().unwrap()
    });
    assert!(gateway.upstream.requests() - passed >= served);
    // The forged tokens cause one fetch in ten seconds.
    let by_forged = 1 + usize::try_from(start.elapsed().as_secs() / 10).unwrap();
    assert!(gateway.issuer.fetches() <= 1 + by_forged, "a reloaded worker has fetched");
}

/// Envoy's main thread may fetch the first keys, and no request can trap it. The worker that needs a new key fetches it.
#[test]
fn another_worker_takes_over_the_fetch_of_a_worker_that_trapped() {
    let new = Key::of("EdDSA").named("new");
    let by_new = Request::get("/").bearer(Token::new().sign(&new));
    let issuer = Issuer::with_keys(&[Key::of("ES256")]);
    let gateway = Setup::new(&policy("4s")).workers(WORKERS).issuer(issuer).trapping().start();
    gateway.await_everywhere(&valid(), 200);
    gateway.issuer.publish(&[Key::of("ES256"), new]);
    let hold = gateway.issuer.hold();
    let mut waiting = gateway.connect();
    waiting.send(&by_new).unwrap();
    within(RELOAD_TIMEOUT, "a fetch is in progress", || (gateway.issuer.fetches() == 2).then_some(()));
    trap_all(&gateway);
    // Envoy never answers a request whose VM is gone, so the client closes the connection.
    drop(waiting);
    // A response before the reload would go to the VM that trapped.
    gateway.await_everywhere(&valid(), 200);
    drop(hold);
    assert_ne!(gateway.send(&by_new).status, 401, "the issuer has not confirmed that the key is unknown");
    gateway.await_everywhere(&by_new, 200);
    assert_eq!(gateway.issuer.fetches(), 3);
}

#[test]
fn the_released_module_has_no_trap() {
    let has_trap = |module| fs::read(module).unwrap().windows(6).any(|bytes| bytes == b"x-trap");
    assert!(has_trap(trapping_module()), "the search finds the trap");
    assert!(!has_trap(module()));
}
