//! The least that is to be done with a token before anybody may believe it: what of it the signature is over, what key it
//! names, whose it is, for whom, and how long it counts.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

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
    token(headers)
        .and_then(|token| read(token, nanoseconds / 1_000_000_000))
        .is_some_and(|signature| !signature.is_empty())
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
