//! Schemas of the values that read themselves, and of what stands for fields whose Rust type says less than the wire
//! format does.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::super::values::{ClaimName, Entries, ListForm, OWN_HEADERS, Output, Period, Scalar, UNSETTABLE_HEADERS};
use super::{SCOPE, extend, key, key_set, secret, without_controls};

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("EntriesOf{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<T>() })
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "duration",
            "description": "A whole number and its unit: `ms`, `s`, `m` or `h`. At most ten years.",
            "type": "string",
            "pattern": "^[0-9]+(ms|s|m|h)$",
            "examples": ["500ms", "60s", "10m", "24h"],
        })
    }
}

/// For the defaults in the schema; in the units of the contract.
impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = self.duration().as_secs();
        match (self.duration().subsec_millis(), seconds) {
            (0, 0..=60) => serializer.collect_str(&format_args!("{seconds}s")),
            (0, _) if seconds.is_multiple_of(60) => serializer.collect_str(&format_args!("{}m", seconds / 60)),
            (0, _) => serializer.collect_str(&format_args!("{seconds}s")),
            _ => serializer.collect_str(&format_args!("{}ms", self.duration().as_millis())),
        }
    }
}

impl JsonSchema for ClaimName {
    fn schema_name() -> Cow<'static, str> {
        "Claim".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "claim",
            "description": "A claim: one literal top-level name, or a list of the names on the way to a nested one. \
                Dots and colons in a name are letters like others.",
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1 },
            ],
            "examples": ["cognito:groups", ["realm_access", "roles"]],
        })
    }
}

impl JsonSchema for Output {
    fn schema_name() -> Cow<'static, str> {
        "Output".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let claim = generator.subschema_for::<ClaimName>();
        let list = generator.subschema_for::<ListForm>();
        json_schema!({
            "title": "claim or output",
            "description": "What a header is made of: a claim, or an object that says how a list is written. \
                Objects are written as JSON, numbers and booleans as in JSON.",
            "anyOf": [
                claim,
                {
                    "type": "object",
                    "properties": {
                        "claim": with(&claim, json!({ "description": "The claim.", "examples": ["cognito:groups"] })),
                        "list": with(
                            &list,
                            json!({ "description": "How a list is written.", "default": "join", "examples": ["json"] }),
                        ),
                        "separator": {
                            "description": "What stands between the members of a joined list. \
                                A member that holds it refuses the token.",
                            "type": "string",
                            "not": without_controls(),
                            "default": ",",
                            "examples": [" "],
                        },
                    },
                    "required": ["claim"],
                    "additionalProperties": false,
                },
            ],
            "examples": ["sub", ["org", "id"], { "claim": "cognito:groups", "separator": " " }],
        })
    }
}

fn with(schema: &Schema, more: Value) -> Schema {
    let mut schema = schema.clone();
    extend(&mut schema, more);
    schema
}

impl JsonSchema for Scalar {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "value",
            "description": "Text, a number or a boolean. Compared by type: `1` is `1.0`, but not `\"1\"`.",
            "type": ["string", "number", "boolean"],
            "examples": ["enterprise", 3, true],
        })
    }
}

pub(in crate::config) struct Scopes;
pub(in crate::config) struct Groups;
pub(in crate::config) struct KeySet;
pub(in crate::config) struct HeaderName;
pub(in crate::config) struct ExtraHeaders;
pub(in crate::config) struct ByHeader<T>(PhantomData<T>);

impl JsonSchema for Scopes {
    fn schema_name() -> Cow<'static, str> {
        "Scopes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        any_or_all("scopes", json!({ "type": "string", "pattern": SCOPE }), ["read", "write"])
    }
}

impl JsonSchema for Groups {
    fn schema_name() -> Cow<'static, str> {
        "Groups".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        any_or_all("groups", json!({ "type": "string", "minLength": 1 }), ["admin", "staff"])
    }
}

fn any_or_all(names: &str, name: Value, two: [&str; 2]) -> Schema {
    let list = json_schema!({ "type": "array", "items": name, "minItems": 1 });
    let all = with(&list, json!({ "description": "Every one of these is needed.", "examples": [two] }));
    json_schema!({
        "title": format!("list of {names}"),
        "description":
            format!("A list of {names}, of which any will do, or an object with a list of which all are needed."),
        "anyOf": [
            list,
            { "type": "object", "properties": { "all": all }, "required": ["all"], "additionalProperties": false },
        ],
        "examples": [two, { "all": two }],
    })
}

/// Those that carry the connection, the credential or Envoy's own knowledge are not for us to set.
impl JsonSchema for HeaderName {
    fn schema_name() -> Cow<'static, str> {
        "HeaderName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let all = UNSETTABLE_HEADERS.map(|name| format!("`{name}`")).join(", ");
        json_schema!({
            "title": "header name",
            "description": format!("The name of a header, in any case. Not {all}, and none that begins with `x-envoy-`."),
            "type": "string",
            "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
            "not": { "pattern": format!("^(({})$|{})", UNSETTABLE_HEADERS.map(in_any_case).join("|"), in_any_case("x-envoy-")) },
            "examples": ["x-jwt-sub"],
        })
    }
}

fn in_any_case(text: &str) -> String {
    text.chars().fold(String::new(), |pattern, c| match c.is_ascii_alphabetic() {
        true => format!("{pattern}[{}{c}]", c.to_ascii_uppercase()),
        false => format!("{pattern}{c}"),
    })
}

impl JsonSchema for ExtraHeaders {
    fn schema_name() -> Cow<'static, str> {
        "ExtraHeaders".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let own = format!("^({})$", OWN_HEADERS.map(in_any_case).join("|"));
        json_schema!({
            "type": "object",
            "propertyNames": { "allOf": [generator.subschema_for::<HeaderName>(), { "not": { "pattern": own } }] },
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
            "propertyNames": generator.subschema_for::<HeaderName>(),
            "additionalProperties": generator.subschema_for::<T>(),
        })
    }
}

impl JsonSchema for KeySet {
    fn schema_name() -> Cow<'static, str> {
        "KeySet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "key set",
            "description": "A JWK Set (RFC 7517 §5). JsonDeserializer least one key must be a public RSA key of 2048 to 4096 bits, \
                an EC key on P-256, P-384 or P-521, an Ed25519 key, or a secret.",
            "type": "object",
            "properties": {
                "keys": {
                    "description": "The keys.",
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 200,
                    "items": secret(),
                    "examples": [[key()]],
                },
            },
            "required": ["keys"],
            "examples": [key_set()],
        })
    }
}
