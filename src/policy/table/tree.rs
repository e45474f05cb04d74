//! The routes of one host pattern, as a tree of path segments.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use hashlink::DefaultHashBuilder;

use crate::policy::route::{Path, Route, Segment};
use crate::policy::variable::without_trailing_slash;

/// The keys come from the operator, so a fast hash is safe here.
pub(super) type Table<T> = HashMap<Box<str>, T, DefaultHashBuilder>;

#[derive(Debug)]
pub(super) struct Tree<T> {
    root: Node<T>,
    default: Leaf<T>,
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { root: Node::default(), default: Leaf::default() }
    }
}

impl<T: Copy> Tree<T> {
    pub(super) fn insert(&mut self, route: &Route, value: T) -> Result<(), T> {
        let leaf = match &route.path {
            Path::Default => &mut self.default,
            Path::Segments(segments) => segments.iter().fold(Target::Node(&mut self.root), Target::step).leaf(),
        };
        leaf.insert(route.method.as_deref(), value)
    }

    pub(super) fn find(&self, method: &str, path: &str) -> Option<T> {
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
    /// Variables with a literal behind them, by its length and text: the longest is first.
    suffixes: BTreeMap<(Reverse<usize>, Box<str>), Self>,
    variable: Option<Box<Self>>,
    rest: Leaf<T>,
    here: Leaf<T>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self {
            literals: Table::default(),
            suffixes: BTreeMap::new(),
            variable: None,
            rest: Leaf::default(),
            here: Leaf::default(),
        }
    }
}

impl<T: Copy> Node<T> {
    fn find(&self, method: &str, path: Option<&str>) -> Option<T> {
        let Some(path) = path else { return self.here.find(method) };
        let end = path.bytes().position(|byte| byte == b'/').unwrap_or(path.len());
        let (segment, rest) = path.split_at(end);
        let rest = rest.strip_prefix('/');
        let literal = self.literals.get(segment).and_then(|node| node.find(method, rest));
        let with_suffix = || {
            let matches = |suffix: &str| {
                segment.strip_suffix(suffix).is_some_and(|value| !value.is_empty() && !ends_in_an_escape(value))
            };
            self.suffixes
                .iter()
                .filter(|((_, suffix), _)| matches(suffix))
                .find_map(|(_, node)| node.find(method, rest))
        };
        // A variable has a value.
        let variable = || self.variable.as_ref().filter(|_| !segment.is_empty())?.find(method, rest);
        literal.or_else(with_suffix).or_else(variable).or_else(|| self.rest.find(method))
    }
}

/// Whether a text was cut inside a percent-escape: `%2024` is a space and `24`, and does not end with `2024`.
fn ends_in_an_escape(text: &str) -> bool {
    matches!(text.as_bytes(), [.., b'%'] | [.., b'%', _])
}

/// Where a route's segments have led in the tree so far.
enum Target<'t, T> {
    Node(&'t mut Node<T>),
    Leaf(&'t mut Leaf<T>),
}

impl<'t, T: Copy> Target<'t, T> {
    fn step(self, segment: &Segment) -> Self {
        match (self, segment) {
            (Self::Node(node), Segment::Literal(text)) => Self::Node(node.literals.entry(text.clone()).or_default()),
            (Self::Node(node), Segment::Variable { suffix, .. }) if suffix.is_empty() => {
                Self::Node(node.variable.get_or_insert_default())
            }
            (Self::Node(node), Segment::Variable { suffix, .. }) => {
                Self::Node(node.suffixes.entry((Reverse(suffix.len()), suffix.clone())).or_default())
            }
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
