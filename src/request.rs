//! The head of a request as Envoy hands it over: borrowed, and read in exactly one way or refused.
//!
//! The upstream reads the path after us. Where two readers could disagree about it (`//`, dot segments, an encoded
//! slash, an invalid or doubled escape) the request is refused before any rule is looked at (RFC 3986 §6.2).

mod headers;

use std::borrow::Cow;

pub use headers::{Headers, may_be_taken_for};

/// What the decision needs of a request.
#[derive(Debug)]
pub struct RequestHead<'r> {
    headers: &'r Headers,
    method: &'r str,
    host: &'r str,
    target: &'r str,
    path: Cow<'r, str>,
    query: Option<&'r str>,
}

/// The request can be read in more than one way, or in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousRequest;

impl<'r> RequestHead<'r> {
    /// Reads the pseudo-headers.
    ///
    /// # Errors
    ///
    /// If method, authority or path is not text, or the path has two readings.
    pub fn new(headers: &'r Headers) -> Result<Self, AmbiguousRequest> {
        let (mut method, mut authority, mut target) = ("", "", "");
        for (name, value) in headers.iter() {
            let [b':', name @ ..] = name else { continue };
            let slot = match name {
                b"method" => &mut method,
                b"authority" => &mut authority,
                b"path" => &mut target,
                _ => continue,
            };
            *slot = std::str::from_utf8(value).map_err(|_| AmbiguousRequest)?;
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        Ok(Self { headers, method, host: without_port(authority), target, path: canonical(path)?, query })
    }

    /// The method, exactly as sent.
    pub fn method(&self) -> &'r str {
        self.method
    }

    /// The host, without a port.
    pub fn host(&self) -> &'r str {
        self.host
    }

    /// Whether the host is a name or an address and nothing that a server could read as another one (escapes, a user
    /// before it, two ports).
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

    /// Path and query, exactly as sent.
    pub fn target(&self) -> &'r str {
        self.target
    }

    /// The path in its one reading: escapes of unreserved characters decoded, the others in upper case.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path as a server sees it that drops `;parameters` from each segment; `None` if there are none to drop.
    pub fn path_without_parameters(&self) -> Option<String> {
        // Hardly any path has one of these, and to look for more than one letter is dear.
        let may_have =
            self.path.bytes().any(|byte| matches!(byte, b';' | b'%')) && without_parameters(&self.path) != self.path;
        may_have.then(|| self.path.split('/').map(without_parameters).collect::<Vec<_>>().join("/"))
    }

    /// The query, without its question mark.
    pub fn query(&self) -> Option<&'r str> {
        self.query
    }

    /// Every header.
    pub fn headers(&self) -> &'r Headers {
        self.headers
    }

    /// The values of one header, by its name in lower case.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'r [u8]> + use<'r, 'n> {
        self.headers.iter().filter(move |(known, _)| *known == name.as_bytes()).map(|(_, value)| value)
    }

    /// Names and values of all headers that an upstream may take for this one, itself among them.
    pub fn taken_for<'n>(&self, name: &'n str) -> impl Iterator<Item = (&'r [u8], &'r [u8])> + use<'r, 'n> {
        self.headers.iter().filter(move |(other, _)| may_be_taken_for(other, name.as_bytes()))
    }

    /// Whether a browser asks here whether it may send the real request (Fetch standard, CORS-preflight fetch): OPTIONS
    /// with one origin and one method.
    pub fn is_cors_preflight(&self) -> bool {
        let once = |name| {
            let mut values = self.values(name);
            // Envoy joins some headers that are repeated with a comma.
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

/// A path in the form that routes are written in.
///
/// # Errors
///
/// If the path has two readings.
pub fn canonical(path: &str) -> Result<Cow<'_, str>, AmbiguousRequest> {
    if is_beyond_doubt(path) {
        return Ok(Cow::Borrowed(path));
    }
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'"' | b'<' | b'>' | b'^' | b'`');
    if !path.bytes().all(plain) {
        return Err(AmbiguousRequest);
    }
    let path = if path.contains('%') { Cow::Owned(decode_unreserved(path)?) } else { Cow::Borrowed(path) };
    match path.strip_prefix('/') {
        Some(segments) if segments_are_plain(segments) => Ok(path),
        None if path.is_empty() || path == "*" => Ok(path),
        _ => Err(AmbiguousRequest),
    }
}

/// What nearly every path is: none of its characters means anything but itself. One look at each is enough then.
fn is_beyond_doubt(path: &str) -> bool {
    let mut slash_before = false;
    path.starts_with('/')
        && path.bytes().all(|byte| {
            let clear = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b':' | b'@' => true,
                b'/' | b'.' => !slash_before,
                _ => false,
            };
            slash_before = byte == b'/';
            clear
        })
}

