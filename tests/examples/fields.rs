//! One field of one object of the JSON Schema in an otherwise right configuration.

use std::fs;

use serde_json::{Map, Value, json};

use crate::pages::{merged, provider};

fn schema() -> Value {
    let path = format!("{}/envoy/config.schema.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Every object, or value that may be one, with its fields. The empty name is that of the whole.
fn objects() -> Vec<(String, Map<String, Value>)> {
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap().iter().map(|(name, definition)| (name.clone(), definition));
    let all = definitions.chain([(String::new(), &schema)]);
    all.filter_map(|(name, object)| {
        let mut forms = object["anyOf"].as_array().into_iter().flatten().chain([object]);
        Some((name, forms.find_map(|form| form["properties"].as_object())?.clone()))
    })
    .collect()
}

/// Every default that the schema tells, with its object and field.
pub(crate) fn defaults() -> Vec<(String, String, Value)> {
    let mut defaults = Vec::new();
    for (object, properties) in objects() {
        for (field, property) in properties {
            defaults.extend(property.get("default").map(|default| (object.clone(), field, default.clone())));
        }
    }
    defaults
}

/// A configuration with the field for each object that has one of that name.
pub(crate) fn in_place(name: &str, value: &Value) -> Vec<Value> {
    let having = objects().into_iter().filter(|(_, properties)| properties.contains_key(name));
    having.map(|(object, _)| configuration(&object, Some((name, value)))).collect()
}

/// A configuration in which the object has, beside what it needs, this field.
pub(crate) fn configuration(object: &str, field: Option<(&str, &Value)>) -> Value {
    let name = field.map_or("", |(name, _)| name);
    let object_is = |base: Value| match field {
        Some((name, value)) => merged(base, json!({ name: value })),
        None => base,
    };
    let mut whole = json!({ "providers": { "main": provider() }, "rules": [{ "route": "GET /{org}/users/{id}" }] });
    match object {
        "" => whole = object_is(json!({ "providers": whole["providers"] })),
        "Provider" => {
            let mut base = provider();
            let fields = base.as_object_mut().unwrap();
            if field == Some(("any_audience", &json!(true))) {
                fields.remove("audiences");
            }
            if name == "tenants" {
                fields.insert("issuer".to_owned(), json!("https://issuer.example.com/{tenantid}/v2.0"));
            }
            whole["providers"]["main"] = object_is(base);
        }
        "Jwks" if name == "inline" => in_provider(&mut whole, "jwks", object_is(json!({}))),
        "Jwks" if field == Some(("discovery", &json!(true))) => {
            in_provider(&mut whole, "jwks", object_is(json!({ "cluster": "issuer" })))
        }
        "Jwks" => in_provider(&mut whole, "jwks", object_is(provider()["jwks"].clone())),
        "KeySet" => in_provider(&mut whole, "jwks", json!({ "inline": object_is(json!({})) })),
        "Cache" => in_provider(&mut whole, "cache", object_is(json!({}))),
        "Output" => {
            in_provider(&mut whole, "claims_to_headers", json!({ "x-jwt-sub": object_is(json!({ "claim": "sub" })) }))
        }
        "Rule" => {
            let names = field.filter(|(name, _)| *name == "providers").and_then(|(_, names)| names.as_array());
            for name in names.into_iter().flatten() {
                let issuer = json!({ "issuer": format!("https://{}.example.com", name.as_str().unwrap()) });
                whole["providers"][name.as_str().unwrap()] = merged(provider(), issuer);
            }
            whole["rules"] = json!([object_is(json!({ "route": "GET /{org}/users/{id}" }))]);
        }
        "Scopes" => whole["rules"][0]["scopes"] = object_is(json!({})),
        "Groups" => whole["rules"][0]["groups"] = object_is(json!({})),
        "Requirement" => {
            let base = match name {
                "scope" | "group" | "all_of" | "any_of" | "not" => json!({}),
                "claim" => json!({ "exists": true }),
                _ => json!({ "claim": "sub" }),
            };
            whole["rules"][0]["require"] = object_is(base);
        }
        "Responses" => whole["responses"] = object_is(json!({})),
        other => panic!("the schema has no object {other}"),
    }
    whole
}

fn in_provider(whole: &mut Value, field: &str, value: Value) {
    whole["providers"]["main"][field] = value;
}
