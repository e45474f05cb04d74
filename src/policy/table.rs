//! The route table: finds the most specific route for a request.
//!
//! It has a tree of path segments for each host pattern. The time of a look-up depends on the length of the path, and not
//! on the number of rules, unless many of them have a literal behind a variable or alternatives at each segment. The order of precedence, from high to low:
//!
//! - the exact host, then the longest matching `*.` suffix, then any host;
//! - a literal segment, then `{name}` with a literal behind it, the longest first, then `{name}`, then `{name+}`, then
//!   `$default`;
//! - a named method, then `ANY`; for `HEAD` then `GET`, because servers answer `HEAD` as they would `GET`
//!   (RFC 9110 §9.3.2).
//!
//! If a branch has no rule for the method, the next best branch is tried.

mod tree;

use super::host_pattern::HostPattern;
use super::route::Route;
use tree::{Table, Tree};

/// Values by route.
#[derive(Debug)]
pub struct RouteTable<T> {
    exact: Table<Tree<T>>,
    /// Longest suffix first.
    suffixes: Vec<(Box<str>, Tree<T>)>,
    any: Tree<T>,
}

impl<T> Default for RouteTable<T> {
    fn default() -> Self {
        Self { exact: Table::default(), suffixes: Vec::new(), any: Tree::default() }
    }
}

impl<T: Copy> RouteTable<T> {
    /// Adds a route.
    ///
    /// # Errors
    ///
    /// The value of the same route, if it is in the table already.
    pub fn insert(&mut self, host: HostPattern, route: &Route, value: T) -> Result<(), T> {
        match host {
            HostPattern::Any => self.any.insert(route, value),
            HostPattern::Exact(name) => self.exact.entry(name).or_default().insert(route, value),
            HostPattern::Suffix(suffix) => {
                if let Some((_, tree)) = self.suffixes.iter_mut().find(|(known, _)| *known == suffix) {
                    return tree.insert(route, value);
                }
                let mut tree = Tree::default();
                tree.insert(route, value)?;
                let index = self.suffixes.partition_point(|(known, _)| known.len() >= suffix.len());
                self.suffixes.insert(index, (suffix, tree));
                Ok(())
            }
        }
    }

    /// Whether any route is for certain hosts only.
    pub fn has_hosts(&self) -> bool {
        !self.exact.is_empty() || !self.suffixes.is_empty()
    }

    /// The value of the most specific route for a request.
    pub fn find(&self, host: &str, method: &str, path: &str) -> Option<T> {
        self.find_for_host(host, method, path).or_else(|| self.any.find(method, path))
    }