/// No empty segment but the last, and no dot segment, also where a server would first drop `;parameters`.
fn segments_are_plain(segments: &str) -> bool {
    let mut rest = segments.split('/').peekable();
    while let Some(segment) = rest.next() {
        let bare = without_parameters(segment);
        let last_and_empty = segment.is_empty() && rest.peek().is_none();
        if matches!(bare, "." | "..") || (bare.is_empty() && !last_and_empty) {
            return false;
        }
    }
    true
}

/// What is left of a canonical segment where a server drops its `;parameters`, decoded first or not (RFC 3986 §3.3).
pub fn without_parameters(segment: &str) -> &str {
    let bare = segment.split_once(';').map_or(segment, |(bare, _)| bare);
    bare.split_once("%3B").map_or(bare, |(bare, _)| bare)
}

fn decode_unreserved(path: &str) -> Result<String, AmbiguousRequest> {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let (byte, tail) = escape(after).ok_or(AmbiguousRequest)?;
        match byte {
            b'/' | b'\\' | 0x00..=0x1f | 0x7f => return Err(AmbiguousRequest),
            b'-' | b'.' | b'_' | b'~' => decoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => decoded.push(char::from(byte)),
            _ => decoded.push_str(&format!("%{byte:02X}")),
        }
        rest = tail;
    }
    decoded.push_str(rest);
    // Who decodes twice finds these, also where the digits were escapes themselves.
    let doubled = decoded.split("%25").skip(1).any(|tail| escape(tail).is_some());
    (!doubled && percent_decode(&decoded).is_some()).then_some(decoded).ok_or(AmbiguousRequest)
}

fn escape(text: &str) -> Option<(u8, &str)> {
    let (digits, tail) = text.split_at_checked(2)?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(digits, 16).ok())?.map(|byte| (byte, tail))
}

/// Decodes every escape once; `None` if one is invalid or what comes out is not UTF-8.
pub fn percent_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.extend_from_slice(before.as_bytes());
        let (byte, tail) = escape(after)?;
        decoded.push(byte);
        rest = tail;
    }
    decoded.extend_from_slice(rest.as_bytes());
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_reading_or_none() {
        for (path, expected) in [
            ("/", Some("/")),
            ("", Some("")),
            ("*", Some("*")),
            ("/a/b", Some("/a/b")),
            ("/a/", Some("/a/")),
            ("/%61dmin", Some("/admin")),
            ("/ADMIN", Some("/ADMIN")),
            ("/a%20b%c3%a9", Some("/a%20b%C3%A9")),
            ("/a%25", Some("/a%25")),
            ("/a;v=1/b", Some("/a;v=1/b")),
            ("/.well-known/x", Some("/.well-known/x")),
            ("/...", Some("/...")),
            ("a", None),
            ("/a//b", None),
            ("//", None),
            ("/.", None),
            ("/..", None),
            ("/a/../b", None),
            ("/a/%2e%2E/b", None),
            ("/a/.%2e", None),
            ("/a%2fb", None),
            ("/a%2Fb", None),
            ("/a%5cb", None),
            ("/a\\b", None),
            ("/a/..;/b", None),
            ("/a/..;x=1/b", None),
            ("/a/..%3b/b", None),
            ("/;/a", None),
            ("/;x", None),
            ("/a%00", None),
            ("/a%0a", None),
            ("/a%7f", None),
            ("/a%252e", None),
            ("/a%252fb", None),
            ("/a%2525", None),
            ("/a/%25%32e%25%32e/b", None),
            ("/a/%252%65/b", None),
            ("/a%25%32fb", None),
            ("/a%25%7A", Some("/a%25z")),
            ("/a/..%3B;/b", None),
            ("/a/..%3Bx;y/b", None),
            ("/a/..;%3B/b", None),
            ("/a%", None),
            ("/a%2", None),
            ("/a%zz", None),
            ("/a%+1", None),
            ("/%c0%af", None),
            ("/%ff", None),
            ("/é", None),
            ("/a b", None),
            ("/a\tb", None),
            ("/a\0", None),
            ("/a#b", None),
        ] {
            assert_eq!(canonical(path).ok().as_deref(), expected, "{path:?}");
        }
    }

    #[test]
    fn the_query_takes_no_part() {
        let headers = [(":path", "/a?x=//../%zz")].into_iter().collect();
        let head = RequestHead::new(&headers).unwrap();
        assert_eq!((head.path(), head.query()), ("/a", Some("x=//../%zz")));
    }

    #[test]
    fn a_port_is_no_part_of_the_host() {
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
    fn a_preflight_names_one_origin_and_one_method() {
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

    #[test]
    fn parameters_of_segments_can_be_dropped() {
        for (path, expected) in
            [("/a", None), ("/a%20b", None), ("/a;x/b;y=1", Some("/a/b")), ("/a%3bx/b;y%3B", Some("/a/b"))]
        {
            let headers = [(":path", path)].into_iter().collect();
            assert_eq!(RequestHead::new(&headers).unwrap().path_without_parameters().as_deref(), expected, "{path}");
        }
    }
}
