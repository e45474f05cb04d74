//! API Gateway's route keys, their path variables, and host patterns.

use crate::request::{canonical, without_parameters};

/// One route key: `METHOD /path`, `ANY /path` or `$default`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `None` for `ANY`.
    pub(super) method: Option<Box<str>>,
    pub(super) path: Path,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Path {
    Default,
    Segments(Box<[Segment]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Literal(Box<str>),
    Variable(Box<str>),
    Rest(Box<str>),
}

impl Route {
    /// Parses a route key.
    ///
    /// # Errors
    ///
    /// Why it is not valid, as a message for the operator.
    pub fn parse(key: &str) -> Result<Self, String> {
        if key == "$default" {
            return Ok(Self { method: None, path: Path::Default });
        }
        let (method, path) =
            key.split_once(' ').ok_or("is not a valid route key; write `METHOD /path`, `ANY /path` or `$default`")?;
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
            return Err(format!("`{method}` is not a valid method; write it in capitals, or `ANY`"));
        }
        let segments =
            path.strip_prefix('/').ok_or_else(|| format!("`{path}` is not a valid path; it must begin with `/`"))?;
        let path = Path::Segments(parse_segments(segments)?);
        Ok(Self { method: (method != "ANY").then(|| method.into()), path })
    }

    /// The path variable with this name. A greedy variable (`{name+}`) takes all remaining segments.
    pub fn variable(&self, name: &str) -> Option<Variable> {
        let Path::Segments(segments) = &self.path else { return None };
        segments.iter().zip(0..).find_map(|(segment, index)| match segment {
            Segment::Variable(known) if **known == *name => Some(Variable { index, greedy: false }),
            Segment::Rest(known) if **known == *name => Some(Variable { index, greedy: true }),
            Segment::Literal(_) | Segment::Variable(_) | Segment::Rest(_) => None,
        })
    }
}

fn parse_segments(text: &str) -> Result<Box<[Segment]>, String> {
    let mut segments: Vec<Segment> = Vec::new();
    for text in without_trailing_slash(text).split('/').filter(|_| !text.is_empty()) {
        if segments.iter().any(|segment| matches!(segment, Segment::Rest(_))) {
            return Err("has segments after `{name+}`, which must be the last one".to_owned());
        }
        let segment = parse_segment(text)?;
        if let Segment::Variable(name) | Segment::Rest(name) = &segment {
            let is_same =
                |segment: &Segment| matches!(segment, Segment::Variable(known) | Segment::Rest(known) if known == name);
            if segments.iter().any(is_same) {
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
            return Err(format!("`{text}` is not a valid variable; write `{{name}}` or `{{name+}}`"));
        }
        return Ok(if greedy { Segment::Rest(name.into()) } else { Segment::Variable(name.into()) });
    }
    if text.contains(['{', '}', '*', '?', ';']) {
        return Err(format!("`{text}` is not a valid segment; write a literal, `{{name}}` or `{{name+}}`"));
    }
    let path = format!("/{text}");
    let canonical = canonical(&path).map_err(|_| {
        format!("`{text}` is ambiguous; use no `.` or `..` segment, no encoded slash or backslash and no character that is encoded twice, and percent-encode what is not ASCII")
    })?;
    match canonical.strip_prefix('/') {
        Some(literal) if without_parameters(literal) != literal => {
            Err(format!("`{text}` is not a valid segment: some servers drop what follows a semicolon"))
        }
        Some(literal) if !literal.is_empty() => Ok(Segment::Literal(literal.into())),
        _ => Err("has an empty segment".to_owned()),
    }
}

/// Many servers treat `/a/` as `/a`, so one rule covers both.
pub(super) fn without_trailing_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// The position of a path variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    index: usize,
    greedy: bool,
}

impl Variable {
    /// The variable's value in this path, still percent-encoded.
    pub fn value(self, path: &str) -> Option<&str> {
        let mut rest = without_trailing_slash(path.strip_prefix('/')?);
        for _ in 0..self.index {
            rest = rest.split_once('/')?.1;
        }
        let value = if self.greedy { rest } else { rest.split('/').next()? };
        (!value.is_empty()).then_some(value)
    }
}

/// Which hosts a rule is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// Any host.
    Any,
    /// Exactly this host.
    Exact(Box<str>),
    /// Hosts that end with this suffix, which begins with a dot.
    Suffix(Box<str>),
}

impl HostPattern {
    /// Parses `a.example.com` or `*.example.com`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte))
        };
        match text.strip_prefix('*') {
            Some(suffix) => {
                (suffix.starts_with('.') && suffix.len() > 1 && is_name(suffix)).then(|| Self::Suffix(suffix.into()))
            }
            None => is_name(&text).then(|| Self::Exact(text.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_route_keys_are_rejected() {
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
            "GET /a%3bb",
        ] {
            assert!(Route::parse(key).is_err(), "{key}");
        }
    }

    #[test]
    fn a_variable_has_its_value_from_the_path() {
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
