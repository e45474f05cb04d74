//! The parts of a URL that an HTTP callout needs.

/// The authority, and the path with the query, of an `http` or `https` URL (RFC 3986 §3). `None` for other text, and for a
/// URL with user information, a fragment, spaces or backslashes.
pub fn split_url(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let path = if path.is_empty() { "/" } else { path };
    let clean = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\');
    (clean && !authority.is_empty() && !authority.contains('@') && path.starts_with('/')).then_some((authority, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_http_url_is_split() {
        for (url, expected) in [
            ("https://a.example/keys?x=1", Some(("a.example", "/keys?x=1"))),
            ("http://a.example:8080", Some(("a.example:8080", "/"))),
            ("https://a.example?x=1", None),
            ("https:///keys", None),
            ("https://user@a.example/keys", None),
            ("https://a.example/keys#x", None),
            ("https://a.example/a b", None),
            ("https://a.example\\@b.example/", None),
            ("ftp://a.example/", None),
            ("a.example/keys", None),
            ("", None),
        ] {
            assert_eq!(split_url(url), expected, "{url}");
        }
    }
}
