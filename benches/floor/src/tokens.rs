//! The least that a filter must do with a token before it may accept it: look it up in a cache, find what the signature is
//! over, read algorithm, key id, issuer, audience and expiry, and cache the token.

use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hashlink::LruCache;
use serde::Deserialize;

/// As many as the filter's cache holds by default, and as many bytes of tokens.
const MAX_TOKENS: usize = 10_000;
const MAX_BYTES: usize = 4 * 1024 * 1024;

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::new(Cache { tokens: LruCache::new(MAX_TOKENS), bytes: 0 });
}

/// Tokens by the last bytes of their signatures.
struct Cache {
    tokens: LruCache<u64, Box<[u8]>>,
    bytes: usize,
}

impl Cache {
    fn contains(&mut self, token: &[u8]) -> bool {
        self.tokens.get(&last_bytes(token)).is_some_and(|cached| **cached == *token)
    }

    fn insert(&mut self, token: &[u8]) {
        let replaced = self.tokens.insert(last_bytes(token), token.into());
        self.bytes = self.bytes + token.len() - replaced.map_or(0, |token| token.len());
        while self.bytes > MAX_BYTES {
            self.bytes -= self.tokens.remove_lru().map_or(self.bytes, |(_, token)| token.len());
        }
    }
}

fn last_bytes(token: &[u8]) -> u64 {
    token.last_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[derive(Deserialize)]
struct Header<'t> {
    alg: &'t str,
    kid: &'t str,
}

#[derive(Deserialize)]
struct Claims<'t> {
    iss: &'t str,
    aud: &'t str,
    exp: u64,
}

/// Whether a request has a token that is valid at that time; the signature is not checked. The headers are in the form in
/// which the host returns them.
pub(crate) fn is_credible(headers: &[u8], nanoseconds: u64) -> bool {
    token(headers).is_some_and(|token| {
        CACHE.with_borrow_mut(|cache| {
            if cache.contains(token) {
                return true;
            }
            let credible = read(token, nanoseconds / 1_000_000_000).is_some();
            if credible {
                cache.insert(token);
            }
            credible
        })
    })
}

fn token(headers: &[u8]) -> Option<&[u8]> {
    let number = |offset: usize| Some(u32::from_le_bytes(*headers.get(offset..)?.first_chunk()?) as usize);
    let count = number(0)?;
    let mut texts = headers.get(4 + 8 * count..)?;
    for pair in 0..count {
        let (name, rest) = texts.split_at_checked(number(4 + 8 * pair)?)?;
        let (value, rest) = rest.get(1..)?.split_at_checked(number(8 + 8 * pair)?)?;
        if name == b"authorization" {
            return value.strip_prefix(b"Bearer ");
        }
        texts = rest.get(1..)?;
    }
    None
}

fn read(token: &[u8], seconds: u64) -> Option<Vec<u8>> {
    let last = memchr::memrchr(b'.', token)?;
    let first = memchr::memchr(b'.', token.get(..last)?)?;
    let header = URL_SAFE_NO_PAD.decode(token.get(..first)?).ok()?;
    let claims = URL_SAFE_NO_PAD.decode(token.get(first + 1..last)?).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(token.get(last + 1..)?).ok()?;
    let header: Header<'_> = serde_json::from_slice(&header).ok()?;
    let claims: Claims<'_> = serde_json::from_slice(&claims).ok()?;
    let known = matches!(header.alg, "RS256" | "ES256") && header.kid == header.alg;
    let accepted = claims.iss == "https://issuer-0.example.com/" && claims.aud == "https://api.example.com";
    (known && accepted && seconds < claims.exp).then_some(signature)
}
