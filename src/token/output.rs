//! Identity headers: which claims of a verified token become header values, and how.

use super::claims::ClaimPath;
use crate::json::{Json, Object};

/// How a list becomes one header value.
#[derive(Clone, Debug)]
pub enum ListForm {
    /// Members joined with this separator. A member that has it could be read as two, so the token is rejected.
    Joined(Box<str>),
    /// A JSON array.
    Json,
}

/// A claim whose value becomes a header.
#[derive(Debug)]
pub struct Output {
    /// The claim.
    pub claim: ClaimPath,
    /// How a list is written.
    pub list: ListForm,
}

/// The claim's value cannot be sent unchanged in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unforwardable;

impl Output {
    /// The header's value; `None` if the token does not have the claim.
    ///
    /// # Errors
    ///
    /// If the upstream would not receive the value unchanged.
    pub fn value(&self, claims: &Object<'_>) -> Result<Option<String>, Unforwardable> {
        let Some(value) = self.claim.find(claims) else { return Ok(None) };
        let text = match (value, &self.list) {
            (Json::List(items), ListForm::Joined(separator)) => join(items, separator)?,
            _ => text_or_json(value),
        };
        is_header_value(&text).then_some(Some(text)).ok_or(Unforwardable)
    }
}

fn join(items: &[Json<'_>], separator: &str) -> Result<String, Unforwardable> {
    let members: Vec<_> = items.iter().map(text_or_json).collect();
    let unambiguous = separator.is_empty() || !members.iter().any(|member| member.contains(separator));
    unambiguous.then(|| members.join(separator)).ok_or(Unforwardable)
}

/// A string as it is, any other value as JSON.
pub(super) fn text_or_json(value: &Json<'_>) -> String {
    value.as_text().map_or_else(|| value.to_string(), str::to_owned)
}

/// A header value has no control characters, and a receiver removes spaces at both ends (RFC 9110 §5.5).
fn is_header_value(text: &str) -> bool {
    !text.chars().any(char::is_control) && text.trim_matches(' ') == text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    fn output(list: ListForm) -> Output {
        Output { claim: ClaimPath::new(&["a"]).unwrap(), list }
    }

    #[test]
    fn a_claim_is_sent_unchanged_or_rejected() {
        let text = |text: &str| Ok(Some(text.to_owned()));
        for (claims, expected) in [
            (r#"{"a":"x"}"#, text("x")),
            (r#"{"a":"José"}"#, text("José")),
            (r#"{"a":""}"#, text("")),
            (r#"{"a":1.50}"#, text("1.5")),
            (r#"{"a":true}"#, text("true")),
            (r#"{"a":["x","y",3]}"#, text("x,y,3")),
            (r#"{"a":[]}"#, text("")),
            (r#"{"a":{"b":[1]}}"#, text(r#"{"b":[1]}"#)),
            (r"{}", Ok(None)),
            (r#"{"a":null}"#, Ok(None)),
            (r#"{"a":"x\ny"}"#, Err(Unforwardable)),
            (r#"{"a":"x\u0000"}"#, Err(Unforwardable)),
            (r#"{"a":"x\ty"}"#, Err(Unforwardable)),
            (r#"{"a":"\u007f"}"#, Err(Unforwardable)),
            (r#"{"a":"\u0085"}"#, Err(Unforwardable)),
            (r#"{"a":" x"}"#, Err(Unforwardable)),
            (r#"{"a":"x "}"#, Err(Unforwardable)),
            (r#"{"a":["x,y"]}"#, Err(Unforwardable)),
            (r#"{"a":["x\r\ny"]}"#, Err(Unforwardable)),
        ] {
            let value = output(ListForm::Joined(",".into())).value(&parse_object(claims.as_bytes()).unwrap());
            assert_eq!(value, expected, "{claims}");
        }
    }

    #[test]
    fn a_list_can_be_sent_as_json() {
        let claims = parse_object(br#"{"a":["x,y",1]}"#).unwrap();
        assert_eq!(output(ListForm::Json).value(&claims), Ok(Some(r#"["x,y",1]"#.to_owned())));
    }
}
