//! The canonical form of a request's path (RFC 3986 §6.2).

use std::borrow::Cow;

/// Servers may understand the path differently, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousPath;

/// The path in the form in which routes are compiled.
///
/// # Errors
///
/// If the path is ambiguous.
pub fn canonical(path: &str) -> Result<Cow<'_, str>, AmbiguousPath> {
    if is_already_canonical(path) {
        return Ok(Cow::Borrowed(path));
    }
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'"' | b'<' | b'>' | b'^' | b'`');
    if !path.bytes().all(plain) {
        return Err(AmbiguousPath);
    }
    let path = if path.contains('%') { Cow::Owned(decode_unreserved(path)?) } else { Cow::Borrowed(path) };
    match path.strip_prefix('/') {
        Some(segments) if segments_are_plain(segments) => Ok(path),
        None if path.is_empty() || path == "*" => Ok(path),
        _ => Err(AmbiguousPath),
    }
}

/// Whether no character of the path has a special meaning. Nearly every path is like that, and one pass is enough to
/// see it.
fn is_already_canonical(path: &str) -> bool {
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

/// Whether no segment but the last is empty, and none is a dot segment, also after `;parameters` are removed.
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

/// A canonical segment without its `;parameters` (RFC 3986 §3.3). Some servers decode before they remove them, so
/// `%3B` counts as well.
pub fn without_parameters(segment: &str) -> &str {
    let bare = segment.split_once(';').map_or(segment, |(bare, _)| bare);
    bare.split_once("%3B").map_or(bare, |(bare, _)| bare)
}

fn decode_unreserved(path: &str) -> Result<String, AmbiguousPath> {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let (byte, tail) = escape(after).ok_or(AmbiguousPath)?;
        match byte {
            b'/' | b'\\' | 0x00..=0x1f | 0x7f => return Err(AmbiguousPath),
            b'-' | b'.' | b'_' | b'~' => decoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => decoded.push(char::from(byte)),
            _ => decoded.push_str(&format!("%{byte:02X}")),
        }
        rest = tail;
    }
    decoded.push_str(rest);
    // A server that decodes twice would decode these too. The digits may have been escapes themselves.
    let doubled = decoded.split("%25").skip(1).any(|tail| escape(tail).is_some());
    (!doubled && percent_decode(&decoded).is_some()).then_some(decoded).ok_or(AmbiguousPath)
}

fn escape(text: &str) -> Option<(u8, &str)> {
    let (digits, tail) = text.split_at_checked(2)?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(digits, 16).ok())?.map(|byte| (byte, tail))
}

/// Decodes every escape once. `None` if an escape is invalid, or if the result is not UTF-8.
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
}
