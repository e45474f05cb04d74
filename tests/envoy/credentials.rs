//! Identity sources: where the token is in the request, and that a request has at most one credential.

use serde_json::json;

use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Gateway, Key, Outcome, Request, Token, provider, with_provider};

const AMBIGUOUS: Outcome<'static> = (400, "credential_ambiguous");
const MISSING: Outcome<'static> = (401, "token_missing");

#[test]
fn the_scheme_is_bearer_and_case_insensitive() {
    let gateway = Gateway::start(&with_provider(provider()));
    let valid = Token::new().signed();
    let (missing, malformed) = (MISSING, (401, "token_malformed"));
    gateway.expect(
        [
            (format!("Bearer {valid}"), ALLOWED),
            (format!("bearer {valid}"), ALLOWED),
            (format!("BEARER {valid}"), ALLOWED),
            (format!("bEaReR {valid}"), ALLOWED),
            (format!("Bearer  {valid}"), ALLOWED),
            (format!("Bearer \t   {valid}"), ALLOWED),
            (format!("Bearer\t{valid}"), ALLOWED),
            ("Bearer".to_owned(), missing),
            ("Bearer   ".to_owned(), missing),
            (valid.clone(), missing),
            (format!("Basic {valid}"), missing),
            (format!("DPoP {valid}"), missing),
            (format!("Token {valid}"), missing),
            (format!("XBearer {valid}"), missing),
            (format!("Basic Bearer {valid}"), missing),
            (format!("Bearer{valid}"), missing),
            ("Basic dXNlcjpwYXNz".to_owned(), missing),
            (String::new(), missing),
            ("Bearer\tnonsense".to_owned(), malformed),
            (format!("Bearer {valid} {valid}"), malformed),
            (format!("Bearer {valid} trailing"), malformed),
            (format!("Bearer Bearer {valid}"), malformed),
            (format!("Bearer \"{valid}\""), malformed),
        ]
        .map(|(value, expected)| {
            (value.replace(&valid, "TOKEN"), Request::get("/").header("authorization", value), expected)
        }),
    );
}

#[test]
fn only_blanks_separate_the_scheme_from_the_token() {
    let gateway = Gateway::start(&with_provider(merged(
        provider(),
        json!({ "identity_sources": ["$request.header.Authorization", "$request.header.X-Token"] }),
    )));
    let valid = Token::new().signed();
    gateway.expect((0x80..=0xff_u8).flat_map(|byte| {
        let value = [b"Bearer", &[byte][..], valid.as_bytes()].concat();
        let malformed = (401, "token_malformed");
        let with = |name: &str| Request::get("/").header(name, &value);
        [(format!("{byte:#x}"), with("authorization"), malformed), (format!("{byte:#x}"), with("x-token"), malformed)]
    }));
}

#[test]
fn two_credentials_are_ambiguous() {
    let gateway = Gateway::start(&with_provider(provider()));
    let (valid, other) = (Token::new().signed(), Token::new().claim("sub", "bob").signed());
    let bearer = |token: &str| format!("Bearer {token}");
    let two = |first: String, second: String| {
        Request::get("/").header("authorization", first).header("authorization", second)
    };
    let joined = |text: String| Request::get("/").header("authorization", text);
    gateway.expect([
        ("two valid tokens", two(bearer(&valid), bearer(&other)), AMBIGUOUS),
        ("the same token twice", two(bearer(&valid), bearer(&valid)), ALLOWED),
        ("the same token twice, joined by a comma", joined(format!("{0}, {0}", bearer(&valid))), ALLOWED),
        ("no token after the scheme, then a token", two("Bearer".to_owned(), bearer(&valid)), ALLOWED),
        ("no token after the scheme, twice", two("Bearer".to_owned(), "Bearer".to_owned()), MISSING),
        ("the same malformed token twice", two(bearer("nonsense"), bearer("nonsense")), (401, "token_malformed")),
        ("a valid token, then a malformed one", two(bearer(&valid), bearer("nonsense")), AMBIGUOUS),
        ("a malformed token, then a valid one", two(bearer("nonsense"), bearer(&valid)), AMBIGUOUS),
        ("another scheme, then a valid token", two("Basic dXNlcjpwYXNz".to_owned(), bearer(&valid)), AMBIGUOUS),
        ("a valid token, then another scheme", two(bearer(&valid), "Basic dXNlcjpwYXNz".to_owned()), AMBIGUOUS),
        ("joined by a comma", joined(format!("{}, {}", bearer(&valid), bearer(&other))), AMBIGUOUS),
        ("joined by a comma without a space", joined(format!("{},{}", bearer(&valid), bearer(&other))), AMBIGUOUS),
        ("a trailing comma", joined(format!("{},", bearer(&valid))), AMBIGUOUS),
        ("a leading comma", joined(format!(",{}", bearer(&valid))), AMBIGUOUS),
    ]);
}

