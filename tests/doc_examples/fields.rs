//! One field of one object of the JSON Schema in an otherwise valid configuration.

use std::fs;

use serde_json::{Map, Value, json};

use crate::pages::{merged, provider};

fn schema() -> Value {
    let path = format!("{}/envoy/config.schema.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Every object, or value that may be an object, with its fields. The top-level object has an empty name.
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

/// Every `default` in the schema, with its object and field.
pub(crate) fn defaults() -> Vec<(String, String, Value)> {
    let mut defaults = Vec::new();
    for (object, properties) in objects() {
        for (field, property) in properties {
            defaults.extend(property.get("default").map(|default| (object.clone(), field, default.clone())));
        }
    }
    defaults
}

/// A configuration for each object that has a field of this name, with the field set.
pub(crate) fn in_each_object(name: &str, value: &Value) -> Vec<Value> {
    let objects = objects().into_iter().filter(|(_, properties)| properties.contains_key(name));
    objects.map(|(object, _)| configuration(&object, Some((name, value)))).collect()
}

/// A configuration in which the object has its required fields and this one.
pub(crate) fn configuration(object: &str, field: Option<(&str, &Value)>) -> Value {
    let name = field.map_or("", |(name, _)| name);
    let object_with = |base: Value| match field {
        Some((name, value)) => merged(base, json!({ name: value })),
        None => base,
    };
    let mut configuration =
        json!({ "providers": { "main": provider() }, "rules": [{ "route": "GET /{org}/users/{id}" }] });
    match object {
        "" => configuration = object_with(json!({ "providers": configuration["providers"] })),
        "Provider" => {
            let mut base = provider();
            let fields = base.as_object_mut().unwrap();
            if field == Some(("any_audience", &json!(true))) {
                fields.remove("audiences");
            }
            if name == "tenants" || name == "tenant_claim" {
                fields.insert("issuer".to_owned(), json!("https://issuer.example.com/{tenantid}/v2.0"));
                fields.insert("tenants".to_owned(), json!(["a"]));
            }
            if field == Some(("without_issuer", &json!(true))) || name == "subjects" {
                fields.remove("issuer");
                fields.insert("without_issuer".to_owned(), json!(true));
                fields.insert("subjects".to_owned(), json!(["spiffe://example.org/*"]));
            }
            configuration["providers"]["main"] = object_with(base);
        }
        "Jwks" if name == "inline" => in_provider(&mut configuration, "jwks", object_with(json!({}))),
        "Jwks" if field == Some(("discovery", &json!(true))) => {
            in_provider(&mut configuration, "jwks", object_with(json!({ "cluster": "issuer" })))
        }
        "Jwks" if name == "jwks_uri_cluster" => {
            let base = json!({ "discovery": true, "cluster": "issuer" });
            in_provider(&mut configuration, "jwks", object_with(base))
        }
        "Jwks" => in_provider(&mut configuration, "jwks", object_with(provider()["jwks"].clone())),
        "KeySet" => in_provider(&mut configuration, "jwks", json!({ "inline": object_with(json!({})) })),
        "Cache" => in_provider(&mut configuration, "cache", object_with(json!({}))),
        "IdentitySource" => in_provider(
            &mut configuration,
            "identity_sources",
            json!([object_with(json!({ "source": "$request.header.Authorization" }))]),
        ),
        "Output" => in_provider(
            &mut configuration,
            "claims_to_headers",
            json!({ "x-jwt-sub": object_with(json!({ "claim": "sub" })) }),
        ),
        "NamesClaim" => {
            in_provider(&mut configuration, "group_claims", json!([object_with(json!({ "claim": "roles" }))]));
        }
        "Rule" => {
            let names = field.filter(|(name, _)| *name == "providers").and_then(|(_, names)| names.as_array());
            for name in names.into_iter().flatten() {
                let issuer = json!({ "issuer": format!("https://{}.example.com", name.as_str().unwrap()) });
                configuration["providers"][name.as_str().unwrap()] = merged(provider(), issuer);
            }
            configuration["rules"] = json!([object_with(json!({ "route": "GET /{org}/users/{id}" }))]);
        }
        "Scopes" => configuration["rules"][0]["scopes"] = object_with(json!({})),
        "Groups" => configuration["rules"][0]["groups"] = object_with(json!({})),
        "Requirement" => {
            let base = match name {
                "scope" | "group" | "all_of" | "any_of" | "not" => json!({}),
                "claim" => json!({ "exists": true }),
                _ => json!({ "claim": "sub" }),
            };
            configuration["rules"][0]["require"] = object_with(base);
        }
        "Responses" => configuration["responses"] = object_with(json!({})),
        other => panic!("the schema has no object {other}"),
    }
    configuration
}

fn in_provider(configuration: &mut Value, field: &str, value: Value) {
    configuration["providers"]["main"][field] = value;
}
