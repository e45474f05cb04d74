//! The response to a fetch: read as a key set, as a discovery document, or as an error.

use std::time::Duration;

use super::fetch_error::{FetchError, printable};
use crate::json::{Json, parse_lenient};
use crate::keys::fetch_state::FetchFailure;
use crate::keys::key_set::{KeySet, KeySetError};
use crate::keys::set_change::none_usable;
use crate::url::split_url;

/// Key sets and discovery documents longer than this are not read.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The response to a callout.
#[derive(Debug, Default)]
pub struct FetchResponse {
    /// The status; `None` if there was no response.
    pub status: Option<u16>,
    /// `cache-control`.
    pub cache_control: Option<String>,
    /// `content-encoding`.
    pub content_encoding: Option<String>,
    /// The body; `None` if it is longer than [`MAX_BODY_BYTES`].
    pub body: Option<Vec<u8>>,
}

/// A key set that was fetched.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) set: KeySet,
    /// The document, for the other workers.
    pub(super) document: Vec<u8>,
    pub(super) max_age: Option<Duration>,
}

impl FetchResponse {
    /// Reads a key set.
    pub(super) fn into_keys(self) -> Result<Fetched, FetchError> {
        let max_age = self.cache_control.as_deref().and_then(max_age);
        let document = self.into_document()?;
        let set = KeySet::from_bytes(&document).map_err(|error| match error {
            KeySetError::Malformed => FetchFailure::Malformed.into(),
            KeySetError::TooManyKeys => FetchFailure::TooManyKeys.into(),
            KeySetError::NoUsableKey(keys) => FetchError::new(FetchFailure::NoUsableKey, &none_usable(&keys)),
        })?;
        Ok(Fetched { set, document, max_age })
    }

    /// Reads a discovery document of this issuer (OpenID Connect Discovery §4.3, RFC 8414 §3.3), and returns authority and
    /// path of its key set.
    pub(super) fn into_jwks_uri(self, issuer: &str) -> Result<(String, String), FetchError> {
        let body = self.into_document()?;
        let document = parse_lenient(&body).ok_or(FetchFailure::Malformed)?;
        let text = |name: &str| document.get(name).and_then(Json::as_text).ok_or(FetchFailure::Malformed);
        let found = text("issuer")?;
        if found != issuer {
            let detail = format!("the issuer `{}` instead of `{}`", printable(found), printable(issuer));
            return Err(FetchError::new(FetchFailure::IssuerMismatch, &detail));
        }
        let (authority, path) = split_url(text("jwks_uri")?).ok_or(FetchFailure::Malformed)?;
        Ok((authority.to_owned(), path.to_owned()))
    }

    fn into_document(self) -> Result<Vec<u8>, FetchError> {
        let encoding = self.content_encoding.as_deref().map(str::trim).filter(|encoding| !encoding.is_empty());
        match (self.status, self.body) {
            (None, _) => Err(FetchFailure::Reset.into()),
            (Some(200), None) => Err(FetchFailure::TooLarge.into()),
            (Some(200), Some(body)) => match encoding.filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
                Some(encoding) => {
                    let detail = format!("`content-encoding: {}`", printable(encoding));
                    Err(FetchError::new(FetchFailure::Encoded, &detail))
                }
                None => Ok(body),
            },
            (Some(status), body) => Err(classify(status, &body.unwrap_or_default())),
        }
    }
}

/// If Envoy cannot reach the issuer, it responds to the callout itself. Only the text of that response differs from
/// one of the issuer (`source/common/router/router.cc`, `source/common/http/utility.cc`).
fn classify(status: u16, body: &[u8]) -> FetchError {
    let says = |text: &str| body.windows(text.len()).any(|window| window == text.as_bytes());
    // Envoy's text has the reason, such as a certificate that is not valid.
    let by_envoy = |class| FetchError::new(class, &format!("\"{}\"", printable(&String::from_utf8_lossy(body))));
    match status {
        504 if says("upstream request timeout") => FetchFailure::Timeout.into(),
        503 if says("no healthy upstream") || says("remote connection failure") || says("connection timeout") => {
            by_envoy(FetchFailure::Connect)
        }
        503 if says("upstream connect error or disconnect/reset before headers") => by_envoy(FetchFailure::Reset),
        _ => FetchError::status(status),
    }
}