#[test]
fn the_token_comes_from_the_configured_identity_sources() {
    let sources = json!([
        "$request.header.X-Token",
        "$request.querystring.access_token",
        "$request.cookie.session",
        "$request.websocket",
    ]);
    let gateway = Gateway::start(&with_provider(merged(provider(), json!({ "identity_sources": sources }))));
    let (valid, other) = (Token::new().signed(), Token::new().claim("sub", "bob").signed());
    let escaped = valid.replace('.', "%2E");
    let get = || Request::get("/a");
    let query = |query: String| Request::get(format!("/a?{query}"));
    gateway.expect([
        ("header", get().header("x-token", &valid), ALLOWED),
        ("header with an underscore", get().header("x_token", &valid), ALLOWED),
        ("header with a scheme", get().header("x-token", format!("Bearer {valid}")), ALLOWED),
        ("query", query(format!("a=1&access_token={valid}&b=2")), ALLOWED),
        ("query with semicolons", query(format!("a=1;access_token={valid};b=2")), ALLOWED),
        ("cookie with spaces", get().header("cookie", format!("session = {valid}")), ALLOWED),
        ("cookie", get().header("cookie", format!("a=1; session={valid}; b=2")), ALLOWED),
        ("sub-protocol", get().header("sec-websocket-protocol", format!("bearer, {valid}")), ALLOWED),
        (
            "sub-protocol in two headers",
            get().header("sec-websocket-protocol", "bearer").header("sec-websocket-protocol", &valid),
            ALLOWED,
        ),
        ("not an identity source", get().bearer(&valid), MISSING),
        ("another parameter", query(format!("Access_Token={valid}")), MISSING),
        ("another cookie", get().header("cookie", format!("xsession={valid}")), MISSING),
        ("two headers", get().header("x-token", &valid).header("x-token", &other), AMBIGUOUS),
        ("one token in two headers", get().header("x-token", &valid).header("x-token", &valid), ALLOWED),
        ("query with a scheme", query(format!("access_token=Bearer%20{valid}")), ALLOWED),
        ("query with a scheme and a plus", query(format!("access_token=bearer+{valid}&b=2")), ALLOWED),
        ("query with escapes", query(format!("access_token={escaped}")), ALLOWED),
        ("query with a scheme only", query("access_token=Bearer+".to_owned()), MISSING),
        ("cookie in quotes", get().header("cookie", format!("a=1; session=\"{valid}\"")), ALLOWED),
        ("cookie with a scheme", get().header("cookie", format!("session=Bearer {valid}; b=2")), ALLOWED),
        ("cookie with a scheme in quotes", get().header("cookie", format!("session=\"Bearer  {valid}\"")), ALLOWED),
        ("cookie with an escaped scheme", get().header("cookie", format!("session=Bearer%20{valid}")), ALLOWED),
        ("cookie with a scheme and a plus", get().header("cookie", format!("session=Bearer+{escaped}")), ALLOWED),
        ("empty cookie", get().header("cookie", "session=\"\""), MISSING),
        ("a parameter with an escaped name", query(format!("%61ccess_token={valid}")), ALLOWED),
        (
            "two parameters, one with an escaped name",
            query(format!("access_token={valid}&access%5ftoken={other}")),
            AMBIGUOUS,
        ),
        ("two parameters", query(format!("access_token={valid}&access_token={other}")), AMBIGUOUS),
        ("one token in two parameters", query(format!("access_token={valid}&access_token={escaped}")), ALLOWED),
        ("two headers, one with an underscore", get().header("x-token", &valid).header("x_token", "forged"), AMBIGUOUS),
        (
            "two parameters, after a semicolon",
            query(format!("access_token={valid}&a=1;access_token=forged")),
            AMBIGUOUS,
        ),
        (
            "two cookies, one with a space",
            get().header("cookie", format!("session =forged; session={valid}")),
            AMBIGUOUS,
        ),
        ("two cookies", get().header("cookie", format!("session={valid}; session={other}")), AMBIGUOUS),
        ("one token in two cookies", get().header("cookie", format!("session={valid}; session={valid}")), ALLOWED),
        ("two identity sources", query(format!("access_token={valid}")).header("x-token", &other), AMBIGUOUS),
        (
            "one token in two identity sources",
            query(format!("access_token={valid}")).header("x-token", &valid),
            ALLOWED,
        ),
        (
            "one token in a cookie and a header",
            get().header("cookie", format!("session={valid}")).header("x-token", format!("Bearer {valid}")),
            ALLOWED,
        ),
    ]);
}

