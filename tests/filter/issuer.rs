//! Issuers whose keys are fetched, and what they may answer.

use jwt_authorizer::filter::host::FetchResponse;
use jwt_authorizer_test_support::Key;
use serde_json::{Value, json};

use super::world::START;
use jwt_authorizer_test_support::token::{AUDIENCE, Token};

/// `iss` of tokens that name no other.
pub(crate) const ISSUER: &str = "https://one.example";
/// Two issuers with one URL for their keys, but for the path.
pub(crate) const ISSUERS: [&str; 2] = [ISSUER, "https://two.example"];
pub(crate) const PATHS: [&str; 2] = ["/one", "/two"];

/// One provider for each issuer, with the same settings for its keys; every route wants a token.
pub(crate) fn policy(jwks: &Value) -> Value {
    let provider = |place: usize| {
        let mut provider = json!({
            "issuer": ISSUERS[place],
            "audiences": [AUDIENCE],
            "clock_skew": "60s",
            "jwks": { "uri": format!("https://keys.example{}", PATHS[place]), "cluster": "keys" },
        });
        for (name, value) in jwks.as_object().expect("settings") {
            provider["jwks"][name] = value.clone();
        }
        provider
    };
    json!({ "providers": { "one": provider(0), "two": provider(1) }, "default": "authenticated" })
}

/// The key that the issuer signs with, under this name; each issuer has its own.
pub(crate) fn key(provider: usize, name: &str) -> Key {
    let owner: fn(&'static str) -> Key = if provider == 0 { Key::of } else { Key::other };
    owner("EdDSA").named(name)
}

/// A token of this issuer, signed by any key, that ends an hour after the world began.
pub(crate) fn token_by(provider: usize, key: &Key) -> String {
    // Without `iat`, so that a clock that was set back is not held against it.
    Token::new().without("iat").claim("iss", ISSUERS[provider]).claim("exp", START / 1000 + 3600).sign(key)
}

/// A token of this issuer by the key of this name.
pub(crate) fn token(provider: usize, name: &str) -> String {
    token_by(provider, &key(provider, name))
}

/// The answer with keys of these names.
pub(crate) fn keys_named(provider: usize, names: &[&str]) -> FetchResponse {
    let keys: Vec<Key> = names.iter().map(|name| key(provider, name)).collect();
    document(&Key::set(&keys))
}

pub(crate) fn document(document: &Value) -> FetchResponse {
    FetchResponse { status: Some(200), cache_control: None, body: Some(document.to_string().into_bytes()) }
}

pub(crate) fn failure() -> FetchResponse {
    FetchResponse { status: Some(500), cache_control: None, body: Some(Vec::new()) }
}
