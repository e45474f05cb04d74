//! Strict JSON: UTF-8, no member twice at any depth, no nesting beyond what tokens need. Text stays where it was read
//! unless an escape is in it: of an unverified token nothing is copied that nobody asks for.
//!
//! `serde_json` alone takes the last of two members with one name; another reader takes the first, and the two then
//! disagree about who is asking (RFC 8725 §2.4, RFC 7515 §4).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Number;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'t> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number that is finite.
    Number(Number),
    /// Text.
    Text(Cow<'t, str>),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Object<'t>),
}

/// A JSON object: its members in the order in which they are written, and unless it was read as written no name twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'t>(Vec<(Cow<'t, str>, Json<'t>)>);

const MAX_DEPTH: u8 = 32;
/// Two hundred keys with all that any issuer writes into them have half of it.
const MAX_VALUES: usize = 8_000;
/// Up to here, names are compared with each other; an attacker's thousands are put in order.
const FEW_MEMBERS: usize = 16;

/// Reads one object that is all there is in `bytes`; `None` if it is anything else.
pub fn parse_object(bytes: &[u8]) -> Option<Object<'_>> {
    match read(bytes, Reading::STRICT).ok()? {
        Json::Object(object) => Some(object),
        _ => None,
    }
}

/// Reads a document in which an object with a member twice counts as null, and spoils nothing around it. `None` also for
/// one of more than 8,000 commas and brackets: in memory a value takes many times the room of its text.
pub fn parse_lenient(bytes: &[u8]) -> Option<Json<'_>> {
    // Before each value but the first stands one of these.
    let values = bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values > MAX_VALUES {
        return None;
    }
    read(bytes, Reading { duplicates: Duplicates::AsNull, ..Reading::STRICT }).ok()
}

/// Reads any value, members that are there twice included: whoever goes through them can say where that was.
///
/// # Errors
///
/// Where it is not JSON.
pub fn parse_as_written(bytes: &[u8]) -> serde_json::Result<Json<'_>> {
    // How deep is too deep, serde_json knows as well.
    read(bytes, Reading { depth: u8::MAX, duplicates: Duplicates::Keep })
}

fn read(bytes: &[u8], how: Reading) -> serde_json::Result<Json<'_>> {
    let text = std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = how.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

impl<'t> FromIterator<(Cow<'t, str>, Json<'t>)> for Object<'t> {
    fn from_iter<I: IntoIterator<Item = (Cow<'t, str>, Json<'t>)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

impl<'t> Object<'t> {
    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Json<'t>> {
        self.0.iter().find(|(known, _)| is_same(known, name)).map(|(_, value)| value)
    }

    /// One member after the other.
    pub fn member(&self, index: usize) -> Option<(&str, &Json<'t>)> {
        self.0.get(index).map(|(name, value)| (&**name, value))
    }

    /// A name that is there twice.
    pub fn repeated_name(&self) -> Option<&str> {
        let mut names = (0..).zip(self.0.iter().map(|(name, _)| &**name));
        if self.0.len() > FEW_MEMBERS {
            let mut known = BTreeSet::new();
            return names.map(|(_, name)| name).find(|name| !known.insert(*name));
        }
        let is_known =
            |(index, name): &(usize, &str)| self.0.iter().take(*index).any(|(known, _)| is_same(known, name));
        names.find(is_known).map(|(_, name)| name)
    }

    /// The text of that member, if it is one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Json::as_text)
    }
}

/// Claims have short names, of which many are as long as each other. Most differ in their first letter, and to ask for
/// more than that is a call.
fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.as_bytes().first() == b.as_bytes().first() && a == b
}

impl<'t> Json<'t> {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The member of that name, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(object) => object.get(name),
            _ => None,
        }
    }

    /// A copy that borrows nothing.
    pub fn to_static(&self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(value) => Json::Boolean(*value),
            Self::Number(number) => Json::Number(number.clone()),
            Self::Text(text) => Json::Text(Cow::Owned(text.as_ref().to_owned())),
            Self::List(items) => Json::List(items.iter().map(Self::to_static).collect()),
            Self::Object(Object(members)) => Json::Object(Object(
                members.iter().map(|(name, value)| (Cow::Owned(name.as_ref().to_owned()), value.to_static())).collect(),
            )),
        }
    }

    /// About how many bytes a copy takes.
    pub fn heap_bytes(&self) -> usize {
        let inner = match self {
            Self::Null | Self::Boolean(_) | Self::Number(_) => 0,
            Self::Text(text) => text.len(),
            Self::List(items) => items.iter().map(Self::heap_bytes).fold(0, usize::saturating_add),
            Self::Object(Object(members)) => members.iter().fold(0_usize, |sum, (name, value)| {
                let name = name.len().saturating_add(size_of::<Cow<'_, str>>());
                sum.saturating_add(name).saturating_add(value.heap_bytes())
            }),
        };
        inner.saturating_add(size_of::<Self>())
    }
}

/// As JSON text, members in the order in which they were read.
impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `{:?}` of a string is Rust's notation, so text is written by the JSON library.
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(Object(members)) => serializer.collect_map(members.iter().map(|(name, value)| (name, value))),
        }
    }
}

impl<'de> Deserialize<'de> for Json<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reading { depth: u8::MAX, duplicates: Duplicates::Keep }.deserialize(deserializer).map(|json| json.to_static())
    }
}

/// Reads any value.
#[derive(Clone, Copy, Debug)]
struct Reading {
    depth: u8,
    duplicates: Duplicates,
}

/// What becomes of an object with a member twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duplicates {
    /// The document is refused.
    Reject,
    /// The object counts as null.
    AsNull,
    /// The object keeps both members.
    Keep,
}

impl Reading {
    const STRICT: Self = Self { depth: MAX_DEPTH, duplicates: Duplicates::Reject };

    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { depth, ..self })
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
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let inner = self.deeper()?;
        // Claims are more than a few; what is nested in them is not worth the room.
        let mut members = Vec::with_capacity(if self.depth == MAX_DEPTH { FEW_MEMBERS } else { 0 });
        while let Some(name) = map.next_key_seed(Name)? {
            members.push((name, map.next_value_seed(inner)?));
        }
        let object = Object(members);
        match self.duplicates {
            Duplicates::Reject if object.repeated_name().is_some() => Err(A::Error::custom("duplicate member")),
            Duplicates::AsNull if object.repeated_name().is_some() => Ok(Json::Null),
            Duplicates::Reject | Duplicates::AsNull | Duplicates::Keep => Ok(Json::Object(object)),
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
    fn an_object_with_a_member_twice_spoils_nothing_around_it() {
        for (text, expected) in [
            (r#"{"keys":[{"a":1},{"a":1,"a":2}]}"#, Some(r#"{"keys":[{"a":1},null]}"#)),
            (r#"{"keys":[],"keys":[1]}"#, Some("null")),
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
