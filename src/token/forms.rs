//! The forms that a token may have at one place: after a scheme, or bare.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::escapes::decode;
use super::source::{Scheme, SourceSet};

/// The forms in which the sources at one place accept a token.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// Schemes, and the sources that accept a token after each.
    schemes: Vec<(Box<str>, SourceSet)>,
    /// The sources that accept a token without a scheme.
    bare: SourceSet,
    /// Whether a value may have another scheme, and is then no token: in `Authorization`.
    may_be_foreign: bool,
}

/// A token as it was read, and the sources that accept it.
pub(super) type Found<'v> = (Cow<'v, [u8]>, SourceSet);

/// What a value is.
enum Reading<'v> {
    /// A token, and the sources that accept it. It was not checked in any way.
    Token(&'v [u8], SourceSet),
    /// No token: nothing, or nothing after a scheme.
    Empty,
    /// A value with another scheme.
    Foreign,
}

impl Forms {
    pub(super) fn in_authorization() -> Self {
        Self { may_be_foreign: true, ..Self::default() }
    }

    /// Adds the forms that a source accepts.
    pub(super) fn accept(&mut self, scheme: &Scheme, source: SourceSet) {
        match self.schemes.iter_mut().find(|(known, _)| *known == scheme.name) {
            Some((_, sources)) => *sources = sources.with(source),
            None => self.schemes.push((scheme.name.clone(), source)),
        }
        if !scheme.required {
            self.bare = self.bare.with(source);
        }
    }

    /// The token in a header's value. Envoy may have joined several headers with commas. Such a value is returned as a
    /// whole, which is never a valid token, unless `split` says to read its parts and they are all the same token.
    pub(super) fn in_header<'v>(&self, value: &'v [u8], split: bool) -> Option<Found<'v>> {
        let of_list = if split { self.in_list(value) } else { None };
        let (token, sources) = of_list.or_else(|| match self.read(value) {
            Reading::Token(token, sources) => Some((token, sources)),
            Reading::Empty => None,
            Reading::Foreign => {
                let is_token = |part: &[u8]| matches!(self.read(part.trim_ascii()), Reading::Token(..));
                (memchr(b',', value).is_some() && value.split(is_comma).any(is_token)).then(|| (value, self.sources()))
            }
        })?;
        Some((Cow::Borrowed(token), sources))
    }

    /// The token in a list, if each part is this token, or a scheme with nothing after it.
    fn in_list<'v>(&self, value: &'v [u8]) -> Option<(&'v [u8], SourceSet)> {
        let mut found: Option<(&[u8], SourceSet)> = None;
        for part in value.split(is_comma).map(<[u8]>::trim_ascii) {
            match (self.read(part), &mut found) {
                (Reading::Token(token, sources), None) => found = Some((token, sources)),
                (Reading::Token(token, sources), Some(known)) if token == known.0 => known.1 = known.1.with(sources),
                (Reading::Empty, _) if !part.is_empty() => {}
                _ => return None,
            }
        }
        found
    }

    /// The token in the value of a query parameter, which servers decode.
    pub(super) fn in_parameter<'v>(&self, value: &'v [u8]) -> Option<Found<'v>> {
        match decode(value, b' ') {
            Cow::Borrowed(value) => self.token(value).map(|(token, sources)| (Cow::Borrowed(token), sources)),
            Cow::Owned(value) => self.token(&value).map(|(token, sources)| (Cow::Owned(token.to_vec()), sources)),
        }
    }

    /// The token in the value of a cookie. It may be in quotes (RFC 6265 §4.1.1), and many frameworks encode it like a
    /// query parameter.
    pub(super) fn in_cookie<'v>(&self, value: &'v [u8]) -> Option<Found<'v>> {
        let value = value.trim_ascii();
        let unquoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        self.in_parameter(unquoted.unwrap_or(value))
    }

    fn token<'v>(&self, value: &'v [u8]) -> Option<(&'v [u8], SourceSet)> {
        match self.read(value) {
            Reading::Token(token, sources) => Some((token, sources)),
            Reading::Empty | Reading::Foreign => None,
        }
    }

    fn read<'v>(&self, value: &'v [u8]) -> Reading<'v> {
        for (scheme, sources) in &self.schemes {
            match after_scheme(value, scheme.as_bytes()) {
                Some([]) => return Reading::Empty,
                Some(token) => return Reading::Token(token, *sources),
                None => {}
            }
        }
        if value.is_empty() {
            Reading::Empty
        } else if self.bare.is_empty() || (self.may_be_foreign && memchr2(b' ', b'\t', value).is_some()) {
            Reading::Foreign
        } else {
            Reading::Token(value, self.bare)
        }
    }

    /// All sources at the place.
    pub(super) fn sources(&self) -> SourceSet {
        self.schemes.iter().fold(self.bare, |all, (_, sources)| all.with(*sources))
    }
}

