//! Strict JSON objects: UTF-8, no member twice at any depth, no nesting beyond what tokens need.
//!
//! `serde_json` alone takes the last of two members with one name; another reader takes the first, and the two then
//! disagree about who is asking (RFC 8725 §2.4, RFC 7515 §4).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A JSON object.
pub type Object = Map<String, Value>;

const MAX_DEPTH: u8 = 32;

/// Reads one object that is all there is in `bytes`; `None` if it is anything else.
pub fn parse_object(bytes: &[u8]) -> Option<Object> {
    match read(bytes, Strict::default())? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// Reads a document in which an object with a member twice counts as null, and spoils nothing around it.
pub fn parse_tolerantly(bytes: &[u8]) -> Option<Value> {
    read(bytes, Strict { tolerant: true, ..Strict::default() })
}

fn read(bytes: &[u8], how: Strict) -> Option<Value> {
    // serde_json checks strings only; a byte that is not UTF-8 between them is a syntax error anyway.
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = how.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

/// Reads any value; a member that is there twice is an error.
#[derive(Clone, Copy, Debug)]
pub struct Strict {
    depth: u8,
    tolerant: bool,
}

impl Default for Strict {
    fn default() -> Self {
        Self { depth: MAX_DEPTH, tolerant: false }
    }
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Object::new();
        let mut unique = true;
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(inner)?;
            unique &= object.insert(name, value).is_none();
            if !unique && !self.tolerant {
                return Err(A::Error::custom("a member is there twice"));
            }
        }
        Ok(if unique { Value::Object(object) } else { Value::Null })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_strict_object_is_read() {
        let deep = |n: usize| format!("{}1{}", "{\"a\":".repeat(n), "}".repeat(n));
        for (text, expected) in [
            (r"{}".to_owned(), true),
            (r#" {"a":[1,2.5,"x",null,true,{"b":{}}]} "#.to_owned(), true),
            (r#"{"a":1,"a":2}"#.to_owned(), false),
            (r#"{"a":1,"\u0061":2}"#.to_owned(), false),
            (r#"{"x":[{"a":1,"a":1}]}"#.to_owned(), false),
            (r"[]".to_owned(), false),
            (r#""{}""#.to_owned(), false),
            (r"{}{}".to_owned(), false),
            (r"{} x".to_owned(), false),
            (r#"{"a":NaN}"#.to_owned(), false),
            (r#"{"a":1,}"#.to_owned(), false),
            (r#"{"a":/**/1}"#.to_owned(), false),
            ("\u{feff}{}".to_owned(), false),
            (String::new(), false),
            (deep(32), true),
            (deep(33), false),
            (deep(100_000), false),
        ] {
            assert_eq!(parse_object(text.as_bytes()).is_some(), expected, "{}", text.get(..60).unwrap_or(&text));
        }
    }

    #[test]
    fn an_object_with_a_member_twice_spoils_nothing_around_it() {
        for (text, expected) in [
            (r#"{"keys":[{"a":1},{"a":1,"a":2}]}"#, Some(serde_json::json!({ "keys": [{ "a": 1 }, null] }))),
            (r#"{"keys":[],"keys":[1]}"#, Some(Value::Null)),
            (r#"{"keys":["#, None),
        ] {
            assert_eq!(parse_tolerantly(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        for bytes in [&b"{\"a\":\"\xff\"}"[..], b"{\"a\":\"\xc0\xaf\"}", b"{\"a\":\"\xed\xa0\x80\"}", b"\xff\xfe{\0}\0"]
        {
            assert!(parse_object(bytes).is_none());
        }
    }
}
