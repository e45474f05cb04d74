//! Bytes → [`Config`], with the place of the first mistake.

use serde::de::IgnoredAny;

use super::{Config, message};

const NOT_JSON: &str = "is not JSON";

/// What could not be read, and where.
#[derive(Debug)]
pub struct Misread {
    /// The path of the field, dots between names; empty for the document itself.
    pub place: String,
    /// What is wrong there.
    pub problem: String,
}

/// Reads the plugin JSON, or a `google.protobuf.Struct` that says the same.
///
/// # Errors
///
/// The first mistake: broken JSON, an unknown or missing field, a value of another type.
pub fn parse(bytes: &[u8]) -> Result<Config, Misread> {
    parse_json(bytes).or_else(|misread| {
        // A line feed to JSON, to the message its first member.
        match bytes.starts_with(b"\n").then(|| message::to_json(bytes)) {
            Some(Some(json)) => parse_json(json.as_bytes()),
            Some(None) if misread.problem.starts_with(NOT_JSON) => {
                Err(Misread { problem: format!("{}, and no google.protobuf.Struct", misread.problem), ..misread })
            }
            Some(None) | None => Err(misread),
        }
    })
}

fn parse_json(json: &[u8]) -> Result<Config, Misread> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let config = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let mut place = error.path().to_string();
        let inner = error.into_inner();
        // serde_json calls it a fault of syntax, too, if one of some words is wanted and something else stands there.
        if inner.is_syntax() && serde_json::from_slice::<IgnoredAny>(json).is_ok() {
            return Misread { place, problem: "is of another type; write one of its words, in quotes".to_owned() };
        }
        if place == "." || inner.is_syntax() || inner.is_eof() {
            place.clear();
        }
        describe(place, &inner)
    })?;
    deserializer.end().map_err(|error| describe(String::new(), &error))?;
    Ok(config)
}

fn describe(place: String, error: &serde_json::Error) -> Misread {
    let text = error.to_string();
    if error.is_syntax() || error.is_eof() {
        return Misread { place, problem: format!("{NOT_JSON}: {text}") };
    }
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    if let Some(field) = between(text, "missing field `", "`") {
        return Misread { place: join(&place, field), problem: "is required".to_owned() };
    }
    if let Some(field) = between(text, "unknown field `", "`") {
        let known = text.split_once("expected ").map_or("none", |(_, known)| known);
        return Misread { place: owner_of(place, field), problem: format!("is not a field here; known: {known}") };
    }
    if let Some(field) = between(text, "duplicate field `", "`") {
        return Misread { place: owner_of(place, field), problem: "is there twice".to_owned() };
    }
    Misread { place, problem: text.to_owned() }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.split_once(after).map(|(inside, _)| inside)
}

/// The path may or may not end in the field already, depending on how far serde had come.
fn owner_of(place: String, field: &str) -> String {
    let named = place == field || place.strip_suffix(field).is_some_and(|owner| owner.ends_with('.'));
    if named { place } else { join(&place, field) }
}

fn join(place: &str, field: &str) -> String {
    if place.is_empty() { field.to_owned() } else { format!("{place}.{field}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> String {
        let Misread { place, problem } = parse(bytes).unwrap_err();
        format!("{place}: {problem}")
    }

    #[test]
    fn a_mistake_has_its_place_in_json_and_in_a_message() {
        let member = b"\x0a\x0d\x0a\x07default\x12\x02\x20\x01";
        for (bytes, expected) in [
            (&br#"{"default":true}"#[..], "default: is of another type; write one of its words, in quotes"),
            (b"\n{\"default\":true}", "default: is of another type; write one of its words, in quotes"),
            (member, "default: is of another type; write one of its words, in quotes"),
            (b"\n", ": is not JSON: EOF while parsing a value at line 2 column 0, and no google.protobuf.Struct"),
            (b"\x0a\x0d\x0a\x07def", ": is not JSON: expected value at line 3 column 1, and no google.protobuf.Struct"),
            (b"\x08\x01", ": is not JSON: expected value at line 1 column 1"),
        ] {
            assert_eq!(told(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
