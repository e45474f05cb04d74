//! What servers may read from one path.
//!
//! A request can pass several servers on its way, and each may decode, merge or cut the path before it looks for a route.
//! [`RoutedPath`] holds every path that can come out of any number of these steps in any order. A request is only decided
//! if all of them fall under one rule, so that no server finds a route whose rule was not applied.

use std::borrow::Cow;

use super::path::{AmbiguousPath, canonical, escape, is_already_canonical, written};

/// A path has seldom more than four readings. With more than these, it is not an id that a client had to encode.
const MAX_READINGS: usize = 16;
/// The length of all readings together.
const MAX_BYTES: usize = 64 * 1024;

/// What a server may do with a canonical path before it looks for a route. `None` if that changes nothing.
type Step = fn(&str) -> Option<Cow<'_, str>>;

const STEPS: [Step; 9] = [
    split_at_encoded_slash,
    decode_again,
    merge_slashes,
    merge_leading_slashes,
    without_authority,
    drop_parameters,
    cut_at_encoded_question_mark,
    drop_invalid_bytes,
    read_invalid_bytes_as_latin1,
];

/// A canonical path, and the other paths that servers may read from it.
#[derive(Debug)]
pub struct RoutedPath<'r> {
    canonical: Cow<'r, str>,
    others: Vec<String>,
}

impl<'r> RoutedPath<'r> {
    /// Reads the path of a request.
    ///
    /// # Errors
    ///
    /// If a reading is [not canonical](canonical): a dot segment, a backslash and a control character are refused however
    /// they are encoded. If there are too many readings.
    pub fn new(path: &'r str) -> Result<Self, AmbiguousPath> {
        if is_already_canonical(path) {
            return Ok(Self { canonical: Cow::Borrowed(path), others: Vec::new() });
        }
        let canonical = canonical(path)?;
        let others = other_readings(&canonical)?;
        Ok(Self { canonical, others })
    }

    /// The path as the client meant it (RFC 3986 §6.2.2).
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// What else a server may read from it.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(String::as_str)
    }
}

fn other_readings(path: &str) -> Result<Vec<String>, AmbiguousPath> {
    let mut others: Vec<String> = Vec::new();
    if !may_have_others(path) {
        return Ok(others);
    }
    let mut bytes_left = MAX_BYTES;
    let mut add = |reading: String, others: &mut Vec<String>| {
        if reading != path && !others.contains(&reading) {
            bytes_left = bytes_left.checked_sub(reading.len()).ok_or(AmbiguousPath)?;
            if others.len() == MAX_READINGS {
                return Err(AmbiguousPath);
            }
            others.push(reading);
        }
        Ok(())
    };
    let mut done = 0_usize;
    let mut current = path.to_owned();
    loop {
        for step in STEPS {
            if let Some(reading) = step(&current) {
                add(canonical(&reading)?.into_owned(), &mut others)?;
            }
        }
        let Some(next) = others.get(done) else { break };
        current.clone_from(next);
        done = done.saturating_add(1);
    }
    // No server decodes what only stands for an empty value, so this comes last.
    let filled: Vec<_> =
        std::iter::once(path).chain(others.iter().map(String::as_str)).filter_map(fill_empty).collect();
    filled.into_iter().try_for_each(|reading| add(reading, &mut others))?;
    Ok(others)
}

/// Whether the path has one of the bytes that a step looks for. Searching for text costs more.
fn may_have_others(path: &str) -> bool {
    let mut slash_before = false;
    let mut rest = path.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        match byte {
            b';' => return true,
            b'/' if slash_before => return true,
            b'%' => match escape(tail) {
                Some((b'/' | b';' | b'?' | b'%' | 0x80.., _)) | None => return true,
                Some(_) => {}
            },
            _ => {}
        }
        slash_before = byte == b'/';
        rest = tail;
    }
    false
}

/// `%2F` is a slash for most servers.
fn split_at_encoded_slash(path: &str) -> Option<Cow<'_, str>> {
    path.contains("%2F").then(|| path.replace("%2F", "/").into())
}

/// A second server decodes what the first left: `%252F` is `%2F` to it.
fn decode_again(path: &str) -> Option<Cow<'_, str>> {
    let mut parts = path.split("%25");
    let mut decoded = parts.next()?.to_owned();
    for part in parts {
        decoded.push_str(if escape(part.as_bytes()).is_some() { "%" } else { "%25" });
        decoded.push_str(part);
    }
    (decoded.len() < path.len()).then(|| decoded.into())
}

