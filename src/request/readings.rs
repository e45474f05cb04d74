//! What servers may read from one path.
//!
//! A request can pass several servers on its way, and each may decode, merge or cut the path before it looks for a route.
//! [`RoutedPath`] holds every path that can come out of any number of these steps in any order. A request is only decided
//! if all of them fall under one rule, so that no server finds a route whose rule was not applied.

use std::borrow::Cow;

use super::path::{AmbiguousPath, canonical, is_already_canonical};
use super::steps::{Marks, STEPS};

/// A path has seldom more than four readings. With more than these, it is not an id that a client had to encode.
const MAX_READINGS: usize = 16;
/// The length of a path that has other readings, and of all these together.
const MAX_BYTES: usize = 16 * 1024;

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
    /// If a reading is not canonical: a dot segment, a backslash and a control character are refused however
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
    if Marks::of(path) == Marks::NONE {
        return Ok(others);
    }
    if path.len() > MAX_BYTES {
        return Err(AmbiguousPath);
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
        let marks = Marks::of(&current);
        for step in STEPS.iter().filter(|step| marks.has(step.mark)) {
            add(canonical(&(step.apply)(&current))?.into_owned(), &mut others)?;
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
        let long = |length: usize, end: &str| others(&format!("/{}{end}", "a".repeat(length)));
        assert_eq!(long(MAX_BYTES, "").map(|others| others.len()), Ok(0));
        assert_eq!(long(MAX_BYTES - 4, "%2F").map(|others| others.len()), Ok(1));
        assert_eq!(long(MAX_BYTES - 3, "%2F"), Err(AmbiguousPath));
        assert_eq!(long(MAX_BYTES / 2 - 3, "%252F").map(|others| others.len()), Ok(2));
        assert_eq!(long(MAX_BYTES / 2 - 2, "%252F"), Err(AmbiguousPath));
    }
}
