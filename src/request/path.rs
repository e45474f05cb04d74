//! The canonical form of a request's path (RFC 3986 §6.2).

use std::borrow::Cow;

/// Servers may understand the path in ways that no rule can cover, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousPath;

/// The path in the form in which routes are compiled: no escape of a character that may be written as it is, the other
/// escapes in upper case.
///
/// # Errors
///
/// If the path has a dot segment, a backslash, a control character, an invalid escape or a character that is not part of
/// a URI.
pub(super) fn canonical(path: &str) -> Result<Cow<'_, str>, AmbiguousPath> {
    if is_already_canonical(path) {
        return Ok(Cow::Borrowed(path));
    }
    if !path.starts_with('/') && !path.is_empty() && path != "*" {
        return Err(AmbiguousPath);
    }
    let decoded = decode_plain(path)?;
    if has_dot_segment(&decoded) { Err(AmbiguousPath) } else { Ok(decoded) }
}

/// In one pass, because a path may have many segments.
fn has_dot_segment(path: &str) -> bool {
    // Whether the segment so far has nothing but dots.
    let mut only_dots = false;
    let mut dots = 0_usize;
    path.bytes().chain([b'/']).any(|byte| match byte {
        b'/' => {
            let found = only_dots && matches!(dots, 1 | 2);
            (only_dots, dots) = (true, 0);
            found
        }
        b'.' => {
            dots = dots.saturating_add(1);
            false
        }
        _ => {
            only_dots = false;
            false
        }
    })
}

/// Whether no character of the path has a special meaning. Nearly every path is like that, and one pass is enough to
/// see it.
pub(super) fn is_already_canonical(path: &str) -> bool {
    let mut slash_before = false;
    path.starts_with('/')
        && path.bytes().all(|byte| {
            let plain = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b':' | b'@' => true,
                b'/' | b'.' => !slash_before,
                _ => false,
            };
            slash_before = byte == b'/';
            plain
        })
}

/// Whether the path may have this character as it is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'"' | b'<' | b'>' | b'^' | b'`' | b'%')
}

/// Decodes the escapes of plain characters, except those that separate something: `/`, `;` and `?`.
fn decode_plain(path: &str) -> Result<Cow<'_, str>, AmbiguousPath> {
    if path.bytes().all(is_plain) {
        return Ok(Cow::Borrowed(path));
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    // The byte of the escape that ends where `rest` begins.
    let mut escaped_before = 0;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            if !is_plain(byte) {
                return Err(AmbiguousPath);
            }
            decoded.push(byte);
            escaped_before = 0;
            continue;
        }
        let (byte, tail) = escape(tail).ok_or(AmbiguousPath)?;
        rest = tail;
        match byte {
            b'\\' | 0x00..=0x1f | 0x7f => return Err(AmbiguousPath),
            _ if is_overlong(escaped_before, byte) => return Err(AmbiguousPath),
            b'/' | b';' | b'?' => decoded.extend_from_slice(&written(byte)),
            _ if is_plain(byte) => decoded.push(byte),
            _ => decoded.extend_from_slice(&written(byte)),
        }
        escaped_before = byte;
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| AmbiguousPath)
}

/// Whether the bytes begin a character in more bytes than it needs. Some decoders read `/` from `%C0%AF`, and take any
/// byte after C0 or C1 (RFC 3629 §10).
fn is_overlong(first: u8, second: u8) -> bool {
    matches!(second, 0xc0 | 0xc1)
        || matches!(
            (first, second),
            (0xe0, 0x80..=0x9f) | (0xf0, 0x80..=0x8f) | (0xf8, 0x80..=0x87) | (0xfc, 0x80..=0x83)
        )
}

/// The byte of an escape whose digits the text begins with, and what follows them.
pub(super) fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], tail) = text.split_first_chunk()?;
    Some(((digit(*high)? << 4) | digit(*low)?, tail))
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

/// The escape of a byte.
pub(super) fn written(byte: u8) -> [u8; 3] {
    let digit =
        |value: u8| if value < 10 { b'0'.wrapping_add(value) } else { b'A'.wrapping_add(value.wrapping_sub(10)) };
    [b'%', digit(byte >> 4), digit(byte & 0xf)]
}

/// Decodes every escape once. `None` if an escape is invalid, or if the result is not UTF-8.
pub fn percent_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let (byte, tail) = if byte == b'%' { escape(tail)? } else { (byte, tail) };
        decoded.push(byte);
        rest = tail;
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_canonical_or_refused() {
        for (path, expected) in [
            ("/", Some("/")),
            ("", Some("")),
            ("*", Some("*")),
            ("/a/b", Some("/a/b")),
            ("/a/", Some("/a/")),
            ("/%61dmin", Some("/admin")),
            ("/ADMIN", Some("/ADMIN")),
            ("/a%20b%c3%a9", Some("/a%20b%C3%A9")),
            ("/%40me/a%3ab/%21%7e", Some("/@me/a:b/!~")),
            ("/a%25", Some("/a%25")),
            ("/a;v=1/b", Some("/a;v=1/b")),
            ("/a%3bv/b%3f", Some("/a%3Bv/b%3F")),
            ("/.well-known/x", Some("/.well-known/x")),
            ("/...", Some("/...")),
            ("/a//b", Some("/a//b")),
            ("//", Some("//")),
            ("/a%2fb", Some("/a%2Fb")),
            ("/a%252fb", Some("/a%252fb")),
            ("/caf%e9", Some("/caf%E9")),
            ("/%ff%c3", Some("/%FF%C3")),
            ("/%e0a%9f", Some("/%E0a%9F")),
            ("/a%23%3c%22%5e%60%3e", Some("/a%23%3C%22%5E%60%3E")),
            ("a", None),
            ("**", None),
            ("/.", None),
            ("/..", None),
            ("/a/../b", None),
            ("/a/%2e%2E/b", None),
            ("/a/.%2e", None),
            ("/a//../b", None),
            ("/a%5cb", None),
            ("/a\\b", None),
            ("/a%00", None),
            ("/a%0a", None),
            ("/a%1f", None),
            ("/a%7f", None),
            ("/a%", None),
            ("/a%2", None),
            ("/a%zz", None),
            ("/a%+1", None),
            ("/a%g0", None),
            ("/a%0g", None),
            ("/%c0%af", None),
            ("/%c0o", None),
            ("/%c1%1c", None),
            ("/%e0%80%af", None),
            ("/%f0%8f%80%af", None),
            ("/%f8%87%80%80%af", None),
            ("/%fc%83%80%80%80%af", None),
            ("/é", None),
            ("/a b", None),
            ("/a\tb", None),
            ("/a\0", None),
            ("/a#b", None),
            ("/a\"b", None),
            ("/a<b", None),
            ("/a>b", None),
            ("/a^b", None),
            ("/a`b", None),
        ] {
            assert_eq!(canonical(path).ok().as_deref(), expected, "{path:?}");
        }
    }

    #[test]
    fn every_escape_is_decoded_once() {
        for (text, expected) in [
            ("a", Some("a")),
            ("a%2Fb%25%C3%A9", Some("a/b%é")),
            ("%2541", Some("%41")),
            ("%aA%aa", None),
            ("%E9", None),
            ("%", None),
            ("%4", None),
            ("%4x", None),
        ] {
            assert_eq!(percent_decode(text).as_deref(), expected, "{text}");
        }
    }
}
