//! The parts of a URL that an HTTP callout needs.

/// The authority, and the path with the query, of an `http` or `https` URL (RFC 3986 §3). The scheme may be in capitals,
/// and its own port is left out, as clients do (RFC 9110 §4.2.3): some servers know their name without it only. `None` for
/// other text, and for a URL with user information, a fragment, spaces or backslashes.
pub fn split_url(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let port = match scheme {
        _ if scheme.eq_ignore_ascii_case("https") => ":443",
        _ if scheme.eq_ignore_ascii_case("http") => ":80",
        _ => return None,
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let path = if path.is_empty() { "/" } else { path };
    let authority = authority.strip_suffix(port).or_else(|| authority.strip_suffix(':')).unwrap_or(authority);
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
            ("https://a.example:443/keys", Some(("a.example", "/keys"))),
            ("http://a.example:80/keys", Some(("a.example", "/keys"))),
            ("https://a.example:80/keys", Some(("a.example:80", "/keys"))),
            ("http://a.example:443/keys", Some(("a.example:443", "/keys"))),
            ("https://a.example:8443/keys", Some(("a.example:8443", "/keys"))),
            ("https://a.example:/keys", Some(("a.example", "/keys"))),
            ("https://[::443]:443/keys", Some(("[::443]", "/keys"))),
            ("https://[::443]/keys", Some(("[::443]", "/keys"))),
            ("HTTPS://a.example:443/Keys", Some(("a.example", "/Keys"))),
            ("Http://a.example:80", Some(("a.example", "/"))),
            ("https://:443/keys", None),
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
