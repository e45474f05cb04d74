//! The claims of tokens with a valid signature: times, audience, client, issuer and token type.

use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Gateway, Outcome, Request, Token, now, provider, with_provider};

/// Sends the token of each row to a provider with these fields changed.
#[track_caller]
fn check<const N: usize>(fields: Value, table: [(&str, Token, Outcome<'_>); N]) {
    let gateway = Gateway::start(&with_provider(merged(provider(), fields)));
    gateway.expect(table.map(|(label, token, expected)| (label, Request::get("/").bearer(token.signed()), expected)));
}

fn malformed() -> Outcome<'static> {
    (401, "token_malformed")
}

#[test]
fn a_token_is_valid_between_its_times_within_the_clock_skew() {
    let with = |name: &str, offset: i64| Token::new().claim(name, now() + offset);
    check(
        // Large, because it takes a while until the tokens are sent.
        json!({ "clock_skew": "300s" }),
        [
            ("expired within the skew", with("exp", -150), ALLOWED),
            ("expired beyond the skew", with("exp", -310), (401, "token_expired")),
            ("expired long ago", Token::new().claim("exp", 0), (401, "token_expired")),
            ("expired before 1970", Token::new().claim("exp", -1), (401, "token_expired")),
            ("not yet valid, within the skew", with("nbf", 290), ALLOWED),
            ("not yet valid, beyond the skew", with("nbf", 450), (401, "token_not_yet_valid")),
            ("valid for a day", with("nbf", -90_000), ALLOWED),
            ("issued in the future, within the skew", with("iat", 290), ALLOWED),
            ("issued in the future, beyond the skew", with("iat", 450), (401, "issued_in_future")),
            ("no exp", Token::new().without("exp"), (401, "expiration_missing")),
            ("no iat", Token::new().without("iat"), ALLOWED),
        ],
    );
    check(
        json!({ "clock_skew": "0s" }),
        [
            ("no skew, expired", with("exp", -2), (401, "token_expired")),
            ("no skew, not yet valid", with("nbf", 150), (401, "token_not_yet_valid")),
            ("no skew, valid", with("exp", 150), ALLOWED),
        ],
    );
    check(
        json!({ "require_expiration": false }),
        [
            ("exp not required, absent", Token::new().without("exp"), ALLOWED),
            ("exp not required, expired", with("exp", -90), (401, "token_expired")),
            ("exp not required, not a number", Token::new().claim("exp", "never"), malformed()),
        ],
    );
}

#[test]
fn times_are_integers_or_fractions() {
    let soon = now() + 600;
    for name in ["exp", "nbf", "iat"] {
        let base = if name == "exp" { soon } else { now() - 600 };
        let valid = [json!(base), json!(base as f64 + 0.5), json!(base as f64)];
        let bad = [json!(base.to_string()), json!([base]), json!({ "seconds": base }), json!(true)];
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
        gateway.expect(valid.map(row(ALLOWED)));
        gateway.expect(bad.map(row(malformed())));
    }
}

/// Some issuers write the largest number that they have for "never", others write milliseconds.
#[test]
fn a_date_beyond_the_year_9999_is_very_late() {
    let with = |name: &str, value: Value| Token::new().claim(name, value);
    check(
        json!({}),
        [
            ("exp as the largest number of milliseconds", with("exp", json!(9_223_372_036_854_775_i64)), ALLOWED),
            ("exp as the largest number", with("exp", json!(i64::MAX)), ALLOWED),
            ("exp beyond it", with("exp", json!(u64::MAX)), ALLOWED),
            ("exp as a large fraction", with("exp", json!(1e300)), ALLOWED),
            ("exp as a large negative number", with("exp", json!(-1e300)), (401, "token_expired")),
            ("iat in milliseconds", with("iat", json!(now() * 1000)), (401, "issued_in_future")),
            ("iat as the largest number", with("iat", json!(i64::MAX)), (401, "issued_in_future")),
            ("nbf in milliseconds", with("nbf", json!(now() * 1000)), (401, "token_not_yet_valid")),
        ],
    );
    check(
        json!({ "max_token_lifetime": "1h" }),
        [("a lifetime without end", with("exp", json!(9_223_372_036_854_775_i64)), (401, "lifetime_too_long"))],
    );
}

#[test]
fn a_null_claim_is_an_absent_one() {
    let null = |name: &str| Token::new().claim("client_id", "api").claim(name, Value::Null);
    check(
        json!({}),
        [
            ("iss", null("iss"), (401, "issuer_unknown")),
            ("sub", null("sub"), ALLOWED),
            ("aud", null("aud"), ALLOWED),
            ("exp", null("exp"), (401, "expiration_missing")),
            ("nbf", null("nbf"), ALLOWED),
            ("iat", null("iat"), ALLOWED),
            ("jti", null("jti"), ALLOWED),
            ("cnf", null("cnf"), ALLOWED),
            ("token_use", null("token_use"), ALLOWED),
            ("events", null("events"), ALLOWED),
            ("scope", null("scope"), ALLOWED),
        ],
    );
}

#[test]
fn the_lifetime_of_a_token_is_limited() {
    let lifetime = |seconds: i64| Token::new().claim("iat", now()).claim("exp", now() + seconds);
    check(
        json!({ "max_token_lifetime": "1h" }),
        [
            ("an hour", lifetime(3600), ALLOWED),
            ("more than an hour", lifetime(3700), (401, "lifetime_too_long")),
            ("no iat", lifetime(60).without("iat"), (401, "lifetime_too_long")),
        ],
    );
}

#[test]
fn the_audience_must_match() {
    let mismatch = (401, "audience_mismatch");
    let aud = |value: Value| Token::new().claim("aud", value);
    check(
        json!({ "audiences": ["api", "other-api"] }),
        [
            ("the first audience", aud(json!("api")), ALLOWED),
            ("the second audience", aud(json!("other-api")), ALLOWED),
            ("a list with one match", aud(json!(["web", "api"])), ALLOWED),
            ("a list without a match", aud(json!(["web", "apis"])), mismatch),
            ("an empty list", aud(json!([])), mismatch),
            ("another audience", aud(json!("web")), mismatch),
            ("with the audience as its prefix", aud(json!("apis")), mismatch),
            ("a prefix of the audience", aud(json!("ap")), mismatch),
            ("another case", aud(json!("API")), mismatch),
            ("an empty string", aud(json!("")), mismatch),
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
fn any_audience_accepts_every_audience() {
    let mut any = provider();
    any.as_object_mut().unwrap().remove("audiences");
    any["any_audience"] = json!(true);
    let gateway = Gateway::start(&with_provider(any));
    gateway.expect([
        ("another audience", Request::get("/").bearer(Token::new().claim("aud", "web").signed()), ALLOWED),
        ("no audience", Request::get("/").bearer(Token::new().without("aud").signed()), ALLOWED),
    ]);
}

#[test]
fn the_client_must_match_if_clients_are_listed() {
    check(
        json!({ "clients": ["web"] }),
        [
            ("client_id", Token::new().claim("client_id", "web"), ALLOWED),
            ("azp", Token::new().claim("azp", "web"), ALLOWED),
            ("another client", Token::new().claim("client_id", "app"), (401, "client_mismatch")),
            ("no client", Token::new(), (401, "client_mismatch")),
        ],
    );
}

#[test]
fn the_issuer_is_compared_byte_for_byte() {
    let unknown = (401, "issuer_unknown");
    let iss = |value: Value| Token::new().claim("iss", value);
    check(
        json!({}),
        [
            ("the issuer", iss(json!("https://issuer.example")), ALLOWED),
            ("a trailing slash", iss(json!("https://issuer.example/")), unknown),
            ("another case", iss(json!("https://Issuer.example")), unknown),
            ("a prefix", iss(json!("https://issuer.exampl")), unknown),
            ("a trailing space", iss(json!("https://issuer.example ")), unknown),
            ("a NUL", iss(json!("https://issuer.example\0")), unknown),
            ("a list", iss(json!(["https://issuer.example"])), unknown),
            ("a number", iss(json!(1)), unknown),
            ("an empty string", iss(json!("")), unknown),
            ("absent", Token::new().without("iss"), unknown),
        ],
    );
}

#[test]
fn token_use_selects_access_tokens_or_id_tokens() {
    let wrong = (401, "token_use_mismatch");
    let cognito = |token_use: &str| Token::new().claim("token_use", token_use);
    check(
        json!({ "profile": "cognito" }),
        [
            ("an access token", cognito("access"), ALLOWED),
            ("an ID token", cognito("id"), wrong),
            ("no token_use", Token::new(), wrong),
            ("token_use is a number", Token::new().claim("token_use", 1), wrong),
        ],
    );
    check(
        json!({ "profile": "cognito", "token_use": "id" }),
        [("an ID token", cognito("id"), ALLOWED), ("an access token", cognito("access"), wrong)],
    );
    check(
        json!({ "profile": "cognito", "token_use": "any" }),
        [("an access token", cognito("access"), ALLOWED), ("an ID token", cognito("id"), ALLOWED)],
    );
    check(
        json!({ "token_use": "access" }),
        [
            ("no sign of an ID token", Token::new(), ALLOWED),
            ("an ID token, by its nonce", Token::new().claim("nonce", "n"), wrong),
            ("an ID token, by its token_use", cognito("id"), wrong),
        ],
    );
}

#[test]
fn the_kind_of_a_token_is_told_before_its_audience() {
    let id = Token::new().claim("aud", "web");
    check(
        json!({ "token_use": "access", "clients": ["web"] }),
        [
            ("an ID token", id.clone().claim("nonce", "n"), (401, "token_use_mismatch")),
            ("an ID token with at_hash", id.clone().claim("at_hash", "h"), (401, "token_use_mismatch")),
            ("nothing tells that it is an ID token", id.clone(), (401, "audience_mismatch")),
        ],
    );
    check(
        json!({ "profile": "okta" }),
        [
            ("an ID token", id.clone(), (401, "token_use_mismatch")),
            ("an access token for another API", id.claim("cid", "web"), (401, "audience_mismatch")),
        ],
    );
}

#[test]
fn tokens_of_other_types_are_refused() {
    let mismatch = (401, "token_type_mismatch");
    let typ = |value: &str| Token::new().header("typ", value);
    check(
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
            ("a transaction token", typ("txn_token"), mismatch),
            ("a transaction token of a newer draft", typ("txntoken+jwt"), mismatch),
            ("a logout token without its typ", Token::new().claim("events", logout()), mismatch),
            ("an access token with another claim `events`", Token::new().claim("events", 7), ALLOWED),
            ("typ is a number", Token::new().header("typ", 1), malformed()),
        ],
    );
}

/// The claim `events` of a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4).
fn logout() -> Value {
    json!({ "http://schemas.openid.net/event/backchannel-logout": {} })
}

#[test]
fn sender_constrained_tokens_are_refused() {
    check(
        json!({}),
        [
            ("DPoP", Token::new().claim("cnf", json!({ "jkt": "thumbprint" })), (401, "token_bound")),
            ("mTLS", Token::new().claim("cnf", json!({ "x5t#S256": "thumbprint" })), (401, "token_bound")),
        ],
    );
}

#[test]
fn requests_are_counted_by_the_audience_and_the_client_of_their_tokens() {
    let fields = json!({ "audiences": ["api", "https://old.example/api"], "clients": ["web", "app"] });
    let gateway = Gateway::start(&with_provider(merged(provider(), fields)));
    let request = |aud: &str, client: &str| {
        Request::get("/").bearer(Token::new().claim("aud", aud).claim("client_id", client).signed())
    };
    let old = || request("https://old.example/api", "app");
    gateway.expect([("new", request("api", "web"), ALLOWED), ("old", old(), ALLOWED), ("old again", old(), ALLOWED)]);
    for (name, count) in
        [("audience.api", 1), ("audience.https://old.example/api", 2), ("client.web", 1), ("client.app", 2)]
    {
        gateway.await_metric(&format!("provider.main.{name}.requests"), count);
    }
}
