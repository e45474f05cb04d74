//! The form of a token: three parts of canonical base64url, strict JSON, and no critical header.

use jwt_authorizer_test_support::token::{base64url, compact};
use serde_json::json;

use crate::harness::{ALLOWED, Gateway, Key, Outcome, Request, Token, provider, with_provider};

const MALFORMED: Outcome<'static> = (401, "token_malformed");
const CRITICAL: Outcome<'static> = (401, "critical_header");

#[track_caller]
fn check(rows: impl IntoIterator<Item = (String, Vec<u8>, Outcome<'static>)>) {
    let gateway = Gateway::start(&with_provider(provider()));
    gateway.expect(rows.into_iter().map(|(label, token, expected)| (label, Request::get("/").bearer(token), expected)));
}

/// A token of these bytes with a valid signature.
fn signed(header: &[u8], payload: &[u8]) -> Vec<u8> {
    compact(header, payload, |message| Key::of("ES256").sign(message)).into_bytes()
}

fn header() -> String {
    Token::new().header_text(&Key::of("ES256"))
}

fn claims() -> String {
    Token::new().claims_text()
}

/// Adds a member to an object's JSON text.
fn with(object: &str, member: &str) -> String {
    object.replacen('{', &format!("{{{member},"), 1)
}

#[test]
fn a_token_has_three_parts() {
    let valid = Token::new().signed();
    let (message, signature) = valid.rsplit_once('.').unwrap();
    check(
        [
            ("malformed", "nonsense".to_owned()),
            ("one part", base64url(header().as_bytes())),
            ("two parts", message.to_owned()),
            ("four parts", format!("{valid}.{signature}")),
            ("five parts, as an encrypted token has", format!("{valid}.{signature}.{signature}")),
            ("a leading dot", format!(".{valid}")),
            ("a trailing dot", format!("{valid}.")),
            ("two dots", "..".to_owned()),
            ("no header", format!(".{}.{signature}", base64url(claims().as_bytes()))),
            ("no payload", format!("{}..{signature}", base64url(header().as_bytes()))),
            ("a thousand dots", ".".repeat(1000)),
        ]
        .map(|(label, token)| (label.to_owned(), token.into_bytes(), MALFORMED)),
    );
}

#[test]
fn header_and_payload_are_strict_json_objects() {
    type Change = fn(&str) -> Vec<u8>;
    let changes: [(&str, Change); 21] = [
        ("empty", |_| Vec::new()),
        ("null", |_| b"null".to_vec()),
        ("a list", |text| format!("[{text}]").into_bytes()),
        ("text", |text| json!(text).to_string().into_bytes()),
        ("a number", |_| b"1".to_vec()),
        ("truncated", |text| text[..text.len() - 1].into()),
        ("two objects", |text| format!("{text}{text}").into_bytes()),
        ("trailing text", |text| format!("{text}x").into_bytes()),
        ("a trailing NUL", |text| format!("{text}\0").into_bytes()),
        ("a trailing comma", |text| text.replace('}', ",}").into_bytes()),
        ("a comment", |text| text.replacen('{', "{/**/", 1).into_bytes()),
        ("single quotes", |text| text.replace('"', "'").into_bytes()),
        ("no quotes", |text| text.replace('"', "").into_bytes()),
        ("NaN", |text| with(text, r#""x":NaN"#).into_bytes()),
        ("a line break in a string", |text| with(text, "\"x\":\"\n\"").into_bytes()),
        ("a lone surrogate", |text| with(text, r#""x":"\ud800""#).into_bytes()),
        ("a byte order mark", |text| format!("\u{feff}{text}").into_bytes()),
        ("UTF-16", |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("Latin-1", |text| {
            with(text, r#""x":"?""#).bytes().map(|byte| if byte == b'?' { 0xe9 } else { byte }).collect()
        }),
        ("an overlong slash", |text| {
            let text = with(text, r#""x":"?""#);
            let (before, after) = text.split_once('?').unwrap();
            [before.as_bytes(), b"\xc0\xaf", after.as_bytes()].concat()
        }),
        ("too deep", |text| with(text, &format!(r#""x":{}{}"#, "[".repeat(2000), "]".repeat(2000))).into_bytes()),
    ];
    check(changes.iter().flat_map(|(label, change)| {
        [
            (format!("header: {label}"), signed(&change(&header()), claims().as_bytes()), MALFORMED),
            (format!("payload: {label}"), signed(header().as_bytes(), &change(&claims())), MALFORMED),
        ]
    }));
}

#[test]
fn duplicate_members_are_refused() {
    let twice = |object: &str, member: &str| with(object, member).into_bytes();
    let (header, claims) = (header(), claims());
    let mut rows: Vec<_> =
        [r#""alg":"none""#, r#""alg":"ES256""#, r#""kid":"other""#, r#""typ":"JWT""#, r#""\u0061lg":"none""#]
            .map(|member| (format!("header: {member}"), signed(&twice(&header, member), claims.as_bytes()), MALFORMED))
            .into();
    rows.extend(
        [
            r#""sub":"mallory""#,
            r#""exp":1"#,
            r#""iss":"https://other.example""#,
            r#""\u0073ub":"mallory""#,
            r#""a":{"b":1,"b":2}"#,
        ]
        .map(|member| (format!("payload: {member}"), signed(header.as_bytes(), &twice(&claims, member)), MALFORMED)),
    );
    let thousand = (0..1000).map(|n| format!("\"m{n}\":{n}")).collect::<Vec<_>>().join(",");
    for (last, expected) in [("m1000", ALLOWED), ("m0", MALFORMED), ("\\u006d0", MALFORMED)] {
        let payload = with(&with(&claims, &thousand), &format!("\"{last}\":0")).into_bytes();
        rows.push((format!("payload: a thousand members and {last}"), signed(header.as_bytes(), &payload), expected));
    }
    check(rows);
}

#[test]
fn whitespace_between_members_is_accepted() {
    let spaced = |text: &str| text.replace(',', " ,\r\n\t").into_bytes();
    check([("spaced".to_owned(), signed(&spaced(&header()), &spaced(&claims())), ALLOWED)]);
}

#[test]
fn critical_headers_are_refused() {
    check(
        [
            ("crit", Token::new().header("crit", json!(["exp"])).header("exp", 1), CRITICAL),
            ("crit, empty", Token::new().header("crit", json!([])), CRITICAL),
            ("crit, not a list", Token::new().header("crit", "exp"), CRITICAL),
            ("b64 false", Token::new().header("b64", false).header("crit", json!(["b64"])), CRITICAL),
            ("b64 false without crit", Token::new().header("b64", false), CRITICAL),
            ("encrypted", Token::new().header("enc", "A256GCM"), MALFORMED),
            ("compressed", Token::new().header("zip", "DEF"), MALFORMED),
        ]
        .map(|(label, token, expected)| (label.to_owned(), token.signed().into_bytes(), expected)),
    );
}

#[test]
fn header_members_have_their_types() {
    let rows = ["alg", "kid"].into_iter().flat_map(|name| {
        [json!(1), json!(["ES256"]), json!({ "ES256": 1 }), json!(true)].map(|value| {
            let label = format!("{name} = {value}");
            (label, Token::new().header(name, value).signed().into_bytes(), MALFORMED)
        })
    });
    let no_algorithm = Token::new().header("alg", json!(null)).signed().into_bytes();
    check(rows.chain([("no alg".to_owned(), no_algorithm, MALFORMED)]));
}

#[test]
fn a_kid_is_only_compared() {
    let kids = [
        "../../dev/null",
        "' OR 1=1 --",
        "|id",
        "es256",
        "ES256 ",
        "ES256\0",
        " ",
        "é",
        "https://attacker.example/key",
    ];
    let long = "k".repeat(4000);
    let rows = kids.into_iter().chain([long.as_str()]).map(|kid| {
        (format!("kid {kid:.40}"), Token::new().header("kid", kid).signed().into_bytes(), (401, "key_unknown"))
    });
    let empty = Token::new().header("kid", "").signed().into_bytes();
    check(rows.chain([("an empty kid, which is none".to_owned(), empty, ALLOWED)]));
}

#[test]
fn the_size_of_a_token_is_limited() {
    let of_size = |size: usize| {
        let padded = |padding: usize| Token::new().claim("pad", "x".repeat(padding)).signed();
        let padding = (size - padded(0).len()) * 3 / 4;
        (padding - 4..).map(padded).find(|token| token.len() >= size).unwrap()
    };
    let too_large = (401, "token_too_large");
    check([
        ("16,000 bytes".to_owned(), of_size(16_000).into_bytes(), ALLOWED),
        ("16,390 bytes".to_owned(), of_size(16_390).into_bytes(), too_large),
        ("50,000 bytes".to_owned(), of_size(50_000).into_bytes(), too_large),
        ("50,000 bytes that are not a token".to_owned(), vec![b'a'; 50_000], too_large),
    ]);
}

#[test]
fn bytes_outside_base64url_are_refused() {
    let valid = Token::new().signed();
    let inside = |bytes: &[u8]| [&valid.as_bytes()[..10], bytes, &valid.as_bytes()[10..]].concat();
    check(
        [
            ("a tab inside", inside(b"\t")),
            ("a space inside", inside(b" ")),
            ("a non-ASCII byte inside", inside(b"\xff")),
            ("an é inside", inside("é".as_bytes())),
            ("a quote inside", inside(b"\"")),
            ("only non-ASCII bytes", vec![0xff; 100]),
            ("quoted", format!("\"{valid}\"").into_bytes()),
            ("the JSON serialization", json!({ "payload": valid }).to_string().into_bytes()),
        ]
        .map(|(label, token)| (label.to_owned(), token, MALFORMED)),
    );
}
