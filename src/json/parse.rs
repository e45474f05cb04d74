//! Reading JSON text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::value::{Json, Object};

/// How deep objects and lists may be nested in one another.
pub const MAX_DEPTH: u8 = 32;
/// Twice what a key set of 200 keys needs, with everything that issuers write into them.
const MAX_VALUES: usize = 8_000;
const USUAL_CLAIMS: usize = 16;

/// Reads one object. `None` if `bytes` is anything else, or has anything after the object.
pub fn parse_object(bytes: &[u8]) -> Option<Object<'_>> {
    match read(bytes, Reading::STRICT).ok()? {
        Json::Object(object) => Some(object),
        _ => None,
    }
}

/// Reads one list. `None` if `text` is anything else, or has anything after the list.
pub fn parse_list(text: &str) -> Option<Vec<Json<'_>>> {
    match read(text.as_bytes(), Reading::STRICT).ok()? {
        Json::List(items) => Some(items),
        _ => None,
    }
}

/// Reads a document in which an object with duplicate members becomes an empty one, so that one bad key does not invalidate its
/// key set. `None` also if the document has more than 8,000 commas and brackets: a value in memory is many times as large
/// as its text.
pub fn parse_lenient(bytes: &[u8]) -> Option<Json<'_>> {
    // Each value but the first follows one of these.
    let values = bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values > MAX_VALUES {
        return None;
    }
    read(bytes, Reading { duplicates: Duplicates::AsEmpty, ..Reading::STRICT }).ok()
}

/// Reads any value and keeps duplicate members, so that an error about them can name their path. For the same reason an
/// object or a list that is nested too deep is kept, but not what is in it.
///
/// # Errors
///
/// Why and where the text is not JSON.
pub fn parse_as_written(bytes: &[u8]) -> serde_json::Result<Json<'_>> {
    read(bytes, Reading::AS_WRITTEN)
}

fn read(bytes: &[u8], how: Reading) -> serde_json::Result<Json<'_>> {
    let text = std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = how.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

impl<'de> Deserialize<'de> for Json<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reading::AS_WRITTEN.deserialize(deserializer).map(|json| json.to_static())
    }
}

/// Reads a value.
#[derive(Clone, Copy, Debug)]
struct Reading {
    depth: u8,
    too_deep: TooDeep,
    duplicates: Duplicates,
}

/// What happens to an object or a list that is nested too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TooDeep {
    /// The document is refused.
    Reject,
    /// It loses its members.
    Empty,
}

/// What happens to an object with duplicate members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duplicates {
    /// The document is refused.
    Reject,
    /// The object becomes an empty one. Null would not do: a null member counts as absent in many places.
    AsEmpty,
    /// The object keeps all its members.
    Keep,
}

impl Reading {
    const STRICT: Self = Self { depth: MAX_DEPTH, too_deep: TooDeep::Reject, duplicates: Duplicates::Reject };
    const AS_WRITTEN: Self = Self { depth: MAX_DEPTH, too_deep: TooDeep::Empty, duplicates: Duplicates::Keep };

    /// How the members of an object or a list are read; `None` if it loses them.
    fn deeper<E: Error>(self) -> Result<Option<Self>, E> {
        match (self.depth.checked_sub(1), self.too_deep) {
            (Some(depth), _) => Ok(Some(Self { depth, ..self })),
            (None, TooDeep::Empty) => Ok(None),
            (None, TooDeep::Reject) => Err(E::custom("nested too deeply")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Boolean(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json<'de>, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        let Some(inner) = self.deeper()? else {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Json::List(items));
        };
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let Some(inner) = self.deeper()? else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Json::Object(Object::default()));
        };
        // Most tokens have about this many claims. Nested objects are usually smaller.
        let mut members = Vec::with_capacity(if self.depth == MAX_DEPTH { USUAL_CLAIMS } else { 0 });
        while let Some(name) = map.next_key_seed(Name)? {
            members.push((name, map.next_value_seed(inner)?));
        }
        let object = members.into_iter().collect::<Object<'_>>();
        match self.duplicates {
            Duplicates::Reject if object.repeated_name().is_some() => Err(A::Error::custom("duplicate member")),
            Duplicates::AsEmpty if object.repeated_name().is_some() => Ok(Json::Object(Object::default())),
            Duplicates::Reject | Duplicates::AsEmpty | Duplicates::Keep => Ok(Json::Object(object)),
        }
    }
}

/// Reads a member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::FEW_MEMBERS;
    use super::*;

    #[test]
    fn only_a_strict_object_is_read() {
        let many = |n: usize| format!("{{{}}}", (0..n).map(|n| format!("\"m{n}\":0")).collect::<Vec<_>>().join(","));
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
            (many(FEW_MEMBERS), true),
            (many(FEW_MEMBERS + 1), true),
            (many(FEW_MEMBERS).replace("m1\"", "m0\""), false),
            (many(FEW_MEMBERS + 1).replace("m1\"", "m0\""), false),
            (many(FEW_MEMBERS + 1).replace("m1\"", "\\u006d0\""), false),
        ] {
            assert_eq!(parse_object(text.as_bytes()).is_some(), expected, "{}", text.get(..60).unwrap_or(&text));
        }
    }

    #[test]
    fn only_a_strict_list_is_read() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        for (text, expected) in [
            ("[]".to_owned(), true),
            (r#" ["a",1,{"b":[]}] "#.to_owned(), true),
            (r#"[{"a":1,"a":2}]"#.to_owned(), false),
            ("{}".to_owned(), false),
            (r#""[]""#.to_owned(), false),
            ("[] x".to_owned(), false),
            ("[1,]".to_owned(), false),
            (deep(32), true),
            (deep(33), false),
        ] {
            assert_eq!(parse_list(&text).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn as_written_what_is_too_deep_is_empty() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = |n: usize, inside: &str| format!("{}{inside}{}", open.repeat(n), close.repeat(n));
            let inside = if open == "[" { "[]" } else { "{}" };
            for (levels, expected) in [(32, deep(32, "1")), (33, deep(32, inside)), (100_000, deep(32, inside))] {
                let text = deep(levels, "1");
                assert_eq!(parse_as_written(text.as_bytes()).unwrap().to_string(), expected, "{levels}");
            }
            assert!(parse_as_written(format!("{}1", open.repeat(40)).as_bytes()).is_err());
        }
    }

    #[test]
    fn an_object_with_duplicate_members_becomes_empty() {
        for (text, expected) in [
            (r#"{"keys":[{"a":1},{"a":1,"a":2}]}"#, Some(r#"{"keys":[{"a":1},{}]}"#)),
            (r#"{"keys":[],"keys":[1]}"#, Some("{}")),
            (r#"{"keys":["#, None),
        ] {
            assert_eq!(parse_lenient(text.as_bytes()).map(|json| json.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_document_has_a_bounded_number_of_values() {
        for (commas, expected) in [(7_999, true), (8_000, false)] {
            let text = format!("[{}0]", "0,".repeat(commas));
            assert_eq!(parse_lenient(text.as_bytes()).is_some(), expected, "{commas}");
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