fn is_comma(byte: &u8) -> bool {
    *byte == b','
}

/// What follows the scheme and one or more blanks or tabs (RFC 6750 §2.1); nothing if the value is only the scheme. `None`
/// if the value has not this scheme.
fn after_scheme<'v>(value: &'v [u8], scheme: &[u8]) -> Option<&'v [u8]> {
    let (start, rest) = value.split_at_checked(scheme.len())?;
    if !start.eq_ignore_ascii_case(scheme) {
        return None;
    }
    match rest.first() {
        None => Some(rest),
        Some(byte) if is_blank(byte) => Some(without_blanks(rest)),
        // A lenient server may take a control character or a non-ASCII space for a blank. Such a value must not be
        // missed, so it counts as a token, which is never valid.
        Some(byte) if !byte.is_ascii_graphic() => Some(value),
        Some(_) => None,
    }
}

fn without_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(schemes: &[&str], authorization: bool) -> Forms {
        let mut forms = if authorization { Forms::in_authorization() } else { Forms::default() };
        for (index, scheme) in schemes.iter().enumerate() {
            forms.accept(&Scheme::parse(scheme).unwrap(), SourceSet::of(index).unwrap());
        }
        forms
    }

    fn text(found: Option<Found<'_>>) -> Option<String> {
        found.map(|(token, _)| token.escape_ascii().to_string())
    }

    #[test]
    fn blanks_separate_scheme_and_token() {
        let required = forms(&["required"], true);
        for (value, expected) in [
            (&b"Bearer abc"[..], Some("abc")),
            (b"bEARER abc", Some("abc")),
            (b"Bearer  abc", Some("abc")),
            (b"Bearer\tabc", Some("abc")),
            (b"Bearer \t  abc", Some("abc")),
            (b"Bearer abc def", Some("abc def")),
            (b"", None),
            (b"Bearer", None),
            (b"Bearer ", None),
            (b"Bearer \t", None),
            (b"Beare", None),
            (b"Bearerabc", None),
            (b"Bearer=abc", None),
            (b"Bearer~abc", None),
            (b"xBearer abc", None),
            (b"Basic abc", None),
            (b"abc", None),
        ] {
            assert_eq!(text(required.in_header(value, false)).as_deref(), expected, "{}", value.escape_ascii());
        }
    }

    #[test]
    fn any_other_byte_after_the_scheme_makes_an_invalid_token() {
        let required = forms(&["required"], true);
        for byte in (0..=u8::MAX).filter(|byte| !is_blank(byte)) {
            for blank in [&b""[..], b" "] {
                let value = [b"Bearer", blank, &[byte], b"abc"].concat();
                let found = required.in_header(&value, false);
                match (byte.is_ascii_graphic(), blank) {
                    (true, b"") => assert_eq!(found, None, "{byte:#x}"),
                    (false, b"") => assert_eq!(found.unwrap().0, value, "{byte:#x}"),
                    _ => assert_eq!(*found.unwrap().0, [&[byte], &b"abc"[..]].concat(), "{byte:#x}"),
                }
            }
        }
    }

    #[test]
    fn a_scheme_is_required_or_optional_or_another() {
        for (schemes, value, expected) in [
            (&["required"][..], "abc", None),
            (&["optional"], "abc", Some("abc")),
            (&["optional"], "Bearer abc", Some("abc")),
            (&["optional"], "Bearer", None),
            (&["optional"], "Basic abc", None),
            (&["optional"], "Basic\tabc", None),
            (&["Token"], "token abc", Some("abc")),
            (&["Token"], "Token", None),
            (&["Token"], "Bearer abc", None),
            (&["Token"], "abc", None),
            (&["Token", "JWT"], "jwt abc", Some("abc")),
            (&["Token", "JWT"], "Bearer abc", None),
        ] {
            let found = forms(schemes, true).in_header(value.as_bytes(), false);
            assert_eq!(text(found).as_deref(), expected, "{schemes:?} {value}");
        }
        let elsewhere = forms(&["optional"], false);
        assert_eq!(text(elsewhere.in_header(b"Basic abc", false)).as_deref(), Some("Basic abc"));
    }

    #[test]
    fn each_form_has_the_sources_that_accept_it() {
        let forms = forms(&["required", "optional", "Token"], true);
        let set = |indices: &[usize]| {
            indices.iter().fold(SourceSet::NONE, |set, index| set.with(SourceSet::of(*index).unwrap()))
        };
        for (value, expected) in [
            ("Bearer abc", set(&[0, 1])),
            ("abc", set(&[1])),
            ("Token abc", set(&[2])),
            ("Token abc, Bearer abc", set(&[0, 1, 2])),
            ("Token abc, abc", set(&[1, 2])),
        ] {
            assert_eq!(forms.in_header(value.as_bytes(), true).unwrap().1, expected, "{value}");
        }
        assert_eq!(forms.in_header(b"Basic a, Token b", false).unwrap().1, set(&[0, 1, 2]));
    }

    #[test]
    fn a_list_is_a_token_if_it_repeats_one() {
        let required = forms(&["required"], true);
        for (value, whole, split) in [
            ("Bearer a", Some("a"), Some("a")),
            ("Bearer a,Bearer a", Some("a,Bearer a"), Some("a")),
            ("Bearer a, bearer  a", Some("a, bearer  a"), Some("a")),
            ("Bearer,Bearer a", Some("Bearer,Bearer a"), Some("a")),
            ("Bearer a,Bearer", Some("a,Bearer"), Some("a")),
            ("Bearer,Bearer", None, None),
            ("Bearer a,Bearer b", Some("a,Bearer b"), Some("a,Bearer b")),
            ("Bearer a,a", Some("a,a"), Some("a,a")),
            ("Bearer a,", Some("a,"), Some("a,")),
            (",Bearer a", Some(",Bearer a"), Some(",Bearer a")),
            ("Basic b,Bearer a", Some("Basic b,Bearer a"), Some("Basic b,Bearer a")),
            ("Bearer a,Basic b", Some("a,Basic b"), Some("a,Basic b")),
            ("Digest a=b, c=d", None, None),
        ] {
            assert_eq!(text(required.in_header(value.as_bytes(), false)).as_deref(), whole, "{value}");
            assert_eq!(text(required.in_header(value.as_bytes(), true)).as_deref(), split, "{value}");
        }
    }

    #[test]
    fn values_of_parameters_and_cookies_are_decoded() {
        let optional = forms(&["optional"], false);
        for (value, parameter, cookie) in [
            ("a.b", Some("a.b"), Some("a.b")),
            ("a%2Eb", Some("a.b"), Some("a.b")),
            ("a%2eb", Some("a.b"), Some("a.b")),
            ("Bearer%20ab", Some("ab"), Some("ab")),
            ("Bearer+ab", Some("ab"), Some("ab")),
            ("Bearer%09+%20ab", Some("ab"), Some("ab")),
            ("Bearer ab", Some("ab"), Some("ab")),
            ("%42earer+ab", Some("ab"), Some("ab")),
            ("Bearer", None, None),
            ("Bearer+", None, None),
            ("Bearer%20", None, None),
            ("", None, None),
            ("\"\"", Some("\\\"\\\""), None),
            ("\"ab\"", Some("\\\"ab\\\""), Some("ab")),
            ("\"Bearer ab\"", Some("\\\"Bearer ab\\\""), Some("ab")),
            ("\"ab", Some("\\\"ab"), Some("\\\"ab")),
            (" ab ", Some(" ab "), Some("ab")),
            ("a%", Some("a%"), Some("a%")),
            ("a%zz", Some("a%zz"), Some("a%zz")),
        ] {
            assert_eq!(text(optional.in_parameter(value.as_bytes())).as_deref(), parameter, "{value}");
            assert_eq!(text(optional.in_cookie(value.as_bytes())).as_deref(), cookie, "{value}");
        }
        assert_eq!(text(forms(&["required"], false).in_parameter(b"ab")), None);
    }
}
