//! What pages say of configurations: in blocks of JSON and YAML, and in single fields between backquotes.

use serde_json::{Value, json};

use crate::walk::{files, filled_in, yaml};

/// The documents in the blocks of a page. Parts of a configuration are made whole.
pub(crate) fn documents(file: &str, page: &str) -> Vec<Value> {
    let mut documents = Vec::new();
    for (language, block) in blocks(page) {
        match language {
            "json" | "jsonc" => documents.extend(whole(file, &without_comments(&block))),
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

/// A configuration, or a rule, a provider or fields of the whole in one; `None` if it is none of these.
fn whole(file: &str, block: &str) -> Option<Value> {
    let block = filled_in(block);
    let ours = ["\"providers\"", "\"route\"", "\"jwks\"", "\"rules\"", "\"responses\""]
        .iter()
        .any(|name| block.contains(name));
    let part: Value =
        ours.then(|| serde_json::from_str(&block).unwrap_or_else(|error| panic!("{file}: {error}\n{block}")))?;
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

/// One object with the members of another.
pub(crate) fn merged(mut object: Value, other: Value) -> Value {
    object.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    object
}

pub(crate) fn provider() -> Value {
    json!({
        "issuer": "https://issuer.example.com",
        "audiences": ["api"],
        "jwks": { "uri": "https://issuer.example.com/jwks.json", "cluster": "issuer" },
    })
}

/// A field as it stands in a page's text: `"clock_skew": "30s"`.
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
