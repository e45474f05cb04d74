//! API Gateway's route keys, and the table that finds the most specific one.
//!
//! The table is a tree of path segments, one for each host pattern: a look-up costs the length of the path, whatever
//! the number of rules. A literal segment goes before `{name}`, that before `{name+}`, that before `$default`; a named
//! method before `ANY`; a rule for the host before one for every host. A branch that has no rule for the method is left
//! for the next best.

use std::collections::HashMap;

use hashlink::DefaultHashBuilder;

use crate::request::canonical;

/// The operator chooses what is in a table, so a hash that is quick will do.
type Table<T> = HashMap<Box<str>, T, DefaultHashBuilder>;

/// One route key: `METHOD /path`, `ANY /path` or `$default`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `None` for `ANY`.
    method: Option<Box<str>>,
    path: Path,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Path {
    Default,
    Segments(Box<[Segment]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(Box<str>),
    Variable(Box<str>),
    Rest(Box<str>),
}

impl Route {
    /// Reads a route key.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words for whoever wrote it.
    pub fn parse(key: &str) -> Result<Self, String> {
        if key == "$default" {
            return Ok(Self { method: None, path: Path::Default });
        }
        let (method, path) =
            key.split_once(' ').ok_or("is no route key; write `METHOD /path`, `ANY /path` or `$default`")?;
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
            return Err(format!("`{method}` is no method; write it in capitals, or `ANY`"));
        }
        let segments = path.strip_prefix('/').ok_or_else(|| format!("`{path}` is no path; it must begin with `/`"))?;
        let path = Path::Segments(parse_segments(segments)?);
        Ok(Self { method: (method != "ANY").then(|| method.into()), path })
    }

    /// The place of a path variable among the segments; greedy if it takes all from there on.
    pub fn variable(&self, name: &str) -> Option<Variable> {
        let Path::Segments(segments) = &self.path else { return None };
        segments.iter().zip(0..).find_map(|(segment, place)| match segment {
            Segment::Variable(known) if **known == *name => Some(Variable { place, greedy: false }),
            Segment::Rest(known) if **known == *name => Some(Variable { place, greedy: true }),
            Segment::Literal(_) | Segment::Variable(_) | Segment::Rest(_) => None,
        })
    }
}

fn parse_segments(text: &str) -> Result<Box<[Segment]>, String> {
    let mut segments: Vec<Segment> = Vec::new();
    for text in without_trailing_slash(text).split('/').filter(|_| !text.is_empty()) {
        if segments.iter().any(|segment| matches!(segment, Segment::Rest(_))) {
            return Err("has segments after `{name+}`, which takes all there are".to_owned());
        }
        let segment = parse_segment(text)?;
        if let Segment::Variable(name) | Segment::Rest(name) = &segment {
            let known =
                |segment: &Segment| matches!(segment, Segment::Variable(known) | Segment::Rest(known) if known == name);
            if segments.iter().any(known) {
                return Err(format!("has the variable `{name}` twice"));
            }
        }
        segments.push(segment);
    }
    Ok(segments.into_boxed_slice())
}

fn parse_segment(text: &str) -> Result<Segment, String> {
    if let Some(name) = text.strip_prefix('{').and_then(|inside| inside.strip_suffix('}')) {
        let (name, greedy) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
            return Err(format!("`{text}` is no variable; write `{{name}}` or `{{name+}}`"));
        }
        return Ok(if greedy { Segment::Rest(name.into()) } else { Segment::Variable(name.into()) });
    }
    if text.contains(['{', '}', '*', '?', ';']) {
        return Err(format!("`{text}` is neither a literal segment nor `{{name}}` nor `{{name+}}`"));
    }
    let whole = format!("/{text}");
    let canonical = canonical(&whole).map_err(|_| {
        format!("`{text}` could be read in two ways; write it without dots, slashes and doubled escapes, other letters percent-encoded")
    })?;
    match canonical.strip_prefix('/') {
        Some(literal) if !literal.is_empty() => Ok(Segment::Literal(literal.into())),
        _ => Err("has an empty segment".to_owned()),
    }
}

/// Many servers answer `/a/` as they answer `/a`, so one rule covers both.
fn without_trailing_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// Where in a path a variable's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    place: usize,
    greedy: bool,
}

impl Variable {
    /// The value in this path, still encoded.
    pub fn value(self, path: &str) -> Option<&str> {
        let mut rest = without_trailing_slash(path.strip_prefix('/')?);
        for _ in 0..self.place {
            rest = rest.split_once('/')?.1;
        }
        let value = if self.greedy { rest } else { rest.split('/').next()? };
        (!value.is_empty()).then_some(value)
    }
}

/// Which hosts a rule is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// Every one.
    Any,
    /// This one.
    Exact(Box<str>),
    /// Those that end in this, a dot at its beginning.
    Under(Box<str>),
}

impl HostPattern {
    /// Reads `a.example.com` or `*.example.com`; `None` for what is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte))
        };
        match text.strip_prefix('*') {
            Some(suffix) => {
                (suffix.starts_with('.') && suffix.len() > 1 && is_name(suffix)).then(|| Self::Under(suffix.into()))
            }
            None => is_name(&text).then(|| Self::Exact(text.into())),
        }
    }
}

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

    #[test]
    fn what_is_no_route_key_is_refused() {
        for key in [
            "",
            "/a",
            "GET",
            "GET a",
            "get /a",
            "GET  /a",
            "GET /a//b",
            "GET /{a+}/b",
            "GET /{a}/{a}",
            "GET /{}",
            "GET /{+}",
            "GET /x{a}",
            "GET /a*",
            "GET /a?b",
            "GET /../a",
            "GET /a%2fb",
            "GET /é",
            "$Default",
            "GET /{a b}",
            "GET /a;b",
        ] {
            assert!(Route::parse(key).is_err(), "{key}");
        }
    }

    #[test]
    fn a_variable_is_found_in_the_path() {
        let route = Route::parse("GET /users/{id}/files/{path+}").unwrap();
        for (name, path, expected) in [
            ("id", "/users/7/files/a/b", Some("7")),
            ("path", "/users/7/files/a/b", Some("a/b")),
            ("path", "/users/7/files/a/b/", Some("a/b")),
            ("path", "/users/7/files", None),
        ] {
            assert_eq!(route.variable(name).unwrap().value(path), expected, "{name} {path}");
        }
        assert_eq!(route.variable("other"), None);
    }
}
