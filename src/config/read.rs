//! Bytes → [`Config`], with the place of the first mistake.

use super::Config;

/// What could not be read, and where.
#[derive(Debug)]
pub struct Misread {
    /// The path of the field, dots between names; empty for the document itself.
    pub place: String,
    /// What is wrong there.
    pub problem: String,
}

/// Reads the plugin JSON.
///
/// # Errors
///
/// The first mistake: broken JSON, an unknown or missing field, a value of another type.
pub fn parse(json: &[u8]) -> Result<Config, Misread> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let config = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let mut place = error.path().to_string();
        let inner = error.into_inner();
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
        return Misread { place, problem: format!("is not JSON: {text}") };
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
