//! Tokens: valid ones with a claim or header member changed, and arbitrary bytes in compact serialization.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::keys::Key;

/// The default `iss`.
pub const ISSUER: &str = "https://issuer.example";
/// The default `aud`.
pub const AUDIENCE: &str = "api";

/// Header and claims of a token to be signed. By default it is valid for an hour.
#[derive(Clone, Debug)]
pub struct Token {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Default for Token {
    fn default() -> Self {
        let now = now();
        let object = |value: Value| value.as_object().expect("an object").clone();
        Self {
            header: object(json!({ "typ": "JWT" })),
            claims: object(json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 3600 })),
        }
    }
}

impl Token {
    /// A valid token.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a claim.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a header member, which overrides the key's own `alg` and `kid`; `null` leaves the member out.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Signs the token.
    pub fn sign(&self, key: &Key) -> String {
        compact(self.header_text(key).as_bytes(), self.claims_text().as_bytes(), |message| key.sign(message))
    }

    /// Signs the token with the issuer's ES256 key, which is the fastest to sign with.
    pub fn signed(&self) -> String {
        self.sign(&Key::of("ES256"))
    }

    /// The header as JSON text.
    pub fn header_text(&self, key: &Key) -> String {
        let mut header = self.header.clone();
        header.entry("alg").or_insert(json!(key.algorithm));
        header.entry("kid").or_insert(json!(key.id));
        header.retain(|_, value| !value.is_null());
        Value::Object(header).to_string()
    }

    /// The claims as JSON text.
    pub fn claims_text(&self) -> String {
        Value::Object(self.claims.clone()).to_string()
    }
}

/// The compact serialization (RFC 7515 section 7.1) of arbitrary bytes.
pub fn compact(header: &[u8], payload: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", base64url(header), base64url(payload));
    let signature = base64url(&sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// Base64url without padding (RFC 7515 section 2).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(since.as_secs()).expect("the seconds fit into 63 bits")
}