/// `//` is `/` for most servers.
fn merge_slashes(path: &str) -> Option<Cow<'_, str>> {
    path.contains("//").then(|| {
        let mut merged = String::with_capacity(path.len());
        for part in path.split_inclusive('/') {
            if part != "/" || merged.is_empty() {
                merged.push_str(part);
            }
        }
        merged.into()
    })
}

/// Some servers only merge the slashes at the beginning.
fn merge_leading_slashes(path: &str) -> Option<Cow<'_, str>> {
    let rest = path.strip_prefix("//")?;
    Some(format!("/{}", rest.trim_start_matches('/')).into())
}

/// As a reference (RFC 3986 §4.2), `//a/b` is the path `/b` at the host `a`.
fn without_authority(path: &str) -> Option<Cow<'_, str>> {
    let rest = path.strip_prefix("//")?;
    Some(rest.find('/').and_then(|end| rest.get(end..)).unwrap_or("/").into())
}

/// Some servers drop the `;parameters` of a segment.
fn drop_parameters(path: &str) -> Option<Cow<'_, str>> {
    (without_parameters(path) != path)
        .then(|| path.split('/').map(without_parameters).collect::<Vec<_>>().join("/").into())
}

/// A segment without its `;parameters` (RFC 3986 §3.3). Some servers decode before they drop them, so `%3B` counts as well.
fn without_parameters(segment: &str) -> &str {
    let bare = segment.split_once(';').map_or(segment, |(bare, _)| bare);
    bare.split_once("%3B").map_or(bare, |(bare, _)| bare)
}

/// Some servers decode before they look for the query.
fn cut_at_encoded_question_mark(path: &str) -> Option<Cow<'_, str>> {
    path.split_once("%3F").map(|(before, _)| before.into())
}

/// Some decoders drop what is not UTF-8. A last segment of nothing else is an id in another charset and stays, so that
/// clients may have one.
fn drop_invalid_bytes(path: &str) -> Option<Cow<'_, str>> {
    let (without_slash, slash) = path.strip_suffix('/').map_or((path, ""), |path| (path, "/"));
    let (before, last) = without_slash.rsplit_once('/')?;
    let drop = |text| replace_invalid_bytes(text, |_, _| {});
    let (shorter_before, shorter_last) = (drop(before), drop(last).filter(|last| !last.is_empty()));
    if shorter_before.is_none() && shorter_last.is_none() {
        return None;
    }
    Some(
        format!("{}/{}{slash}", shorter_before.as_deref().unwrap_or(before), shorter_last.as_deref().unwrap_or(last))
            .into(),
    )
}

/// Some decoders fall back to Latin-1.
fn read_invalid_bytes_as_latin1(path: &str) -> Option<Cow<'_, str>> {
    replace_invalid_bytes(path, |byte, replaced| push_escaped(char::from(byte), replaced))
}

fn replace_invalid_bytes(path: &str, replace: fn(u8, &mut String)) -> Option<Cow<'_, str>> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        match escape(tail) {
            Some((escaped @ 0x80.., after)) if byte == b'%' => {
                bytes.push(escaped);
                rest = after;
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    if std::str::from_utf8(&bytes).is_ok() {
        return None;
    }
    let mut replaced = String::with_capacity(path.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_escaped(c, &mut replaced));
        chunk.invalid().iter().for_each(|byte| replace(*byte, &mut replaced));
    }
    Some(replaced.into())
}

/// Writes a character as a canonical path has it.
fn push_escaped(c: char, path: &mut String) {
    if c.is_ascii() {
        path.push(c);
    } else {
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            path.extend(written(byte).map(char::from));
        }
    }
}

