//! Sources of keys: an Envoy cluster, from which one worker fetches for all, or the configuration itself.

use std::time::{Duration, Instant};

use jwt_authorizer_test_support::token::ISSUER;
use serde_json::{Value, json};

use crate::harness::issuer::{DISCOVERY, JWKS, SERVER_METADATA};
use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Answer, Gateway, Issuer, Key, PUBLIC, Request, Setup, Token, provider, with_provider};

fn valid() -> Request {
    Request::get("/").bearer(Token::new().signed())
}

fn with_jwks(jwks: Value) -> Value {
    let mut provider = provider();
    provider["jwks"] = jwks;
    with_provider(provider)
}

#[test]
fn keys_are_fetched_at_start_once_for_all_workers() {
    let gateway = Gateway::start(&with_provider(provider()));
    gateway.await_metric("provider.main.jwks_keys", 10);
    assert_eq!(gateway.issuer.requests(JWKS), ["issuer.example"]);
    gateway.expect((0..20).map(|n| (n, valid(), ALLOWED)));
    assert_eq!(gateway.issuer.fetches(), 1, "one fetch serves all workers");
}

#[test]
fn the_jwks_uri_is_requested_unchanged() {
    let issuer = Issuer::start();
    issuer.publish_at("/tenant/keys?version=2", Key::set(&Key::one_of_each()));
    let jwks = json!({ "uri": "https://login.example:8443/tenant/keys?version=2", "cluster": "issuer" });
    let gateway = Setup::new(&with_jwks(jwks)).workers(4).issuer(issuer).start();
    gateway.expect([("valid", valid(), ALLOWED)]);
    assert_eq!(gateway.issuer.requests("/tenant/keys?version=2"), ["login.example:8443"]);
}

#[test]
fn inline_keys_cause_no_fetch() {
    let gateway = Gateway::start(&with_jwks(json!({ "inline": Key::set(&Key::one_of_each()) })));
    gateway.expect([
        ("valid", valid(), ALLOWED),
        ("forged", Request::get("/").bearer(Token::new().sign(&Key::other("ES256"))), (401, "signature_invalid")),
        (
            "unknown key",
            Request::get("/").bearer(Token::new().sign(&Key::of("ES256").named("new"))),
            (401, "key_unknown"),
        ),
    ]);
    assert_eq!(gateway.issuer.fetches(), 0);
}

#[test]
fn keys_are_found_by_discovery() {
    let issuer = Issuer::start();
    issuer.publish_at("/discovered", Key::set(&Key::one_of_each()));
    let elsewhere = "https://elsewhere.example/discovered";
    issuer.publish_at(DISCOVERY, json!({ "issuer": ISSUER, "jwks_uri": elsewhere }));
    let gateway =
        Setup::new(&with_jwks(json!({ "discovery": true, "cluster": "issuer" }))).workers(4).issuer(issuer).start();
    gateway.expect([("valid", valid(), ALLOWED)]);
    let fetches = [DISCOVERY, "/discovered", JWKS].map(|path| gateway.issuer.fetches_at(path));
    assert_eq!(fetches, [1, 1, 0], "the path of `jwks_uri` is used, its host is not");
}

#[test]
fn a_discovery_document_of_another_issuer_is_refused() {
    let issuer = Issuer::start();
    issuer.publish_at(DISCOVERY, json!({ "issuer": "https://issuer.example/", "jwks_uri": format!("{ISSUER}{JWKS}") }));
    let jwks = json!({ "discovery": true, "cluster": "issuer", "timeout": "1s" });
    let gateway = Setup::new(&with_jwks(jwks)).workers(4).issuer(issuer).start();
    gateway.expect([("valid", valid(), (503, "keys_unavailable"))]);
    assert_eq!(gateway.issuer.fetches(), 0);
    let names_both =
        |line: &String| line.contains("the issuer `https://issuer.example/` instead of `https://issuer.example`");
    assert_eq!(gateway.filter_log().iter().filter(|line| names_both(line)).count(), 1);
}

#[test]
fn server_metadata_is_tried_if_there_is_no_openid_configuration() {
    let issuer = Issuer::start();
    issuer.answer_at(DISCOVERY, Answer::Status(404));
    issuer.publish_at(SERVER_METADATA, json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}{JWKS}") }));
    let gateway =
        Setup::new(&with_jwks(json!({ "discovery": true, "cluster": "issuer" }))).workers(4).issuer(issuer).start();
    gateway.expect([("valid", valid(), ALLOWED)]);
    assert_eq!([DISCOVERY, SERVER_METADATA, JWKS].map(|path| gateway.issuer.fetches_at(path)), [1, 1, 1]);
}

