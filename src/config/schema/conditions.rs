//! Conditions on the fields of an object. A field that is `null` counts as not given.

use schemars::Schema;
use serde_json::{Value, json};

pub(super) fn given(field: &str) -> Value {
    json!({ "required": [field], "properties": { field: { "not": { "type": "null" } } } })
}

pub(super) fn is_true(field: &str) -> Value {
    json!({ "required": [field], "properties": { field: { "const": true } } })
}

pub(super) fn none(fields: &[&str]) -> Value {
    json!({ "not": { "anyOf": all_given(fields) } })
}

pub(super) fn exactly_one(fields: &[&str]) -> Value {
    json!({ "oneOf": all_given(fields) })
}

fn all_given(fields: &[&str]) -> Vec<Value> {
    fields.iter().map(|field| given(field)).collect()
}

/// Adds keywords to a schema.
pub(super) fn extend(schema: &mut Schema, with: Value) {
    if let (Some(schema), Value::Object(with)) = (schema.as_object_mut(), with) {
        schema.extend(with);
    }
}
