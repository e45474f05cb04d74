//! Signatures: each algorithm's good ones pass, and nothing else does, however near it comes.

use serde_json::json;

use crate::harness::keys::ALGORITHMS;
use crate::harness::token::{base64url, compact};
use crate::harness::{ALLOWED, Gateway, Issuer, Key, Outcome, Request, Setup, Token, provider, with_provider};

const INVALID: Outcome<'static> = (401, "signature_invalid");
const MALFORMED: Outcome<'static> = (401, "token_malformed");
const NOT_ALLOWED: Outcome<'static> = (401, "algorithm_not_allowed");

fn gateway() -> Gateway {
    Gateway::start(&with_provider(provider()))
}

#[track_caller]
fn judge(gateway: &Gateway, rows: impl IntoIterator<Item = (String, String, Outcome<'static>)>) {
    gateway.expect(rows.into_iter().map(|(label, token, expected)| (label, Request::get("/").bearer(token), expected)));
}

#[test]
fn each_algorithm_verifies_its_own_signatures() {
    judge(&gateway(), Key::one_of_each().iter().map(|key| (key.id.clone(), Token::new().sign(key), ALLOWED)));
}

#[test]
fn forged_tokens_are_refused() {
    let gateway = gateway();
    for algorithm in ALGORITHMS {
        let (key, stranger) = (Key::of(algorithm), Key::strangers(algorithm));
        let good = Token::new().sign(&key);
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (header, _) = message.split_once('.').unwrap();
        let other_claims = base64url(Token::new().claim("sub", "mallory").claims_text().as_bytes());
        let zeros = base64url(&vec![0; key.sign(b"").len()]);
        let ones = base64url(&vec![0xff; key.sign(b"").len()]);
        judge(
            &gateway,
            [
                (format!("{algorithm}: another's key"), Token::new().sign(&stranger), INVALID),
                (format!("{algorithm}: other claims"), format!("{header}.{other_claims}.{signature}"), INVALID),
                (format!("{algorithm}: nothing but zeros"), format!("{message}.{zeros}"), INVALID),
                (format!("{algorithm}: nothing but ones"), format!("{message}.{ones}"), INVALID),
                (format!("{algorithm}: no signature"), format!("{message}."), INVALID),
                (
                    format!("{algorithm}: unknown key"),
                    Token::new().sign(&key.clone().named("nobody")),
                    (401, "key_unknown"),
                ),
            ],
        );
    }
}

#[test]
fn cut_and_stretched_signatures_are_refused() {
    let gateway = gateway();
    for key in Key::one_of_each() {
        let (header, claims) = (Token::new().header_text(&key), Token::new().claims_text());
        let with = |change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
            compact(header.as_bytes(), claims.as_bytes(), |message| change(key.sign(message)))
        };
        let flipped = |at: fn(usize) -> usize| {
            with(&move |mut signature| {
                let at = at(signature.len());
                signature[at] ^= 1;
                signature
            })
        };
        judge(
            &gateway,
            [
                (format!("{}: a byte less at the end", key.id), with(&|s| s[..s.len() - 1].to_vec()), INVALID),
                (format!("{}: a byte less at the start", key.id), with(&|s| s[1..].to_vec()), INVALID),
                (format!("{}: a zero more at the end", key.id), with(&|s| [&s[..], &[0]].concat()), INVALID),
                (format!("{}: a zero more at the start", key.id), with(&|s| [&[0], &s[..]].concat()), INVALID),
                (format!("{}: twice", key.id), with(&|s| [&s[..], &s].concat()), INVALID),
                (format!("{}: half", key.id), with(&|s| s[..s.len() / 2].to_vec()), INVALID),
                (format!("{}: first bit", key.id), flipped(|_| 0), INVALID),
                (format!("{}: middle bit", key.id), flipped(|length| length / 2), INVALID),
                (format!("{}: last bit", key.id), flipped(|length| length - 1), INVALID),
            ],
        );
    }
}

#[test]
fn a_token_has_one_spelling() {
    let gateway = gateway();
    for key in Key::one_of_each() {
        let good = Token::new().sign(&key);
        let parts: Vec<_> = good.split('.').collect();
        let rows = (0..3).flat_map(|part| {
            respelled(parts[part]).into_iter().map({
                let (id, parts) = (key.id.clone(), parts.clone());
                move |(label, text)| {
                    let mut parts = parts.clone();
                    parts[part] = &text;
                    (format!("{id}: part {part}, {label}"), parts.join("."), MALFORMED)
                }
            })
        });
        judge(&gateway, rows);
    }
}

/// The same bytes to a lenient decoder, in other letters.
fn respelled(part: &str) -> Vec<(&'static str, String)> {
    let padding = "=".repeat((4 - part.len() % 4) % 4);
    let mut spellings = vec![
        ("a blank inside", format!("{} {}", &part[..4], &part[4..])),
        ("an equals sign", format!("{part}=")),
        ("an asterisk", format!("{part}*")),
        ("a percent escape", format!("{part}%20")),
    ];
    if !padding.is_empty() {
        spellings.push(("padded", format!("{part}{padding}")));
        spellings.push(("stray bits", with_stray_bits(part)));
    }
    let standard = part.replace('-', "+").replace('_', "/");
    if standard != part {
        spellings.push(("the other alphabet", standard));
    }
    spellings
}

