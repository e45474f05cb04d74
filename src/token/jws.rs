//! The compact serialization of a JWS (RFC 7515 §3.1), and its header.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::{memchr, memrchr};

use super::error::TokenError;
use crate::json::{Json, Object, parse_object};
use crate::keys::algorithm::Algorithm;

/// The parts of a compact JWS, decoded from base64url but not parsed.
pub struct CompactJws<'r> {
    pub(super) signed: &'r [u8],
    pub(super) encoded_payload: &'r [u8],
    header: Vec<u8>,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl<'r> CompactJws<'r> {
    /// Splits and decodes a token.
    ///
    /// # Errors
    ///
    /// `Malformed`.
    pub fn decode(bytes: &'r [u8]) -> Result<Self, TokenError> {
        let last_dot = memrchr(b'.', bytes).ok_or(TokenError::Malformed)?;
        let (signed, signature) = split_at_dot(bytes, last_dot)?;
        let first_dot = memchr(b'.', signed).ok_or(TokenError::Malformed)?;
        let (header, payload) = split_at_dot(signed, first_dot)?;
        // Canonical base64url only: with padding or non-zero pad bits, one token could be written in several ways
        // (RFC 4648 §3.5).
        let decode = |part: &[u8]| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
        Ok(Self {
            signed,
            encoded_payload: payload,
            header: decode(header)?,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }
}

/// What is before the dot at this index, and what is after it.
fn split_at_dot(bytes: &[u8], dot: usize) -> Result<(&[u8], &[u8]), TokenError> {
    let (before, rest) = bytes.split_at_checked(dot).ok_or(TokenError::Malformed)?;
    Ok((before, rest.get(1..).ok_or(TokenError::Malformed)?))
}

impl fmt::Debug for CompactJws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompactJws({} bytes)", self.signed.len())
    }
}

/// The header parameters that verification needs.
pub(super) struct Header<'c> {
    pub(super) algorithm: Option<Algorithm>,
    pub(super) key_id: Option<Cow<'c, str>>,
    /// `x5t#S256` and `x5t`.
    pub(super) thumbprints: [Option<Cow<'c, str>>; 2],
    pub(super) typ: Option<Cow<'c, str>>,
}

impl<'c> Header<'c> {
    /// Parses the header. Keys in it (`jwk`, `jku`, `x5c`, `x5u`) are never used.
    pub(super) fn read(jws: &'c CompactJws<'_>) -> Result<Self, TokenError> {
        Self::of(&parse_object(&jws.header).ok_or(TokenError::Malformed)?)
    }

    fn of(header: &Object<'c>) -> Result<Self, TokenError> {
        let text = |name: &str| match header.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(TokenError::Malformed),
        };
        if header.get("crit").is_some() || header.get("b64").is_some_and(|value| *value != Json::Boolean(true)) {
            return Err(TokenError::CriticalHeader);
        }
        if header.get("enc").is_some() || header.get("zip").is_some() {
            return Err(TokenError::Malformed);
        }
        let algorithm = text("alg")?.ok_or(TokenError::Malformed)?;
        // Some issuers write an empty `kid` for none.
        let is_name = |text: &&Cow<'c, str>| !text.is_empty();
        let thumbprint = |name: &str| text(name).unwrap_or_default().filter(is_name).cloned();
        Ok(Self {
            algorithm: Algorithm::named(algorithm),
            key_id: text("kid")?.filter(is_name).cloned(),
            thumbprints: [thumbprint("x5t#S256"), thumbprint("x5t")],
            typ: text("typ")?.cloned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name that a header has for its key, or the error.
    fn names(members: &str) -> Result<[Option<String>; 4], TokenError> {
        let text = format!(r#"{{"alg":"ES256"{members}}}"#);
        let Header { algorithm, key_id, thumbprints: [sha256, sha1], typ } =
            Header::of(&parse_object(text.as_bytes()).unwrap())?;
        assert_eq!(algorithm, Some(Algorithm::Es256));
        Ok([key_id, sha256, sha1, typ].map(|name| name.map(Cow::into_owned)))
    }

    #[test]
    fn a_header_names_its_key() {
        let named = |names: [&str; 4]| Ok(names.map(|name| (!name.is_empty()).then(|| name.to_owned())));
        for (members, expected) in [
            ("", named([""; 4])),
            (r#","kid":"a","typ":"JWT""#, named(["a", "", "", "JWT"])),
            (r#","kid":"","x5t":"","x5t#S256":"""#, named([""; 4])),
            (r#","kid":null,"typ":null,"x5t":null,"x5t#S256":null"#, named([""; 4])),
            (r#","kid":"a","x5t":"b","x5t#S256":"c""#, named(["a", "c", "b", ""])),
            // A thumbprint of another type is no reason to refuse a token: it is only a hint.
            (r#","x5t":1,"x5t#S256":["c"]"#, named([""; 4])),
            (r#","kid":1"#, Err(TokenError::Malformed)),
            (r#","typ":{}"#, Err(TokenError::Malformed)),
            (r#","crit":null"#, Err(TokenError::CriticalHeader)),
            (r#","b64":null"#, Err(TokenError::CriticalHeader)),
            (r#","b64":false"#, Err(TokenError::CriticalHeader)),
            (r#","b64":true"#, named([""; 4])),
            (r#","enc":null"#, Err(TokenError::Malformed)),
            (r#","zip":"DEF""#, Err(TokenError::Malformed)),
        ] {
            assert_eq!(names(members), expected, "{members}");
        }
        for text in [r"{}", r#"{"alg":null}"#, r#"{"alg":1}"#] {
            let header = parse_object(text.as_bytes()).unwrap();
            assert_eq!(Header::of(&header).err(), Some(TokenError::Malformed), "{text}");
        }
    }
}
