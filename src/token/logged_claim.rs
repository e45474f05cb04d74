//! Claims for access logs.

use super::claims::ClaimPath;
use super::output::text_or_json;
use crate::json::Object;

/// A claim of a verified token that access logs may show.
#[derive(Debug)]
pub struct LoggedClaim {
    /// The name of its filter state.
    pub name: Box<str>,
    /// The claim.
    pub claim: ClaimPath,
}

impl LoggedClaim {
    /// The claim's value: text as it is, anything else as JSON. Control characters become spaces, because an entry of an
    /// access log must stay one line. `None` if the token does not have the claim.
    pub(super) fn value(&self, claims: &Object<'_>) -> Option<Box<str>> {
        let value = self.claim.value(claims)?;
        let text = text_or_json(&value);
        Some(if text.contains(char::is_control) { text.replace(char::is_control, " ").into() } else { text.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    #[test]
    fn a_value_is_one_line_of_text() {
        let logged = LoggedClaim { name: "tenant".into(), claim: ClaimPath::new(&["a"]).unwrap() };
        for (claims, expected) in [
            (r#"{"a":"x y"}"#, Some("x y")),
            (r#"{"a":"x\r\ny\u0000"}"#, Some("x  y ")),
            (r#"{"a":""}"#, Some("")),
            (r#"{"a":7}"#, Some("7")),
            (r#"{"a":true}"#, Some("true")),
            (r#"{"a":["x","y\n"]}"#, Some(r#"["x","y\n"]"#)),
            (r#"{"a":{"b":null}}"#, Some(r#"{"b":null}"#)),
            (r#"{"a":null}"#, None),
            (r#"{"b":"x"}"#, None),
        ] {
            assert_eq!(logged.value(&parse_object(claims.as_bytes()).unwrap()).as_deref(), expected, "{claims}");
        }
        let claim = ClaimPath::with_wildcards(&["a", "*", "b"]).unwrap();
        let logged = LoggedClaim { name: "all".into(), claim };
        let claims = parse_object(br#"{"a":[{"b":"x"},{"b":1}]}"#).unwrap();
        assert_eq!(logged.value(&claims).as_deref(), Some(r#"["x",1]"#));
    }
}
