//! Configurations, wherever in the repo they stand: in JSON and YAML files, whole or inside something larger, as an
//! object or as text; and in the blocks of pages.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::pages;

pub(crate) struct Example {
    pub(crate) file: String,
    pub(crate) configuration: Value,
}

/// What is built, installed or downloaded, and what is code.
const NOT_OURS: [&str; 8] = [".git", "target", "dist", "src", "tests", "benches", "node_modules", ".terraform"];
/// Helm's are no YAML before they are rendered.
const TEMPLATES: &str = "templates";

pub(crate) fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for (file, text) in files(&["json", "yaml", "yml", "md"]) {
        let documents = match file.rsplit_once('.') {
            Some((_, "json")) => json(&file, &text).into_iter().collect(),
            Some((_, "md")) => pages::documents(&file, &text),
            _ => yaml(&file, &text),
        };
        for document in &documents {
            collect(&file, document, &mut examples);
        }
    }
    examples
}

/// The files with these endings, and their text.
pub(crate) fn files(endings: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !NOT_OURS.contains(&name) && name != TEMPLATES {
                    directories.push(path);
                }
            } else if name.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending)) {
                let file = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((file, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// A JSON document with `${NAME}` filled in; `None` if it doesn't speak of providers.
fn json(file: &str, text: &str) -> Option<Value> {
    let document = || serde_json::from_str(&filled_in(text)).unwrap_or_else(|error| panic!("{file}: {error}\n{text}"));
    text.contains("\"providers\"").then(document)
}

pub(crate) fn yaml(file: &str, text: &str) -> Vec<Value> {
    if !text.contains("providers") {
        return Vec::new();
    }
    serde_saphyr::from_multiple(&filled_in(text)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// With `NAME` for `${NAME}`.
pub(crate) fn filled_in(text: &str) -> String {
    let mut parts = text.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |filled, part| filled + &part.replacen('}', "", 1))
}

fn collect(file: &str, document: &Value, examples: &mut Vec<Example>) {
    match document {
        Value::Object(members) => {
            if is_configuration(document) {
                examples.push(Example { file: file.to_owned(), configuration: document.clone() });
            } else {
                members.values().for_each(|member| collect(file, member, examples));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(file, item, examples)),
        Value::String(text) if text.trim_start().starts_with('{') => {
            if let Some(inner) = json(file, text) {
                collect(file, &inner, examples);
            }
        }
        _ => {}
    }
}

/// Other things have `providers` too, such as schemas and jwt_authn.
fn is_configuration(object: &Value) -> bool {
    let providers = object["providers"].as_object().into_iter().flat_map(|providers| providers.values());
    providers.into_iter().any(|provider| !provider["jwks"].is_null())
}
