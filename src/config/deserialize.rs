//! A serde deserializer over [`Json`] whose errors have a path: each object and list that contains the error adds its
//! part.
//!
//! `serde_path_to_error` does the same for any format, but it wraps the deserializer of each type, which added 80 KB to
//! the module. This one adds a tenth of that.

use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Number;

use super::near_miss::nearest;
use crate::json::{Json, MAX_DEPTH, Object};

/// What could not be read, and its path.
#[derive(Debug)]
pub struct ReadError {
    /// The path of the field, with dots between names. Empty for the document itself.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

impl ReadError {
    fn at(path: &str, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }

    /// The same error, with the name or the index of the value in front of the path.
    fn within(mut self, owner: impl Display) -> Self {
        // A path begins with a name or with an index in brackets. Only a name needs a dot before it.
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
        Self::at("", format!("invalid type: {}, expected {}", described(found), in_json_terms(expected)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::at("", format!("invalid value: {}, expected {}", described(found), in_json_terms(expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::at(field, "is required")
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::at(field, format!("unknown field{}", instead_of(field, expected)))
    }

    fn unknown_variant(value: &str, expected: &'static [&'static str]) -> Self {
        Self::at("", format!("unknown value `{value}`{}", instead_of(value, expected)))
    }
}

/// What to write in place of an unknown word.
fn instead_of(word: &str, expected: &[&str]) -> String {
    let all = one_of(expected, '`');
    match nearest(word, expected) {
        Some(name) => format!("; did you mean `{name}`? Expected {all}"),
        None => format!(", expected {all}"),
    }
}

/// The names in quotes, separated by commas.
fn one_of(names: &[&str], quote: char) -> String {
    let one_of = if names.len() > 1 { "one of " } else { "" };
    let names: Vec<_> = names.iter().map(|name| format!("{quote}{name}{quote}")).collect();
    format!("{one_of}{}", names.join(", "))
}

/// Serde names what it expects in terms of Rust.
fn in_json_terms(expected: &dyn Expected) -> String {
    match expected.to_string().as_str() {
        "a sequence" => "a list".to_owned(),
        "u32" => "a whole number".to_owned(),
        other => other.to_owned(),
    }
}

/// Serde's own description, for the types of JSON only. `Unexpected`'s `Display` would link the standard library's
/// formatting of floats, which is 12 KB of the module.
fn described(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("boolean `{value}`"),
        Unexpected::Unsigned(number) => format!("integer `{number}`"),
        Unexpected::Signed(number) => format!("integer `{number}`"),
        Unexpected::Float(number) => {
            format!("number `{}`", Number::from_f64(number).map_or_else(String::new, |number| number.to_string()))
        }
        Unexpected::Str(text) => format!("string {text:?}"),
        Unexpected::Unit => "null".to_owned(),
        Unexpected::Seq => "list".to_owned(),
        Unexpected::Map => "object".to_owned(),
        _ => "another type".to_owned(),
    }
}

/// A deserializer that reads one value.
#[derive(Clone, Copy)]
pub(super) struct JsonDeserializer<'de> {
    value: &'de Json<'de>,
    /// How many levels of objects and lists may still follow.
    levels: u8,
}

impl<'de> JsonDeserializer<'de> {
    pub(super) fn new(document: &'de Json<'de>) -> Self {
        Self { value: document, levels: MAX_DEPTH }
    }

    /// The levels that may follow in an object or a list.
    fn inner_levels(self) -> Result<u8, ReadError> {
        let too_deep = || {
            ReadError::custom(format_args!(
                "is nested too deep: a configuration has at most {MAX_DEPTH} levels of objects and lists"
            ))
        };
        self.levels.checked_sub(1).ok_or_else(too_deep)
    }

    fn unexpected(self) -> Unexpected<'de> {
        match self.value {
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

    fn wrong_type(self, expected: &dyn Expected) -> ReadError {
        ReadError::invalid_type(self.unexpected(), expected)
    }
}

impl<'de> Deserializer<'de> for JsonDeserializer<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.value {
            Json::Null => visitor.visit_unit(),
            Json::Boolean(value) => visitor.visit_bool(*value),
            Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or_default()),
            },
            Json::Text(text) => visitor.visit_str(text),
            Json::List(items) => {
                visitor.visit_seq(Items { items: items.iter(), index: 0, levels: self.inner_levels()? })
            }
            Json::Object(object) => match object.repeated_name() {
                Some(name) => Err(ReadError::at(name, "duplicate field")),
                None => visitor.visit_map(Members { object, index: 0, levels: self.inner_levels()? }),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if *self.value == Json::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.value {
            // A derived `Deserialize` also accepts a list of the fields' values.
            Json::Object(_) => self.deserialize_any(visitor),
            _ => Err(self.wrong_type(&"an object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.value.as_text() {
            Some(word) => visitor.visit_enum(StrDeserializer::new(word)),
            None => Err(self.wrong_type(&one_of(variants, '"').as_str())),
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
    levels: u8,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some(value) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        let item = JsonDeserializer { value, levels: self.levels };
        seed.deserialize(item).map(Some).map_err(|error| error.within(format_args!("[{index}]")))
    }
}

struct Members<'de> {
    object: &'de Object<'de>,
    index: usize,
    levels: u8,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let Some((name, _)) = self.object.member(self.index) else { return Ok(None) };
        seed.deserialize(name.into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ReadError> {
        let Some((name, value)) = self.object.member(self.index) else {
            return Err(ReadError::custom("no value after this name"));
        };
        self.index += 1;
        seed.deserialize(JsonDeserializer { value, levels: self.levels }).map_err(|error| error.within(name))
    }
}
