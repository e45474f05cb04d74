//! The JSON Schema of the plugin configuration, as it is checked in.

use jwt_authorizer::config::Config;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;

/// The schema as a document.
pub(crate) fn text() -> String {
    format!("{:#}\n", document())
}

/// The schema (draft 2020-12).
pub(crate) fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(plain));
    let mut schema = settings.into_generator().into_root_schema_for::<Config>();
    schema.insert("title".to_owned(), "Plugin configuration of envoy-jwt-authorizer".into());
    schema.to_value()
}

/// Lines of a doc comment become one; the width of a Rust integer is nothing to a reader of JSON, nor is a default of
/// none.
fn plain(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    schema.remove("format");
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
}