/// To some servers, the segment between two slashes is an empty value. `#` stands for it, because no route has that.
fn fill_empty(path: &str) -> Option<String> {
    path.contains("//").then(|| path.replace("//", "/#/").replace("//", "/#/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others(path: &str) -> Result<Vec<String>, AmbiguousPath> {
        RoutedPath::new(path).map(|path| path.others().map(str::to_owned).collect())
    }

    #[test]
    fn most_paths_have_one_reading() {
        for path in ["", "*", "/", "/a/b", "/a/", "/%61", "/a%20b%40", "/100%25", "/%25zz", "/a%23", "/a!$&'()*+,="] {
            assert_eq!(others(path), Ok(Vec::new()), "{path}");
        }
        assert_eq!(others("/caf%C3%A9%F0%9F%98%80"), Ok(Vec::new()));
    }

    #[test]
    fn a_path_has_the_readings_of_every_server() {
        for (path, expected) in [
            ("/a%2Fb", &["/a/b"][..]),
            ("/a%2fb%2F", &["/a/b/"]),
            ("/a%252Fb", &["/a%2Fb", "/a/b"]),
            ("/a%25252Fb", &["/a%252Fb", "/a%2Fb", "/a/b"]),
            ("/%2540me", &["/@me"]),
            ("/%25%34%30", &["/@"]),
            ("/a//b", &["/a/b", "/a/#/b"]),
            ("/a//", &["/a/", "/a/#/"]),
            ("/a///b", &["/a/b", "/a/#/#/b"]),
            ("/a////b", &["/a/b", "/a/#/#/#/b"]),
            ("//a/b", &["/a/b", "/b", "/#/a/b"]),
            ("//", &["/", "/#/"]),
            ("//a", &["/a", "/", "/#/a"]),
            ("//a//b", &["/a/b", "/a//b", "//b", "/b", "/", "/#/a/#/b", "/a/#/b", "/#/b"]),
            ("/a;x/b;y", &["/a/b"]),
            ("/a%3bx/b;%3By", &["/a/b"]),
            ("/a;x%2Fb", &["/a;x/b", "/a", "/a/b"]),
            ("/;/a", &["//a", "/a", "/", "/#/a"]),
            ("/a%3Fb/c", &["/a"]),
            ("/caf%E9", &["/caf", "/caf%C3%A9"]),
            ("/%C3%A9%E9", &["/%C3%A9", "/%C3%A9%C3%A9"]),
            ("/%E9%80x", &["/x", "/%C3%A9%C2%80x"]),
            ("/a/%E9", &["/a/%C3%A9"]),
            ("/a/%E9/", &["/a/%C3%A9/"]),
            (
                "/%E9/a/%E9",
                &[
                    "//a/%E9",
                    "/%C3%A9/a/%C3%A9",
                    "/a/%E9",
                    "/%E9",
                    "//a/%C3%A9",
                    "/a/%C3%A9",
                    "/%C3%A9",
                    "/#/a/%E9",
                    "/#/a/%C3%A9",
                ],
            ),
            ("/%FFb%2f", &["/%FFb/", "/b%2F", "/%C3%BFb%2F", "/b/", "/%C3%BFb/"]),
        ] {
            let others = others(path).unwrap();
            assert_eq!(others, expected, "{path}");
        }
    }

    #[test]
    fn a_reading_with_a_dot_segment_is_refused() {
        for path in [
            "/a%2F..",
            "/..%2Fa",
            "/a/..%252Fb",
            "/a/%252e%252E/b",
            "/a/%25252e",
            "/a/%25%32e%25%32e/b",
            "/a/..;/b",
            "/a/..;x=1/b",
            "/a/..%3b/b",
            "/a/..%3B;/b",
            "/a/..%3Bx;y/b",
            "/a/..;%3B/b",
            "/a/..%253b/b",
            "/a/.%FF./b",
            "/a/..%3Fb",
            "/a%255cb",
            "/a%2500",
            "/a%250a",
            "/a%25C0%AF",
            "/a%E0%25%38%30%AF",
        ] {
            assert_eq!(others(path), Err(AmbiguousPath), "{path}");
        }
    }

    #[test]
    fn readings_are_bounded() {
        let encoded = |times: usize| others(&format!("/a%{}2F", "25".repeat(times)));
        assert_eq!(encoded(MAX_READINGS - 1).map(|others| others.len()), Ok(MAX_READINGS));
        assert_eq!(encoded(MAX_READINGS), Err(AmbiguousPath));
        assert_eq!(others(&"//a".repeat(9)), Err(AmbiguousPath));
        let long = |length: usize| others(&format!("/{}%2F", "a".repeat(length)));
        assert_eq!(long(MAX_BYTES - 2).map(|others| others.len()), Ok(1));
        assert_eq!(long(MAX_BYTES - 1), Err(AmbiguousPath));
    }
}
