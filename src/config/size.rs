//! A size in the plugin JSON.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A size in KiB (1,024 bytes): `"16KiB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    kibibytes: u16,
}

impl Size {
    /// A size of so many KiB.
    pub const fn kib(kibibytes: u16) -> Self {
        Self { kibibytes }
    }

    /// The size in bytes.
    pub fn bytes(self) -> usize {
        usize::from(self.kibibytes).saturating_mul(1024)
    }

    pub(super) fn sixteen_kib() -> Self {
        Self::kib(16)
    }

    fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix("KiB").filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
        number.parse().ok().map(Self::kib)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SizeVisitor;

        impl Visitor<'_> for SizeVisitor {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size in KiB, like \"16KiB\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
                Size::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(SizeVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_of_kib() {
        for (text, expected) in [
            ("16KiB", Some(16 * 1024)),
            ("0KiB", Some(0)),
            ("060KiB", Some(60 * 1024)),
            ("65535KiB", Some(65_535 * 1024)),
            ("65536KiB", None),
            ("KiB", None),
            ("16", None),
            ("16KB", None),
            ("16kib", None),
            ("16 KiB", None),
            ("+16KiB", None),
            ("1.5KiB", None),
            ("", None),
        ] {
            assert_eq!(Size::parse(text).map(Size::bytes), expected, "{text}");
        }
    }
}
