//! The JSON Schema of the plugin configuration.

use jwt_authorizer::config::Config;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;

/// The schema as formatted JSON.
pub(crate) fn text() -> String {
    format!("{:#}\n", document())
}

/// The schema (draft 2020-12).
pub(crate) fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(simplify));
    let mut schema = settings.into_generator().into_root_schema_for::<Config>();
    schema.insert("title".to_owned(), "Plugin configuration of envoy-jwt-authorizer".into());
    schema.to_value()
}

/// Joins the lines of doc comments, and removes what readers of JSON do not need: the format of Rust integers, and defaults
/// that are `null`.
fn simplify(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    schema.remove("format");
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
}
