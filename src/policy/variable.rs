//! The value that a path variable has in a request.

use crate::request::RoutedPath;

/// Many servers treat `/a/` as `/a`, so one rule covers both.
pub(super) fn without_trailing_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// The position of a path variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    index: usize,
    /// The length of the literal behind it.
    suffix: usize,
    greedy: bool,
}

impl Variable {
    /// The variable at this segment, with a literal of `suffix` bytes behind it.
    pub(super) fn new(index: usize, suffix: usize, greedy: bool) -> Self {
        Self { index, suffix, greedy }
    }

    /// The variable's value, still percent-encoded. `None` if servers may read different values.
    pub fn value<'p>(self, path: &'p RoutedPath<'_>) -> Option<&'p str> {
        let value = self.value_in(path.canonical())?;
        let is_same = path.others().all(|other| self.value_in(other) == Some(value));
        (is_same && !value.contains("%2F")).then_some(value)
    }

    fn value_in(self, path: &str) -> Option<&str> {
        let mut rest = without_trailing_slash(path.strip_prefix('/')?);
        for _ in 0..self.index {
            rest = rest.split_once('/')?.1;
        }
        let segment = if self.greedy { rest } else { rest.split('/').next()? };
        segment.get(..segment.len().checked_sub(self.suffix)?).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::route::Route;

    #[test]
    fn a_variable_has_its_value_from_the_path() {
        let route = Route::parse("GET /users/{id}:read/files/{path+}").unwrap();
        for (name, path, expected) in [
            ("id", "/users/7:read/files/a/b", Some("7")),
            ("id", "/users/a%40b%3aread/files/a/b", Some("a@b")),
            ("id", "/users/%C3%A9:read/files/a/b", Some("%C3%A9")),
            ("id", "/users/100%25:read/files/a", Some("100%25")),
            ("id", "/users/:read/files/a", None),
            ("id", "/users", None),
            ("path", "/users/7:read/files/a/b", Some("a/b")),
            ("path", "/users/7:read/files/a/b/", Some("a/b")),
            ("path", "/users/7:read/files", None),
            // Another value for some servers.
            ("id", "/users/a%2Fb:read/files/a", None),
            ("id", "/users//7:read/files/a", None),
            ("id", "/users/7%2541:read/files/a", None),
            ("id", "/users/%E9:read/files/a", None),
            ("id", "/users/7:read/files/a%2Fb", Some("7")),
            ("id", "/users/7:read/files/a;v", Some("7")),
            ("path", "/users/7:read/files/a%2Fb", None),
            ("path", "/users/7:read/files/a//b", None),
            ("path", "/users/7:read/files/a;v", None),
            ("path", "/users/7:read/files/a%3Fb", None),
        ] {
            let path = RoutedPath::new(path).unwrap();
            assert_eq!(route.variable(name).unwrap().value(&path), expected, "{name} {path:?}");
        }
        assert_eq!(route.variable("other"), None);
        assert_eq!(route.variable("users"), None);
        assert_eq!(Route::parse("$default").unwrap().variable("id"), None);
    }
}
