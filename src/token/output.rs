//! Identity headers: which claims of a verified token become header values, and how.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::claims::ClaimPath;
use crate::json::{Json, Object};

/// How a list becomes one header value.
#[derive(Clone, Debug)]
pub enum ListForm {
    /// Its items with this separator between them. A value cannot be written if an item contains it: the item could be
    /// read as two.
    Joined(Box<str>),
    /// A JSON array.
    Json,
}

/// How text is written in ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Percent-encoding of every byte that is not unreserved (RFC 3986 §2.1, §2.3).
    Percent,
    /// Base64url without padding (RFC 4648 §5).
    Base64Url,
}

/// A claim whose value becomes a header.
#[derive(Debug)]
pub struct Output {
    /// The claim.
    pub claim: ClaimPath,
    /// How a list is written.
    pub list: ListForm,
    /// How the value is encoded, or each item of a joined list.
    pub encoding: Option<Encoding>,
    /// Whether a token without a value for this header is refused.
    pub required: bool,
}

/// The claim's value cannot be written as a header value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unforwardable;

impl Output {
    /// The header's value; `None` if the token does not have the claim.
    ///
    /// # Errors
    ///
    /// If the upstream would not receive the value, or would receive another one.
    pub fn value(&self, claims: &Object<'_>) -> Result<Option<String>, Unforwardable> {
        let Some(value) = self.claim.value(claims) else { return Ok(None) };
        let text = match (&*value, &self.list) {
            (Json::List(items), ListForm::Joined(separator)) => self.join(items, separator)?,
            (value, _) => self.encoded(&text_or_json(value)).into_owned(),
        };
        // Receivers remove these blanks (RFC 9110 §5.5). An encoded value has none.
        let text = match text.trim_matches([' ', '\t']) {
            trimmed if trimmed.len() < text.len() => trimmed.to_owned(),
            _ => text,
        };
        (!text.contains(char::is_control)).then_some(Some(text)).ok_or(Unforwardable)
    }

    fn join(&self, items: &[Json<'_>], separator: &str) -> Result<String, Unforwardable> {
        let items: Vec<_> = items.iter().map(|item| self.encoded(&text_or_json(item)).into_owned()).collect();
        let unambiguous = separator.is_empty() || !items.iter().any(|item| item.contains(separator));
        unambiguous.then(|| items.join(separator)).ok_or(Unforwardable)
    }

    fn encoded<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.encoding {
            None => Cow::Borrowed(text),
            Some(Encoding::Percent) => Cow::Owned(percent(text)),
            Some(Encoding::Base64Url) => Cow::Owned(URL_SAFE_NO_PAD.encode(text)),
        }
    }
}

impl Encoding {
    /// Whether this character can be part of what the encoding writes.
    pub fn writes(self, character: char) -> bool {
        match self {
            Self::Percent => character == '%' || u8::try_from(character).is_ok_and(is_unreserved),
            Self::Base64Url => character.is_ascii_alphanumeric() || matches!(character, '-' | '_'),
        }
    }
}

