//! An identity source: where a request may have a token, and how to remove it. Servers differ in what they accept. A
//! token is found if any common server would read it.

use memchr::memchr;

use crate::request::{RequestHead, is_alias_of, is_token, percent_decode};

/// An identity source in API Gateway's syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `$request.header.Authorization`: the scheme `Bearer` is required.
    Authorization,
    /// `$request.header.NAME`: the whole value, with or without the scheme `Bearer`.
    Header(Box<str>),
    /// `$request.querystring.NAME`.
    Query(Box<str>),
    /// `$request.cookie.NAME`.
    Cookie(Box<str>),
    /// `$request.websocket`: the subprotocol offered after `bearer` (`sec-websocket-protocol: bearer, TOKEN`).
    WebSocket,
}

const AUTHORIZATION: &str = "authorization";
const COOKIE: &str = "cookie";
const WEBSOCKET_HEADER: &str = "sec-websocket-protocol";
/// The separators of query parameters. Some servers still accept the second (HTML 4.01 B.2.2).
const SEPARATORS: [char; 2] = ['&', ';'];

impl Source {
    /// Parses API Gateway's syntax; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "$request.websocket" {
            return Some(Self::WebSocket);
        }
        let (location, name) = text.strip_prefix("$request.")?.split_once('.')?;
        if !is_token(name) {
            return None;
        }
        match location {
            "header" if name.eq_ignore_ascii_case("authorization") => Some(Self::Authorization),
            "header" => Some(Self::Header(name.to_ascii_lowercase().into())),
            "querystring" => Some(Self::Query(name.into())),
            "cookie" => Some(Self::Cookie(name.into())),
            _ => None,
        }
    }

    /// Whether both sources read the same part of a request.
    pub(super) fn is_same_source(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Header(name), Self::Header(other)) => is_alias_of(name.as_bytes(), other.as_bytes()),
            _ => self == other,
        }
    }

    /// Calls `found` with every token in this source.
    pub(super) fn collect<'r>(&self, head: &RequestHead<'r>, found: &mut impl FnMut(&'r [u8])) {
        match self {
            Self::Authorization => {
                for value in head.values(AUTHORIZATION) {
                    match bearer(value) {
                        Some(token) => found(token),
                        // Envoy may join repeated headers with a comma. The joined value is refused as a list.
                        None if value.split(|byte| *byte == b',').any(|part| bearer(part.trim_ascii()).is_some()) => {
                            found(value)
                        }
                        None => {}
                    }
                }
            }
            Self::Header(name) => {
                head.aliases_of(name)
                    .filter(|(_, value)| !value.is_empty())
                    .map(|(_, value)| bearer(value).unwrap_or(value))
                    .for_each(found);
            }
            Self::Query(name) => {
                let values =
                    head.query().unwrap_or_default().split(SEPARATORS).filter_map(|pair| query_value(pair, name));
                values.filter(|value| !value.is_empty()).map(str::as_bytes).for_each(found);
            }
            Self::Cookie(name) => {
                let pairs = head.values(COOKIE).flat_map(|line| line.split(|byte| *byte == b';'));
                let values = pairs.filter_map(|pair| cookie_value(pair, name));
                values.filter(|value| !value.is_empty()).for_each(found);
            }
            Self::WebSocket => {
                let mut offers = subprotocols(head);
                while let Some(offer) = offers.next() {
                    if is_marker(offer)
                        && let Some(token) = offers.next()
                    {
                        found(token);
                    }
                }
            }
        }
    }

    /// How to remove the token from the request.
    pub fn without<'r>(&self, head: &RequestHead<'r>) -> Removal<'r> {
        match self {
            Self::Authorization => Removal::of_headers(head, AUTHORIZATION, None),
            Self::Header(name) => Removal::of_headers(head, name, None),
            Self::Query(name) => Removal { headers: Vec::new(), target: Some(target_without(head, name).into_bytes()) },
            Self::Cookie(name) => {
                let lines = head.values(COOKIE).filter_map(|line| {
                    let pairs = line.split(|byte| *byte == b';');
                    let kept: Vec<_> = pairs.filter(|pair| cookie_value(pair, name).is_none()).collect();
                    rest_of(&kept.join(&b';'))
                });
                let kept = lines.collect::<Vec<_>>().join(&b"; "[..]);
                Removal::of_headers(head, COOKIE, rest_of(&kept))
            }
            Self::WebSocket => {
                let mut kept = Vec::new();
                let mut offers = subprotocols(head);
                while let Some(offer) = offers.next() {
                    if is_marker(offer) {
                        offers.next();
                    } else {
                        kept.push(offer);
                    }
                }
                Removal::of_headers(head, WEBSOCKET_HEADER, rest_of(&kept.join(&b", "[..])))
            }
        }
    }
}

/// The change to a request that removes its token.
#[derive(Debug, PartialEq, Eq)]
pub struct Removal<'r> {
    /// The headers to remove, or to set to what is left of them.
    pub headers: Vec<(&'r [u8], Option<Vec<u8>>)>,
    /// The new `:path`.
    pub target: Option<Vec<u8>>,
}

impl<'r> Removal<'r> {
    fn of_headers(head: &RequestHead<'r>, name: &str, mut rest: Option<Vec<u8>>) -> Self {
        let headers = head.aliases_of(name).map(|(name, _)| (name, rest.take())).collect();
        Self { headers, target: None }
    }
}

fn rest_of(kept: &[u8]) -> Option<Vec<u8>> {
    let kept = kept.trim_ascii_start();
    (!kept.is_empty()).then(|| kept.to_vec())
}

