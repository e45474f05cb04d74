//! What a good signature does not make good: times, audiences, issuers and the kind of token.

use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Gateway, Outcome, Request, Token, now, provider, with_provider};

/// Sends one token for each row to a provider with these fields changed.
#[track_caller]
fn judge<const N: usize>(fields: Value, table: [(&str, Token, Outcome<'_>); N]) {
    let gateway = Gateway::start(&with_provider(merged(provider(), fields)));
    gateway.expect(table.map(|(label, token, expected)| (label, Request::get("/").bearer(token.signed()), expected)));
}

fn malformed() -> Outcome<'static> {
    (401, "token_malformed")
}

#[test]
fn a_token_counts_between_its_times_give_or_take_the_skew() {
    let with = |name: &str, offset: i64| Token::new().claim(name, now() + offset);
    judge(
        // Much, for it takes a while until the tokens are sent.
        json!({ "clock_skew": "300s" }),
        [
            ("expired within the skew", with("exp", -150), ALLOWED),
            ("expired beyond the skew", with("exp", -310), (401, "token_expired")),
            ("expired long ago", Token::new().claim("exp", 0), (401, "token_expired")),
            ("expired before 1970", Token::new().claim("exp", -1), (401, "token_expired")),
            ("valid soon", with("nbf", 290), ALLOWED),
            ("valid later", with("nbf", 450), (401, "token_not_yet_valid")),
            ("valid since long", with("nbf", -90_000), ALLOWED),
            ("issued just now by another clock", with("iat", 290), ALLOWED),
            ("issued in the future", with("iat", 450), (401, "issued_in_future")),
            ("no exp", Token::new().without("exp"), (401, "expiration_missing")),
            ("no iat", Token::new().without("iat"), ALLOWED),
        ],
    );
    judge(
        json!({ "clock_skew": "0s" }),
        [
            ("no skew, expired", with("exp", -2), (401, "token_expired")),
            ("no skew, valid soon", with("nbf", 150), (401, "token_not_yet_valid")),
            ("no skew, good", with("exp", 150), ALLOWED),
        ],
    );
    judge(
        json!({ "require_expiration": false }),
        [
            ("no exp needed", Token::new().without("exp"), ALLOWED),
            ("no exp needed, but there and past", with("exp", -90), (401, "token_expired")),
            ("no exp needed, but there and no number", Token::new().claim("exp", "never"), malformed()),
        ],
    );
}

#[test]
fn times_are_numbers_fractions_too() {
    let soon = now() + 600;
    for name in ["exp", "nbf", "iat"] {
        let base = if name == "exp" { soon } else { now() - 600 };
        let good = [json!(base), json!(base as f64 + 0.5), json!(base as f64)];
        let bad = [
            json!(base.to_string()),
            json!([base]),
            json!({ "seconds": base }),
            json!(true),
            Value::Null,
            json!(1e300),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(1e18),
            json!(-1e300),
        ];
        let gateway = Gateway::start(&with_provider(provider()));
        let row = |expected| {
            move |value: Value| {
                (
                    format!("{name} = {value}"),
                    Request::get("/").bearer(Token::new().claim(name, value).signed()),
                    expected,
                )
            }
        };
        gateway.expect(good.map(row(ALLOWED)));
        gateway.expect(bad.map(row(malformed())));
    }
}

#[test]
fn a_token_lives_no_longer_than_allowed() {
    let lives = |seconds: i64| Token::new().claim("iat", now()).claim("exp", now() + seconds);
    judge(
        json!({ "max_token_lifetime": "1h" }),
        [
            ("an hour", lives(3600), ALLOWED),
            ("more", lives(3700), (401, "lifetime_too_long")),
            ("nobody can tell", lives(60).without("iat"), (401, "lifetime_too_long")),
        ],
    );
}

#[test]
fn a_token_must_be_meant_for_us() {
    let mismatch = (401, "audience_mismatch");
    let aud = |value: Value| Token::new().claim("aud", value);
    judge(
        json!({ "audiences": ["api", "other-api"] }),
        [
            ("the first", aud(json!("api")), ALLOWED),
            ("the second", aud(json!("other-api")), ALLOWED),
            ("one of a list", aud(json!(["web", "api"])), ALLOWED),
            ("none of a list", aud(json!(["web", "apis"])), mismatch),
            ("an empty list", aud(json!([])), mismatch),
            ("another", aud(json!("web")), mismatch),
            ("longer", aud(json!("apis")), mismatch),
            ("shorter", aud(json!("ap")), mismatch),
            ("another case", aud(json!("API")), mismatch),
            ("empty", aud(json!("")), mismatch),
            ("a list with a number", aud(json!(["api", 1])), mismatch),
            ("an object", aud(json!({ "api": true })), mismatch),
            ("a number", aud(json!(1)), mismatch),
            ("neither aud nor client_id", Token::new().without("aud"), mismatch),
            ("no aud, client_id", Token::new().without("aud").claim("client_id", "api"), ALLOWED),
            ("no aud, another client_id", Token::new().without("aud").claim("client_id", "web"), mismatch),
            ("no aud, client_id is a list", Token::new().without("aud").claim("client_id", json!(["api"])), mismatch),
            ("a wrong aud, a right client_id", aud(json!("web")).claim("client_id", "api"), mismatch),
        ],
    );
}

#[test]
fn any_audience_must_be_said_in_words() {
    let mut any = provider();
    any.as_object_mut().unwrap().remove("audiences");
    any["any_audience"] = json!(true);
    let gateway = Gateway::start(&with_provider(any));
    gateway.expect([
        ("another audience", Request::get("/").bearer(Token::new().claim("aud", "web").signed()), ALLOWED),
        ("none", Request::get("/").bearer(Token::new().without("aud").signed()), ALLOWED),
    ]);
}

#[test]
fn the_client_may_be_asked_for_as_well() {
    judge(
        json!({ "clients": ["web"] }),
        [
            ("client_id", Token::new().claim("client_id", "web"), ALLOWED),
            ("azp", Token::new().claim("azp", "web"), ALLOWED),
            ("another", Token::new().claim("client_id", "app"), (401, "client_mismatch")),
            ("none", Token::new(), (401, "client_mismatch")),
        ],
    );
}

#[test]
fn the_issuer_is_compared_byte_for_byte() {
    let unknown = (401, "issuer_unknown");
    let iss = |value: Value| Token::new().claim("iss", value);
    judge(
        json!({}),
        [
            ("the same", iss(json!("https://issuer.example")), ALLOWED),
            ("a slash more", iss(json!("https://issuer.example/")), unknown),
            ("another case", iss(json!("https://Issuer.example")), unknown),
            ("a prefix", iss(json!("https://issuer.exampl")), unknown),
            ("a blank", iss(json!("https://issuer.example ")), unknown),
            ("a NUL", iss(json!("https://issuer.example\0")), unknown),
            ("a list", iss(json!(["https://issuer.example"])), unknown),
            ("a number", iss(json!(1)), unknown),
            ("empty", iss(json!("")), unknown),
            ("absent", Token::new().without("iss"), unknown),
        ],
    );
}

#[test]
fn the_kind_of_token_can_be_asked_for() {
    let wrong = (401, "token_use_mismatch");
    let cognito = |kind: &str| Token::new().claim("token_use", kind);
    judge(
        json!({ "profile": "cognito" }),
        [
            ("an access token", cognito("access"), ALLOWED),
            ("an ID token", cognito("id"), wrong),
            ("unsaid", Token::new(), wrong),
            ("no text", Token::new().claim("token_use", 1), wrong),
        ],
    );
    judge(
        json!({ "profile": "cognito", "token_use": "id" }),
        [("an ID token is wanted", cognito("id"), ALLOWED), ("an access token is not", cognito("access"), wrong)],
    );
    judge(
        json!({ "profile": "cognito", "token_use": "any" }),
        [("either: access", cognito("access"), ALLOWED), ("either: ID", cognito("id"), ALLOWED)],
    );
    judge(
        json!({ "token_use": "access" }),
        [
            ("no sign of an ID token", Token::new(), ALLOWED),
            ("an ID token by its nonce", Token::new().claim("nonce", "n"), wrong),
            ("an ID token by its token_use", cognito("id"), wrong),
        ],
    );
}

#[test]
fn typ_of_other_kinds_of_token_is_refused() {
    let mismatch = (401, "token_type_mismatch");
    let typ = |value: &str| Token::new().header("typ", value);
    judge(
        json!({}),
        [
            ("JWT", typ("JWT"), ALLOWED),
            ("jwt", typ("jwt"), ALLOWED),
            ("none", Token::new().header("typ", Value::Null), ALLOWED),
            ("at+jwt", typ("at+jwt"), ALLOWED),
            ("application/at+jwt", typ("application/at+jwt"), ALLOWED),
            ("dpop+jwt", typ("dpop+jwt"), mismatch),
            ("logout+jwt", typ("logout+jwt"), mismatch),
            ("secevent+jwt", typ("SecEvent+JWT"), mismatch),
            ("a request object", typ("oauth-authz-req+jwt"), mismatch),
            ("a credential", typ("vc+sd-jwt"), mismatch),
            ("a logout token without its typ", Token::new().claim("events", logout()), mismatch),
            ("an access token with events of its own", Token::new().claim("events", 7), ALLOWED),
            ("no text", Token::new().header("typ", 1), malformed()),
        ],
    );
}

/// What makes a token a logout token (OpenID Connect Back-Channel Logout §2.4).
fn logout() -> Value {
    json!({ "http://schemas.openid.net/event/backchannel-logout": {} })
}

#[test]
fn a_token_that_is_bound_to_a_key_is_no_bearer_token() {
    judge(
        json!({}),
        [
            ("DPoP", Token::new().claim("cnf", json!({ "jkt": "thumbprint" })), (401, "token_bound")),
            ("mTLS", Token::new().claim("cnf", json!({ "x5t#S256": "thumbprint" })), (401, "token_bound")),
        ],
    );
}
