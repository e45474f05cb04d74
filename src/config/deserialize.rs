//! A JSON value → the type that it should have. A mistake knows its place, because every object and list on the way up
//! adds its own part to it.
//!
//! The crate that does this for any format (`serde_path_to_error`) wraps each type's reader in another one, which was
//! 80 KB of the module; for one tree of values a reader of our own is a tenth of that.

use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Number;

use crate::json::{Json, Object};

/// What could not be read, and where.
#[derive(Debug)]
pub struct ReadError {
    /// The path of the field, dots between names; empty for the document itself.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}

impl ReadError {
    fn at(path: &str, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }

    /// The same, seen from whoever holds the value under this name, or as this item.
    fn within(mut self, owner: impl Display) -> Self {
        // What is inside begins with a name or with an item's number, and only names are set off by a dot.
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{owner}{separator}{}", self.path);
        self
    }
}

impl Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}

impl std::error::Error for ReadError {}

impl Error for ReadError {
    fn custom<T: Display>(problem: T) -> Self {
        Self::at("", problem.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::at("", format!("invalid type: {}, expected {expected}", described(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::at("", format!("invalid value: {}, expected {expected}", described(found)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::at(field, "is required")
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known = listed(expected, '`');
        let one_of = if expected.len() > 1 { "one of " } else { "" };
        Self::at(field, format!("unknown field, expected {one_of}{known}"))
    }
}

/// The names, each between two of these quotes.
fn listed(names: &[&str], quote: char) -> String {
    names.iter().map(|name| format!("{quote}{name}{quote}")).collect::<Vec<_>>().join(", ")
}

/// As serde says it, but for what JSON has. Its own words would bring the standard library's way to write fractions, which
/// is 12 KB of the module.
fn described(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("boolean `{value}`"),
        Unexpected::Unsigned(number) => format!("integer `{number}`"),
        Unexpected::Signed(number) => format!("integer `{number}`"),
        Unexpected::Float(number) => {
            format!("fraction `{}`", Number::from_f64(number).map_or_else(String::new, |number| number.to_string()))
        }
        Unexpected::Str(text) => format!("string {text:?}"),
        Unexpected::Unit => "null".to_owned(),
        Unexpected::Seq => "sequence".to_owned(),
        Unexpected::Map => "map".to_owned(),
        _ => "another one".to_owned(),
    }
}

/// A value, to be read.
#[derive(Clone, Copy)]
pub(super) struct JsonDeserializer<'de>(pub(super) &'de Json<'de>);

impl<'de> JsonDeserializer<'de> {
    fn unexpected(self) -> Unexpected<'de> {
        match self.0 {
            Json::Null => Unexpected::Unit,
            Json::Boolean(value) => Unexpected::Bool(*value),
            Json::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => Unexpected::Unsigned(number),
                (None, Some(number)) => Unexpected::Signed(number),
                (None, None) => Unexpected::Float(number.as_f64().unwrap_or_default()),
            },
            Json::Text(text) => Unexpected::Str(text),
            Json::List(_) => Unexpected::Seq,
            Json::Object(_) => Unexpected::Map,
        }
    }

    fn is_no(self, expected: &dyn Expected) -> ReadError {
        ReadError::invalid_type(self.unexpected(), expected)
    }
}

impl<'de> Deserializer<'de> for JsonDeserializer<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0 {
            Json::Null => visitor.visit_unit(),
            Json::Boolean(value) => visitor.visit_bool(*value),
            Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or_default()),
            },
            Json::Text(text) => visitor.visit_str(text),
            Json::List(items) => visitor.visit_seq(Items { items: items.iter(), index: 0 }),
            Json::Object(object) => match object.repeated_name() {
                Some(name) => Err(ReadError::at(name, "duplicate field")),
                None => visitor.visit_map(Members { object, index: 0 }),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if *self.0 == Json::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.0 {
            // A derived reader would take a list of the fields' values, too.
            Json::Object(_) => self.deserialize_any(visitor),
            _ => Err(self.is_no(&"an object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.0.as_text() {
            Some(word) => visitor.visit_enum(StrDeserializer::new(word)),
            None => Err(self.is_no(&format!("one of {}", listed(variants, '"')).as_str())),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'de> {
    items: std::slice::Iter<'de, Json<'de>>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(JsonDeserializer(item)).map(Some).map_err(|mistake| mistake.within(format_args!("[{index}]")))
    }
}

struct Members<'de> {
    object: &'de Object<'de>,
    index: usize,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let Some((name, _)) = self.object.member(self.index) else { return Ok(None) };
        seed.deserialize(name.into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ReadError> {
        let Some((name, value)) = self.object.member(self.index) else {
            return Err(ReadError::custom("a value is asked for that is not there"));
        };
        self.index += 1;
        seed.deserialize(JsonDeserializer(value)).map_err(|mistake| mistake.within(name))
    }
}
