//! Two issuers whose keys are fetched, and their responses.

use jwt_authorizer::filter::FetchResponse;
use jwt_authorizer_test_support::Key;
use jwt_authorizer_test_support::token::{AUDIENCE, Token};
use serde_json::{Value, json};

use super::simulation::START;

/// The first issuer.
pub(crate) const ISSUER: &str = "https://one.example";
/// Both issuers. The URLs of their keys differ in the path only.
pub(crate) const ISSUERS: [&str; 2] = [ISSUER, "https://two.example"];
pub(crate) const PATHS: [&str; 2] = ["/one", "/two"];

/// A policy with one provider for each issuer, both with these settings in `jwks`. Every route requires a token.
pub(crate) fn policy(jwks: &Value) -> Value {
    let provider = |index: usize| {
        let mut provider = json!({
            "issuer": ISSUERS[index],
            "audiences": [AUDIENCE],
            "clock_skew": "60s",
            "jwks": { "uri": format!("https://keys.example{}", PATHS[index]), "cluster": "keys" },
        });
        for (name, value) in jwks.as_object().expect("settings") {
            provider["jwks"][name] = value.clone();
        }
        provider
    };
    json!({ "providers": { "one": provider(0), "two": provider(1) }, "default": "authenticated" })
}

/// The key of this `kid`; each issuer has its own.
pub(crate) fn key(provider: usize, name: &str) -> Key {
    let owner: fn(&'static str) -> Key = if provider == 0 { Key::of } else { Key::other };
    owner("EdDSA").named(name)
}

/// A token of this issuer, signed with any key, that expires an hour after the start.
pub(crate) fn token_by(provider: usize, key: &Key) -> String {
    // Without `iat`, so that the token stays valid when the clock is set back.
    Token::new().without("iat").claim("iss", ISSUERS[provider]).claim("exp", START / 1000 + 3600).sign(key)
}

/// A token of this issuer, signed with its key of this `kid`.
pub(crate) fn token(provider: usize, name: &str) -> String {
    token_by(provider, &key(provider, name))
}

/// A response with the keys of these `kid`s.
pub(crate) fn keys_named(provider: usize, names: &[&str]) -> FetchResponse {
    let keys: Vec<Key> = names.iter().map(|name| key(provider, name)).collect();
    document(&Key::set(&keys))
}

pub(crate) fn document(document: &Value) -> FetchResponse {
    FetchResponse { status: Some(200), body: Some(document.to_string().into_bytes()), ..FetchResponse::default() }
}

pub(crate) fn failure() -> FetchResponse {
    failure_with(500)
}

/// A response with this status and no body.
pub(crate) fn failure_with(status: u16) -> FetchResponse {
    FetchResponse { status: Some(status), body: Some(Vec::new()), ..FetchResponse::default() }
}