fn percent(text: &str) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match is_unreserved(byte) {
            true => encoded.push(char::from(byte)),
            false => encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]),
        }
    }
    encoded
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// A string as it is, any other value as JSON.
pub(super) fn text_or_json<'t>(value: &'t Json<'_>) -> Cow<'t, str> {
    value.as_text().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    fn output(separator: &str, encoding: Option<Encoding>) -> Output {
        Output {
            claim: ClaimPath::new(&["a"]).unwrap(),
            list: ListForm::Joined(separator.into()),
            encoding,
            required: false,
        }
    }

    fn value(output: &Output, claims: &str) -> Result<Option<String>, Unforwardable> {
        output.value(&parse_object(claims.as_bytes()).unwrap())
    }

    fn text(text: &str) -> Result<Option<String>, Unforwardable> {
        Ok(Some(text.to_owned()))
    }

    #[test]
    fn a_claim_is_written_without_outer_blanks_or_not_at_all() {
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
            (r#"{"a":"Zofia "}"#, text("Zofia")),
            (r#"{"a":" \t x y \t"}"#, text("x y")),
            (r#"{"a":"  "}"#, text("")),
            (r#"{"a":[" x","y "]}"#, text("x,y")),
            (r#"{"a":"\u00a0x"}"#, text("\u{a0}x")),
            (r#"{"a":"x\ny"}"#, Err(Unforwardable)),
            (r#"{"a":"x\n"}"#, Err(Unforwardable)),
            (r#"{"a":"x\u0000"}"#, Err(Unforwardable)),
            (r#"{"a":"x\ty"}"#, Err(Unforwardable)),
            (r#"{"a":"\u007f"}"#, Err(Unforwardable)),
            (r#"{"a":"\u0085"}"#, Err(Unforwardable)),
            (r#"{"a":["Finance, Berlin"]}"#, Err(Unforwardable)),
            (r#"{"a":["x\r\ny"]}"#, Err(Unforwardable)),
        ] {
            assert_eq!(value(&output(",", None), claims), expected, "{claims}");
        }
    }

    #[test]
    fn an_encoding_writes_every_value_in_ascii() {
        for (claims, percent, base64url) in [
            (r#"{"a":"Zofia "}"#, "Zofia%20", "Wm9maWEg"),
            (r#"{"a":"Az09-._~"}"#, "Az09-._~", "QXowOS0uX34"),
            (r#"{"a":"José, ńÿ%"}"#, "Jos%C3%A9%2C%20%C5%84%C3%BF%25", "Sm9zw6ksIMWEw78l"),
            (r#"{"a":"x\r\ny\u0000"}"#, "x%0D%0Ay%00", "eA0KeQA"),
            (r#"{"a":["Finance, Berlin","IT"]}"#, "Finance%2C%20Berlin,IT", "RmluYW5jZSwgQmVybGlu,SVQ"),
            (r#"{"a":{"b":1}}"#, "%7B%22b%22%3A1%7D", "eyJiIjoxfQ"),
            (r#"{"a":""}"#, "", ""),
        ] {
            assert_eq!(value(&output(",", Some(Encoding::Percent)), claims), text(percent), "{claims}");
            assert_eq!(value(&output(",", Some(Encoding::Base64Url)), claims), text(base64url), "{claims}");
        }
        assert_eq!(value(&output(",", Some(Encoding::Percent)), r#"{"a":null}"#), Ok(None));
    }

    #[test]
    fn a_separator_is_compared_with_the_encoded_items() {
        for (separator, encoding, claims, expected) in [
            ("-", Some(Encoding::Percent), r#"{"a":["x-y","z"]}"#, Err(Unforwardable)),
            ("-", Some(Encoding::Percent), r#"{"a":["x","z"]}"#, text("x-z")),
            ("%2C", Some(Encoding::Percent), r#"{"a":["x,y"]}"#, Err(Unforwardable)),
            ("_", Some(Encoding::Base64Url), r#"{"a":["???","z"]}"#, Err(Unforwardable)),
            ("", None, r#"{"a":["x","y"]}"#, text("xy")),
        ] {
            assert_eq!(value(&output(separator, encoding), claims), expected, "{separator} in {claims}");
        }
        for (character, percent, base64url) in
            [(',', false, false), ('%', true, false), ('~', true, false), ('_', true, true), ('é', false, false)]
        {
            let written = [Encoding::Percent, Encoding::Base64Url].map(|encoding| encoding.writes(character));
            assert_eq!(written, [percent, base64url], "{character}");
        }
    }

    #[test]
    fn a_path_with_a_star_is_sent_as_a_list() {
        let claims = parse_object(br#"{"a":[{"b":"x"},{"c":1},{"b":["y","z"]}],"n":[]}"#).unwrap();
        for (path, list, expected) in [
            (&["a", "*", "b"][..], ListForm::Joined(" ".into()), Some(r#"x ["y","z"]"#)),
            (&["a", "*", "b"], ListForm::Json, Some(r#"["x",["y","z"]]"#)),
            (&["a", "*", "b", "*"], ListForm::Joined(",".into()), Some("y,z")),
            (&["a", "*", "c"], ListForm::Joined(",".into()), Some("1")),
            (&["n", "*"], ListForm::Json, None),
        ] {
            let claim = ClaimPath::with_wildcards(path).unwrap();
            let output = Output { claim, list, encoding: None, required: false };
            assert_eq!(output.value(&claims), Ok(expected.map(str::to_owned)), "{path:?}");
        }
    }

    #[test]
    fn a_list_can_be_sent_as_json() {
        let json = |encoding| Output { list: ListForm::Json, ..output("", encoding) };
        let claims = r#"{"a":["x,y",1]}"#;
        assert_eq!(value(&json(None), claims), text(r#"["x,y",1]"#));
        assert_eq!(value(&json(Some(Encoding::Percent)), claims), text("%5B%22x%2Cy%22%2C1%5D"));
    }
}