#[test]
fn a_token_that_is_not_forwarded_is_removed_everywhere() {
    let sources = json!([
        "$request.header.Authorization",
        "$request.header.X-Token",
        "$request.querystring.access_token",
        "$request.cookie.session",
        "$request.websocket",
    ]);
    let fields = json!({ "identity_sources": sources, "forward_token": false });
    let gateway = Gateway::start(&with_provider(merged(provider(), fields)));
    let valid = Token::new().signed();
    for (request, target, cookie) in [
        (Request::get("/a?b=1").bearer(&valid), "/a?b=1", vec![]),
        (Request::get("/a").header("x-token", &valid), "/a", vec![]),
        (Request::get("/a").header("x_token", &valid), "/a", vec![]),
        (Request::get(format!("/a?access_token={valid}")), "/a", vec![]),
        (Request::get(format!("/a?b=1;access_token={valid};c=2")), "/a?b=1;c=2", vec![]),
        (Request::get(format!("/a?access%5Ftoken={valid}&&b=%zz&")), "/a?&b=%zz&", vec![]),
        (Request::get(format!("/a?b=%20&access_token={valid}&c")), "/a?b=%20&c", vec![]),
        (Request::get("/a").header("cookie", format!("session={valid}")), "/a", vec![]),
        (Request::get("/a").header("cookie", format!("a=1; session={valid}; b=2")), "/a", vec!["a=1; b=2"]),
        (Request::get("/a").header("cookie", format!("a=1; session ={valid}")), "/a", vec!["a=1"]),
        (
            Request::get(format!("/a?b=+%20&access_token=Bearer+{valid}&access_token=&c")),
            "/a?b=+%20&access_token=&c",
            vec![],
        ),
        (Request::get(format!("/a?access_token={}", valid.replace('.', "%2E"))), "/a", vec![]),
        (Request::get("/a").header("cookie", format!("a=\"1\";session=\"{valid}\";b= 2")), "/a", vec!["a=\"1\";b= 2"]),
        (
            Request::get(format!("/a?access_token={valid}&b"))
                .bearer(&valid)
                .header("cookie", format!("session={valid}; c=3")),
            "/a?b",
            vec!["c=3"],
        ),
    ] {
        let reply = gateway.send(&request);
        let echo = reply.echo();
        assert!(!reply.text().contains(&valid), "the token reached the upstream: {}", reply.text());
        assert_eq!((echo.target.as_str(), echo.all("cookie")), (target, cookie));
    }
    for (offered, forwarded) in [("bearer, TOKEN", vec![]), ("chat, Bearer, TOKEN, v2", vec!["chat, v2"])] {
        let offered = offered.replace("TOKEN", &valid);
        let echo = gateway.send(&Request::get("/a").header("sec-websocket-protocol", offered)).echo();
        assert_eq!(echo.all("sec-websocket-protocol"), forwarded);
    }
}

