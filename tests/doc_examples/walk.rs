//! Finds every configuration in the repository: in JSON and YAML files, as the whole file, as an object inside it or as
//! a string inside it, and in the code blocks of Markdown pages.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::pages;

pub(crate) struct Example {
    pub(crate) file: String,
    pub(crate) configuration: Value,
}

/// Directories of code, and of what is built, installed or downloaded.
const SKIPPED: [&str; 8] = [".git", "target", "dist", "src", "tests", "benches", "node_modules", ".terraform"];
/// Helm's templates are not YAML before they are rendered.
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

/// The path and text of each file with one of these extensions.
pub(crate) fn files(extensions: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !SKIPPED.contains(&name) && name != TEMPLATES {
                    directories.push(path);
                }
            } else if name.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension)) {
                let file = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((file, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// A JSON document; `None` if it has no `providers`.
fn json(file: &str, text: &str) -> Option<Value> {
    let document =
        || serde_json::from_str(&without_placeholders(text)).unwrap_or_else(|error| panic!("{file}: {error}\n{text}"));
    text.contains("\"providers\"").then(document)
}

pub(crate) fn yaml(file: &str, text: &str) -> Vec<Value> {
    if !text.contains("providers") {
        return Vec::new();
    }
    serde_saphyr::from_multiple(&without_placeholders(text)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Replaces `${NAME}` by `NAME`.
pub(crate) fn without_placeholders(text: &str) -> String {
    let mut parts = text.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + &part.replacen('}', "", 1))
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

/// Schemas and the configuration of jwt_authn have `providers` too.
fn is_configuration(object: &Value) -> bool {
    let providers = object["providers"].as_object().into_iter().flat_map(|providers| providers.values());
    providers.into_iter().any(|provider| !provider["jwks"].is_null())
}