fn max_age(cache_control: &str) -> Option<Duration> {
    cache_control.split(',').find_map(|directive| {
        let (name, value) = directive.trim().split_once('=')?;
        let seconds = value.trim_matches('"').parse().ok()?;
        name.eq_ignore_ascii_case("max-age").then(|| Duration::from_secs(seconds))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: Option<u16>, body: &str) -> FetchResponse {
        FetchResponse { status, body: Some(body.as_bytes().to_vec()), ..FetchResponse::default() }
    }

    #[test]
    fn each_failure_has_its_class() {
        for (status, body, expected) in [
            (None, "", FetchFailure::Reset),
            (Some(500), "", FetchFailure::Status),
            (Some(302), "", FetchFailure::Status),
            (Some(503), "sorry", FetchFailure::Status),
            (Some(503), "no healthy upstream", FetchFailure::Connect),
            (
                Some(503),
                "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
                FetchFailure::Connect,
            ),
            (
                Some(503),
                "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
                FetchFailure::Reset,
            ),
            (Some(504), "upstream request timeout", FetchFailure::Timeout),
            (Some(504), "sorry", FetchFailure::Status),
            (Some(503), "upstream connect error: connection timeout", FetchFailure::Connect),
            (Some(200), "<html></html>", FetchFailure::Malformed),
            (Some(200), r#"{"keys":["#, FetchFailure::Malformed),
            (Some(200), "[]", FetchFailure::Malformed),
            (Some(200), r#"{"keys":{}}"#, FetchFailure::Malformed),
            (Some(200), r#"{"keys":[]}"#, FetchFailure::NoUsableKey),
            (Some(200), r#"{"keys":[1,{"kty":"oct","k":"AA"}]}"#, FetchFailure::NoUsableKey),
        ] {
            assert_eq!(response(status, body).into_keys().unwrap_err().class, expected, "{status:?} {body}");
        }
        let long = FetchResponse { status: Some(200), ..FetchResponse::default() };
        assert_eq!(long.into_keys().unwrap_err().class, FetchFailure::TooLarge);
        let many = format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 201].join(","));
        assert_eq!(response(Some(200), &many).into_keys().unwrap_err().class, FetchFailure::TooManyKeys);
    }

    #[test]
    fn discovery_takes_authority_and_path() {
        let document = |issuer: &str, uri: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{uri}"}}"#);
        for (body, expected) in [
            (document("https://a", "https://elsewhere/keys?x=1"), Ok(("elsewhere", "/keys?x=1"))),
            (document("https://a", "https://elsewhere"), Ok(("elsewhere", "/"))),
            (document("https://a/", "https://a/keys"), Err(FetchFailure::IssuerMismatch)),
            (document("https://a", "file:///etc/passwd"), Err(FetchFailure::Malformed)),
            (document("https://a", "https://u@h/keys"), Err(FetchFailure::Malformed)),
            (r#"{"issuer":"https://a"}"#.to_owned(), Err(FetchFailure::Malformed)),
            ("<html>".to_owned(), Err(FetchFailure::Malformed)),
        ] {
            let found = response(Some(200), &body).into_jwks_uri("https://a");
            let found = found.as_ref().map(|(authority, path)| (&**authority, &**path)).map_err(|error| error.class);
            assert_eq!(found, expected, "{body}");
        }
    }

    #[test]
    fn an_encoded_response_is_not_read() {
        for (encoding, expected) in [
            ("gzip", Some("`content-encoding: gzip`")),
            (" br", Some("`content-encoding: br`")),
            ("identity", None),
            ("IDENTITY", None),
            ("", None),
            (" ", None),
        ] {
            let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
            let response = FetchResponse { content_encoding: Some(encoding.to_owned()), ..response(Some(200), set) };
            let error = response.into_keys().err();
            assert_eq!(error.as_ref().map(|error| error.class), expected.map(|_| FetchFailure::Encoded), "{encoding}");
            assert_eq!(error.map(|error| error.to_string()).as_deref(), expected, "{encoding}");
        }
    }

    #[test]
    fn an_error_names_values_cut_and_escaped() {
        let (long, url) = ("x".repeat(1000), ("a.example", "/keys\u{7f}"));
        for (status, body, expected) in [
            (404, String::new(), "404 from `a.example/keys\\u{7f}`".to_owned()),
            (
                503,
                "no healthy upstream\n".to_owned(),
                r#""no healthy upstream\n" from `a.example/keys\u{7f}`"#.to_owned(),
            ),
            (
                503,
                format!("no healthy upstream {long}"),
                format!(r#""no healthy upstream {}…" from `a.example/keys\u{{7f}}`"#, "x".repeat(180)),
            ),
            (200, "[".to_owned(), "from `a.example/keys\\u{7f}`".to_owned()),
            (
                200,
                r#"{"keys":[{"kty":"oct","kid":"k1"}]}"#.to_owned(),
                "0 of 1 keys; left out: `k1` (a shared secret) from `a.example/keys\\u{7f}`".to_owned(),
            ),
        ] {
            let error = response(Some(status), &body).into_keys().unwrap_err().at("a", url.0, url.1);
            assert_eq!(error.to_string(), expected, "{status} {body}");
        }
        let body = format!(r#"{{"issuer":"a\n{long}"}}"#);
        let error = response(Some(200), &body).into_jwks_uri("https://a").unwrap_err().to_string();
        assert!(error.starts_with(r"the issuer `a\nxx") && error.ends_with("xx…` instead of `https://a`"), "{error}");
        assert!(error.len() < 250, "{error}");
    }

    #[test]
    fn max_age_is_found_among_directives() {
        for (text, expected) in [
            ("max-age=60", Some(60)),
            ("public, Max-Age=3600, must-revalidate", Some(3600)),
            ("max-age=\"5\"", Some(5)),
            ("s-maxage=9", None),
            ("max-age=x", None),
            ("max-age=-1", None),
            ("no-store", None),
        ] {
            assert_eq!(max_age(text), expected.map(Duration::from_secs), "{text}");
        }
    }
}
