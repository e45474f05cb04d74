//! An identity source: a place in a request where a token may be, and the scheme before it.

use crate::request::{HeaderName, is_token};

/// One identity source of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub(super) place: Place,
    pub(super) scheme: Scheme,
}

/// A place in a request, in API Gateway's syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `$request.header.NAME`.
    Header(HeaderName),
    /// `$request.querystring.NAME`.
    Query(Box<str>),
    /// `$request.cookie.NAME`.
    Cookie(Box<str>),
    /// `$request.websocket`: the subprotocol offered after `bearer` (`sec-websocket-protocol: bearer, TOKEN`).
    WebSocket,
}

/// The scheme before a token (RFC 9110 §11.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Its name in lower case; schemes are case-insensitive.
    pub(super) name: Box<str>,
    /// Whether a token without it is not read.
    pub(super) required: bool,
}

const AUTHORIZATION: &str = "authorization";
const BEARER: &str = "bearer";

impl Source {
    /// A source at this place. Without a scheme, `Bearer` is required in `Authorization` and optional elsewhere.
    pub fn new(place: Place, scheme: Option<Scheme>) -> Self {
        let by_default = || Scheme { name: BEARER.into(), required: place.is_authorization() };
        Self { scheme: scheme.unwrap_or_else(by_default), place }
    }

    /// Whether both sources read the same tokens.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.place.is_same(&other.place)
    }
}

impl Place {
    /// Parses API Gateway's syntax; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "$request.websocket" {
            return Some(Self::WebSocket);
        }
        let (location, name) = text.strip_prefix("$request.")?.split_once('.')?;
        match location {
            "header" => HeaderName::new(name).map(Self::Header),
            "querystring" if is_token(name) => Some(Self::Query(name.into())),
            "cookie" if is_token(name) => Some(Self::Cookie(name.into())),
            _ => None,
        }
    }

    pub(super) fn is_authorization(&self) -> bool {
        matches!(self, Self::Header(name) if name.as_str() == AUTHORIZATION)
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Header(name), Self::Header(other)) => name.is_alias_of(other.as_str().as_bytes()),
            _ => self == other,
        }
    }
}

impl Scheme {
    /// Parses `required` or `optional`, which stand for `Bearer`, or the name of a scheme that is required. `None` for
    /// text that is not a scheme.
    pub fn parse(text: &str) -> Option<Self> {
        let scheme = |name: &str, required| Some(Self { name: name.to_ascii_lowercase().into(), required });
        match text {
            "required" => scheme(BEARER, true),
            "optional" => scheme(BEARER, false),
            _ if text.eq_ignore_ascii_case("required") || text.eq_ignore_ascii_case("optional") => None,
            _ if is_token(text) => scheme(text, true),
            _ => None,
        }
    }
}

/// A set of sources, such as those of one provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceSet(u64);

impl SourceSet {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// The set of the source with this index; `None` from 64 on.
    pub(super) fn of(index: usize) -> Option<Self> {
        1_u64.checked_shl(u32::try_from(index).ok()?).map(Self)
    }

    /// The union of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a source is in both sets.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is no source in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_api_gateways_syntax() {
        for (text, expected) in [
            ("$request.header.Authorization", Some(Place::Header(HeaderName::new("authorization").unwrap()))),
            ("$request.header.X-Token", Some(Place::Header(HeaderName::new("x-token").unwrap()))),
            ("$request.querystring.t", Some(Place::Query("t".into()))),
            ("$request.cookie.C", Some(Place::Cookie("C".into()))),
            ("$request.websocket", Some(Place::WebSocket)),
            ("", None),
            ("Authorization", None),
            ("$request.body.x", None),
            ("$request.header.", None),
            ("$request.header.a b", None),
            ("$request.header", None),
            ("$request.querystring.", None),
            ("$request.querystring.a b", None),
            ("$request.cookie.", None),
            ("$request.cookie.a=b", None),
            ("$request.websocket.a", None),
            ("$context.x", None),
        ] {
            assert_eq!(Place::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_scheme_is_bearer_or_another_name() {
        for (text, expected) in [
            ("required", Some(("bearer", true))),
            ("optional", Some(("bearer", false))),
            ("Bearer", Some(("bearer", true))),
            ("Token", Some(("token", true))),
            ("Required", None),
            ("OPTIONAL", None),
            ("", None),
            ("a b", None),
            ("Token:", None),
        ] {
            let expected = expected.map(|(name, required)| Scheme { name: name.into(), required });
            assert_eq!(Scheme::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn without_a_scheme_bearer_is_required_in_authorization_only() {
        for (place, required) in [
            ("$request.header.AUTHORIZATION", true),
            ("$request.header.X-Authorization", false),
            ("$request.cookie.authorization", false),
        ] {
            let source = Source::new(Place::parse(place).unwrap(), None);
            assert_eq!(source.scheme, Scheme { name: "bearer".into(), required }, "{place}");
        }
    }

    #[test]
    fn a_set_has_at_most_64_sources() {
        let last = SourceSet::of(63).unwrap();
        assert_eq!(SourceSet::of(64), None);
        let first = SourceSet::of(0).unwrap();
        assert!(first.with(last).intersects(last) && first.with(last).intersects(first));
        assert!(!first.intersects(last) && !SourceSet::NONE.intersects(first));
        assert!(SourceSet::NONE.is_empty() && !first.is_empty());
    }
}