/// The last letter holds bits that belong to no byte; this sets one.
fn with_stray_bits(part: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = part.split_at(part.len() - 1);
    let value = ALPHABET.iter().position(|letter| *letter == last.as_bytes()[0]).unwrap();
    format!("{rest}{}", char::from(ALPHABET[value ^ 1]))
}

#[test]
fn none_does_not_exist() {
    let gateway = gateway();
    for algorithm in ["none", "None", "NONE", "nOnE", "noNE", "", " none", "HS256", "HS384", "HS512", "ES256K", "Ed448"]
    {
        for id in [json!(null), json!("RS256")] {
            let token = Token::new().header("alg", algorithm).header("kid", id.clone());
            let header = token.header_text(&Key::of("RS256"));
            let unsigned = compact(header.as_bytes(), token.claims_text().as_bytes(), |_| Vec::new());
            let signed = token.sign(&Key::of("RS256"));
            judge(
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
fn a_key_serves_no_other_algorithm() {
    let gateway = gateway();
    let rows = Key::one_of_each().into_iter().flat_map(|key| {
        ALGORITHMS.into_iter().filter(move |other| *other != key.algorithm).map({
            move |other| {
                let said = Token::new().header("alg", other).sign(&key);
                (format!("the key of {} under alg {other}", key.id), said, (401, "key_unknown"))
            }
        })
    });
    judge(&gateway, rows);
}

#[test]
fn a_signature_of_another_algorithm_is_none() {
    let rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    let gateway = gateway();
    let rows = rsa.into_iter().flat_map(|claimed| {
        rsa.into_iter().filter(move |used| *used != claimed).map(move |used| {
            let key = Key::of(claimed).for_algorithm(used);
            let token = Token::new().header("alg", claimed).header("kid", claimed).sign(&key);
            (format!("{used} said to be {claimed}"), token, INVALID)
        })
    });
    judge(&gateway, rows);
}

#[test]
fn a_public_key_is_no_secret() {
    let gateway = gateway();
    for key in Key::one_of_each() {
        let token = Token::new().header("alg", "HS256");
        let rows = key.public_texts().into_iter().enumerate().map(|(form, secret)| {
            let hmac = |message: &[u8]| hmac_sha256::HMAC::mac(message, &secret).to_vec();
            let forged = compact(token.header_text(&key).as_bytes(), token.claims_text().as_bytes(), hmac);
            (format!("{} as a secret, form {form}", key.id), forged, NOT_ALLOWED)
        });
        judge(&gateway, rows);
    }
}

#[test]
fn keys_that_come_with_the_token_are_never_looked_at() {
    let stranger = Key::strangers("ES256");
    let token = Token::new()
        .header("jwk", stranger.jwk())
        .header("jku", "https://attacker.example/jwks.json")
        .header("x5u", "https://attacker.example/cert.pem")
        .header("x5c", json!(["MIIB"]));
    judge(
        &gateway(),
        [
            ("signed by the key inside".to_owned(), token.sign(&stranger), INVALID),
            ("signed by ours".to_owned(), token.signed(), ALLOWED),
        ],
    );
}

#[test]
fn a_key_without_alg_serves_every_algorithm_of_its_type() {
    let mut jwk = Key::of("RS256").named("rsa").jwk();
    jwk.as_object_mut().unwrap().remove("alg");
    let issuer = Issuer::start();
    issuer.publish_at("/jwks.json", json!({ "keys": [jwk] }));
    let gateway = Setup::new(&with_provider(provider())).issuer(issuer).start();
    let rows = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map(|algorithm| {
        let key = Key::of(algorithm).named("rsa");
        (algorithm.to_owned(), Token::new().sign(&key), ALLOWED)
    });
    judge(&gateway, rows);
    judge(&gateway, [("ES256".to_owned(), Token::new().sign(&Key::of("ES256").named("rsa")), (401, "key_unknown"))]);
}

#[test]
fn a_token_without_kid_is_tried_with_the_keys_that_fit() {
    let unnamed = |key: &Key| Token::new().header("kid", json!(null)).sign(key);
    judge(
        &gateway(),
        Key::one_of_each().iter().map(|key| (format!("{}, no kid", key.id), unnamed(key), ALLOWED)).chain([(
            "a stranger's, no kid".to_owned(),
            unnamed(&Key::strangers("ES256")),
            INVALID,
        )]),
    );
}

#[test]
fn an_allow_list_refuses_the_rest() {
    let mut listed = provider();
    listed["algorithms"] = json!(["ES256", "PS512"]);
    let gateway = Gateway::start(&with_provider(listed));
    judge(
        &gateway,
        Key::one_of_each().iter().map(|key| {
            let expected = if ["ES256", "PS512"].contains(&key.algorithm) { ALLOWED } else { NOT_ALLOWED };
            (key.id.clone(), Token::new().sign(key), expected)
        }),
    );
}

#[test]
fn ed25519_goes_by_both_of_its_names() {
    let key = Key::of("EdDSA");
    let mut jwk = key.jwk();
    jwk.as_object_mut().unwrap().remove("alg");
    let issuer = Issuer::start();
    issuer.publish_at("/jwks.json", json!({ "keys": [jwk] }));
    let gateway = Setup::new(&with_provider(provider())).issuer(issuer).start();
    judge(
        &gateway,
        ["EdDSA", "Ed25519"].map(|name| (name.to_owned(), Token::new().header("alg", name).sign(&key), ALLOWED)),
    );
}
