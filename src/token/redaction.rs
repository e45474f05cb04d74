//! Tokens in the query. Access logs and traces have the path of every request, so a token that the upstream does not
//! receive must not stay in it.

use super::removal::{ORIGINAL_PATH, target_without};
use super::sources::Sources;
use crate::request::Headers;

/// Headers with new values.
pub type Redactions = Vec<(String, Vec<u8>)>;

/// The headers from which Envoy's access logs and traces read the path, without the parameters for which `is_removed`
/// holds. Only those that change.
pub(super) fn redacted(sources: &Sources, headers: &Headers, is_removed: impl Fn(&[u8]) -> bool) -> Redactions {
    if sources.parameters.sources().is_empty() {
        return Vec::new();
    }
    let paths = [":path", ORIGINAL_PATH].into_iter().filter_map(|name| {
        let (_, target) = headers.iter().find(|(known, _)| *known == name.as_bytes())?;
        Some((name.to_owned(), target_without(target, &is_removed)?))
    });
    paths.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::source::{Place, Source};

    #[test]
    fn parameters_are_removed_from_each_header_with_the_path() {
        let mut sources = Sources::default();
        let is_removed = |pair: &[u8]| pair == b"t=a";
        let headers = |path: &[u8], original: &[u8]| -> Headers {
            [(&b":path"[..], path), (b"x-envoy-original-path", original), (b"x-other", b"/?t=a")].into_iter().collect()
        };
        let both = headers(b"/a?t=a", b"/b?x&t=a");
        assert_eq!(redacted(&sources, &both, is_removed), [], "no source reads the query");
        sources.add(Source::new(Place::parse("$request.querystring.t").unwrap(), None)).unwrap();
        let path = |target: &[u8]| (":path".to_owned(), target.to_vec());
        let original = |target: &[u8]| ("x-envoy-original-path".to_owned(), target.to_vec());
        for (headers, expected) in [
            (both, vec![path(b"/a"), original(b"/b?x")]),
            (headers(b"/a?t=a&y", b"/b"), vec![path(b"/a?y")]),
            (headers(b"/a", b"/b?t=a"), vec![original(b"/b")]),
            (headers(b"/\xff?\xff=\xff&t=a", b""), vec![path(b"/\xff?\xff=\xff")]),
            (headers(b"/t=a", b"?t=ab"), vec![]),
        ] {
            assert_eq!(redacted(&sources, &headers, is_removed), expected);
        }
    }
}
