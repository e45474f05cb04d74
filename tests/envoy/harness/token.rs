//! Tokens: good ones with a claim more or less, and any bytes in the form of one.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::issuer::ISSUER;
use super::keys::Key;

/// The audience that `policy::provider` accepts.
pub(crate) const AUDIENCE: &str = "api";

/// Header and claims of a token to be signed. A new one is good for an hour.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Token {
    pub(crate) fn new() -> Self {
        let now = now();
        let object = |value: Value| value.as_object().expect("an object").clone();
        Self {
            header: object(json!({ "typ": "JWT" })),
            claims: object(json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 3600 })),
        }
    }

    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a header member, also over the key's own `alg` and `kid`; `null` leaves it out.
    pub(crate) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn sign(&self, key: &Key) -> String {
        compact(self.header_text(key).as_bytes(), self.claims_text().as_bytes(), |message| key.sign(message))
    }

    /// Signed by the issuer's ES256 key, the quickest one.
    pub(crate) fn signed(&self) -> String {
        self.sign(&Key::of("ES256"))
    }

    pub(crate) fn header_text(&self, key: &Key) -> String {
        let mut header = self.header.clone();
        header.entry("alg").or_insert(json!(key.algorithm));
        header.entry("kid").or_insert(json!(key.id));
        header.retain(|_, value| !value.is_null());
        Value::Object(header).to_string()
    }

    pub(crate) fn claims_text(&self) -> String {
        Value::Object(self.claims.clone()).to_string()
    }
}

/// The compact serialisation (RFC 7515 §7.1) of any bytes.
pub(crate) fn compact(header: &[u8], payload: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", base64url(header), base64url(payload));
    let signature = base64url(&sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(since.as_secs()).expect("the clock is before the end of time")
}
