//! What a step needs: a compiled configuration, a token that it has seen, and requests.

use std::collections::HashMap;
use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_compact::{KeyPair, Seed};
use jwt_authorizer::jwt::algorithm::Algorithm;
use jwt_authorizer::jwt::cache::TokenCache;
use jwt_authorizer::jwt::error::TokenError;
use jwt_authorizer::jwt::jwk::VerifyingKey;
use jwt_authorizer::jwt::keys::KeyRing;
use jwt_authorizer::jwt::signature::SignatureVerifier;
use jwt_authorizer::jwt::time::UnixTime;
use jwt_authorizer::policy::proof::Vault;
use jwt_authorizer::policy::reason::Reason;
use jwt_authorizer::policy::{Authorizer, KeySource};
use jwt_authorizer::request::{Headers, RequestHead};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const PATHS: [&str; 5] = ["/public", "/authenticated", "/scope", "/users/user-1", "/resources/49/items"];

pub struct Fixture {
    configuration: Vec<u8>,
    token: String,
    requests: HashMap<&'static str, Headers>,
    authorizer: Authorizer,
    keys: Vec<KeyRing>,
    cache: TokenCache,
}

impl Fixture {
    pub fn new(rules: usize) -> Result<Self, Box<dyn Error>> {
        let pair = KeyPair::from_seed(Seed::new([7; 32]));
        let configuration = configuration(&pair, rules).to_string().into_bytes();
        let token = token(&pair);
        let authorizer = Authorizer::from_json(&configuration)?;
        let keys = authorizer.key_sources().iter().filter_map(|source| match source {
            KeySource::Inline(set) => Some(KeyRing::inline(set.clone())),
            KeySource::Remote(_) => None,
        });
        let garbage =
            ("/garbage", headers("/authenticated", &token.chars().rev().collect::<String>().replace('.', "")));
        Ok(Self {
            keys: keys.collect(),
            requests: PATHS.map(|path| (path, headers(path, &token))).into_iter().chain([garbage]).collect(),
            cache: authorizer.new_cache(),
            configuration,
            token,
            authorizer,
        })
    }

    pub fn configuration(&self) -> &[u8] {
        &self.configuration
    }

    pub fn token(&self) -> &[u8] {
        self.token.as_bytes()
    }

    pub fn headers(&self) -> &Headers {
        &self.requests["/authenticated"]
    }

    /// From the second time on, the token is a seen one.
    pub fn allows(&mut self, path: &str) -> bool {
        matches!(self.decides(path, NOW), Reason::Allowed | Reason::Public)
    }

    /// A token that was never seen, but for its signature, which the host would check.
    pub fn allows_unseen(&mut self, path: &str) -> bool {
        self.cache = TokenCache::new(0);
        self.allows(path)
    }

    /// A token whose time is over.
    pub fn refuses_expired(&mut self, path: &str) -> bool {
        self.decides(path, NOW + 24 * 3600) == Reason::Token(TokenError::Expired)
    }

    /// What is no token.
    pub fn refuses_garbage(&mut self) -> bool {
        self.decides("/garbage", NOW) == Reason::Token(TokenError::Malformed)
    }

    fn decides(&mut self, path: &str, now: i64) -> Reason {
        let Ok(head) = RequestHead::new(&self.requests[path]) else { return Reason::PathAmbiguous };
        let mut vault = Vault { keys: &self.keys, cache: &mut self.cache };
        self.authorizer.authorize(&head, &mut vault, &Host, UnixTime::from_secs(now)).reason
    }
}

/// Believes every signature.
struct Host;

impl SignatureVerifier for Host {
    fn verify(&self, _: &VerifyingKey, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

fn configuration(pair: &KeyPair, count: usize) -> Value {
    let key =
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA", "x": URL_SAFE_NO_PAD.encode(*pair.pk) });
    let mut rules = vec![
        json!({ "route": "GET /public", "access": "public" }),
        json!({ "route": "GET /authenticated" }),
        json!({ "route": "GET /scope", "scopes": ["https://api.example.com/read"] }),
        json!({ "route": "GET /users/{id}", "require": { "any_of": [
            { "group": "admin" },
            { "all_of": [{ "claim": "sub", "equals_path": "id" }, { "claim": "tier", "in": ["pro", "enterprise"] }] },
        ] } }),
    ];
    rules.extend((0..count).map(|index| json!({ "route": format!("GET /resources/{index}/items") })));
    json!({
        "providers": { "issuer": {
            "issuer": "https://issuer.example.com/",
            "audiences": ["https://api.example.com"],
            "jwks": { "inline": { "keys": [key] } },
        } },
        "rules": rules,
    })
}

fn token(pair: &KeyPair) -> String {
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
    let signature = pair.sk.sign(&signed, None);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(*signature))
}

fn headers(path: &str, token: &str) -> Headers {
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
    .collect()
}
