//! Which rule fits best: every rule is tried, and those that fit are compared by how exact they are.

use std::cmp::Reverse;

use super::Rule;
use super::reading::{Char, Reading};

/// How exact a segment of a route is. The smallest wins.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Literal,
    Suffix(Reverse<usize>),
    Variable,
    Rest,
    Default,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Host {
    Exact,
    Suffix(Reverse<usize>),
    Any,
}

/// The number of the rule that fits best.
pub(super) fn best(rules: &[Rule], method: &str, host: &str, path: &Reading, empty_is_a_value: bool) -> Option<usize> {
    let fitting = rules.iter().enumerate().filter_map(|(number, (rule_host, rule_method, route))| {
        let host = fit_host(*rule_host, host)?;
        let kinds = fit_path(route, path, empty_is_a_value)?;
        let method = fit_method(rule_method, method)?;
        Some((host, kinds, method, number))
    });
    fitting.min().map(|(_, _, _, number)| number)
}

fn fit_host(rule: Option<&str>, host: &str) -> Option<Host> {
    let host = host.split(':').next().unwrap().trim_end_matches('.').to_lowercase();
    match rule {
        None => Some(Host::Any),
        Some(rule) => match rule.strip_prefix('*') {
            Some(suffix) => (host.ends_with(suffix) && host != suffix).then_some(Host::Suffix(Reverse(suffix.len()))),
            None => (host == rule).then_some(Host::Exact),
        },
    }
}

fn fit_method(rule: &str, method: &str) -> Option<u8> {
    match rule {
        rule if rule == method => Some(0),
        "ANY" => Some(1),
        "GET" if method == "HEAD" => Some(2),
        _ => None,
    }
}

fn fit_path(route: &str, path: &Reading, empty_is_a_value: bool) -> Option<Vec<Kind>> {
    if route == "$default" {
        return Some(vec![Kind::Default]);
    }
    let path = segments(path, empty_is_a_value)?;
    let route: Vec<&str> = route.split('/').skip(1).filter(|segment| !segment.is_empty()).collect();
    let mut kinds = Vec::new();
    for (index, wanted) in route.iter().enumerate() {
        if wanted.ends_with("+}") {
            kinds.push(Kind::Rest);
            return (path.len() > index).then_some(kinds);
        }
        let segment = path.get(index)?;
        let Some((_, suffix)) = wanted.split_once('}') else {
            kinds.push(Kind::Literal);
            if *segment != text(wanted) {
                return None;
            }
            continue;
        };
        let suffix = text(suffix);
        let has_value = segment.len() > suffix.len() || (empty_is_a_value && segment.is_empty() && suffix.is_empty());
        if !has_value || !segment.ends_with(&suffix) {
            return None;
        }
        kinds.push(if suffix.is_empty() { Kind::Variable } else { Kind::Suffix(Reverse(suffix.len())) });
    }
    (path.len() == route.len()).then_some(kinds)
}

/// The literals of these tests have escapes of characters only that must be escaped.
fn text(literal: &str) -> Vec<Char> {
    super::reading::parse(literal).unwrap()
}

/// The segments of a path. A slash at the end makes no difference.
fn segments(path: &Reading, empty_is_a_value: bool) -> Option<Vec<Vec<Char>>> {
    let (first, rest) = path.split_first()?;
    if *first != Char::Plain(b'/') {
        return None;
    }
    let slash = Char::Plain(b'/');
    let rest = if rest.last() == Some(&slash) { &rest[..rest.len() - 1] } else { rest };
    // `//` is one empty value, and `/` is none.
    if rest.is_empty() && !(empty_is_a_value && path.len() == 2) {
        return Some(Vec::new());
    }
    Some(rest.split(|c| *c == slash).map(<[Char]>::to_vec).collect())
}
