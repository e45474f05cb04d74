//! JSON values.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Number;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'t> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A finite number.
    Number(Number),
    /// Text.
    Text(Cow<'t, str>),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Object<'t>),
}

/// A JSON object: its members in the order in which they are written. Only `parse_as_written` keeps duplicate members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'t>(Vec<(Cow<'t, str>, Json<'t>)>);

/// Up to this many, names are compared with each other. Beyond it they are sorted, because an attacker may send
/// thousands.
pub(super) const FEW_MEMBERS: usize = 16;

impl<'t> FromIterator<(Cow<'t, str>, Json<'t>)> for Object<'t> {
    fn from_iter<I: IntoIterator<Item = (Cow<'t, str>, Json<'t>)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

impl<'t> Object<'t> {
    /// The value of the member with this name.
    pub fn get(&self, name: &str) -> Option<&Json<'t>> {
        self.0.iter().find(|(known, _)| is_same(known, name)).map(|(_, value)| value)
    }

    /// The name and the value of the member at this index.
    pub fn member(&self, index: usize) -> Option<(&str, &Json<'t>)> {
        self.0.get(index).map(|(name, value)| (&**name, value))
    }

    /// The object without the members that are null.
    #[must_use]
    pub fn without_nulls(mut self) -> Self {
        self.0.retain(|(_, value)| *value != Json::Null);
        self
    }

    /// A name that two members have.
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

    /// The value of the member with this name, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Json::as_text)
    }
}

/// Names of claims are short, and many have the same length. Most differ in the first byte; comparing that first avoids
/// a call of `memcmp`.
fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.as_bytes().first() == b.as_bytes().first() && a == b
}

impl<'t> Json<'t> {
    /// The text, if it is text.
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

    /// The value of the member with this name, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(object) => object.get(name),
            _ => None,
        }
    }

    /// The items of a list, or the values of an object's members. Nothing for other values.
    pub fn members(&self) -> impl Iterator<Item = &Self> {
        let (items, members) = match self {
            Self::List(items) => (items.as_slice(), [].as_slice()),
            Self::Object(Object(members)) => ([].as_slice(), members.as_slice()),
            _ => ([].as_slice(), [].as_slice()),
        };
        items.iter().chain(members.iter().map(|(_, value)| value))
    }

    /// A copy that owns its text.
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
}

/// JSON text, with members in the order in which they were read.
impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
