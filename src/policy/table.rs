//! The route table: finds the most specific route for a request.
//!
//! It has a tree of path segments for each host pattern. The time of a look-up depends on the length of the path, not
//! on the number of rules. The order of precedence, from high to low:
//!
//! - the exact host, then the longest matching `*.` suffix, then any host;
//! - a literal segment, then `{name}`, then `{name+}`, then `$default`;
//! - a named method, then `ANY`; for `HEAD` then `GET`, because servers answer `HEAD` as they would `GET`
//!   (RFC 9110 §9.3.2).
//!
//! If a branch has no rule for the method, the next best branch is tried.

use std::collections::HashMap;

use hashlink::DefaultHashBuilder;

use super::route::{HostPattern, Path, Route, Segment, without_trailing_slash};

/// The keys come from the operator, so a fast hash is safe here.
type Table<T> = HashMap<Box<str>, T, DefaultHashBuilder>;

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

#[derive(Debug)]
struct Tree<T> {
    root: Node<T>,
    default: Leaf<T>,
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { root: Node::default(), default: Leaf::default() }
    }
}

impl<T: Copy> Tree<T> {
    fn insert(&mut self, route: &Route, value: T) -> Result<(), T> {
        let leaf = match &route.path {
            Path::Default => &mut self.default,
            Path::Segments(segments) => segments.iter().fold(Target::Node(&mut self.root), Target::step).leaf(),
        };
        leaf.insert(route.method.as_deref(), value)
    }

    fn find(&self, method: &str, path: &str) -> Option<T> {
        let in_tree = path.strip_prefix('/').and_then(|path| {
            let path = without_trailing_slash(path);
            self.root.find(method, (!path.is_empty()).then_some(path))
        });
        in_tree.or_else(|| self.default.find(method))
    }
}

#[derive(Debug)]
struct Node<T> {
    literals: Table<Self>,
    variable: Option<Box<Self>>,
    rest: Leaf<T>,
    here: Leaf<T>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { literals: Table::default(), variable: None, rest: Leaf::default(), here: Leaf::default() }
    }
}

impl<T: Copy> Node<T> {
    fn find(&self, method: &str, path: Option<&str>) -> Option<T> {
        let Some(path) = path else { return self.here.find(method) };
        let end = path.bytes().position(|byte| byte == b'/').unwrap_or(path.len());
        let (segment, rest) = path.split_at(end);
        let rest = rest.strip_prefix('/');
        let literal = self.literals.get(segment).and_then(|node| node.find(method, rest));
        let variable = || self.variable.as_ref().and_then(|node| node.find(method, rest));
        literal.or_else(variable).or_else(|| self.rest.find(method))
    }
}

/// Where a route's segments have led in the tree so far.
enum Target<'t, T> {
    Node(&'t mut Node<T>),
    Leaf(&'t mut Leaf<T>),
}

impl<'t, T> Target<'t, T> {
    fn step(self, segment: &Segment) -> Self {
        match (self, segment) {
            (Self::Node(node), Segment::Literal(text)) => Self::Node(node.literals.entry(text.clone()).or_default()),
            (Self::Node(node), Segment::Variable(_)) => Self::Node(node.variable.get_or_insert_default()),
            (Self::Node(node), Segment::Rest(_)) => Self::Leaf(&mut node.rest),
            (leaf @ Self::Leaf(_), _) => leaf,
        }
    }

    fn leaf(self) -> &'t mut Leaf<T> {
        match self {
            Self::Node(node) => &mut node.here,
            Self::Leaf(leaf) => leaf,
        }
    }
}

#[derive(Debug)]
struct Leaf<T> {
    methods: Vec<(Box<str>, T)>,
    any: Option<T>,
}

impl<T> Default for Leaf<T> {
    fn default() -> Self {
        Self { methods: Vec::new(), any: None }
    }
}

impl<T: Copy> Leaf<T> {
    fn insert(&mut self, method: Option<&str>, value: T) -> Result<(), T> {
        let known = method.map_or(self.any, |method| self.named(method));
        match (known, method) {
            (Some(known), _) => return Err(known),
            (None, Some(method)) => self.methods.push((method.into(), value)),
            (None, None) => self.any = Some(value),
        }
        Ok(())
    }

    fn find(&self, method: &str) -> Option<T> {
        let found = self.named(method).or(self.any);
        if method == "HEAD" { found.or_else(|| self.named("GET")) } else { found }
    }

    fn named(&self, method: &str) -> Option<T> {
        self.methods.iter().find(|(known, _)| **known == *method).map(|&(_, value)| value)
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
        for (first, second) in
            [("GET /a/{b}", "GET /a/{c}"), ("ANY /a", "ANY /a/"), ("$default", "$default"), ("GET /%61", "GET /a")]
        {
            let mut table = RouteTable::default();
            table.insert(HostPattern::Any, &Route::parse(first).unwrap(), 1).unwrap();
            assert_eq!(table.insert(HostPattern::Any, &Route::parse(second).unwrap(), 2), Err(1), "{first} {second}");
        }
    }
}