#[test]
fn the_scheme_can_be_set() {
    let authorization = "$request.header.Authorization";
    let valid = Token::new().signed();
    let values = ["TOKEN", "Bearer TOKEN", "Token TOKEN", "tOKEN  TOKEN", "Basic dXNlcjpwYXNz", "Token", ""];
    for (sources, statuses) in [
        (json!([{ "source": authorization }]), [401, 200, 401, 401, 401, 401, 401]),
        (json!([{ "source": authorization, "scheme": "required" }]), [401, 200, 401, 401, 401, 401, 401]),
        (json!([{ "source": authorization, "scheme": "optional" }]), [200, 200, 401, 401, 401, 401, 401]),
        (json!([{ "source": authorization, "scheme": "Token" }]), [401, 401, 200, 200, 401, 401, 401]),
        (
            json!([{ "source": authorization, "scheme": "Token" }, { "source": authorization, "scheme": "optional" }]),
            [200, 200, 200, 200, 401, 401, 401],
        ),
    ] {
        let fields = json!({ "identity_sources": sources, "forward_token": false });
        let gateway = Gateway::start(&with_provider(merged(provider(), fields)));
        for (value, status) in values.iter().zip(statuses) {
            let reply = gateway.send(&Request::get("/").header("authorization", value.replace("TOKEN", &valid)));
            assert_eq!(reply.status, status, "{sources} {value}");
            if status == 200 {
                assert_eq!(reply.echo().all("authorization"), Vec::<&str>::new(), "{sources} {value}");
            }
        }
    }
}

#[test]
fn each_provider_has_its_own_schemes_at_one_place() {
    let authorization = "$request.header.Authorization";
    let partner = json!({
        "issuer": "https://partner.example",
        "identity_sources": [{ "source": authorization, "scheme": "Token" }],
    });
    let gateway = Gateway::start(&json!({
        "providers": { "main": provider(), "partner": merged(provider(), partner) },
        "default": "authenticated",
    }));
    let of_main = Token::new().signed();
    let of_partner = Token::new().claim("iss", "https://partner.example").signed();
    let with = |value: String| Request::get("/").header("authorization", value);
    let mismatch = (401, "identity_source_mismatch");
    gateway.expect([
        ("Bearer, main", with(format!("Bearer {of_main}")), ALLOWED),
        ("Token, partner", with(format!("Token {of_partner}")), ALLOWED),
        ("Token, main", with(format!("Token {of_main}")), mismatch),
        ("Bearer, partner", with(format!("Bearer {of_partner}")), mismatch),
        ("both, main", with(format!("Token {of_main}, Bearer {of_main}")), ALLOWED),
        ("both, different", with(format!("Token {of_partner}, Bearer {of_main}")), AMBIGUOUS),
    ]);
}

