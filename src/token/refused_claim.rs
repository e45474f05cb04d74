//! The claim that a refusal is about, for log lines: the issuer, the audience or the client. It is not verified.

use crate::json::Json;

/// The longest issuers and client ids in use have some 100 characters.
const MAX_CHARS: usize = 200;
/// How a JOSE header begins in base64url: with `{"`.
const TOKEN_START: &str = "eyJ";

/// A claim of a token that was refused because of it.
#[derive(Debug, PartialEq, Eq)]
pub struct RefusedClaim {
    /// What it names: `iss`, `aud`, `client_id` in place of `aud`, or `client`.
    pub name: &'static str,
    /// Its beginning; for a list, its texts with a space between them. Empty if the token does not have the claim.
    pub value: Box<str>,
}

impl RefusedClaim {
    /// Copies the beginning of the claim. A text in it that may be a token is left out.
    pub(super) fn new(name: &'static str, value: Option<&Json<'_>>) -> Self {
        let mut text = String::new();
        match value {
            Some(Json::List(items)) => {
                for item in items.iter().take(MAX_CHARS).filter_map(Json::as_text) {
                    if !text.is_empty() {
                        text.push(' ');
                    }
                    push(&mut text, item);
                    if text.len() >= MAX_CHARS {
                        break;
                    }
                }
            }
            Some(value) => push(&mut text, value.as_text().unwrap_or_default()),
            None => {}
        }
        Self { name, value: text.into() }
    }
}

fn push(text: &mut String, item: &str) {
    match item.split_once(TOKEN_START) {
        Some((before, _)) => {
            text.extend(before.chars().take(MAX_CHARS));
            text.push('…');
        }
        None => text.extend(item.chars().take(MAX_CHARS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    #[test]
    fn a_claim_is_copied_without_tokens_and_only_its_beginning() {
        let long = "é".repeat(60_000);
        let many = format!("[{}]", vec![r#""api""#; 6000].join(","));
        let many_copied = vec!["api"; 50].join(" ");
        for (json, expected) in [
            (r#""https://issuer.example/""#, "https://issuer.example/"),
            (r#"["a", 1, "b", ["c"], ""]"#, "a b "),
            ("[]", ""),
            ("7", ""),
            (r#"{"a":"b"}"#, ""),
            (r#""eyJhbGciOiJub25lIn0.e30.""#, "…"),
            (r#"["api", "Bearer eyJhbGciOiJub25lIn0.e30.", "other"]"#, "api Bearer … other"),
            (&format!("{long:?}"), &"é".repeat(200)),
            (&many, &format!("{many_copied} api")),
        ] {
            let document = format!(r#"{{"claim":{json}}}"#);
            let object = parse_object(document.as_bytes()).unwrap();
            assert_eq!(*RefusedClaim::new("aud", object.get("claim")).value, *expected, "{json:.80}");
        }
        assert_eq!(*RefusedClaim::new("aud", None).value, *"");
    }
}
