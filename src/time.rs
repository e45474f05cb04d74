//! Points in time as the caller gives them, by two clocks, and the span in which a token counts.
//!
//! What others have stamped is held against the wall clock, which people and NTP set. Spans of our own (how old keys
//! are, when to fetch them, how long to wait) are measured by the steady clock, so that no such step shortens or
//! stretches them.

use std::time::Duration;

use crate::json::Json;

/// Milliseconds since 1970-01-01 UTC. Arithmetic saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(i64);

impl UnixTime {
    /// 2020-01-01: a clock that reads less is not set, and nothing can be decided by it.
    const EARLIEST_CREDIBLE: Self = Self(1_577_836_800_000);
    /// The end of the year 9999.
    const LATEST: i64 = 253_402_300_799_000;
    /// The earliest time there is.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest time there is.
    pub const MAX: Self = Self(i64::MAX);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the epoch.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whether a clock that shows this can have been set.
    pub fn is_credible(self) -> bool {
        self >= Self::EARLIEST_CREDIBLE && self.0 <= Self::LATEST
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    /// This much earlier.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis(by)))
    }

    /// The time since `earlier`, zero if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// A NumericDate (RFC 7519 §2), whose fraction counts to the millisecond. `None` if it is of another type or
    /// beyond the year 9999.
    pub fn from_numeric_date(value: &Json<'_>) -> Option<Self> {
        let Json::Number(number) = value else { return None };
        let millis = match number.as_i64() {
            Some(secs) => secs.checked_mul(1000)?,
            None => {
                let millis = number.as_f64()? * 1000.0;
                if millis.abs() > Self::LATEST as f64 {
                    return None;
                }
                millis.floor() as i64
            }
        };
        (millis.unsigned_abs() <= Self::LATEST.unsigned_abs()).then_some(Self(millis))
    }
}

/// Milliseconds by a clock that nobody sets. Only spans mean anything: it counts from somewhere, the same for all
/// workers of a process. Arithmetic saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SteadyTime(i64);

impl SteadyTime {
    /// Before everything.
    pub const NEVER: Self = Self(i64::MIN);

    /// From milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// In milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    /// The time since `earlier`, zero if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Both clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the wall clock.
    pub wall: UnixTime,
    /// By the steady clock.
    pub steady: SteadyTime,
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The half-open span in which a token counts, skew included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From here on.
    pub from: Option<UnixTime>,
    /// Up to here, and not at it.
    pub until: Option<UnixTime>,
}

impl Validity {
    /// Whether the token counts now.
    pub fn contains(&self, now: UnixTime) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    #[test]
    fn a_numeric_date_is_a_number_before_the_year_10000() {
        for (value, expected) in [
            ("0", Some(0)),
            ("1700000000", Some(1_700_000_000_000)),
            ("1.5", Some(1500)),
            ("-1.5", Some(-1500)),
            ("1e3", Some(1_000_000)),
            ("253402300799", Some(253_402_300_799_000)),
            ("253402300800", None),
            ("9223372036854775807", None),
            ("18446744073709551615", None),
            ("1e308", None),
            ("\"1700000000\"", None),
            ("null", None),
            ("[1]", None),
            ("true", None),
        ] {
            let text = format!("{{\"exp\":{value}}}");
            let claims = parse_object(text.as_bytes()).unwrap();
            let date = claims.get("exp").and_then(UnixTime::from_numeric_date);
            assert_eq!(date.map(UnixTime::millis), expected, "{value}");
        }
    }

    #[test]
    fn a_span_ends_at_its_end() {
        let at = UnixTime::from_secs;
        let span = Validity { from: Some(at(10)), until: Some(at(20)) };
        for (now, expected) in [(9, false), (10, true), (19, true), (20, false), (i64::MAX, false), (i64::MIN, false)] {
            assert_eq!(span.contains(at(now)), expected, "{now}");
        }
    }

    #[test]
    fn an_unset_clock_is_not_credible() {
        for (secs, expected) in [(0, false), (1_577_836_799, false), (1_577_836_800, true), (i64::MAX, false)] {
            assert_eq!(UnixTime::from_secs(secs).is_credible(), expected, "{secs}");
        }
    }
}