/// As with Google, whose keys are on `www.googleapis.com`.
fn issuer_with_keys_elsewhere() -> Issuer {
    let issuer = Issuer::start();
    issuer.publish_at(DISCOVERY, json!({ "issuer": ISSUER, "jwks_uri": "https://apis.example/certs" }));
    issuer
}

#[test]
fn keys_on_another_host_are_fetched_through_their_own_cluster() {
    let key_server = Issuer::start();
    key_server.publish_at("/certs", Key::set(&Key::one_of_each()));
    let jwks = json!({ "discovery": true, "cluster": "issuer", "jwks_uri_cluster": "keys" });
    let setup = Setup::new(&with_jwks(jwks)).workers(4).issuer(issuer_with_keys_elsewhere());
    let gateway = setup.key_server(key_server).start();
    gateway.expect([("valid", valid(), ALLOWED)]);
    let key_server = gateway.key_server.as_ref().unwrap();
    assert_eq!(key_server.requests("/certs"), ["apis.example"]);
    assert_eq!(gateway.issuer.requests(DISCOVERY), ["issuer.example"]);
    for (server, path) in [(&gateway.issuer, DISCOVERY), (key_server, "/certs")] {
        assert_eq!(server.headers(path, "accept-encoding"), ["identity"], "{path}");
    }
}

#[test]
fn keys_that_are_asked_of_the_wrong_host_are_a_failure_of_its_own() {
    let jwks = json!({ "discovery": true, "cluster": "issuer" });
    let gateway = Setup::new(&with_jwks(jwks)).workers(4).issuer(issuer_with_keys_elsewhere()).start();
    gateway.expect([("valid", valid(), (503, "keys_unavailable"))]);
    gateway.await_at_least("provider.main.jwks_fetch_failed.host_mismatch", 1);
    assert_eq!(gateway.metric("provider.main.jwks_fetch_failed.status"), 0);
    let text = "`host_mismatch` (404 from `issuer.example/certs`; `jwks_uri` is on `apis.example`";
    assert_eq!(gateway.filter_log().iter().filter(|line| line.contains(text)).count(), 1);
}

#[test]
fn the_port_of_the_scheme_is_no_part_of_the_host() {
    let providers = [
        ("https", "https://login.example:443/https", "login.example"),
        ("http", "http://login.example:80/http", "login.example"),
        ("other", "https://login.example:80/other", "login.example:80"),
        ("capitals", "HTTPS://login.example:443/capitals", "login.example"),
    ];
    let issuer = Issuer::start();
    let mut policy = json!({ "providers": {}, "default": "authenticated" });
    for (name, uri, _) in providers {
        issuer.publish_at(&format!("/{name}"), Key::set(&Key::one_of_each()));
        let over = json!({ "issuer": format!("https://{name}.example"), "jwks": { "uri": uri } });
        policy["providers"][name] = merged(provider(), over);
    }
    let gateway = Setup::new(&policy).workers(2).issuer(issuer).start();
    for (name, _, host) in providers {
        gateway.await_metric(&format!("provider.{name}.jwks_keys"), 10);
        assert_eq!(gateway.issuer.requests(&format!("/{name}")), [host], "{name}");
    }
}

#[test]
fn requests_that_come_before_the_keys_wait_for_one_fetch() {
    let issuer = Issuer::start();
    let hold = issuer.hold();
    let policy = with_provider(merged(provider(), json!({ "jwks": { "timeout": "60s" } })));
    let gateway = Setup::new(&policy).workers(4).issuer(issuer).start();
    let (valid, forged) = (valid(), Request::get("/").bearer(Token::new().sign(&Key::other("ES256"))));
    let mut waiting: Vec<_> = (0..20).map(|_| gateway.connect()).collect();
    for (n, connection) in waiting.iter_mut().enumerate() {
        connection.send(if n % 2 == 0 { &forged } else { &valid }).unwrap();
    }
    gateway.await_active(20);
    assert_eq!(gateway.send(&Request::get("/")).status, 401, "a request without a token does not wait");
    assert_eq!(gateway.send(&Request::get("/public")).status, 200);
    drop(hold);
    let statuses: Vec<_> = waiting.iter_mut().map(|connection| connection.reply().unwrap().status).collect();
    assert_eq!(statuses, [401, 200].repeat(10));
    // The forged tokens came while the first fetch was in progress, and may cause one more.
    assert!(gateway.issuer.fetches() <= 2, "{} fetches", gateway.issuer.fetches());
}

