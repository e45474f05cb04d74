//! The response to a fetch: read as a key set, as a discovery document, or as a class of failure.

use std::time::Duration;

use crate::json::{Json, parse_lenient};
use crate::keys::fetch_state::FetchFailure;
use crate::keys::key_set::{KeySet, KeySetError};
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
    pub(super) fn into_keys(self) -> Result<Fetched, FetchFailure> {
        let max_age = self.cache_control.as_deref().and_then(max_age);
        let document = self.into_document()?;
        let set = KeySet::from_bytes(&document).map_err(|error| match error {
            KeySetError::Malformed => FetchFailure::Malformed,
            KeySetError::TooManyKeys => FetchFailure::TooManyKeys,
            KeySetError::NoUsableKey => FetchFailure::NoUsableKey,
        })?;
        Ok(Fetched { set, document, max_age })
    }

    /// Reads a discovery document of this issuer (OpenID Connect Discovery §4.3), and returns the path of its key
    /// set. The host in `jwks_uri` is ignored, because keys are requested from the configured cluster only.
    pub(super) fn into_jwks_path(self, issuer: &str) -> Result<String, FetchFailure> {
        let body = self.into_document()?;
        let document = parse_lenient(&body).ok_or(FetchFailure::Malformed)?;
        let text = |name: &str| document.get(name).and_then(Json::as_text).ok_or(FetchFailure::Malformed);
        if text("issuer")? != issuer {
            return Err(FetchFailure::IssuerMismatch);
        }
        let (_, path) = split_url(text("jwks_uri")?).ok_or(FetchFailure::Malformed)?;
        Ok(path.to_owned())
    }

    fn into_document(self) -> Result<Vec<u8>, FetchFailure> {
        match self.status {
            None => Err(FetchFailure::Reset),
            Some(200) => self.body.ok_or(FetchFailure::TooLarge),
            Some(status) => Err(self.body.map_or(FetchFailure::Status, |body| classify(status, &body))),
        }
    }
}

/// If Envoy cannot reach the issuer, it responds to the callout itself. Only the text of that response differs from
/// one of the issuer (`source/common/router/router.cc`, `source/common/http/utility.cc`).
fn classify(status: u16, body: &[u8]) -> FetchFailure {
    let says = |text: &str| body.windows(text.len()).any(|window| window == text.as_bytes());
    match status {
        504 if says("upstream request timeout") => FetchFailure::Timeout,
        503 if says("no healthy upstream") || says("remote connection failure") || says("connection timeout") => {
            FetchFailure::Connect
        }
        503 if says("upstream connect error or disconnect/reset before headers") => FetchFailure::Reset,
        _ => FetchFailure::Status,
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
        FetchResponse { status, cache_control: None, body: Some(body.as_bytes().to_vec()) }
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
            (Some(200), "<html></html>", FetchFailure::Malformed),
            (Some(200), r#"{"keys":["#, FetchFailure::Malformed),
            (Some(200), "[]", FetchFailure::Malformed),
            (Some(200), r#"{"keys":{}}"#, FetchFailure::Malformed),
            (Some(200), r#"{"keys":[]}"#, FetchFailure::NoUsableKey),
            (Some(200), r#"{"keys":[1,{"kty":"oct","k":"AA"}]}"#, FetchFailure::NoUsableKey),
        ] {
            assert_eq!(response(status, body).into_keys().unwrap_err(), expected, "{status:?} {body}");
        }
        let long = FetchResponse { status: Some(200), cache_control: None, body: None };
        assert_eq!(long.into_keys().unwrap_err(), FetchFailure::TooLarge);
        let many = format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 201].join(","));
        assert_eq!(response(Some(200), &many).into_keys().unwrap_err(), FetchFailure::TooManyKeys);
    }

    #[test]
    fn discovery_takes_the_path_and_ignores_the_host() {
        let document = |issuer: &str, uri: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{uri}"}}"#);
        for (body, expected) in [
            (document("https://a", "https://elsewhere/keys?x=1"), Ok("/keys?x=1".to_owned())),
            (document("https://a", "https://elsewhere"), Ok("/".to_owned())),
            (document("https://a/", "https://a/keys"), Err(FetchFailure::IssuerMismatch)),
            (document("https://a", "file:///etc/passwd"), Err(FetchFailure::Malformed)),
            (document("https://a", "https://u@h/keys"), Err(FetchFailure::Malformed)),
            (r#"{"issuer":"https://a"}"#.to_owned(), Err(FetchFailure::Malformed)),
            ("<html>".to_owned(), Err(FetchFailure::Malformed)),
        ] {
            assert_eq!(response(Some(200), &body).into_jwks_path("https://a"), expected, "{body}");
        }
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
