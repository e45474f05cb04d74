//! What the steps read: a configuration, a token, and a request's headers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_compact::{KeyPair, Seed};
use serde_json::{Value, json};

/// The time of the requests.
pub(crate) const NOW: i64 = 1_800_000_000;

fn key_pair() -> KeyPair {
    KeyPair::from_seed(Seed::new([7; 32]))
}

/// Four rules, and `more` besides.
pub fn configuration(more: usize) -> Vec<u8> {
    let x = URL_SAFE_NO_PAD.encode(*key_pair().pk);
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA", "x": x });
    let mut rules = vec![
        json!({ "route": "GET /public", "access": "public" }),
        json!({ "route": "GET /authenticated" }),
        json!({ "route": "GET /scope", "scopes": ["https://api.example.com/read"] }),
        json!({ "route": "GET /users/{id}", "require": { "any_of": [
            { "group": "admin" },
            { "all_of": [{ "claim": "sub", "equals_path": "id" }, { "claim": "tier", "in": ["pro", "enterprise"] }] },
        ] } }),
    ];
    rules.extend((0..more).map(|index| json!({ "route": format!("GET /resources/{index}/items") })));
    let configuration = json!({
        "providers": { "issuer": {
            "issuer": "https://issuer.example.com/",
            "audiences": ["https://api.example.com"],
            "jwks": { "inline": { "keys": [key] } },
        } },
        "rules": rules,
    });
    configuration.to_string().into_bytes()
}

/// A token of about 1 KB that is valid for another hour.
pub fn token() -> String {
    let header = json!({ "alg": "EdDSA", "kid": "k", "typ": "at+jwt" });
    let claims = json!({
        "iss": "https://issuer.example.com/",
        "sub": "user-1",
        "aud": "https://api.example.com",
        "client_id": "web-client-id",
        "scope": "openid https://api.example.com/read https://api.example.com/write",
        "groups": ["developers", "on-call"],
        "tier": "pro",
        "iat": NOW - 60,
        "exp": NOW + 3600,
        "jti": "5f1c4d2e-9a53-4f1b-a0a7-c9d1e2f30415",
        "permissions": (0..12).map(|index| format!("resource-{index:05}:write")).collect::<Vec<_>>(),
    });
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = key_pair().sk.sign(&signed, None);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(*signature))
}

pub fn headers<H: FromIterator<(&'static str, String)>>(path: &str, token: &str) -> H {
    [
        (":authority", "api.example.com"),
        (":path", path),
        (":method", "GET"),
        (":scheme", "https"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("accept", "application/json"),
        ("accept-language", "en-GB,en;q=0.5"),
        ("accept-encoding", "gzip, deflate, br"),
        ("authorization", &format!("Bearer {token}")),
        ("x-forwarded-proto", "https"),
        ("x-request-id", "0f1be0a7-c9d1-4d2e-9a53-5f1c00000001"),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.to_owned()))
    .collect()
}
