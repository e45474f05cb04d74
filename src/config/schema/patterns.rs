//! Names and patterns of text. No pattern uses look-around, which not every validator supports.

use serde_json::{Value, json};

pub(in crate::config) const ALGORITHMS: [&str; 14] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "HS256",
    "HS384", "HS512",
];
/// A name that becomes part of the names of metrics.
pub(in crate::config) const LABEL: &str = "^[A-Za-z0-9_-]+$";
pub(in crate::config) const MORE_THAN_ZERO: &str = "^0*[1-9][0-9]*(ms|s|m|h)$";
pub(in crate::config) const A_SECOND_OR_MORE: &str = "^0*([1-9][0-9]*(s|m|h)|[1-9][0-9]{3,}ms)$";
/// From 1 to 60 KiB.
pub(in crate::config) const TOKEN_SIZE: &str = "^0*([1-9]|[1-5][0-9]|60)KiB$";
/// A name with a fixed meaning in lower case, or a `token` (RFC 9110 §5.6.2) that is not one of these in another case.
pub(super) fn scheme_name() -> Value {
    let wrong_case = |word: &str| json!({ "type": "string", "pattern": format!("^{}$", in_any_case(word)), "not": { "const": word } });
    json!({
        "type": ["string", "null"],
        "pattern": FIELD_NAME,
        "not": { "anyOf": [wrong_case("required"), wrong_case("optional")] },
    })
}

pub(super) const IDENTITY_SOURCE: &str =
    r"^\$request\.(websocket|(header|querystring|cookie)\.[A-Za-z0-9!#$%&'*+.^_`|~-]+)$";
/// Printable ASCII without `#` and `\`. The authority has no `/`, `?` and `@` either.
pub(in crate::config) const URL: &str = r#"^[Hh][Tt][Tt][Pp][Ss]?://[!"$-.0->A-\[\]-~]+(/[!"$-\[\]-~]*)?$"#;
pub(in crate::config) const HOST: &str = r"^(\*\.)?[A-Za-z0-9._:\[\]-]+$";
/// Printable ASCII without quotes and backslashes (RFC 6749 §3.3).
pub(in crate::config) const SCOPE: &str = r"^[!#-\[\]-~]+$";
pub(in crate::config) const REALM: &str = r"^[ !#-\[\]-~]*$";
pub(in crate::config) const VARIABLE: &str = "^[A-Za-z0-9_.-]+$";
/// A `token` (RFC 9110 §5.6.2).
pub(super) const FIELD_NAME: &str = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
const CONTROL: &str = r"[\x00-\x1f\x7f-\x9f]";

/// For `not`: text with a control character. A pattern of what is allowed would let a line break at the end pass in
/// validators whose `$` also matches before it.
pub(in crate::config) fn without_controls() -> Value {
    json!({ "type": "string", "pattern": CONTROL })
}

/// A route key. A literal segment is neither `.` nor `..`, and no escape in it stands for a control character, a slash,
/// a backslash, a semicolon or a question mark.
pub(in crate::config) fn route() -> String {
    let plain = r"[!$&-)+,:=@A-Z\[\]_a-z|~0-9-]";
    let escape = "%([2467][0-9A-Ea-e]|3[0-9AC-Eac-e]|[46][Ff]|[89A-Fa-f][0-9A-Fa-f]|5[0-9ABD-Fabd-f])";
    let literal = format!(r"(\.{{0,2}}({plain}|{escape})|\.{{3}})({plain}|\.|{escape})*");
    let variable = r"\{[A-Za-z0-9_.-]+";
    let segment = format!(r"({literal}|{variable}\}}({plain}|\.|{escape})*)");
    format!(r"^(\$default|[A-Z-]+ /(({segment}/)*({segment}|{variable}\+\}})/?)?)$")
}

/// A pattern for the text in upper or lower case.
pub(super) fn in_any_case(text: &str) -> String {
    text.chars().fold(String::new(), |pattern, c| match c.is_ascii_alphabetic() {
        true => format!("{pattern}[{}{c}]", c.to_ascii_uppercase()),
        false => format!("{pattern}{c}"),
    })
}
