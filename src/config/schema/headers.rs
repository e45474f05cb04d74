//! The schemas of header names, and of objects whose members are named by headers.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};

use super::super::headers::{OWN_HEADERS, UNSETTABLE_HEADERS};
use super::patterns::{FIELD_NAME, in_any_case, without_controls};

/// Any header name.
pub(in crate::config) struct HeaderName;
/// The name of a header that the filter may set.
pub(in crate::config) struct SettableHeaderName;
/// Headers with their values, for refusals.
pub(in crate::config) struct ExtraHeaders;
/// An object with a header name for each `T`.
pub(in crate::config) struct ByHeader<T>(PhantomData<T>);

impl JsonSchema for HeaderName {
    fn schema_name() -> Cow<'static, str> {
        "HeaderName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "header name",
            "description": "The name of a header (RFC 9110 §5.1), in upper or lower case. Pseudo-headers like `:path` are not \
                included.",
            "type": "string",
            "pattern": FIELD_NAME,
            "examples": ["x-tenant", "host"],
        })
    }
}

impl JsonSchema for SettableHeaderName {
    fn schema_name() -> Cow<'static, str> {
        "SettableHeaderName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let all = UNSETTABLE_HEADERS.map(|name| format!("`{name}`")).join(", ");
        let unsettable = UNSETTABLE_HEADERS.map(in_any_case).join("|");
        json_schema!({
            "title": "settable header name",
            "description": format!(
                "The name of a header that the filter may set (RFC 9110 §5.1), in upper or lower case. Not one of {all}, and not one \
                that begins with `x-envoy-`."
            ),
            "type": "string",
            "pattern": FIELD_NAME,
            "not": { "pattern": format!("^(({unsettable})$|{})", in_any_case("x-envoy-")) },
            "examples": ["x-jwt-sub"],
        })
    }
}

impl JsonSchema for ExtraHeaders {
    fn schema_name() -> Cow<'static, str> {
        "ExtraHeaders".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<SettableHeaderName>();
        let own = format!("^({})$", OWN_HEADERS.map(in_any_case).join("|"));
        json_schema!({
            "type": "object",
            "propertyNames": { "allOf": [name, { "not": { "pattern": own } }] },
            "additionalProperties": { "type": "string", "not": without_controls() },
        })
    }
}

impl<T: JsonSchema> JsonSchema for ByHeader<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("ByHeaderOf{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": generator.subschema_for::<SettableHeaderName>(),
            "additionalProperties": generator.subschema_for::<T>(),
        })
    }
}
