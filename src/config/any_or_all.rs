//! A list of names of which any, or all, are needed.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

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
        struct AnyOrAllVisitor;

        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct AllObject {
            all: Vec<String>,
        }

        impl<'de> Visitor<'de> for AnyOrAllVisitor {
            type Value = AnyOrAll;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of names, or {\"all\": [names]}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<AnyOrAll, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(seq)).map(AnyOrAll::Any)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AnyOrAll, A::Error> {
                let AllObject { all } = Deserialize::deserialize(MapAccessDeserializer::new(map))?;
                Ok(AnyOrAll::All(all))
            }
        }

        deserializer.deserialize_any(AnyOrAllVisitor)
    }
}
