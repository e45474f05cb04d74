//! API Gateway's route keys and their path variables.

use super::variable::{Variable, without_trailing_slash};
use crate::request::RoutedPath;

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
    /// `{name}` and the literal behind it, which may be empty: `{id}:cancel`.
    Variable {
        name: Box<str>,
        suffix: Box<str>,
    },
    /// `{name+}`.
    Rest(Box<str>),
}

impl Segment {
    fn variable_name(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Variable { name, .. } | Self::Rest(name) => Some(name),
        }
    }
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
        let (index, segment) =
            segments.iter().enumerate().find(|(_, segment)| segment.variable_name() == Some(name))?;
        let (suffix, greedy) = match segment {
            Segment::Variable { suffix, .. } => (suffix.len(), false),
            Segment::Literal(_) | Segment::Rest(_) => (0, true),
        };
        Some(Variable::new(index, suffix, greedy))
    }
}

fn parse_segments(text: &str) -> Result<Box<[Segment]>, String> {
    let mut segments: Vec<Segment> = Vec::new();
    for text in without_trailing_slash(text).split('/').filter(|_| !text.is_empty()) {
        if segments.iter().any(|segment| matches!(segment, Segment::Rest(_))) {
            return Err("has segments after `{name+}`, which must be the last one".to_owned());
        }
        let segment = parse_segment(text)?;
        if let Some(name) = segment.variable_name()
            && segments.iter().any(|known| known.variable_name() == Some(name))
        {
            return Err(format!("has the variable `{name}` twice"));
        }
        segments.push(segment);
    }
    Ok(segments.into_boxed_slice())
}

fn parse_segment(text: &str) -> Result<Segment, String> {
    let Some((name, suffix)) = text.strip_prefix('{').and_then(|inside| inside.split_once('}')) else {
        return Ok(Segment::Literal(parse_literal(text, text)?));
    };
    let (name, greedy) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
        return Err(format!("`{text}` is not a valid variable; write `{{name}}` or `{{name+}}`"));
    }
    match (greedy, suffix.is_empty()) {
        (true, true) => Ok(Segment::Rest(name.into())),
        (true, false) => Err(format!("`{text}` has text after `{{name+}}`; only `{{name}}` may have it")),
        (false, true) => Ok(Segment::Variable { name: name.into(), suffix: "".into() }),
        // Behind a value, dots are no dot segment.
        (false, false) => match parse_literal(&format!("-{suffix}"), text)?.strip_prefix('-') {
            Some(suffix) => Ok(Segment::Variable { name: name.into(), suffix: suffix.into() }),
            None => Err(invalid_segment(text)),
        },
    }
}

/// A literal is text that every server reads in the same way.
fn parse_literal(literal: &str, segment: &str) -> Result<Box<str>, String> {
    if literal.is_empty() {
        return Err("has an empty segment".to_owned());
    }
    if literal.contains(['{', '}', '*', '?', ';']) {
        return Err(invalid_segment(segment));
    }
    let path = format!("/{literal}");
    match RoutedPath::new(&path) {
        Ok(path) if path.others().next().is_none() => {
            path.canonical().strip_prefix('/').map(Into::into).ok_or_else(|| invalid_segment(segment))
        }
        Ok(_) | Err(_) => Err(format!(
            "`{segment}` is ambiguous; use no `.` or `..` segment, no escape of `/`, `\\`, `;` or `?`, and no character that is encoded twice, and percent-encode what is not ASCII as UTF-8"
        )),
    }
}

fn invalid_segment(text: &str) -> String {
    format!(
        "`{text}` is not a valid segment; write a literal, `{{name}}`, `{{name}}` with a literal behind it, or `{{name+}}`"
    )
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
            " /a",
            "G1 /a",
            "GET  /a",
            "GET /a//b",
            "GET /{a+}/b",
            "GET /{a}/{a}",
            "GET /{a}/{a+}",
            "GET /{a}.js/{a}",
            "GET /{}",
            "GET /{+}",
            "GET /x{a}",
            "GET /{a+}.js",
            "GET /{a}{b}",
            "GET /{a}.{b}",
            "GET /{a}*",
            "GET /{a};v",
            "GET /{a}%2f",
            "GET /{a",
            "GET /a}",
            "GET /a*",
            "GET /a?b",
            "GET /../a",
            "GET /a%2fb",
            "GET /a%3fb",
            "GET /a%252fb",
            "GET /%2541",
            "GET /%E9",
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
    fn a_segment_is_a_literal_or_a_variable() {
        let variable = |name: &str, suffix: &str| Segment::Variable { name: name.into(), suffix: suffix.into() };
        for (text, expected) in [
            ("a", Segment::Literal("a".into())),
            ("%40me", Segment::Literal("@me".into())),
            ("a%20b", Segment::Literal("a%20b".into())),
            ("caf%c3%a9", Segment::Literal("caf%C3%A9".into())),
            ("100%25", Segment::Literal("100%25".into())),
            ("...", Segment::Literal("...".into())),
            ("{id}", variable("id", "")),
            ("{a_b-c.1}", variable("a_b-c.1", "")),
            ("{id}:cancel", variable("id", ":cancel")),
            ("{id}%3acancel", variable("id", ":cancel")),
            ("{file}.js", variable("file", ".js")),
            ("{file}..", variable("file", "..")),
            ("{proxy+}", Segment::Rest("proxy".into())),
        ] {
            assert_eq!(parse_segment(text), Ok(expected), "{text}");
        }
    }
}
