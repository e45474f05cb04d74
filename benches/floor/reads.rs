//! The least that is to be done with a token before anybody may believe it: whether it was seen before, what of it the
//! signature is over, what key it names, whose it is, for whom, and how long it counts; and to remember it.

use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hashlink::LruCache;
use serde::Deserialize;

/// As many as the filter's cache holds by default, and as many bytes of tokens.
const MAX_TOKENS: usize = 10_000;
const MAX_BYTES: usize = 4 * 1024 * 1024;

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::new(Seen { tokens: LruCache::new(MAX_TOKENS), bytes: 0 });
}

/// Tokens by the end of their signatures.
struct Seen {
    tokens: LruCache<u64, Box<[u8]>>,
    bytes: usize,
}

impl Seen {
    fn knows(&mut self, token: &[u8]) -> bool {
        self.tokens.get(&end(token)).is_some_and(|known| **known == *token)
    }

    fn keep(&mut self, token: &[u8]) {
        let replaced = self.tokens.insert(end(token), token.into());
        self.bytes = self.bytes + token.len() - replaced.map_or(0, |token| token.len());
        while self.bytes > MAX_BYTES {
            self.bytes -= self.tokens.remove_lru().map_or(self.bytes, |(_, token)| token.len());
        }
    }
}

fn end(token: &[u8]) -> u64 {
    token.last_chunk().map_or(0, |end| u64::from_le_bytes(*end))
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

/// Whether a request with these headers, in the host's form, has a token that counts at that time, but for its signature.
pub fn is_credible(headers: &[u8], nanoseconds: u64) -> bool {
    token(headers).is_some_and(|token| {
        SEEN.with_borrow_mut(|seen| {
            if seen.knows(token) {
                return true;
            }
            let credible = read(token, nanoseconds / 1_000_000_000).is_some();
            if credible {
                seen.keep(token);
            }
            credible
        })
    })
}

fn token(headers: &[u8]) -> Option<&[u8]> {
    let number = |place: usize| Some(u32::from_le_bytes(*headers.get(place..)?.first_chunk()?) as usize);
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
    let ours = claims.iss == "https://issuer-0.example.com/" && claims.aud == "https://api.example.com";
    (known && ours && seconds < claims.exp).then_some(signature)
}
