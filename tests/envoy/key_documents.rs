//! Key documents as real issuers write them: keys in unusual spellings are used, and which keys were left out is told.

use jwt_authorizer_test_support::token::base64url;
use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{
    ALLOWED, Gateway, Issuer, Key, Outcome, Request, Setup, Token, eventually, provider, with_provider,
};

const INVALID: Outcome<'static> = (401, "signature_invalid");

/// One gateway in which Envoy verifies the algorithms that it supports, and one in which the filter verifies all.
fn gateways(document: &Value) -> [Gateway; 2] {
    let setup = || {
        let issuer = Issuer::start();
        issuer.publish_at("/jwks.json", document.clone());
        Setup::new(&with_provider(provider())).issuer(issuer)
    };
    [setup().start(), setup().without_host_crypto().start()]
}

/// The JWK with these members changed; null removes a member.
fn changed(jwk: Value, members: Value) -> Value {
    let mut jwk = merged(jwk, members);
    jwk.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    jwk
}

fn signed(token: Token, key: &Key) -> Request {
    Request::get("/").bearer(token.sign(key))
}

#[test]
fn keys_in_unusual_spellings_are_used() {
    let member = |jwk: &Value, name: &str| jwk[name].as_str().unwrap().to_owned();
    let padded = |key: &Key, names: &[&str]| {
        let mut jwk = key.jwk();
        for name in names {
            jwk[*name] = json!(format!("{}=", member(&jwk, name)));
        }
        jwk
    };
    // A coordinate without its first byte, which is zero.
    let short = |key: &Key, name: &str| {
        let mut jwk = key.jwk();
        let bytes = key.coordinate(name);
        assert_eq!(bytes[0], 0);
        jwk[name] = json!(base64url(&bytes[1..]));
        jwk
    };
    let mut nulls = Key::of("RS384").named("null members").jwk();
    for name in ["use", "key_ops", "d", "p", "q", "dp", "dq", "qi", "oth", "k", "crv", "x", "y", "x5t", "x5c", "x5u"] {
        nulls[name] = Value::Null;
    }
    let mut empty = Key::of("PS256").named("empty members").jwk();
    for (name, value) in [("key_ops", json!([])), ("x5c", json!([])), ("use", json!("")), ("d", json!(""))] {
        empty[name] = value;
    }
    let mut standard = Key::of("RS512").named("standard alphabet").jwk();
    standard["n"] = json!(member(&standard, "n").replace('-', "+").replace('_', "/"));
    let curves = ["ES256", "ES384", "ES512"].into_iter().flat_map(|algorithm| {
        ["x", "y"].map(|name| (Key::with_leading_zero(algorithm, name).named(&format!("{algorithm} {name}")), name))
    });
    let mut keys = vec![
        (Key::of("RS256").named("padded n"), padded(&Key::of("RS256").named("padded n"), &["n", "e"])),
        (Key::of("ES256").named("padded x"), padded(&Key::of("ES256").named("padded x"), &["x", "y"])),
        (Key::of("EdDSA").named("padded okp"), padded(&Key::of("EdDSA").named("padded okp"), &["x"])),
        (Key::of("RS384").named("null members"), nulls),
        (Key::of("PS256").named("empty members"), empty),
        (Key::of("RS512").named("standard alphabet"), standard),
    ];
    keys.extend(curves.map(|(key, name)| (key.clone(), short(&key, name))));
    let dropped = Key::of("RS256").named("private");
    let with_d = merged(dropped.jwk(), json!({ "d": "AQAB" }));
    let document = json!({ "keys": keys.iter().map(|(_, jwk)| jwk.clone()).chain([with_d]).collect::<Vec<_>>() });
    for gateway in gateways(&document) {
        gateway.expect(keys.iter().flat_map(|(key, _)| {
            let other = Key::other(key.algorithm).named(&key.id);
            [
                (key.id.clone(), signed(Token::new(), key), ALLOWED),
                (format!("{}, another signer", key.id), signed(Token::new(), &other), INVALID),
            ]
        }));
        gateway.expect([("a private key", signed(Token::new(), &dropped), (401, "key_unknown"))]);
    }
}

