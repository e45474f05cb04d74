//! Values of the plugin JSON that are more than a string or a number: durations, claim names, lists that may be
//! written in two ways. Each reads itself with a message that says what it expected.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Headers that carry the connection, the credential or Envoy's own knowledge: no field may name one to be set.
pub const UNSETTABLE_HEADERS: [&str; 13] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "sec-websocket-protocol",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that a refusal has from the filter itself, so that `responses` can't name them.
pub const OWN_HEADERS: [&str; 3] = ["content-type", "www-authenticate", "retry-after"];

/// A JSON object as ordered entries.
#[derive(Debug)]
pub struct Entries<T>(Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Entries<T> {
    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each entry, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, (String, T)> {
        self.0.iter()
    }
}

impl<'e, T> IntoIterator for &'e Entries<T> {
    type Item = &'e (String, T);
    type IntoIter = std::slice::Iter<'e, (String, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> IntoIterator for Entries<T> {
    type Item = (String, T);
    type IntoIter = std::vec::IntoIter<(String, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Objects<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Objects<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries: Vec<(String, T)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    entries.push((name, value));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Objects(PhantomData))
    }
}

/// A duration with its unit: `"500ms"`, `"60s"`, `"10m"`, `"24h"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(Duration);

impl Period {
    /// Longer than any sensible setting, and short enough that sums of times never overflow.
    const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

    /// The duration.
    pub fn duration(self) -> Duration {
        self.0
    }

    pub(super) fn minute() -> Self {
        Self(Duration::from_secs(60))
    }

    pub(super) fn five_minutes() -> Self {
        Self(Duration::from_secs(300))
    }

    pub(super) fn five_seconds() -> Self {
        Self(Duration::from_secs(5))
    }

    fn read(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at_checked(digits)?;
        let number: u64 = number.parse().ok()?;
        let duration = match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" => Duration::from_secs(number.checked_mul(60)?),
            "h" => Duration::from_secs(number.checked_mul(3600)?),
            _ => return None,
        };
        (duration <= Self::LONGEST).then_some(Self(duration))
    }
}

impl Default for Period {
    fn default() -> Self {
        Self::five_seconds()
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Durations;

        impl Visitor<'_> for Durations {
            type Value = Period;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration with its unit, like \"500ms\", \"60s\", \"10m\" or \"24h\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Period, E> {
                Period::read(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Durations)
    }
}

/// A claim: one literal top-level name, or the names on the way to a nested one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimName(pub Vec<String>);

impl<'de> Deserialize<'de> for ClaimName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = ClaimName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a claim's name, or a list of names for a nested one")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<ClaimName, E> {
                Ok(ClaimName(vec![name.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<ClaimName, A::Error> {
                list(seq).map(ClaimName)
            }
        }

        deserializer.deserialize_any(Names)
    }
}

/// What a header is made of: a claim, and how a list is written.
#[derive(Debug)]
pub struct Output {
    /// The claim.
    pub claim: ClaimName,
    /// How a list is written.
    pub list: ListForm,
    /// What stands between the members of a joined list.
    pub separator: String,
}

/// How a list becomes one header value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ListForm {
    /// Its members with a separator between them.
    #[default]
    Join,
    /// JSON.
    Json,
}

impl From<ClaimName> for Output {
    fn from(claim: ClaimName) -> Self {
        Self { claim, list: ListForm::Join, separator: comma() }
    }
}

impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Outputs;

        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Long {
            claim: ClaimName,
            #[serde(default)]
            list: ListForm,
            #[serde(default = "comma")]
            separator: String,
        }

        impl<'de> Visitor<'de> for Outputs {
            type Value = Output;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a claim's name, a list of names, or an object with `claim`")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Output, E> {
                Ok(ClaimName(vec![name.to_owned()]).into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Output, A::Error> {
                list(seq).map(|names| ClaimName(names).into())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Output, A::Error> {
                let Long { claim, list, separator } = Deserialize::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Output { claim, list, separator })
            }
        }

        deserializer.deserialize_any(Outputs)
    }
}

fn comma() -> String {
    ",".to_owned()
}

/// Names of which any, or all, are needed.
#[derive(Debug)]
pub enum AnyOrAll {
    /// One is enough.
    Any(Vec<String>),
    /// Every one is needed.
    All(Vec<String>),
}

impl<'de> Deserialize<'de> for AnyOrAll {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lists;

        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct All {
            all: Vec<String>,
        }

        impl<'de> Visitor<'de> for Lists {
            type Value = AnyOrAll;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of names, or {\"all\": [names]}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<AnyOrAll, A::Error> {
                list(seq).map(AnyOrAll::Any)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AnyOrAll, A::Error> {
                let All { all } = Deserialize::deserialize(MapAccessDeserializer::new(map))?;
                Ok(AnyOrAll::All(all))
            }
        }

        deserializer.deserialize_any(Lists)
    }
}

/// A value that a claim is compared with, by type.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// Text.
    Text(String),
    /// A number.
    Number(serde_json::Number),
    /// `true` or `false`.
    Boolean(bool),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalars;

        impl Visitor<'_> for Scalars {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a number or a boolean")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(text.to_owned()))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Boolean(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value.into()))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value.into()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
                serde_json::Number::from_f64(value)
                    .map(Scalar::Number)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(value), &self))
            }
        }

        deserializer.deserialize_any(Scalars)
    }
}

fn list<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<T>, A::Error> {
    let mut items = Vec::new();
    while let Some(item) = seq.next_element()? {
        items.push(item);
    }
    Ok(items)
}
