//! Identity headers: what of a verified token the upstream is told, and under which names.

use super::claims::ClaimPath;
use crate::config::UNSETTABLE_HEADERS;
use crate::json::{Json, Object};
use crate::request::may_be_taken_for;

/// The name of a request header that is no one else's to set, in lower case: not the connection's, the credential's or
/// Envoy's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderName(Box<str>);

impl HeaderName {
    /// `None` for what is no header name, or the name of a header that isn't ours to set.
    pub fn new(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        let ours = !name.is_empty()
            && is_token
            && !name.starts_with("x-envoy-")
            && !UNSETTABLE_HEADERS.contains(&name.as_str());
        ours.then(|| Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an upstream may take `name` for this header.
    pub fn is_read_from(&self, name: &[u8]) -> bool {
        may_be_taken_for(name, self.0.as_bytes())
    }
}

/// How a list becomes one value.
#[derive(Clone, Debug)]
pub enum ListForm {
    /// Members with this between them; a member that holds it could pass for two, and refuses the token.
    Joined(Box<str>),
    /// JSON.
    Json,
}

/// One header from one claim.
#[derive(Debug)]
pub struct Output {
    /// The header.
    pub header: HeaderName,
    /// The claim.
    pub claim: ClaimPath,
    /// How a list is written.
    pub list: ListForm,
}

/// The claim's value can't be said in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unforwardable;

impl Output {
    /// The header's value; `None` if the token hasn't the claim.
    ///
    /// # Errors
    ///
    /// If the value would not arrive as it is.
    pub fn value(&self, claims: &Object<'_>) -> Result<Option<String>, Unforwardable> {
        let Some(value) = self.claim.find(claims) else { return Ok(None) };
        let text = match (value, &self.list) {
            (Json::List(items), ListForm::Joined(separator)) => join(items, separator)?,
            _ => plain(value),
        };
        arrives_as_it_is(&text).then_some(Some(text)).ok_or(Unforwardable)
    }
}

fn join(items: &[Json<'_>], separator: &str) -> Result<String, Unforwardable> {
    let members: Vec<_> = items.iter().map(plain).collect();
    let distinct = separator.is_empty() || !members.iter().any(|member| member.contains(separator));
    distinct.then(|| members.join(separator)).ok_or(Unforwardable)
}

/// Text as it is, everything else as JSON.
fn plain(value: &Json<'_>) -> String {
    value.as_text().map_or_else(|| value.to_value().to_string(), str::to_owned)
}

/// No control character, and no blank at either end, which a receiver would strip (RFC 9110 §5.5).
fn arrives_as_it_is(text: &str) -> bool {
    !text.chars().any(char::is_control) && text.trim_matches(' ') == text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    fn output(list: ListForm) -> Output {
        Output { header: HeaderName::new("x-a").unwrap(), claim: ClaimPath::new(&["a"]).unwrap(), list }
    }

    #[test]
    fn a_claim_arrives_as_it_is_or_refuses() {
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
    fn a_list_may_be_json() {
        let claims = parse_object(br#"{"a":["x,y",1]}"#).unwrap();
        assert_eq!(output(ListForm::Json).value(&claims), Ok(Some(r#"["x,y",1]"#.to_owned())));
    }

    #[test]
    fn some_headers_are_not_ours() {
        for name in ["", ":path", "host", "Authorization", "x-envoy-original-path", "connection", "a b", "a\nb", "é"] {
            assert_eq!(HeaderName::new(name), None, "{name}");
        }
    }
}