#[test]
fn a_token_is_tried_with_keys_that_have_no_name() {
    let unnamed = |key: &Key| changed(key.jwk(), json!({ "kid": null }));
    let empty = |key: &Key| merged(key.jwk(), json!({ "kid": "" }));
    let (named, first, second) = (Key::of("ES256"), Key::numbered("ES256", 1), Key::numbered("ES256", 2));
    let document = json!({ "keys": [named.jwk(), unnamed(&first), empty(&second)] });
    let with_kid = |kid: &str| Token::new().header("kid", kid);
    for gateway in gateways(&document) {
        gateway.expect([
            ("a kid that no key has", signed(with_kid("rotated"), &first), ALLOWED),
            ("a kid that no key has, second key", signed(with_kid("rotated"), &second), ALLOWED),
            ("an empty kid", signed(with_kid(""), &first), ALLOWED),
            ("an empty kid, by the named key", signed(with_kid(""), &named), ALLOWED),
            ("no kid", signed(Token::new().header("kid", json!(null)), &second), ALLOWED),
            ("a known kid, by another key", signed(with_kid("ES256"), &first), INVALID),
            ("a kid that no key has, by a stranger", signed(with_kid("rotated"), &Key::other("ES256")), INVALID),
            ("a kid that no key has, by the named key", signed(with_kid("rotated"), &named), INVALID),
        ]);
    }
}

#[test]
fn a_thumbprint_chooses_the_key() {
    let unnamed = Token::new().header("kid", json!(null));
    // Eight keys fit the algorithm, and a token without any name is tried with five.
    let keys: Vec<_> = (1..=8).map(|number| Key::numbered("ES256", number)).collect();
    let jwks = keys.iter().zip(1..).map(|(key, number)| {
        let names = json!({ "kid": format!("k{number}"), "x5t": format!("sha1-{number}"), "x5t#S256": format!("sha256-{number}") });
        merged(key.jwk(), names)
    });
    let document = json!({ "keys": jwks.collect::<Vec<_>>() });
    for gateway in gateways(&document) {
        gateway.expect([
            ("x5t", signed(unnamed.clone().header("x5t", "sha1-8"), &keys[7]), ALLOWED),
            ("x5t#S256", signed(unnamed.clone().header("x5t#S256", "sha256-8"), &keys[7]), ALLOWED),
            ("x5t of another key", signed(unnamed.clone().header("x5t", "sha1-1"), &keys[7]), INVALID),
            ("an unknown x5t", signed(unnamed.clone().header("x5t", "sha1-9"), &keys[7]), (401, "key_unknown")),
            ("the fifth key", signed(unnamed.clone(), &keys[4]), ALLOWED),
            ("a key that is not tried", signed(unnamed.clone(), &keys[7]), (401, "key_ambiguous")),
            ("a key that is not the issuer's", signed(unnamed.clone(), &Key::other("ES256")), (401, "key_ambiguous")),
        ]);
    }
}

#[test]
fn certificates_by_kid_are_keys_of_these_names() {
    let (rsa, ec, okp) = (Key::of("RS256").named("rsa"), Key::of("ES256").named("ec"), Key::of("EdDSA").named("okp"));
    // The dates of these certificates are in the past: the issuer withdraws a key by leaving it out.
    let document = json!({
        "rsa": rsa.certificate(),
        "ec": ec.certificate(),
        "okp": okp.certificate(),
        "broken": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    });
    for gateway in gateways(&document) {
        let named = |key: &Key, id: &str| signed(Token::new().header("kid", id), key);
        gateway.expect([
            ("an RSA key", named(&rsa, "rsa"), ALLOWED),
            ("an RSA key, another algorithm", named(&rsa.clone().for_algorithm("PS512"), "rsa"), ALLOWED),
            ("an EC key", named(&ec, "ec"), ALLOWED),
            ("an Ed25519 key", named(&okp, "okp"), ALLOWED),
            ("another key", named(&Key::other("RS256"), "rsa"), INVALID),
            ("another key's name", named(&rsa, "ec"), (401, "key_unknown")),
            ("a certificate that can't be read", named(&rsa, "broken"), (401, "key_unknown")),
        ]);
        let line =
            "provider `main`: keys from cluster `issuer`: 3 of 4 keys; left out: `broken` (not an X.509 certificate)";
        eventually("the line about the keys", || gateway.filter_log().iter().any(|known| known == line).then_some(()));
    }
}