    fn find_for_host(&self, host: &str, method: &str, path: &str) -> Option<T> {
        if !self.has_hosts() {
            return None;
        }
        // `api.example.com.`, with the dot of the DNS root, is the same host.
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let exact = self.exact.get(host.as_str()).and_then(|tree| tree.find(method, path));
        exact.or_else(|| {
            let matches = |suffix: &str| host.len() > suffix.len() && host.ends_with(suffix);
            self.suffixes.iter().filter(|(suffix, _)| matches(suffix)).find_map(|(_, tree)| tree.find(method, path))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(routes: &[&'static str]) -> RouteTable<&'static str> {
        let mut table = RouteTable::default();
        for &route in routes {
            table.insert(HostPattern::Any, &Route::parse(route).unwrap(), route).unwrap();
        }
        table
    }

    #[test]
    fn the_most_specific_route_is_found_in_any_order() {
        let mut routes = [
            "$default",
            "ANY /{proxy+}",
            "GET /users/{id}",
            "ANY /users/me",
            "GET /users/{id}/posts",
            "ANY /users/{proxy+}",
            "POST /users/me",
            "GET /",
        ];
        for _ in 0..2 {
            let table = table(&routes);
            for (method, path, expected) in [
                ("GET", "/", "GET /"),
                ("POST", "/", "$default"),
                ("GET", "/x", "ANY /{proxy+}"),
                ("GET", "/users", "ANY /{proxy+}"),
                ("GET", "/users/7", "GET /users/{id}"),
                ("GET", "/users/7/", "GET /users/{id}"),
                ("PUT", "/users/7", "ANY /users/{proxy+}"),
                ("GET", "/users/me", "ANY /users/me"),
                ("POST", "/users/me", "POST /users/me"),
                ("GET", "/users/me/posts", "GET /users/{id}/posts"),
                ("GET", "/users/7/posts/8", "ANY /users/{proxy+}"),
                ("GET", "/Users/7", "ANY /{proxy+}"),
                ("get", "/", "$default"),
                ("OPTIONS", "*", "$default"),
                ("CONNECT", "", "$default"),
            ] {
                assert_eq!(table.find("", method, path), Some(expected), "{method} {path}");
            }
            routes.reverse();
        }
    }

    #[test]
    fn head_is_decided_by_get_of_the_same_route() {
        let table = table(&[
            "$default",
            "ANY /{proxy+}",
            "GET /items",
            "GET /both",
            "HEAD /both",
            "GET /any",
            "ANY /any",
            "POST /post",
            "GET /{proxy+}",
            "HEAD /deep/{proxy+}",
            "GET /deep/{id}",
        ]);
        for (path, expected) in [
            ("/items", "GET /items"),
            ("/items/", "GET /items"),
            ("/both", "HEAD /both"),
            ("/any", "ANY /any"),
            ("/post", "ANY /{proxy+}"),
            ("/other", "ANY /{proxy+}"),
            ("/deep/7", "GET /deep/{id}"),
            ("/deep/7/8", "HEAD /deep/{proxy+}"),
            ("/", "$default"),
        ] {
            assert_eq!(table.find("", "HEAD", path), Some(expected), "{path}");
        }
        assert_eq!(table.find("", "head", "/items"), Some("ANY /{proxy+}"));
        assert_eq!(table.find("", "GET", "/both"), Some("GET /both"));
    }

    #[test]
    fn a_literal_behind_a_variable_does_not_begin_inside_an_escape() {
        let table = table(&["GET /{name}2024", "GET /{name}A", "GET /{name}"]);
        for (path, expected) in [
            ("/a2024", "GET /{name}2024"),
            ("/a%202024", "GET /{name}2024"),
            ("/a%2024", "GET /{name}"),
            ("/a%22024", "GET /{name}"),
            ("/a%C3%BAA", "GET /{name}A"),
            ("/a%C3%BA", "GET /{name}"),
            ("/a%25A", "GET /{name}A"),
        ] {
            assert_eq!(table.find("", "GET", path), Some(expected), "{path}");
        }
    }

    #[test]
    fn a_literal_behind_a_variable_goes_before_the_variable() {
        let mut routes = [
            "POST /orders/{id}",
            "POST /orders/{id}:cancel",
            "POST /orders/{id}:now:cancel",
            "GET /orders/{id}:cancel",
            "POST /orders/all:cancel",
            "ANY /{file}.js",
            "ANY /{file}",
            "ANY /{file}.min.js",
            "GET /{dir}.d/{file}",
            "GET /{dir}/{file}.txt",
        ];
        for _ in 0..2 {
            let table = table(&routes);
            for (method, path, expected) in [
                ("POST", "/orders/7", Some("POST /orders/{id}")),
                ("POST", "/orders/7:cancel", Some("POST /orders/{id}:cancel")),
                ("POST", "/orders/7:cancel/", Some("POST /orders/{id}:cancel")),
                ("POST", "/orders/7:x:cancel", Some("POST /orders/{id}:cancel")),
                ("POST", "/orders/7:now:cancel", Some("POST /orders/{id}:now:cancel")),
                ("POST", "/orders/:now:cancel", Some("POST /orders/{id}:cancel")),
                ("POST", "/orders/all:cancel", Some("POST /orders/all:cancel")),
                ("POST", "/orders/:cancel", Some("POST /orders/{id}")),
                ("POST", "/orders/7:Cancel", Some("POST /orders/{id}")),
                ("POST", "/orders/7:cancelled", Some("POST /orders/{id}")),
                ("HEAD", "/orders/7:cancel", Some("GET /orders/{id}:cancel")),
                ("PUT", "/orders/7:cancel", None),
                ("GET", "/app.js", Some("ANY /{file}.js")),
                ("GET", "/app.min.js", Some("ANY /{file}.min.js")),
                ("GET", "/.js", Some("ANY /{file}")),
                ("GET", "/a.d/b.txt", Some("GET /{dir}.d/{file}")),
                ("GET", "/a.e/b.txt", Some("GET /{dir}/{file}.txt")),
                ("GET", "/a.e/b", None),
            ] {
                assert_eq!(table.find("", method, path), expected, "{method} {path}");
            }
            routes.reverse();
        }
    }

    #[test]
    fn an_empty_segment_is_only_a_part_of_the_rest() {
        let table = table(&["GET /a/{b}", "GET /a/{b}:c", "GET /a/{b}/c", "GET /{proxy+}"]);
        for path in ["/a//", "/a//c", "//a/b", "/a//b"] {
            assert_eq!(table.find("", "GET", path), Some("GET /{proxy+}"), "{path}");
        }
        assert_eq!(table.find("", "GET", "//"), None);
    }

    #[test]
    fn a_path_without_a_route_is_not_found() {
        let table = table(&["GET /a/{b}", "ANY /admin/{proxy+}"]);
        for path in ["/", "/a", "/a/", "/a/b/c", "/admin", "/admin/", "/administrator"] {
            assert_eq!(table.find("", "GET", path), None, "{path}");
        }
        assert_eq!(table.find("", "POST", "/a/b"), None);
    }

    #[test]
    fn a_rule_for_the_host_takes_precedence() {
        let mut table = RouteTable::default();
        for (host, route, value) in [
            (None, "GET /a", 1),
            (Some("api.example.com"), "ANY /{p+}", 2),
            (Some("*.example.com"), "GET /a", 3),
            (Some("*.eu.example.com"), "GET /a", 4),
        ] {
            let host = host.map_or(HostPattern::Any, |host| HostPattern::parse(host).unwrap());
            table.insert(host, &Route::parse(route).unwrap(), value).unwrap();
        }
        for (host, path, expected) in [
            ("api.example.com", "/a", Some(2)),
            ("API.Example.COM", "/a", Some(2)),
            ("api.example.com.", "/a", Some(2)),
            ("www.example.com.", "/a", Some(3)),
            ("www.example.com", "/a", Some(3)),
            ("x.www.example.com", "/a", Some(3)),
            ("a.eu.example.com", "/a", Some(4)),
            ("example.com", "/a", Some(1)),
            ("notexample.com", "/a", Some(1)),
            ("www.example.com", "/b", None),
        ] {
            assert_eq!(table.find(host, "GET", path), expected, "{host}{path}");
        }
    }

    #[test]
    fn a_duplicate_route_is_an_error() {
        for (first, second) in [
            ("GET /a/{b}", "GET /a/{c}"),
            ("GET /{a}:b", "GET /{c}:b"),
            ("GET /{a}:b", "GET /{c}%3Ab"),
            ("ANY /a", "ANY /a/"),
            ("$default", "$default"),
            ("GET /%61", "GET /a"),
            ("GET /%40me", "GET /@me"),
        ] {
            let mut table = RouteTable::default();
            table.insert(HostPattern::Any, &Route::parse(first).unwrap(), 1).unwrap();
            assert_eq!(table.insert(HostPattern::Any, &Route::parse(second).unwrap(), 2), Err(1), "{first} {second}");
        }
    }
}
