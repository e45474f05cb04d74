//! The head of a request, borrowed from the buffer that Envoy passes.
//!
//! The upstream parses the path again. Dot segments and what is no valid path are refused before any rule is considered.
//! Where two servers could understand the path differently (`//`, an encoded slash), all readings are kept, and the
//! request is refused if they fall under different rules.

mod header_name;
mod headers;
mod path;
mod readings;
mod steps;

pub use header_name::{HeaderName, is_alias_of, is_token};
pub use headers::Headers;
pub use path::{AmbiguousPath, percent_decode};
pub use readings::RoutedPath;

/// The parts of a request that a decision needs.
#[derive(Debug)]
pub struct RequestHead<'r> {
    headers: &'r Headers,
    method: &'r str,
    host: &'r str,
    target: &'r str,
    path: RoutedPath<'r>,
    query: Option<&'r str>,
}

/// The part of a request that is ambiguous or not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmbiguousRequest {
    /// `:method` is not text.
    Method,
    /// `:authority` is not text, or not a plain host name or address.
    Host,
    /// `:path` is not text, or servers may understand it differently.
    Path,
}

impl<'r> RequestHead<'r> {
    /// Reads the pseudo-headers.
    ///
    /// # Errors
    ///
    /// If method, authority or path is not text, or if no rule may decide about the path ([`RoutedPath::new`]).
    pub fn new(headers: &'r Headers) -> Result<Self, AmbiguousRequest> {
        let (mut method, mut authority, mut target) = ("", "", "");
        for (name, value) in headers.iter() {
            let [b':', name @ ..] = name else { continue };
            let (slot, part) = match name {
                b"method" => (&mut method, AmbiguousRequest::Method),
                b"authority" => (&mut authority, AmbiguousRequest::Host),
                b"path" => (&mut target, AmbiguousRequest::Path),
                _ => continue,
            };
            *slot = std::str::from_utf8(value).map_err(|_| part)?;
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        Ok(Self {
            headers,
            method,
            host: without_port(authority),
            target,
            path: RoutedPath::new(path).map_err(|AmbiguousPath| AmbiguousRequest::Path)?,
            query,
        })
    }

    /// The method, as sent.
    pub fn method(&self) -> &'r str {
        self.method
    }

    /// The host, without a port.
    pub fn host(&self) -> &'r str {
        self.host
    }

    /// Whether the host is only a name or an address. Servers may read anything else as another host: escapes, user
    /// information, two ports.
    pub fn host_is_plain(&self) -> bool {
        let (name, address) = match self.host.strip_prefix('[') {
            Some(inside) => (inside.strip_suffix(']').unwrap_or("?"), true),
            None => (self.host, false),
        };
        name.bytes().all(|byte| match byte {
            b':' => address,
            _ => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'),
        })
    }

    /// Path and query, as sent.
    pub fn target(&self) -> &'r str {
        self.target
    }

    /// The path, and what else servers may read from it.
    pub fn path(&self) -> &RoutedPath<'r> {
        &self.path
    }

    /// The query, without the question mark.
    pub fn query(&self) -> Option<&'r str> {
        self.query
    }

    /// All headers.
    pub fn headers(&self) -> &'r Headers {
        self.headers
    }

    /// The values of the header with this name in lower case.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'r [u8]> + use<'r, 'n> {
        self.headers.iter().filter(move |(known, _)| *known == name.as_bytes()).map(|(_, value)| value)
    }

    /// Names and values of all headers that an upstream may take for this one, including the header itself.
    pub fn aliases_of<'n>(&self, name: &'n str) -> impl Iterator<Item = (&'r [u8], &'r [u8])> + use<'r, 'n> {
        self.headers.iter().filter(move |(other, _)| is_alias_of(other, name.as_bytes()))
    }

    /// Whether this is a CORS preflight (Fetch standard, CORS-preflight fetch): `OPTIONS` with one `origin` and one
    /// `access-control-request-method`.
    pub fn is_cors_preflight(&self) -> bool {
        let once = |name| {
            let mut values = self.values(name);
            // Envoy joins the values of some repeated headers with a comma.
            values.next().is_some_and(|value| !value.is_empty() && !value.contains(&b',')) && values.next().is_none()
        };
        self.method == "OPTIONS" && once("origin") && once("access-control-request-method")
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_not_part_of_the_path() {
        let headers = [(":path", "/a?x=//../%zz")].into_iter().collect();
        let head = RequestHead::new(&headers).unwrap();
        assert_eq!((head.path().canonical(), head.query()), ("/a", Some("x=//../%zz")));
    }

    #[test]
    fn the_port_is_not_part_of_the_host() {
        for (authority, expected) in [
            ("a.example", "a.example"),
            ("a.example:8080", "a.example"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("", ""),
        ] {
            let headers = [(":authority", authority)].into_iter().collect();
            assert_eq!(RequestHead::new(&headers).unwrap().host(), expected, "{authority}");
        }
    }

    #[test]
    fn a_host_is_plain_or_it_is_not() {
        for (authority, expected) in [
            ("", true),
            ("api.example.com", true),
            ("API.example.com.:443", true),
            ("a_b-c", true),
            ("127.0.0.1:80", true),
            ("[::1]:80", true),
            ("[::ffff:1.2.3.4]", true),
            ("[::1", false),
            ("::1", false),
            ("a:80:80", false),
            ("user@api.example.com", false),
            ("%61pi.example.com", false),
            ("api.example.com,other", false),
            ("*.example.com", false),
            ("api example", false),
            ("é.example", false),
        ] {
            let headers = [(":authority", authority)].into_iter().collect();
            assert_eq!(RequestHead::new(&headers).unwrap().host_is_plain(), expected, "{authority}");
        }
    }

    #[test]
    fn a_preflight_has_one_origin_and_one_method() {
        let origin = ("origin", "https://app");
        let method = ("access-control-request-method", "POST");
        for (verb, headers, expected) in [
            ("OPTIONS", vec![origin, method], true),
            ("OPTIONS", vec![origin], false),
            ("OPTIONS", vec![method], false),
            ("OPTIONS", vec![origin, origin, method], false),
            ("OPTIONS", vec![("origin", "https://app,https://app"), method], false),
            ("OPTIONS", vec![("origin", ""), method], false),
            ("options", vec![origin, method], false),
            ("GET", vec![origin, method], false),
        ] {
            let all = [(":method", verb), (":path", "/")].iter().chain(&headers).copied().collect();
            assert_eq!(RequestHead::new(&all).unwrap().is_cors_preflight(), expected, "{verb} {headers:?}");
        }
    }
}
