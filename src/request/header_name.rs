//! Header names, and which of them an upstream may confuse.

/// The name under which a header is in the request's header map: a field name (RFC 9110 §5.1) in lower case, or
/// `:authority`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderName(Box<str>);

impl HeaderName {
    /// A field name. `None` for other text; the name of a pseudo-header is not a field name.
    pub fn new(name: &str) -> Option<Self> {
        is_token(name).then(|| Self(name.to_ascii_lowercase().into()))
    }

    /// The name under which the value of this field is found: `:authority` for `host`, because Envoy's header map has no
    /// `host` (RFC 9113 §8.3.1). `None` as for [`HeaderName::new`].
    pub fn in_header_map(name: &str) -> Option<Self> {
        let name = Self::new(name)?;
        Some(if name.as_str() == "host" { Self(":authority".into()) } else { name })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an upstream may take a header with the name `name` for this one.
    #[inline]
    pub fn is_alias_of(&self, name: &[u8]) -> bool {
        is_alias_of(name, self.0.as_bytes())
    }
}

/// Whether the text is a `token` (RFC 9110 §5.6.2).
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether an upstream may take one name for the other. Many servers replace `-` with `_` (RFC 3875 §4.1.18), and some
/// replace every character that is neither a letter nor a digit. A pseudo-header is only an alias of itself.
#[inline]
pub fn is_alias_of(name: &[u8], other: &[u8]) -> bool {
    // Most names have another length, and most of the others are equal.
    name.len() == other.len() && (name == other || is_other_spelling(name, other))
}

fn is_other_spelling(name: &[u8], other: &[u8]) -> bool {
    let is_separator = |byte: u8| !byte.is_ascii_alphanumeric() && byte != b':';
    let same = |a: u8, b: u8| a.eq_ignore_ascii_case(&b) || (is_separator(a) && is_separator(b));
    name.iter().zip(other).all(|(a, b)| same(*a, *b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_name_is_a_token() {
        for (name, expected) in [
            ("X-JWT-Sub", Some("x-jwt-sub")),
            ("host", Some("host")),
            ("x_a.b", Some("x_a.b")),
            ("", None),
            (":path", None),
            ("a b", None),
            ("a\nb", None),
            ("é", None),
        ] {
            assert_eq!(HeaderName::new(name).as_ref().map(HeaderName::as_str), expected, "{name}");
        }
    }

    #[test]
    fn host_is_authority_in_the_header_map() {
        for (name, expected) in [
            ("host", Some(":authority")),
            ("Host", Some(":authority")),
            ("X-Tenant", Some("x-tenant")),
            ("x-host", Some("x-host")),
            (":authority", None),
        ] {
            assert_eq!(HeaderName::in_header_map(name).as_ref().map(HeaderName::as_str), expected, "{name}");
        }
    }

    #[test]
    fn names_that_differ_in_separators_are_aliases() {
        for (other, expected) in [
            ("x-jwt-sub", true),
            ("X-JWT-Sub", true),
            ("x_jwt_sub", true),
            ("x-jwt_sub", true),
            ("x.jwt.sub", true),
            ("x-jwt-su", false),
            ("x-jwt-sub-", false),
            ("xajwt-sub", false),
        ] {
            assert_eq!(is_alias_of(b"x-jwt-sub", other.as_bytes()), expected, "{other}");
        }
        assert!(!is_alias_of(b"-path", b":path"));
        assert!(is_alias_of(b":authority", b":authority"));
    }
}
