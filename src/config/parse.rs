//! Bytes → [`Config`], with the place of the first mistake.

use serde::Deserialize;

use super::deserialize::{JsonDeserializer, ReadError};
use super::plugin::Config;
use super::protobuf_struct;
use crate::json;

const NOT_JSON: &str = "is not JSON";

/// Reads the plugin JSON, or a `google.protobuf.Struct` that says the same.
///
/// # Errors
///
/// The first mistake: broken JSON, an unknown or missing field, a value of another type.
pub fn parse(bytes: &[u8]) -> Result<Config, ReadError> {
    parse_json(bytes).or_else(|error| {
        // A line feed to JSON, to the message its first member.
        match bytes.starts_with(b"\n").then(|| protobuf_struct::to_json(bytes)) {
            Some(Some(document)) => Config::deserialize(JsonDeserializer(&document)),
            Some(None) if error.problem.starts_with(NOT_JSON) => {
                Err(ReadError { problem: format!("{}, and no google.protobuf.Struct", error.problem), ..error })
            }
            Some(None) | None => Err(error),
        }
    })
}

fn parse_json(json: &[u8]) -> Result<Config, ReadError> {
    let document = json::parse_as_written(json)
        .map_err(|error| ReadError { path: String::new(), problem: format!("{NOT_JSON}: {error}") })?;
    Config::deserialize(JsonDeserializer(&document))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_another_type_is_told_by_its_place() {
        for (json, expected) in [
            (r#"[]"#, ": invalid type: sequence, expected an object"),
            (r#"{"providers":null}"#, "providers: invalid type: null, expected an object"),
            (
                r#"{"providers":{"a":{"cache":["5m",100]}}}"#,
                "providers.a.cache: invalid type: sequence, expected an object",
            ),
            (
                r#"{"providers":{"a":{"cache":{"ttl":1.5}}}}"#,
                "providers.a.cache.ttl: invalid type: fraction `1.5`, expected a duration with its unit, like \"500ms\", \"60s\", \"10m\" or \"24h\"",
            ),
            (
                r#"{"providers":{"a":{"cache":{"max_tokens":-1}}}}"#,
                "providers.a.cache.max_tokens: invalid value: integer `-1`, expected u32",
            ),
            (r#"{"providers":{"a":{"issuer":"x","issuer":"y"}}}"#, "providers.a.issuer: duplicate field"),
            (
                r#"{"providers":{"a":{"jwks":{"inline":{"keys":[{"kid":"a","kid":"b"}]}}}}}"#,
                "providers.a.jwks.inline.keys[0].kid: duplicate field",
            ),
            (
                r#"{"providers":{},"rules":[{"route":"GET /"},{"route":"GET /","scopes":{"all":["a",1]}}]}"#,
                "rules[1].scopes.all[1]: invalid type: integer `1`, expected a string",
            ),
            (
                r#"{"providers":{},"rules":[{"route":"GET /","scopes":{"any":[]}}]}"#,
                "rules[0].scopes.any: unknown field, expected `all`",
            ),
        ] {
            assert_eq!(message(json.as_bytes()), expected, "{json}");
        }
    }

    fn message(bytes: &[u8]) -> String {
        let ReadError { path, problem } = parse(bytes).unwrap_err();
        format!("{path}: {problem}")
    }

    #[test]
    fn a_mistake_has_its_place_in_json_and_in_a_message() {
        let member = b"\x0a\x0d\x0a\x07default\x12\x02\x20\x01";
        for (bytes, expected) in [
            (
                &br#"{"default":true}"#[..],
                "default: invalid type: boolean `true`, expected one of \"deny\", \"authenticated\", \"public\"",
            ),
            (
                b"\n{\"default\":true}",
                "default: invalid type: boolean `true`, expected one of \"deny\", \"authenticated\", \"public\"",
            ),
            (member, "default: invalid type: boolean `true`, expected one of \"deny\", \"authenticated\", \"public\""),
            (b"\n", ": is not JSON: EOF while parsing a value at line 2 column 0, and no google.protobuf.Struct"),
            (b"\x0a\x0d\x0a\x07def", ": is not JSON: expected value at line 3 column 1, and no google.protobuf.Struct"),
            (b"\x08\x01", ": is not JSON: expected value at line 1 column 1"),
        ] {
            assert_eq!(message(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
