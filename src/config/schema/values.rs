//! The schemas of the values that deserialize themselves, and of fields whose Rust type is wider than the plugin JSON.

use std::borrow::Cow;

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::super::claim::{ClaimName, Encoding, ListForm, NamesClaim, Output};
use super::super::entries::Entries;
use super::super::identity_source::IdentitySource;
use super::super::period::Period;
use super::super::scalar::Scalar;
use super::super::size::Size;
use super::conditions::{extend, none};
use super::patterns::{IDENTITY_SOURCE, SCOPE, scheme_name, without_controls};

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
            "description": "A whole number with its unit: `ms`, `s`, `m` or `h`. At most ten years.",
            "type": "string",
            "pattern": "^[0-9]+(ms|s|m|h)$",
            "examples": ["500ms", "60s", "10m", "24h"],
        })
    }
}

/// For the defaults in the schema.
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
            "description": "The name of a top-level claim, taken literally, dots and colons included; or a list of names, the \
                path to a nested claim. Behind the first name, `\"*\"` stands for any member of a list or an object. Then a \
                test holds if it holds for one of the values that the path leads to, and a header has the list of them. \
                Two tests may hold for different members.",
            "anyOf": [
                { "type": "string", "minLength": 1, "not": { "const": "*" } },
                {
                    "type": "array",
                    "prefixItems": [{ "not": { "const": "*" } }],
                    "items": { "type": "string", "minLength": 1 },
                    "minItems": 1,
                },
            ],
            "examples": ["cognito:groups", ["realm_access", "roles"], ["identities", "*", "providerName"]],
        })
    }
}

impl JsonSchema for NamesClaim {
    fn schema_name() -> Cow<'static, str> {
        "NamesClaim".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let claim = generator.subschema_for::<ClaimName>();
        json_schema!({
            "title": "claim with names",
            "description": "A claim, or an object that also says what is between two names in its text. If the path has a `*`, \
                each value that it leads to is read by itself.",
            "anyOf": [
                claim,
                {
                    "type": "object",
                    "properties": {
                        "claim": with(&claim, json!({ "description": "The claim.", "examples": ["roles"] })),
                        "separator": {
                            "description": "The text between two names, in the claim's text and in brackets. Spaces around \
                                a name do not belong to it. The members of a list are not split.",
                            "type": "string",
                            "minLength": 1,
                            "examples": [","],
                        },
                    },
                    "required": ["claim"],
                    "additionalProperties": false,
                },
            ],
            "examples": ["groups", ["realm_access", "roles"], { "claim": "roles", "separator": "," }],
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
        let encoding = generator.subschema_for::<Option<Encoding>>();
        json_schema!({
            "title": "claim or output",
            "description": "A claim, or an object that also sets how it is written. Objects, numbers and booleans are \
                written as JSON. Blanks at either end are removed. A header whose claim cannot be written, because it has a \
                control character or an item of a joined list contains the separator, is left out.",
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
                            "description": "The text between the items of a joined list.",
                            "type": "string",
                            "not": without_controls(),
                            "default": ",",
                            "examples": [" "],
                        },
                        "encoding": with(
                            &encoding,
                            json!({
                                "description": "How the value is encoded, or each item of a joined list. If not given, it \
                                    is written in UTF-8. With an encoding every value can be written, and no blank is \
                                    removed.",
                                "examples": ["percent"],
                            }),
                        ),
                        "required": {
                            "description": "Whether a token is refused if it does not have the claim, or if the claim \
                                cannot be written.",
                            "type": "boolean",
                            "default": false,
                            "examples": [true],
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

impl JsonSchema for IdentitySource {
    fn schema_name() -> Cow<'static, str> {
        "IdentitySource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let source = json_schema!({ "type": "string", "pattern": IDENTITY_SOURCE });
        let mut scheme: Schema = json_schema!({
            "description": "The scheme before the token, in any case: `required` or `optional` for `Bearer`, or the name of \
                another scheme that is required. Not allowed with `$request.websocket`. The default is `required` in \
                `Authorization`, `optional` elsewhere.",
            "examples": ["Token"],
        });
        extend(&mut scheme, scheme_name());
        json_schema!({
            "title": "identity source",
            "description": "A place in the request, or an object that also sets the scheme before the token.",
            "anyOf": [
                source,
                {
                    "type": "object",
                    "properties": {
                        "source": with(
                            &source,
                            json!({ "description": "The place.", "examples": ["$request.header.Authorization"] }),
                        ),
                        "scheme": scheme,
                    },
                    "required": ["source"],
                    "additionalProperties": false,
                    "if": { "required": ["source"], "properties": { "source": { "const": "$request.websocket" } } },
                    "then": none(&["scheme"]),
                },
            ],
            "examples": [
                "$request.header.Authorization",
                { "source": "$request.header.Authorization", "scheme": "optional" },
            ],
        })
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "size",
            "description": "A whole number of KiB (1,024 bytes).",
            "type": "string",
            "pattern": "^[0-9]+KiB$",
            "examples": ["16KiB"],
        })
    }
}

/// For the defaults in the schema.
impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}KiB", self.bytes() / 1024))
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
            "description": "Text, a number or a boolean. Compared by type: `1` equals `1.0`, but not `\"1\"`.",
            "type": ["string", "number", "boolean"],
            "examples": ["enterprise", 3, true],
        })
    }
}

pub(in crate::config) struct Scopes;
pub(in crate::config) struct Groups;

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
    let all = with(&list, json!({ "description": "All of these are needed.", "examples": [two] }));
    json_schema!({
        "title": format!("list of {names}"),
        "description":
            format!("A list of {names}, of which any is enough, or an object with a list of which all are needed."),
        "anyOf": [
            list,
            { "type": "object", "properties": { "all": all }, "required": ["all"], "additionalProperties": false },
        ],
        "examples": [two, { "all": two }],
    })
}
