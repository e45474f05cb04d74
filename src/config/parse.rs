//! Bytes → [`Config`], or the first error and its path.

use serde::Deserialize;

use super::deserialize::{JsonDeserializer, ReadError};
use super::plugin::Config;
use super::protobuf_struct;
use crate::json;

const NOT_JSON: &str = "is not JSON";

/// Reads the plugin JSON, or a `google.protobuf.Struct` with the same content.
///
/// # Errors
///
/// The first error: invalid JSON, an unknown or missing field, a value of the wrong type.
pub fn parse(bytes: &[u8]) -> Result<Config, ReadError> {
    parse_json(bytes).or_else(|error| {
        // The byte 0x0A is the tag of a Struct's first member, and white space in JSON.
        match bytes.starts_with(b"\n").then(|| protobuf_struct::to_json(bytes)) {
            Some(Some(document)) => Config::deserialize(JsonDeserializer::new(&document)),
            Some(None) if error.problem.starts_with(NOT_JSON) => {
                Err(ReadError { problem: format!("{}, nor a google.protobuf.Struct", error.problem), ..error })
            }
            Some(None) | None => Err(error),
        }
    })
}

fn parse_json(json: &[u8]) -> Result<Config, ReadError> {
    let document = json::parse_as_written(json)
        .map_err(|error| ReadError { path: String::new(), problem: format!("{NOT_JSON}: {error}") })?;
    Config::deserialize(JsonDeserializer::new(&document))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_path_and_the_expected_type() {
        for (json, expected) in [
            (r#"[]"#, ": invalid type: list, expected an object"),
            (r#"{"providers":null}"#, "providers: invalid type: null, expected an object"),
            (
                r#"{"providers":{"a":{"cache":["5m",100]}}}"#,
                "providers.a.cache: invalid type: list, expected an object",
            ),
            (
                r#"{"providers":{"a":{"cache":{"ttl":1.5}}}}"#,
                "providers.a.cache.ttl: invalid type: number `1.5`, expected a duration with its unit, like \"500ms\", \"60s\", \"10m\" or \"24h\"",
            ),
            (
                r#"{"providers":{"a":{"cache":{"max_tokens":100000000000000000000}}}}"#,
                "providers.a.cache.max_tokens: invalid type: number `1e+20`, expected a whole number",
            ),
            (
                r#"{"providers":{"a":{"cache":{"max_tokens":-1}}}}"#,
                "providers.a.cache.max_tokens: invalid value: integer `-1`, expected a whole number",
            ),
            (r#"{"providers":{"a":{"issuer":"x","issuer":"y"}}}"#, "providers.a.issuer: duplicate field"),
            (
                r#"{"providers":{"a":{"jwks":{"inline":{"keys":[{"kid":"a","kid":"b"}]}}}}}"#,
                "providers.a.jwks.inline.keys[0].kid: duplicate field",
            ),
            (r#"{"providers":{},"rules":{}}"#, "rules: invalid type: object, expected a list"),
            (
                r#"{"providers":{},"rules":[{"route":"GET /","scopes":{"al":[]}}]}"#,
                "rules[0].scopes.al: unknown field, expected `all`",
            ),
            (
                r#"{"responses":{"formt":"aws"}}"#,
                "responses.formt: unknown field; did you mean `format`? Expected one of `realm`, `expose_reason`, `format`, `headers`, `retry_after`",
            ),
            (
                r#"{"cors_preflight":"allow"}"#,
                "cors_preflight: unknown value `allow`, expected one of `bypass`, `check`",
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
    fn nesting_is_bounded_with_a_path() {
        let tree = |depth: usize| {
            let require = format!("{}{{\"scope\":\"a\"}}{}", "{\"not\":".repeat(depth), "}".repeat(depth));
            format!(r#"{{"providers":{{}},"rules":[{{"route":"GET /","require":{require}}}]}}"#)
        };
        // The configuration, `rules`, the rule and the scope are four levels.
        assert!(parse(tree(28).as_bytes()).is_ok());
        for depth in [29, 200, 100_000] {
            let path = format!("rules[0].require{}", ".not".repeat(29));
            let expected =
                format!("{path}: is nested too deep: a configuration has at most 32 levels of objects and lists");
            assert_eq!(message(tree(depth).as_bytes()), expected, "{depth}");
        }
    }

    #[test]
    fn an_error_in_a_struct_reads_like_one_in_json() {
        let truth = b"\x0a\x0d\x0a\x07default\x12\x02\x20\x01";
        for (bytes, expected) in [
            (
                &br#"{"default":true}"#[..],
                "default: invalid type: boolean `true`, expected one of \"deny\", \"authenticated\", \"public\"",
            ),
            (
                b"\n{\"default\":true}",
                "default: invalid type: boolean `true`, expected one of \"deny\", \"authenticated\", \"public\"",
            ),
            (truth, "default: invalid type: boolean `true`, expected one of \"deny\", \"authenticated\", \"public\""),
            (b"\n", ": is not JSON: EOF while parsing a value at line 2 column 0, nor a google.protobuf.Struct"),
            (b"\x0a\x0d\x0a\x07def", ": is not JSON: expected value at line 3 column 1, nor a google.protobuf.Struct"),
            (b"\x08\x01", ": is not JSON: expected value at line 1 column 1"),
        ] {
            assert_eq!(message(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
