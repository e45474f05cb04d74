//! The cache of verified tokens. It saves work and never changes a decision.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Gateway, Request, Setup, Token, eventually, now, provider, with_provider, with_rules};

#[test]
fn a_cached_token_expires_at_its_exp() {
    let policy = with_provider(merged(provider(), json!({ "clock_skew": "0s", "cache": {} })));
    let gateway = Setup::new(&policy).workers(1).start();
    gateway.await_metric("provider.main.jwks_keys", 10);
    let start = Instant::now();
    let short = Request::get("/").bearer(Token::new().claim("exp", now() + 3).signed());
    gateway.expect((0..5).map(|n| (n, short.clone(), ALLOWED)));
    gateway.await_at_least("cache_hit", 4);
    eventually("the token has expired", || (gateway.send(&short).status == 401).then_some(()));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    gateway.expect([("expired", short, (401, "token_expired"))]);
}

#[test]
fn rules_are_evaluated_for_every_request() {
    let gateway =
        Setup::new(&with_rules(json!([{ "route": "GET /any" }, { "route": "GET /admin", "groups": ["admin"] }])))
            .workers(1)
            .start();
    let token = Token::new().signed();
    for _ in 0..3 {
        gateway.expect([
            ("any", Request::get("/any").bearer(&token), ALLOWED),
            ("admin", Request::get("/admin").bearer(&token), (403, "group_missing")),
            ("elsewhere", Request::get("/elsewhere").bearer(&token), (403, "route_denied")),
        ]);
    }
}

#[test]
fn a_token_that_differs_in_one_byte_is_not_cached() {
    let gateway = Setup::new(&with_provider(provider())).workers(1).start();
    let token = Token::new().signed();
    gateway.expect([("cached", Request::get("/").bearer(&token), ALLOWED)]);
    gateway.expect((0..token.len()).step_by(7).map(|at| {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let reply = gateway.send(&Request::get("/").bearer(&bytes));
        assert_eq!(reply.status, 401, "byte {at}");
        (at, Request::get("/").bearer(&token), ALLOWED)
    }));
}

#[test]
fn refused_tokens_are_not_cached() {
    let gateway = Gateway::start(&with_provider(provider()));
    let expired = Request::get("/").bearer(Token::new().claim("exp", now() - 3600).signed());
    gateway.expect((0..20).map(|n| (n, expired.clone(), (401, "token_expired"))));
    gateway.await_metric("cache_miss", 20);
    assert_eq!(gateway.metric("cache_hit"), 0);
}

#[test]
fn a_ttl_of_zero_turns_the_cache_off() {
    let policy = with_provider(merged(provider(), json!({ "cache": { "ttl": "0s" } })));
    let gateway = Gateway::start(&policy);
    let valid = Request::get("/").bearer(Token::new().signed());
    gateway.expect((0..20).map(|n| (n, valid.clone(), ALLOWED)));
    gateway.await_metric("cache_miss", 20);
    assert_eq!(gateway.metric("cache_hit"), 0);
}

#[test]
fn more_tokens_than_max_tokens_all_pass() {
    let policy = with_provider(merged(provider(), json!({ "cache": { "max_tokens": 10 } })));
    let gateway = Setup::new(&policy).workers(1).start();
    let tokens: Vec<_> = (0..50).map(|n| Token::new().claim("sub", format!("user-{n}")).signed()).collect();
    for round in 0..2 {
        gateway.expect(
            tokens
                .iter()
                .enumerate()
                .map(|(n, token)| (format!("{round}: {n}"), Request::get("/").bearer(token), ALLOWED)),
        );
    }
}
