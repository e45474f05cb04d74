//! Requests that wait for keys: hundreds wait for one fetch, bodies arrive complete, and closed requests are dropped.

use std::thread;

use serde_json::{Value, json};

use crate::harness::upstream::checksum;
use crate::harness::{
    ALLOWED, Answer, Issuer, Key, Request, Setup, Token, eventually, provider, with_provider, with_rules,
};

/// A policy with a timeout that is long enough for a busy machine.
fn with_long_timeout() -> Value {
    let mut provider = provider();
    provider["jwks"]["timeout"] = json!("60s");
    with_provider(provider)
}

fn valid() -> Request {
    Request::get("/").bearer(Token::new().signed())
}

#[test]
fn three_hundred_requests_wait_for_one_fetch() {
    let issuer = Issuer::start();
    let hold = issuer.hold();
    let gateway = Setup::new(&with_long_timeout()).workers(4).issuer(issuer).start();
    let mut waiting: Vec<_> = (0..300).map(|_| gateway.connect()).collect();
    let valid = valid();
    waiting.iter_mut().for_each(|connection| connection.send(&valid).unwrap());
    gateway.await_active(300);
    drop(hold);
    for connection in &mut waiting {
        assert_eq!(connection.reply().unwrap().status, 200);
    }
    assert_eq!(gateway.issuer.fetches(), 1, "one fetch for the whole process");
}

#[test]
fn requests_whose_client_disconnects_are_dropped() {
    let issuer = Issuer::start();
    let hold = issuer.hold();
    let gateway = Setup::new(&with_long_timeout()).workers(4).issuer(issuer).start();
    let mut waiting: Vec<_> = (0..60).map(|_| gateway.connect()).collect();
    waiting.iter_mut().for_each(|connection| connection.send(&valid()).unwrap());
    gateway.await_active(60);
    let mut connected = waiting.split_off(50);
    drop(waiting);
    gateway.await_active(10);
    drop(hold);
    for connection in &mut connected {
        assert_eq!(connection.reply().unwrap().status, 200);
    }
    gateway.expect((0..20).map(|n| (n, valid(), ALLOWED)));
    assert_eq!(gateway.upstream.requests(), 30, "no closed request is forwarded");
}

#[test]
fn the_body_of_a_waiting_request_arrives_complete() {
    let body: Vec<u8> = (0..1_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let expected = (body.len(), checksum(&body));
    let request = Request::new("POST", "/").bearer(Token::new().signed()).body(body);
    let issuer = Issuer::start();
    let hold = issuer.hold();
    let gateway = Setup::new(&with_long_timeout()).workers(4).issuer(issuer).start();
    thread::scope(|scope| {
        // Envoy stops reading when its buffer is full, so sending the body may not finish before the fetch does.
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(|| gateway.send(&request))).collect();
        gateway.await_active(8);
        drop(hold);
        for client in clients {
            let echo = client.join().unwrap().echo();
            assert_eq!((echo.body_length, echo.body_checksum), expected);
        }
    });
}

#[test]
fn the_body_of_a_request_that_is_refused_after_waiting_is_not_forwarded() {
    let issuer = Issuer::start();
    let hold = issuer.hold();
    let gateway = Setup::new(&with_long_timeout()).workers(4).issuer(issuer).start();
    let forged = Request::new("POST", "/").bearer(Token::new().sign(&Key::other("ES256"))).body(vec![b'x'; 1000]);
    let mut connection = gateway.connect();
    connection.send(&forged).unwrap();
    gateway.await_active(1);
    drop(hold);
    assert_eq!(connection.reply().unwrap().status, 401);
    assert_eq!(gateway.upstream.requests(), 0);
}

#[test]
fn resumed_requests_pass_a_second_filter_in_the_same_vm() {
    let issuer = Issuer::start();
    let hold = issuer.hold();
    let open = with_rules(json!([{ "route": "$default", "access": "public" }]));
    let gateway = Setup::new(&with_long_timeout()).workers(1).issuer(issuer).followed_by(&open).start();
    let mut waiting: Vec<_> = (0..20).map(|_| gateway.connect()).collect();
    waiting.iter_mut().for_each(|connection| connection.send(&valid()).unwrap());
    gateway.await_active(20);
    drop(hold);
    // One callback of the first filter resumes all requests, and Envoy calls the second filter inside of it.
    assert!(waiting.iter_mut().all(|connection| connection.reply().unwrap().status == 200));
}

/// Both filters have the same source of keys and the same shared data.
#[test]
fn a_short_timeout_in_another_filter_does_not_end_the_wait() {
    let impatient = |access: &str| {
        let mut provider = provider();
        provider["jwks"]["timeout"] = json!("300ms");
        json!({ "providers": { "main": provider }, "rules": [{ "route": "$default", "access": access }] })
    };
    let issuer = Issuer::start();
    let hold = issuer.hold();
    let setup = Setup::new(&with_long_timeout()).workers(2).issuer(issuer).followed_by(&impatient("public"));
    let gateway = setup.start();
    gateway.await_at_least("provider.main.jwks_fetch_failed.timeout", 1);
    let mut waiting: Vec<_> = (0..20).map(|_| gateway.connect()).collect();
    waiting.iter_mut().for_each(|connection| connection.send(&valid()).unwrap());
    gateway.await_active(20);
    gateway.await_at_least("provider.main.jwks_fetch_failed.timeout", 2);
    gateway.await_active(20);
    drop(hold);
    assert!(waiting.iter_mut().all(|connection| connection.reply().unwrap().status == 200));
}

#[test]
fn the_number_of_waiting_requests_is_limited() {
    let mut provider = provider();
    provider["jwks"]["timeout"] = json!("60s");
    let issuer = Issuer::start();
    let hold = issuer.hold();
    let gateway = Setup::new(&with_provider(provider)).workers(1).issuer(issuer).start();
    let valid = valid();
    let mut connections: Vec<_> = (0..1024).map(|_| gateway.connect()).collect();
    connections.iter_mut().for_each(|connection| connection.send(&valid).unwrap());
    gateway.await_active(1024);
    gateway.expect([("one more than the limit", valid.clone(), (503, "keys_unavailable"))]);
    drop(connections.pop());
    connections.push(eventually("a closed request makes room", || {
        let mut next = gateway.connect();
        next.send(&valid).unwrap();
        next.is_pending().unwrap().then_some(next)
    }));
    drop(hold);
    connections.iter_mut().for_each(|connection| drop(connection.reply().unwrap()));
    // The statuses are not checked, because the upstream may not accept as many connections at once.
    gateway.await_at_least("reason.allowed", 1024);
}

#[test]
fn waiting_requests_are_refused_when_the_fetch_fails() {
    let issuer = Issuer::start();
    issuer.answer(Answer::Status(500));
    let hold = issuer.hold();
    let gateway = Setup::new(&with_long_timeout()).workers(4).issuer(issuer).start();
    let mut waiting: Vec<_> = (0..10).map(|_| gateway.connect()).collect();
    waiting.iter_mut().for_each(|connection| connection.send(&valid()).unwrap());
    gateway.await_active(10);
    drop(hold);
    assert!(waiting.iter_mut().all(|connection| connection.reply().unwrap().status == 503));
    gateway.issuer.answer(Answer::Document(""));
    eventually("keys are fetched without a restart", || (gateway.send(&valid()).status == 200).then_some(()));
}