#[test]
fn requests_wait_for_a_silent_issuer_until_the_timeout() {
    let mut provider = provider();
    provider["jwks"]["timeout"] = json!("1s");
    let issuer = Issuer::start();
    issuer.answer(Answer::Silence);
    let gateway = Setup::new(&with_provider(provider)).workers(4).issuer(issuer).start();
    let start = Instant::now();
    let reply = gateway.send(&valid());
    assert_eq!((reply.status, reply.header("retry-after").as_deref()), (503, Some("5")));
    // The default timeout is 5 s.
    assert!(start.elapsed() < Duration::from_millis(4500), "{:?}", start.elapsed());
    assert_eq!(gateway.logged(&reply).reason.as_deref(), Some("keys_unavailable"));
    assert_eq!(gateway.send(&Request::get("/")).status, 401);
}

#[test]
fn an_unknown_cluster_makes_keys_unavailable() {
    let jwks = json!({ "uri": format!("{ISSUER}{JWKS}"), "cluster": "nowhere", "timeout": "1s" });
    let gateway = Gateway::start(&with_jwks(jwks));
    gateway.expect([("valid", valid(), (503, "keys_unavailable")), ("public", Request::get("/public"), PUBLIC)]);
    gateway.await_at_least("provider.main.jwks_fetch_failed.cluster_unknown", 1);
    assert_eq!(gateway.metric("provider.main.jwks_fetch_failed.connect"), 0);
    let names_it =
        |line: &String| line.contains("`main`") && line.contains("from cluster `nowhere`: `cluster_unknown`");
    assert_eq!(gateway.filter_log().iter().filter(|line| names_it(line)).count(), 1);
}

#[test]
fn unusable_keys_in_a_set_are_skipped() {
    let weak = json!({ "kty": "RSA", "kid": "weak", "n": "AQAB", "e": "AQAB" });
    let symmetric = json!({ "kty": "oct", "kid": "ES256", "k": "c2VjcmV0" });
    let encryption = merged(Key::of("ES384").jwk(), json!({ "use": "enc", "kid": "encryption" }));
    let operations = merged(Key::of("ES384").jwk(), json!({ "key_ops": ["sign"], "kid": "operations" }));
    let other_algorithm = merged(Key::of("ES384").jwk(), json!({ "alg": "ES256", "kid": "other" }));
    let off_curve = merged(Key::of("ES384").jwk(), json!({ "x": Key::of("ES256").jwk()["x"], "kid": "curve" }));
    let private = merged(Key::of("ES384").jwk(), json!({ "d": "AQAB", "kid": "private" }));
    let future = json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "future", "pub": "AAAA" });
    let decorated =
        merged(Key::of("ES256").jwk(), json!({ "x5t#S256": "AA", "x5c": ["AA"], "status": "ACTIVE", "_links": {} }));
    // 600,000 zero bytes before the modulus. A modulus of that many significant bytes would occupy a VM for hours.
    let rsa = Key::of("RS256").jwk();
    let padded = format!("{}{}", "AAAA".repeat(200_000), rsa["n"].as_str().unwrap());
    let padded = merged(rsa, json!({ "n": padded, "kid": "padded" }));
    let issuer = Issuer::start();
    let keys = json!([
        padded,
        weak,
        symmetric,
        encryption,
        operations,
        other_algorithm,
        off_curve,
        private,
        future,
        "nonsense",
        7,
        null,
        decorated
    ]);
    issuer.publish_at(JWKS, json!({ "keys": keys, "vendor": { "extension": true } }));
    let gateway = Setup::new(&with_provider(provider())).workers(4).issuer(issuer).start();
    gateway.await_metric("provider.main.jwks_keys", 2);
    let padded = Token::new().sign(&Key::of("RS256").named("padded"));
    gateway
        .expect([("the usable key", valid(), ALLOWED), ("the padded key", Request::get("/").bearer(padded), ALLOWED)]);
    for kid in ["weak", "encryption", "operations", "other", "curve", "private"] {
        let token = Token::new().sign(&Key::of("ES384").named(kid));
        gateway.expect([(kid, Request::get("/").bearer(token), (401, "key_unknown"))]);
    }
}

#[test]
fn keys_of_two_types_may_share_a_kid() {
    let issuer = Issuer::with_keys(&[Key::of("RS256").named("same"), Key::of("ES256").named("same")]);
    let gateway = Setup::new(&with_provider(provider())).workers(4).issuer(issuer).start();
    gateway.expect(["RS256", "ES256"].map(|algorithm| {
        (algorithm, Request::get("/").bearer(Token::new().sign(&Key::of(algorithm).named("same"))), ALLOWED)
    }));
}
