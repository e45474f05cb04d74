//! Escapes in the names and values of query parameters, and in the values of cookies.

use std::borrow::Cow;

use memchr::memchr2;

/// The bytes that are meant. Each `%` with two hexadecimal digits is a byte, and each `+` becomes `plus`: a blank where
/// forms are encoded. What is not an escape stays as it is.
pub(super) fn decode(text: &[u8], plus: u8) -> Cow<'_, [u8]> {
    if memchr2(b'%', b'+', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        let escaped = match tail {
            [high, low, tail @ ..] if *byte == b'%' => hexadecimal(*high, *low).map(|byte| (byte, tail)),
            _ => None,
        };
        let (byte, tail) = escaped.unwrap_or((if *byte == b'+' { plus } else { *byte }, tail));
        decoded.push(byte);
        rest = tail;
    }
    Cow::Owned(decoded)
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once() {
        for (text, expected) in [
            ("", &b""[..]),
            ("abc", b"abc"),
            ("%61%2E%2e", b"a.."),
            ("a%00%fF", b"a\0\xff"),
            ("%2561", b"%61"),
            ("a+%2B", b"a +"),
            ("%", b"%"),
            ("%6", b"%6"),
            ("%6g%g6%61", b"%6g%g6a"),
            ("%%61", b"%a"),
        ] {
            assert_eq!(*decode(text.as_bytes(), b' '), *expected, "{text}");
        }
        assert_eq!(*decode(b"a+%2B", b'+'), *b"a++");
    }

    #[test]
    fn text_without_escapes_is_not_copied() {
        assert!(matches!(decode(b"abc.def-_", b' '), Cow::Borrowed(_)));
    }
}
