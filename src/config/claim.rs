//! Claims in the plugin JSON: the name of one, and how a header is written from one.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

const CLAIM_OR_OBJECT: &str = "a claim's name, a list of names, or an object with `claim`";

/// A claim: one top-level name, taken literally, or the path of names to a nested claim, in which `*` stands for any
/// member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimName(pub Vec<String>);

impl ClaimName {
    /// Whether it may lead to several values.
    pub fn has_wildcard(&self) -> bool {
        self.0.iter().any(|name| name == "*")
    }
}

impl<'de> Deserialize<'de> for ClaimName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ClaimNameVisitor;

        impl<'de> Visitor<'de> for ClaimNameVisitor {
            type Value = ClaimName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a claim's name, or a list of names for a nested one")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<ClaimName, E> {
                Ok(ClaimName(vec![name.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<ClaimName, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(seq)).map(ClaimName)
            }
        }

        deserializer.deserialize_any(ClaimNameVisitor)
    }
}

/// A claim that has scopes or groups, and how its text is split.
#[derive(Debug)]
pub struct NamesClaim {
    /// The claim.
    pub claim: ClaimName,
    /// The text between two names.
    pub separator: Option<String>,
}

impl<'de> Deserialize<'de> for NamesClaim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamesClaimVisitor;

        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct NamesClaimObject {
            claim: ClaimName,
            separator: Option<String>,
        }

        impl<'de> Visitor<'de> for NamesClaimVisitor {
            type Value = NamesClaim;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(CLAIM_OR_OBJECT)
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<NamesClaim, E> {
                Ok(NamesClaim { claim: ClaimName(vec![name.to_owned()]), separator: None })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<NamesClaim, A::Error> {
                let names = Deserialize::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(NamesClaim { claim: ClaimName(names), separator: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NamesClaim, A::Error> {
                let NamesClaimObject { claim, separator } = Deserialize::deserialize(MapAccessDeserializer::new(map))?;
                Ok(NamesClaim { claim, separator })
            }
        }

        deserializer.deserialize_any(NamesClaimVisitor)
    }
}

/// The content of a header: a claim, and how a list is written.
#[derive(Debug)]
pub struct Output {
    /// The claim.
    pub claim: ClaimName,
    /// How a list is written.
    pub list: ListForm,
    /// The text between the items of a joined list.
    pub separator: String,
    /// How the value is encoded.
    pub encoding: Option<Encoding>,
    /// Whether a token without a value for the header is refused.
    pub required: bool,
}

/// How a list becomes one header value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ListForm {
    /// Its items, joined with the separator.
    #[default]
    Join,
    /// JSON.
    Json,
}

/// How a header value is written in ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Percent-encoding (RFC 3986 §2.1) of all but letters, digits and `-._~`.
    Percent,
    /// Base64url without padding (RFC 4648 §5).
    Base64url,
}

impl From<ClaimName> for Output {
    fn from(claim: ClaimName) -> Self {
        Self { claim, list: ListForm::Join, separator: comma(), encoding: None, required: false }
    }
}

impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OutputVisitor;

        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct OutputObject {
            claim: ClaimName,
            #[serde(default)]
            list: ListForm,
            #[serde(default = "comma")]
            separator: String,
            encoding: Option<Encoding>,
            #[serde(default)]
            required: bool,
        }

        impl<'de> Visitor<'de> for OutputVisitor {
            type Value = Output;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(CLAIM_OR_OBJECT)
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Output, E> {
                Ok(ClaimName(vec![name.to_owned()]).into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Output, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(seq)).map(|names| ClaimName(names).into())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Output, A::Error> {
                let OutputObject { claim, list, separator, encoding, required } =
                    Deserialize::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Output { claim, list, separator, encoding, required })
            }
        }

        deserializer.deserialize_any(OutputVisitor)
    }
}

fn comma() -> String {
    ",".to_owned()
}
