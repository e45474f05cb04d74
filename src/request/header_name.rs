//! Names of headers, and which names an upstream may confuse.

/// A header field name (RFC 9110 §5.1) in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderName(Box<str>);

impl HeaderName {
    /// `None` for text that is not a field name. Pseudo-headers are none.
    pub fn new(name: &str) -> Option<Self> {
        is_token(name).then(|| Self(name.to_ascii_lowercase().into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an upstream may take `name` for this header.
    pub fn is_alias_of(&self, name: &[u8]) -> bool {
        is_alias_of(name, self.0.as_bytes())
    }
}

/// Whether the text is a `token` (RFC 9110 §5.6.2).
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether an upstream may take one name for the other: many make one letter of all that are neither letter nor digit
/// (RFC 3875 §4.1.18 has `_` for `-`, some servers for every one). Pseudo-headers are taken for nothing else.
pub fn is_alias_of(name: &[u8], other: &[u8]) -> bool {
    let is_separator = |byte: u8| !byte.is_ascii_alphanumeric() && byte != b':';
    let same = |a: u8, b: u8| a.eq_ignore_ascii_case(&b) || (is_separator(a) && is_separator(b));
    name.len() == other.len() && name.iter().zip(other).all(|(a, b)| same(*a, *b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_name_is_a_token() {
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
    }
}
