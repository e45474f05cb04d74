//! A duration in the plugin JSON.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A duration with its unit: `"500ms"`, `"60s"`, `"10m"`, `"24h"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(Duration);

impl Period {
    /// Ten years: longer than any sensible setting, and short enough that sums of times never overflow.
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

    fn parse(text: &str) -> Option<Self> {
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
        struct PeriodVisitor;

        impl Visitor<'_> for PeriodVisitor {
            type Value = Period;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration with its unit, like \"500ms\", \"60s\", \"10m\" or \"24h\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Period, E> {
                Period::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(PeriodVisitor)
    }
}
