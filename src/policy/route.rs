//! API Gateway's route keys: which requests a rule is for, and where in their paths its variables are.

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
        Some(literal) if without_parameters(literal) != literal => {
            Err(format!("`{text}` is no literal segment: some servers drop what follows a semicolon"))
        }
        Some(literal) if !literal.is_empty() => Ok(Segment::Literal(literal.into())),
        _ => Err("has an empty segment".to_owned()),
    }
}

/// Many servers answer `/a/` as they answer `/a`, so one rule covers both.
pub(super) fn without_trailing_slash(path: &str) -> &str {
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

#[cfg(test)]
mod tests {
    use super::*;

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
            "GET /a%3bb",
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
