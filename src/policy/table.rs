//! Finds the most specific route.
//!
//! The table is a tree of path segments, one for each host pattern: a look-up costs the length of the path, whatever
//! the number of rules. A literal segment goes before `{name}`, that before `{name+}`, that before `$default`; a named
//! method before `ANY`; a rule for the host before one for every host. A branch that has no rule for the method is left
//! for the next best.

use std::collections::HashMap;

use hashlink::DefaultHashBuilder;

use super::route::{HostPattern, Path, Route, Segment, without_trailing_slash};

/// The operator chooses what is in a table, so a hash that is quick will do.
type Table<T> = HashMap<Box<str>, T, DefaultHashBuilder>;

/// Finds what is filed under the most specific route.
#[derive(Debug)]
pub struct RouteTable<T> {
    exact: Table<Tree<T>>,
    /// Longest suffix first.
    under: Vec<(Box<str>, Tree<T>)>,
    any: Tree<T>,
}

impl<T> Default for RouteTable<T> {
    fn default() -> Self {
        Self { exact: Table::default(), under: Vec::new(), any: Tree::default() }
    }
}

impl<T: Copy> RouteTable<T> {
    /// Files `value`; gives back what is there already if the same route is.
    ///
    /// # Errors
    ///
    /// The value that was there first.
    pub fn insert(&mut self, host: HostPattern, route: &Route, value: T) -> Result<(), T> {
        let tree = match host {
            HostPattern::Any => &mut self.any,
            HostPattern::Exact(name) => self.exact.entry(name).or_default(),
            HostPattern::Under(suffix) => {
                let place = match self.under.iter().position(|(known, _)| *known == suffix) {
                    Some(place) => place,
                    None => {
                        let place = self
                            .under
                            .iter()
                            .position(|(known, _)| known.len() < suffix.len())
                            .unwrap_or(self.under.len());
                        self.under.insert(place, (suffix, Tree::default()));
                        place
                    }
                };
                match self.under.get_mut(place) {
                    Some((_, tree)) => tree,
                    None => return Ok(()),
                }
            }
        };
        tree.insert(route, value)
    }

    /// Whether anything is filed for some hosts only.
    pub fn knows_hosts(&self) -> bool {
        !self.exact.is_empty() || !self.under.is_empty()
    }

    /// What is filed for this request.
    pub fn find(&self, host: &str, method: &str, path: &str) -> Option<T> {
        self.for_host(host, method, path).or_else(|| self.any.find(method, path))
    }

    fn for_host(&self, host: &str, method: &str, path: &str) -> Option<T> {
        if !self.knows_hosts() {
            return None;
        }
        // The root's dot says nothing: `api.example.com.` is the same host.
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let exact = self.exact.get(host.as_str()).and_then(|tree| tree.find(method, path));
        exact.or_else(|| {
            let covers = |suffix: &str| host.len() > suffix.len() && host.ends_with(suffix);
            self.under.iter().filter(|(suffix, _)| covers(suffix)).find_map(|(_, tree)| tree.find(method, path))
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

/// Where a route's segments have led so far.
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
        let known = match method {
            Some(method) => self.methods.iter().find(|(known, _)| **known == *method).map(|&(_, value)| value),
            None => self.any,
        };
        match (known, method) {
            (Some(known), _) => return Err(known),
            (None, Some(method)) => self.methods.push((method.into(), value)),
            (None, None) => self.any = Some(value),
        }
        Ok(())
    }

    fn find(&self, method: &str) -> Option<T> {
        self.methods.iter().find(|(known, _)| **known == *method).map(|&(_, value)| value).or(self.any)
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
    fn the_most_specific_route_wins_whatever_the_order() {
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
    fn a_path_without_a_route_is_not_found() {
        let table = table(&["GET /a/{b}", "ANY /admin/{proxy+}"]);
        for path in ["/", "/a", "/a/", "/a/b/c", "/admin", "/admin/", "/administrator"] {
            assert_eq!(table.find("", "GET", path), None, "{path}");
        }
        assert_eq!(table.find("", "POST", "/a/b"), None);
    }

    #[test]
    fn a_rule_for_the_host_goes_before_one_for_all() {
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
    fn the_same_route_twice_is_told() {
        for (first, second) in
            [("GET /a/{b}", "GET /a/{c}"), ("ANY /a", "ANY /a/"), ("$default", "$default"), ("GET /%61", "GET /a")]
        {
            let mut table = RouteTable::default();
            table.insert(HostPattern::Any, &Route::parse(first).unwrap(), 1).unwrap();
            assert_eq!(table.insert(HostPattern::Any, &Route::parse(second).unwrap(), 2), Err(1), "{first} {second}");
        }
    }
}
