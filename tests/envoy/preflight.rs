//! CORS preflight requests, which browsers send without a token. Only complete preflight requests pass.

use serde_json::json;

use crate::harness::{ALLOWED, Gateway, Request, Token, with_rules};

const ORIGIN: (&str, &str) = ("origin", "https://app.example");
const METHOD: (&str, &str) = ("access-control-request-method", "POST");

fn request(method: &str, headers: &[(&str, &str)]) -> Request {
    headers.iter().fold(Request::new(method, "/token"), |request, (name, value)| request.header(name, value))
}

#[test]
fn only_a_complete_preflight_passes_without_a_token() {
    let gateway =
        Gateway::start(&with_rules(json!([{ "route": "ANY /token" }, { "route": "ANY /deny", "access": "deny" }])));
    let (pass, missing) = ((200, "preflight"), (401, "token_missing"));
    gateway.expect([
        ("a preflight", request("OPTIONS", &[ORIGIN, METHOD]), pass),
        (
            "with access-control-request-headers",
            request("OPTIONS", &[ORIGIN, METHOD, ("access-control-request-headers", "authorization")]),
            pass,
        ),
        ("for a route with access deny", Request::preflight("/deny"), pass),
        ("for no route", Request::preflight("/elsewhere"), pass),
        ("with a malformed token", request("OPTIONS", &[ORIGIN, METHOD]).bearer("nonsense"), pass),
        ("plain OPTIONS", request("OPTIONS", &[]), missing),
        ("no access-control-request-method", request("OPTIONS", &[ORIGIN]), missing),
        ("no origin", request("OPTIONS", &[METHOD]), missing),
        ("an empty origin", request("OPTIONS", &[("origin", ""), METHOD]), missing),
        (
            "an empty access-control-request-method",
            request("OPTIONS", &[ORIGIN, ("access-control-request-method", "")]),
            missing,
        ),
        ("two origins", request("OPTIONS", &[ORIGIN, ORIGIN, METHOD]), missing),
        ("GET", request("GET", &[ORIGIN, METHOD]), missing),
        ("POST", request("POST", &[ORIGIN, METHOD]), missing),
        ("plain OPTIONS with a token", request("OPTIONS", &[]).bearer(Token::new().signed()), ALLOWED),
    ]);
}

#[test]
fn cors_preflight_check_treats_a_preflight_like_any_request() {
    let mut policy = with_rules(json!([{ "route": "ANY /token" }, { "route": "OPTIONS /public", "access": "public" }]));
    policy["cors_preflight"] = json!("check");
    let gateway = Gateway::start(&policy);
    gateway.expect([
        ("a preflight", Request::preflight("/token"), (401, "token_missing")),
        ("for a public route", Request::preflight("/public"), (200, "public")),
    ]);
}
