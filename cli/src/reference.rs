//! The reference as Markdown: a table of fields for each object of the JSON Schema.

mod fields;

use jwt_authorizer::config::{Cache, Config, Jwks, Provider, Requirement, Responses, Rule};
use serde_json::{Map, Value};

use fields::fields_of;

/// The objects by their names in the schema, in the order of the reference, with their fields in the order of the source.
fn objects() -> [(&'static str, &'static [&'static str]); 7] {
    [
        ("Configuration", fields_of::<Config>()),
        ("Provider", fields_of::<Provider>()),
        ("Jwks", fields_of::<Jwks>()),
        ("Cache", fields_of::<Cache>()),
        ("Rule", fields_of::<Rule>()),
        ("Requirement", fields_of::<Requirement>()),
        ("Responses", fields_of::<Responses>()),
    ]
}

/// The whole reference: first the objects, then the types of their fields.
pub(crate) fn text() -> String {
    let mut root = crate::schema::document();
    let mut definitions = match root.get_mut("$defs").map(Value::take) {
        Some(Value::Object(definitions)) => definitions,
        _ => Map::new(),
    };
    definitions.insert("Configuration".to_owned(), root);
    let reference = Reference { definitions: &definitions };
    let objects = objects();
    let mut text = String::new();
    for (name, fields) in &objects {
        text += &reference.section(name, fields);
    }
    for (name, definition) in &definitions {
        if choices(definition).is_empty() && !objects.iter().any(|(object, _)| object == name) {
            text += &reference.section(name, &[]);
        }
    }
    text
}

struct Reference<'s> {
    definitions: &'s Map<String, Value>,
}

impl Reference<'_> {
    fn section(&self, name: &str, order: &[&str]) -> String {
        let definition = &self.definitions[name];
        let mut text = format!("\n### {}\n\n{}\n", heading(name, definition), description(definition));
        if let Some(examples) = definition["examples"].as_array() {
            let examples: Vec<_> = examples.iter().map(|example| format!("`{}`", spaced(example))).collect();
            text += &format!("\nExamples: {}\n", examples.join(", "));
        }
        // If a value may be an object or something else, one of its alternatives has the fields.
        let forms = definition["anyOf"].as_array().into_iter().flatten().chain([definition]);
        for form in forms {
            let Some(properties) = form["properties"].as_object() else { continue };
            text += "\n| field | type | default | meaning | example |\n|---|---|---|---|---|\n";
            let mut rows: Vec<_> = properties.iter().collect();
            rows.sort_by_key(|(field, _)| order.iter().position(|known| known == field));
            for (field, schema) in rows {
                text += &self.row(field, schema, is_required(form, field));
            }
        }
        text
    }

    fn row(&self, field: &str, schema: &Value, required: bool) -> String {
        let default = match schema.get("default") {
            Some(default) => format!("`{}`", spaced(default)),
            None if required => "required".to_owned(),
            None => "–".to_owned(),
        };
        let mut meaning = description(schema).to_owned();
        for (choice, explanation) in choices(self.resolved(schema)) {
            meaning += &format!("<br>`{choice}`: {explanation}");
        }
        let example = schema["examples"].get(0).map(|example| format!("`\"{field}\": {}`", spaced(example)));
        let cells = [format!("`{field}`"), self.kind(schema), default, meaning, example.unwrap_or_default()];
        format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
    }

    /// The type of a value in words, with a link if it has a section.
    fn kind(&self, schema: &Value) -> String {
        if let Some(name) = definition_name(schema) {
            let definition = &self.definitions[name];
            let heading = heading(name, definition);
            return match choices(definition).is_empty() {
                true => format!("[{}](#{})", heading.to_lowercase(), heading.to_lowercase().replace(' ', "-")),
                false => "choice".to_owned(),
            };
        }
        if let Some(some) = without_null(schema) {
            return self.kind(some);
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.first().unwrap_or(&Value::Null),
            kind => kind,
        };
        match kind.as_str() {
            Some("array") => format!("list of {}", self.kind(&schema["items"])),
            Some("object") => format!("name → {}", self.kind(&schema["additionalProperties"])),
            Some("string") => "text".to_owned(),
            Some("integer") => "whole number".to_owned(),
            Some(other) => other.to_owned(),
            None => "any".to_owned(),
        }
    }

    fn resolved<'v>(&'v self, schema: &'v Value) -> &'v Value {
        match (definition_name(schema), without_null(schema)) {
            (Some(name), _) => &self.definitions[name],
            (None, Some(some)) => self.resolved(some),
            (None, None) => schema,
        }
    }
}

fn heading(name: &str, definition: &Value) -> String {
    match definition["title"].as_str() {
        Some(title) if name != "Configuration" => {
            let mut letters = title.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
        }
        _ => name.to_owned(),
    }
}

fn description(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

fn definition_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/$defs/")
}

/// The schema of a field that may also be `null`, without the `null`.
fn without_null(schema: &Value) -> Option<&Value> {
    schema["anyOf"].as_array()?.iter().find(|form| form["type"] != "null")
}

fn is_required(object: &Value, field: &str) -> bool {
    object["required"].as_array().is_some_and(|required| required.iter().any(|name| name == field))
}

/// The values of an enumeration, and the description of each.
fn choices(schema: &Value) -> Vec<(&str, &str)> {
    let values = schema["oneOf"].as_array().into_iter().flatten();
    values.filter_map(|one| Some((one["const"].as_str()?, description(one)))).collect()
}

/// JSON on one line, with spaces inside braces and after commas and colons.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(name, value)| format!("\"{name}\": {}", spaced(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        plain => plain.to_string(),
    }
}