/// What follows the case-insensitive scheme `Bearer` and one space (RFC 9110 §11.1, RFC 6750 §2.1). Any other character
/// that a lenient server may accept as the space is accepted too: a token that one server reads must not be missed.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (_, rest) = value.split_at_checked(6).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer"))?;
    match rest.split_first() {
        Some((space, token)) => (!space.is_ascii_graphic()).then_some(token),
        None => Some(&[]),
    }
}

fn cookie_value<'t>(pair: &'t [u8], name: &str) -> Option<&'t [u8]> {
    let (known, value) = pair.split_at_checked(memchr(b'=', pair)?)?;
    (known.trim_ascii() == name.as_bytes()).then(|| value.get(1..).unwrap_or_default().trim_ascii())
}

/// The value of a query parameter. Servers decode names, so `access%5Ftoken` is `access_token`.
fn query_value<'t>(pair: &'t str, name: &str) -> Option<&'t str> {
    let is_name = |known: &str| known == name || percent_decode(known).is_some_and(|decoded| decoded == name);
    pair.split_once('=').filter(|(known, _)| is_name(known)).map(|(_, value)| value)
}

/// The subprotocols that the client offers. Several header lines are one list (RFC 6455 §11.3.4).
fn subprotocols<'r>(head: &RequestHead<'r>) -> impl Iterator<Item = &'r [u8]> {
    let lines = head.aliases_of(WEBSOCKET_HEADER);
    lines.flat_map(|(_, line)| line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii))
}

fn is_marker(protocol: &[u8]) -> bool {
    protocol.eq_ignore_ascii_case(b"bearer")
}

fn target_without(head: &RequestHead<'_>, name: &str) -> String {
    let path = head.target().split_once('?').map_or(head.target(), |(path, _)| path);
    let mut kept = String::new();
    for piece in head.query().unwrap_or_default().split_inclusive(SEPARATORS) {
        let pair = piece.strip_suffix(SEPARATORS);
        if query_value(pair.unwrap_or(piece), name).is_none() {
            kept.push_str(piece);
        } else if pair.is_none() {
            // Removing the last parameter leaves a separator before it.
            kept.pop();
        } else if piece.ends_with('&') && kept.ends_with(';') {
            // A server that splits only at `&` must not read the neighbours as one parameter.
            kept.pop();
            kept.push('&');
        }
    }
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{kept}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &'static str, rest: Option<&str>) -> Removal<'static> {
        Removal { headers: vec![(name.as_bytes(), rest.map(Into::into))], target: None }
    }

    fn target(target: &str) -> Removal<'static> {
        Removal { headers: Vec::new(), target: Some(target.into()) }
    }

    #[test]
    fn removing_a_token_leaves_the_rest_unchanged() {
        for (source, name, value, expected) in [
            ("$request.querystring.t", ":path", "/a%20b?x=%2F&t=abc&y", target("/a%20b?x=%2F&y")),
            ("$request.querystring.t", ":path", "/a?t=abc", target("/a")),
            ("$request.querystring.t", ":path", "/a?x=1&%74=abc&", target("/a?x=1&")),
            ("$request.querystring.t", ":path", "/a?x=1&t=abc", target("/a?x=1")),
            ("$request.querystring.t", ":path", "/a?x=1;t=abc;y=2", target("/a?x=1;y=2")),
            ("$request.querystring.t", ":path", "/a?x=1;t=abc&y=2", target("/a?x=1&y=2")),
            ("$request.querystring.t", ":path", "/a?t=abc;y=2&t=", target("/a?y=2")),
            ("$request.cookie.c", "cookie", "a=1; c =abc; b=2", header("cookie", Some("a=1; b=2"))),
            ("$request.cookie.c", "cookie", "a=1; c=abc; b=\"2\"", header("cookie", Some("a=1; b=\"2\""))),
            ("$request.cookie.c", "cookie", "c=abc; b=2", header("cookie", Some("b=2"))),
            ("$request.cookie.c", "cookie", "c=abc", header("cookie", None)),
            ("$request.header.authorization", "authorization", "Bearer abc", header("authorization", None)),
            (
                "$request.websocket",
                "sec-websocket-protocol",
                "chat, bearer, abc",
                header("sec-websocket-protocol", Some("chat")),
            ),
            (
                "$request.websocket",
                "sec-websocket-protocol",
                "\u{a0}bearer, bearer, abc",
                header("sec-websocket-protocol", Some("\u{a0}bearer")),
            ),
        ] {
            let headers = [(name, value)].into_iter().collect();
            let head = RequestHead::new(&headers).unwrap();
            let source = Source::parse(source).unwrap();
            assert_eq!(source.without(&head), expected, "{source:?} {value}");
        }
    }

    #[test]
    fn bytes_that_are_not_text_stay_as_they_are() {
        for (source, name, lines, expected) in [
            ("$request.cookie.c", "cookie", &[&b"c=abc; lang=fran\xe7ais"[..]][..], &b"lang=fran\xe7ais"[..]),
            ("$request.cookie.c", "cookie", &[b"lang=\xff", b"c=abc; a=1"], b"lang=\xff; a=1"),
            ("$request.websocket", "sec-websocket-protocol", &[b"bearer, abc, \xff"], b"\xff"),
        ] {
            let headers = lines.iter().map(|line| (name, line)).collect();
            let head = RequestHead::new(&headers).unwrap();
            let removal = Source::parse(source).unwrap().without(&head);
            assert_eq!(removal.headers.first(), Some(&(name.as_bytes(), Some(expected.to_vec()))));
        }
    }

    #[test]
    fn any_other_syntax_is_rejected() {
        for text in [
            "",
            "Authorization",
            "$request.body.x",
            "$request.header.",
            "$request.header.a b",
            "$request.header",
            "$context.x",
        ] {
            assert_eq!(Source::parse(text), None, "{text}");
        }
    }
}