#[test]
fn one_identity_source_in_two_spellings_is_one() {
    let partner = json!({ "issuer": "https://partner.example", "identity_sources": ["$request.header.x_token"] });
    let numbered = (1..64).map(|n| format!("$request.header.X-Token-{n}"));
    let main: Vec<_> = ["$request.header.X-Token".to_owned()].into_iter().chain(numbered).collect();
    // The last of 64 sources in another spelling is not one too many.
    let gateway = Gateway::start(&json!({
        "providers": {
            "main": merged(provider(), json!({ "identity_sources": main })),
            "partner": merged(provider(), partner),
        },
        "default": "authenticated",
    }));
    let of_main = Token::new().signed();
    let of_partner = Token::new().claim("iss", "https://partner.example").signed();
    let get = || Request::get("/");
    gateway.expect([
        ("main", get().header("x-token", &of_main), ALLOWED),
        ("main, in the spelling of partner", get().header("x_token", &of_main), ALLOWED),
        ("partner", get().header("x_token", &of_partner), ALLOWED),
        ("partner, in the spelling of main", get().header("x-token", &of_partner), ALLOWED),
        ("the same in both", get().header("x-token", &of_main).header("x_token", &of_main), ALLOWED),
        ("different ones", get().header("x-token", &of_main).header("x_token", &of_partner), AMBIGUOUS),
    ]);
}

#[test]
fn the_size_of_a_token_is_bounded() {
    let partner = json!({ "issuer": "https://partner.example", "max_token_size": "40KiB" });
    let gateway = Gateway::start(&json!({
        "providers": { "main": provider(), "partner": merged(provider(), partner) },
        "default": "authenticated",
    }));
    // Base64url makes four characters of three bytes.
    let with = |kibibytes: usize| Token::new().claim("groups", "g".repeat(kibibytes * 768));
    let of_partner = |kibibytes| with(kibibytes).claim("iss", "https://partner.example").signed();
    let too_large = (401, "token_too_large");
    let bearer = |token: String| Request::get("/").bearer(token);
    for _uncached_then_cached in 0..2 {
        gateway.expect([
            ("14 KiB", bearer(with(14).signed()), ALLOWED),
            ("17 KiB", bearer(with(17).signed()), too_large),
            ("17 KiB where 40 are allowed", bearer(of_partner(17)), ALLOWED),
            ("29 KiB where 40 are allowed", bearer(of_partner(29)), ALLOWED),
            ("41 KiB where 40 are allowed", bearer(of_partner(41)), too_large),
        ]);
    }
}

#[test]
fn the_token_is_forwarded_by_default() {
    let gateway = Gateway::start(&with_provider(provider()));
    let bearer = format!("Bearer {}", Token::new().signed());
    let echo = gateway.send(&Request::get("/").header("authorization", &bearer)).echo();
    assert_eq!(echo.all("authorization"), [bearer.as_str()]);
    let echo = gateway.send(&Request::get("/public").header("authorization", &bearer)).echo();
    assert_eq!(echo.all("authorization"), [bearer.as_str()]);
}

#[test]
fn a_token_in_the_identity_source_of_another_provider_is_refused() {
    let partner = json!({ "issuer": "https://partner.example", "identity_sources": ["$request.header.X-Token"] });
    let gateway = Gateway::start(&json!({
        "providers": { "main": provider(), "partner": merged(provider(), partner) },
        "default": "authenticated",
    }));
    let of_main = Token::new().signed();
    let of_partner = Token::new().claim("iss", "https://partner.example").signed();
    let forged = Token::new().sign(&Key::other("ES256"));
    let mismatch = (401, "identity_source_mismatch");
    let replies = gateway.expect([
        ("main in authorization", Request::get("/").bearer(&of_main), ALLOWED),
        ("partner in x-token", Request::get("/").header("x-token", &of_partner), ALLOWED),
        ("main in x-token", Request::get("/").header("x-token", &of_main), mismatch),
        ("partner in authorization", Request::get("/").bearer(&of_partner), mismatch),
        ("forged, main in x-token", Request::get("/").header("x-token", &forged), mismatch),
    ]);
    let challenge = replies[2].header("www-authenticate").unwrap();
    assert!(challenge.ends_with(r#"error="invalid_token""#), "{challenge}");
    let providers = [2, 3].map(|row: usize| gateway.logged(&replies[row]).provider);
    assert_eq!(providers, [Some("main".to_owned()), Some("partner".to_owned())]);
}
