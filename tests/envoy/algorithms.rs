//! Signature verification: valid signatures of each algorithm pass, and every other signature is refused.

use jwt_authorizer_test_support::keys::{ALGORITHMS, SECRET_ALGORITHMS};
use jwt_authorizer_test_support::token::{base64url, compact};
use serde_json::json;

use crate::harness::{ALLOWED, Gateway, Issuer, Key, Outcome, Request, Setup, Token, provider, with_provider};

const INVALID: Outcome<'static> = (401, "signature_invalid");
const MALFORMED: Outcome<'static> = (401, "token_malformed");
const NOT_ALLOWED: Outcome<'static> = (401, "algorithm_not_allowed");

fn gateway() -> Gateway {
    Gateway::start(&with_provider(provider()))
}

/// One gateway in which Envoy verifies the algorithms that it supports, and one in which the filter verifies all.
fn gateways() -> [Gateway; 2] {
    [gateway(), Setup::new(&with_provider(provider())).without_host_crypto().start()]
}

/// Label, token and outcome.
type Row = (String, String, Outcome<'static>);

#[track_caller]
fn check(gateway: &Gateway, rows: impl IntoIterator<Item = Row>) {
    gateway.expect(rows.into_iter().map(|(label, token, expected)| (label, Request::get("/").bearer(token), expected)));
}

#[test]
fn valid_signatures_of_every_algorithm_pass() {
    for gateway in gateways() {
        check(&gateway, Key::one_of_each().iter().map(|key| (key.id.clone(), Token::new().sign(key), ALLOWED)));
    }
}

#[test]
fn forged_tokens_are_refused() {
    for gateway in gateways() {
        check(&gateway, ALGORITHMS.into_iter().flat_map(forged));
    }
}

fn forged(algorithm: &'static str) -> Vec<Row> {
    let (key, other) = (Key::of(algorithm), Key::other(algorithm));
    let valid = Token::new().sign(&key);
    let (message, signature) = valid.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let other_claims = base64url(Token::new().claim("sub", "mallory").claims_text().as_bytes());
    let filled = |byte: u8| base64url(&vec![byte; key.sign(b"").len()]);
    [
        ("another key", Token::new().sign(&other), INVALID),
        ("other claims", format!("{header}.{other_claims}.{signature}"), INVALID),
        ("all zeros", format!("{message}.{}", filled(0)), INVALID),
        ("all ones", format!("{message}.{}", filled(0xff)), INVALID),
        ("no signature", format!("{message}."), INVALID),
        ("unknown key", Token::new().sign(&key.named("unknown")), (401, "key_unknown")),
    ]
    .map(|(label, token, expected)| (format!("{algorithm}: {label}"), token, expected))
    .into()
}

#[test]
fn truncated_padded_and_changed_signatures_are_refused() {
    for gateway in gateways() {
        check(&gateway, Key::one_of_each().iter().flat_map(changed));
    }
}

fn changed(key: &Key) -> Vec<Row> {
    type Change = fn(Vec<u8>) -> Vec<u8>;
    let changes: [(&str, Change); 10] = [
        ("last byte removed", |s| s[..s.len() - 1].to_vec()),
        ("first byte removed", |s| s[1..].to_vec()),
        ("zero byte appended", |s| [&s[..], &[0]].concat()),
        ("zero byte prepended", |s| [&[0], &s[..]].concat()),
        ("twice", |s| [&s[..], &s].concat()),
        ("first half", |s| s[..s.len() / 2].to_vec()),
        ("in DER", in_der),
        ("first byte changed", |s| flipped(s, |_| 0)),
        ("middle byte changed", |s| flipped(s, |length| length / 2)),
        ("last byte changed", |s| flipped(s, |length| length - 1)),
    ];
    let (header, claims) = (Token::new().header_text(key), Token::new().claims_text());
    let token = |change: Change| compact(header.as_bytes(), claims.as_bytes(), |message| change(key.sign(message)));
    changes.map(|(label, change)| (format!("{}: {label}", key.id), token(change), INVALID)).into()
}

fn flipped(mut signature: Vec<u8>, at: fn(usize) -> usize) -> Vec<u8> {
    let at = at(signature.len());
    signature[at] ^= 1;
    signature
}

/// The two halves as a DER sequence of integers, the usual form of ECDSA signatures outside of JOSE.
fn in_der(signature: Vec<u8>) -> Vec<u8> {
    let integer = |half: &[u8]| {
        let digits: Vec<u8> = half.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = if digits.first().is_some_and(|byte| *byte >= 0x80) { vec![0] } else { vec![] };
        prefixed(0x02, &[sign, digits].concat())
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    prefixed(0x30, &[integer(r), integer(s)].concat())
}

fn prefixed(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let size = match length {
        0..0x80 => vec![length as u8],
        0x80..0x100 => vec![0x81, length as u8],
        _ => vec![0x82, (length >> 8) as u8, length as u8],
    };
    [&[tag], &size[..], content].concat()
}

#[test]
fn only_the_canonical_base64url_encoding_is_accepted() {
    let gateway = gateway();
    for key in Key::one_of_each() {
        let valid = Token::new().sign(&key);
        let parts: Vec<_> = valid.split('.').collect();
        let rows = (0..3).flat_map(|part| {
            other_encodings(parts[part]).into_iter().map({
                let (id, parts) = (key.id.clone(), parts.clone());
                move |(label, text)| {
                    let mut parts = parts.clone();
                    parts[part] = &text;
                    (format!("{id}: part {part}, {label}"), parts.join("."), MALFORMED)
                }
            })
        });
        check(&gateway, rows);
    }
}

/// Encodings that a lenient decoder decodes to the same bytes.
fn other_encodings(part: &str) -> Vec<(&'static str, String)> {
    let padding = "=".repeat((4 - part.len() % 4) % 4);
    let mut encodings = vec![
        ("a space inside", format!("{} {}", &part[..4], &part[4..])),
        ("an equals sign", format!("{part}=")),
        ("an asterisk", format!("{part}*")),
        ("a percent escape", format!("{part}%20")),
    ];
    if !padding.is_empty() {
        encodings.push(("padded", format!("{part}{padding}")));
        encodings.push(("non-zero trailing bits", with_trailing_bits(part)));
    }
    let standard = part.replace('-', "+").replace('_', "/");
    if standard != part {
        encodings.push(("standard alphabet", standard));
    }
    encodings
}

/// Sets one of the unused bits of the last character.
fn with_trailing_bits(part: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = part.split_at(part.len() - 1);
    let value = ALPHABET.iter().position(|letter| *letter == last.as_bytes()[0]).unwrap();
    format!("{rest}{}", char::from(ALPHABET[value ^ 1]))
}

#[test]
fn algorithms_that_are_not_supported_are_refused() {
    let gateway = gateway();
    for algorithm in ["none", "None", "NONE", "nOnE", "noNE", "", " none", "HS256", "HS384", "HS512", "ES256K", "Ed448"]
    {
        for id in [json!(null), json!("RS256")] {
            let token = Token::new().header("alg", algorithm).header("kid", id.clone());
            let header = token.header_text(&Key::of("RS256"));
            let unsigned = compact(header.as_bytes(), token.claims_text().as_bytes(), |_| Vec::new());
            let signed = token.sign(&Key::of("RS256"));
            check(
                &gateway,
                [
                    (format!("{algorithm:?}, {id}, unsigned"), unsigned, NOT_ALLOWED),
                    (format!("{algorithm:?}, {id}, signed"), signed, NOT_ALLOWED),
                ],
            );
        }
    }
}

#[test]
fn a_key_with_alg_is_not_used_for_another_algorithm() {
    let gateway = gateway();
    let rows = Key::one_of_each().into_iter().flat_map(|key| {
        ALGORITHMS.into_iter().filter(move |other| *other != key.algorithm).map({
            move |other| {
                let token = Token::new().header("alg", other).sign(&key);
                (format!("the {} key with alg {other}", key.id), token, (401, "key_unknown"))
            }
        })
    });
    check(&gateway, rows);
}

#[test]
fn a_signature_by_an_algorithm_other_than_alg_is_refused() {
    let rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    let gateway = gateway();
    let rows = rsa.into_iter().flat_map(|claimed| {
        rsa.into_iter().filter(move |used| *used != claimed).map(move |used| {
            let key = Key::of(claimed).for_algorithm(used);
            let token = Token::new().header("alg", claimed).header("kid", claimed).sign(&key);
            (format!("alg {claimed}, signed with {used}"), token, INVALID)
        })
    });
    check(&gateway, rows);
}

#[test]
fn a_public_key_is_never_an_hmac_secret() {
    let gateway = gateway();
    for key in Key::one_of_each() {
        let token = Token::new().header("alg", "HS256");
        let rows = key.public_encodings().into_iter().enumerate().map(|(encoding, secret)| {
            let hmac = |message: &[u8]| hmac_sha256::HMAC::mac(message, &secret).to_vec();
            let forged = compact(token.header_text(&key).as_bytes(), token.claims_text().as_bytes(), hmac);
            (format!("{} as a secret, encoding {encoding}", key.id), forged, NOT_ALLOWED)
        });
        check(&gateway, rows);
    }
}

/// A provider with HMAC secrets and an RSA key.
fn with_secrets(listed: &[&str]) -> Gateway {
    let mut keys: Vec<_> = SECRET_ALGORITHMS.into_iter().filter(|name| listed.contains(name)).map(Key::of).collect();
    keys.push(Key::of("RS256"));
    let mut provider = provider();
    provider["jwks"] = json!({ "inline": Key::set(&keys) });
    provider["algorithms"] = json!(listed);
    Setup::new(&with_provider(provider)).start()
}

#[test]
fn an_hmac_secret_verifies_its_own_algorithm() {
    let gateway = with_secrets(&["HS256", "HS384", "HS512", "RS256"]);
    check(&gateway, SECRET_ALGORITHMS.map(|name| (name.to_owned(), Token::new().sign(&Key::of(name)), ALLOWED)));
    check(&gateway, [("RS256".to_owned(), Token::new().sign(&Key::of("RS256")), ALLOWED)]);
    check(&gateway, SECRET_ALGORITHMS.into_iter().flat_map(forged));
    check(&gateway, SECRET_ALGORITHMS.map(Key::of).iter().flat_map(changed));
    let rows = SECRET_ALGORITHMS.into_iter().flat_map(|claimed| {
        SECRET_ALGORITHMS.into_iter().filter(move |used| *used != claimed).map(move |used| {
            let key = Key::of(claimed).for_algorithm(used);
            let token = Token::new().header("alg", claimed).header("kid", claimed).sign(&key);
            (format!("alg {claimed}, signed with {used}"), token, INVALID)
        })
    });
    check(&gateway, rows);
}

#[test]
fn hmac_algorithms_that_are_not_listed_are_refused() {
    let gateway = with_secrets(&["HS384", "RS256"]);
    check(
        &gateway,
        SECRET_ALGORITHMS.map(|name| {
            let expected = if name == "HS384" { ALLOWED } else { NOT_ALLOWED };
            (name.to_owned(), Token::new().sign(&Key::of(name)), expected)
        }),
    );
}

#[test]
fn a_public_key_is_not_an_hmac_secret_beside_secrets() {
    let gateway = with_secrets(&["HS256", "RS256"]);
    let rsa = Key::of("RS256");
    let rows = rsa.public_encodings().into_iter().enumerate().flat_map(|(encoding, bytes)| {
        let forged = |id: serde_json::Value| Token::new().header("kid", id).sign(&Key::secret("HS256", &bytes));
        [
            (format!("encoding {encoding}, kid of the RSA key"), forged(json!("RS256")), (401, "key_unknown")),
            (format!("encoding {encoding}, kid of the secret"), forged(json!("HS256")), INVALID),
            (format!("encoding {encoding}, no kid"), forged(json!(null)), INVALID),
        ]
    });
    check(&gateway, rows);
    let empty = Key::secret("HS256", b"").named("RS256");
    check(&gateway, [("an empty secret".to_owned(), Token::new().sign(&empty), (401, "key_unknown"))]);
}

#[test]
fn a_secret_in_a_fetched_key_set_is_never_used() {
    let issuer = Issuer::start();
    issuer.publish(&[Key::of("ES256"), Key::of("HS256"), Key::of("HS512")]);
    let gateway = Setup::new(&with_provider(provider())).issuer(issuer).start();
    check(
        &gateway,
        [
            ("HS256".to_owned(), Token::new().sign(&Key::of("HS256")), NOT_ALLOWED),
            ("HS512".to_owned(), Token::new().sign(&Key::of("HS512")), NOT_ALLOWED),
            (
                "HS256 with alg ES256".to_owned(),
                Token::new().header("alg", "ES256").sign(&Key::of("HS256")),
                (401, "key_unknown"),
            ),
            ("ES256".to_owned(), Token::new().signed(), ALLOWED),
        ],
    );
    gateway.await_metric("provider.main.jwks_keys", 1);
}

#[test]
fn keys_in_the_header_of_the_token_are_ignored() {
    let attacker = Key::other("ES256");
    let token = Token::new()
        .header("jwk", attacker.jwk())
        .header("jku", "https://attacker.example/jwks.json")
        .header("x5u", "https://attacker.example/cert.pem")
        .header("x5c", json!(["MIIB"]));
    check(
        &gateway(),
        [
            ("signed with the key in the header".to_owned(), token.sign(&attacker), INVALID),
            ("signed with the issuer's key".to_owned(), token.signed(), ALLOWED),
        ],
    );
}

#[test]
fn a_key_without_alg_is_used_for_every_algorithm_of_its_type() {
    let mut jwk = Key::of("RS256").named("rsa").jwk();
    jwk.as_object_mut().unwrap().remove("alg");
    let issuer = Issuer::start();
    issuer.publish_at("/jwks.json", json!({ "keys": [jwk] }));
    let gateway = Setup::new(&with_provider(provider())).issuer(issuer).start();
    let rows = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map(|algorithm| {
        let key = Key::of(algorithm).named("rsa");
        (algorithm.to_owned(), Token::new().sign(&key), ALLOWED)
    });
    check(&gateway, rows);
    check(&gateway, [("ES256".to_owned(), Token::new().sign(&Key::of("ES256").named("rsa")), (401, "key_unknown"))]);
}

#[test]
fn a_token_without_kid_is_verified_with_every_key_for_its_alg() {
    let unnamed = |key: &Key| Token::new().header("kid", json!(null)).sign(key);
    check(
        &gateway(),
        Key::one_of_each().iter().map(|key| (format!("{}, no kid", key.id), unnamed(key), ALLOWED)).chain([(
            "another key, no kid".to_owned(),
            unnamed(&Key::other("ES256")),
            INVALID,
        )]),
    );
}

#[test]
fn algorithms_that_are_not_listed_are_refused() {
    let mut listed = provider();
    listed["algorithms"] = json!(["ES256", "PS512"]);
    let gateway = Gateway::start(&with_provider(listed));
    check(
        &gateway,
        Key::one_of_each().iter().map(|key| {
            let expected = if ["ES256", "PS512"].contains(&key.algorithm) { ALLOWED } else { NOT_ALLOWED };
            (key.id.clone(), Token::new().sign(key), expected)
        }),
    );
}

#[test]
fn ed25519_is_accepted_under_both_alg_names() {
    let key = Key::of("EdDSA");
    let mut jwk = key.jwk();
    jwk.as_object_mut().unwrap().remove("alg");
    let issuer = Issuer::start();
    issuer.publish_at("/jwks.json", json!({ "keys": [jwk] }));
    let gateway = Setup::new(&with_provider(provider())).issuer(issuer).start();
    check(
        &gateway,
        ["EdDSA", "Ed25519"].map(|name| (name.to_owned(), Token::new().header("alg", name).sign(&key), ALLOWED)),
    );
}
