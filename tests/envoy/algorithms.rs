//! Signatures: each algorithm's good ones pass, and nothing else does, however near it comes.

use serde_json::json;

use crate::harness::keys::{ALGORITHMS, SECRET_ALGORITHMS};
use crate::harness::token::{base64url, compact};
use crate::harness::{ALLOWED, Gateway, Issuer, Key, Outcome, Request, Setup, Token, provider, with_provider};

const INVALID: Outcome<'static> = (401, "signature_invalid");
const MALFORMED: Outcome<'static> = (401, "token_malformed");
const NOT_ALLOWED: Outcome<'static> = (401, "algorithm_not_allowed");

fn gateway() -> Gateway {
    Gateway::start(&with_provider(provider()))
}

/// One gateway that leaves to Envoy what Envoy can verify, and one whose filter does it all.
fn gateways() -> [Gateway; 2] {
    [gateway(), Setup::new(&with_provider(provider())).without_host_crypto().start()]
}

/// Label, token and outcome.
type Row = (String, String, Outcome<'static>);

#[track_caller]
fn judge(gateway: &Gateway, rows: impl IntoIterator<Item = Row>) {
    gateway.expect(rows.into_iter().map(|(label, token, expected)| (label, Request::get("/").bearer(token), expected)));
}

#[test]
fn each_algorithm_verifies_its_own_signatures() {
    for gateway in gateways() {
        judge(&gateway, Key::one_of_each().iter().map(|key| (key.id.clone(), Token::new().sign(key), ALLOWED)));
    }
}

#[test]
fn forged_tokens_are_refused() {
    for gateway in gateways() {
        judge(&gateway, ALGORITHMS.into_iter().flat_map(forged));
    }
}

fn forged(algorithm: &'static str) -> Vec<Row> {
    let (key, stranger) = (Key::of(algorithm), Key::strangers(algorithm));
    let good = Token::new().sign(&key);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let other_claims = base64url(Token::new().claim("sub", "mallory").claims_text().as_bytes());
    let filled = |byte: u8| base64url(&vec![byte; key.sign(b"").len()]);
    [
        ("another's key", Token::new().sign(&stranger), INVALID),
        ("other claims", format!("{header}.{other_claims}.{signature}"), INVALID),
        ("nothing but zeros", format!("{message}.{}", filled(0)), INVALID),
        ("nothing but ones", format!("{message}.{}", filled(0xff)), INVALID),
        ("no signature", format!("{message}."), INVALID),
        ("unknown key", Token::new().sign(&key.named("nobody")), (401, "key_unknown")),
    ]
    .map(|(label, token, expected)| (format!("{algorithm}: {label}"), token, expected))
    .into()
}

#[test]
fn cut_and_stretched_signatures_are_refused() {
    for gateway in gateways() {
        judge(&gateway, Key::one_of_each().iter().flat_map(misshapen));
    }
}

fn misshapen(key: &Key) -> Vec<Row> {
    type Change = fn(Vec<u8>) -> Vec<u8>;
    let changes: [(&str, Change); 10] = [
        ("a byte less at the end", |s| s[..s.len() - 1].to_vec()),
        ("a byte less at the start", |s| s[1..].to_vec()),
        ("a zero more at the end", |s| [&s[..], &[0]].concat()),
        ("a zero more at the start", |s| [&[0], &s[..]].concat()),
        ("twice", |s| [&s[..], &s].concat()),
        ("half", |s| s[..s.len() / 2].to_vec()),
        ("in DER", in_der),
        ("first bit", |s| flipped(s, |_| 0)),
        ("middle bit", |s| flipped(s, |length| length / 2)),
        ("last bit", |s| flipped(s, |length| length - 1)),
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

/// Two halves as a DER sequence of integers, the form in which ECDSA signatures are usual elsewhere.
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

/// A provider with secrets, and an RSA key beside them.
fn with_secrets(listed: &[&str]) -> Gateway {
    let mut keys: Vec<_> = SECRET_ALGORITHMS.into_iter().filter(|name| listed.contains(name)).map(Key::of).collect();
    keys.push(Key::of("RS256"));
    let mut provider = provider();
    provider["jwks"] = json!({ "inline": Key::set(&keys) });
    provider["algorithms"] = json!(listed);
    Setup::new(&with_provider(provider)).start()
}

#[test]
fn a_secret_verifies_what_it_signed() {
    let gateway = with_secrets(&["HS256", "HS384", "HS512", "RS256"]);
    judge(&gateway, SECRET_ALGORITHMS.map(|name| (name.to_owned(), Token::new().sign(&Key::of(name)), ALLOWED)));
    judge(&gateway, [("RS256 beside them".to_owned(), Token::new().sign(&Key::of("RS256")), ALLOWED)]);
    judge(&gateway, SECRET_ALGORITHMS.into_iter().flat_map(forged));
    judge(&gateway, SECRET_ALGORITHMS.map(Key::of).iter().flat_map(misshapen));
    let rows = SECRET_ALGORITHMS.into_iter().flat_map(|claimed| {
        SECRET_ALGORITHMS.into_iter().filter(move |used| *used != claimed).map(move |used| {
            let key = Key::of(claimed).for_algorithm(used);
            let token = Token::new().header("alg", claimed).header("kid", claimed).sign(&key);
            (format!("{used} said to be {claimed}"), token, INVALID)
        })
    });
    judge(&gateway, rows);
}

#[test]
fn only_listed_secrets_count() {
    let gateway = with_secrets(&["HS384", "RS256"]);
    judge(
        &gateway,
        SECRET_ALGORITHMS.map(|name| {
            let expected = if name == "HS384" { ALLOWED } else { NOT_ALLOWED };
            (name.to_owned(), Token::new().sign(&Key::of(name)), expected)
        }),
    );
}

#[test]
fn a_public_key_is_no_secret_where_secrets_count_too() {
    let gateway = with_secrets(&["HS256", "RS256"]);
    let rsa = Key::of("RS256");
    let rows = rsa.public_texts().into_iter().enumerate().flat_map(|(form, text)| {
        let forged = |id: serde_json::Value| Token::new().header("kid", id).sign(&Key::secret("HS256", &text));
        [
            (format!("form {form}, by its own name"), forged(json!("RS256")), (401, "key_unknown")),
            (format!("form {form}, by the secret's name"), forged(json!("HS256")), INVALID),
            (format!("form {form}, without a name"), forged(json!(null)), INVALID),
        ]
    });
    judge(&gateway, rows);
    let empty = Key::secret("HS256", b"").named("RS256");
    judge(&gateway, [("an empty secret".to_owned(), Token::new().sign(&empty), (401, "key_unknown"))]);
}

#[test]
fn a_secret_in_a_fetched_set_is_never_used() {
    let issuer = Issuer::start();
    issuer.publish(&[Key::of("ES256"), Key::of("HS256"), Key::of("HS512")]);
    let gateway = Setup::new(&with_provider(provider())).issuer(issuer).start();
    judge(
        &gateway,
        [
            ("HS256".to_owned(), Token::new().sign(&Key::of("HS256")), NOT_ALLOWED),
            ("HS512".to_owned(), Token::new().sign(&Key::of("HS512")), NOT_ALLOWED),
            (
                "said to be ES256".to_owned(),
                Token::new().header("alg", "ES256").sign(&Key::of("HS256")),
                (401, "key_unknown"),
            ),
            ("ES256".to_owned(), Token::new().signed(), ALLOWED),
        ],
    );
    gateway.await_metric("provider.main.jwks_keys", 1);
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
