//! An identity source in the plugin JSON: a place in the request, or an object that also sets the scheme.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// Where a token may be, and the scheme before it.
#[derive(Debug)]
pub struct IdentitySource {
    /// The place, in API Gateway's syntax.
    pub source: String,
    /// The scheme; if not given, `Bearer` is required in `Authorization` and optional elsewhere.
    pub scheme: Option<String>,
}

impl<'de> Deserialize<'de> for IdentitySource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdentitySourceVisitor;

        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct IdentitySourceObject {
            source: String,
            scheme: Option<String>,
        }

        impl<'de> Visitor<'de> for IdentitySourceVisitor {
            type Value = IdentitySource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an identity source like \"$request.header.Authorization\", or an object with `source`")
            }

            fn visit_str<E: Error>(self, source: &str) -> Result<IdentitySource, E> {
                Ok(IdentitySource { source: source.to_owned(), scheme: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<IdentitySource, A::Error> {
                let IdentitySourceObject { source, scheme } =
                    Deserialize::deserialize(MapAccessDeserializer::new(map))?;
                Ok(IdentitySource { source, scheme })
            }
        }

        deserializer.deserialize_any(IdentitySourceVisitor)
    }
}
