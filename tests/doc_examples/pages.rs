//! Configurations in Markdown pages: code blocks of JSON and YAML, and single fields in inline code.

use serde_json::{Value, json};

use crate::walk::{files, without_placeholders, yaml};

/// The documents in the code blocks of a page. Fragments of a configuration are completed.
pub(crate) fn documents(file: &str, page: &str) -> Vec<Value> {
    let mut documents = Vec::new();
    for (language, block) in blocks(page) {
        match language {
            "json" | "jsonc" => documents.extend(completed(file, &without_comments(&block))),
            "yaml" => documents.extend(yaml(file, &block)),
            _ => {}
        }
    }
    documents
}

fn blocks(page: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let block: Vec<_> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            blocks.push((language, block.join("\n")));
        }
    }
    blocks
}

fn without_comments(block: &str) -> String {
    block.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The configuration in a block, or one that contains the block's rule, provider or top-level fields.
fn completed(file: &str, block: &str) -> Option<Value> {
    let block = without_placeholders(block);
    let is_ours = ["\"providers\"", "\"route\"", "\"jwks\"", "\"rules\"", "\"responses\""]
        .iter()
        .any(|name| block.contains(name));
    let part: Value =
        is_ours.then(|| serde_json::from_str(&block).unwrap_or_else(|error| panic!("{file}: {error}\n{block}")))?;
    let mut configuration = json!({ "providers": { "main": provider() } });
    if part.get("route").is_some() {
        for (index, name) in part["providers"].as_array().into_iter().flatten().enumerate() {
            let issuer = json!({ "issuer": format!("https://{index}.example.com") });
            configuration["providers"][name.as_str()?] = merged(provider(), issuer);
        }
        configuration["rules"] = json!([part]);
    } else if part.get("jwks").is_some() {
        configuration["providers"]["main"] = part;
    } else if part["providers"].is_null() {
        configuration = merged(configuration, part);
    } else {
        return Some(part);
    }
    Some(configuration)
}

/// Adds the members of another object.
pub(crate) fn merged(mut object: Value, other: Value) -> Value {
    object.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    object
}

pub(crate) fn provider() -> Value {
    json!({
        "issuer": "https://issuer.example.com",
        "audiences": ["api"],
        "token_use": "access",
        "jwks": { "uri": "https://issuer.example.com/jwks.json", "cluster": "issuer" },
    })
}

/// A field in inline code: `"clock_skew": "30s"`.
pub(crate) struct Field {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) value: Value,
}

pub(crate) fn fields() -> Vec<Field> {
    let mut fields = Vec::new();
    for (file, page) in files(&["md"]) {
        let text: String = page.split("```").step_by(2).collect();
        for code in text.split('`').skip(1).step_by(2).filter(|code| code.starts_with('"') && code.contains("\": ")) {
            let code = code.replace("\\|", "|");
            let field: Value =
                serde_json::from_str(&format!("{{{code}}}")).unwrap_or_else(|error| panic!("{file}: {code}: {error}"));
            for (name, value) in field.as_object().unwrap() {
                fields.push(Field { file: file.clone(), name: name.clone(), value: value.clone() });
            }
        }
    }
    fields
}
