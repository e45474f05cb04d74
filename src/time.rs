//! Two clocks, and the time in which a token is valid. The caller reads the clocks; nothing here does.
//!
//! The times in a token are compared with the wall clock, which people and NTP set. Our own periods (the age of keys,
//! the next fetch, the time to wait) are measured with the steady clock, so that setting the wall clock does not change
//! them.

use std::time::Duration;

use crate::json::Json;

/// Milliseconds since 1970-01-01 UTC. Arithmetic saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(i64);

impl UnixTime {
    /// 2020-01-01. A clock that shows an earlier time is not set, and no token can be checked by it.
    const EARLIEST_CREDIBLE: Self = Self(1_577_836_800_000);
    /// The end of the year 9999. A clock that shows a later time is not set either.
    const LATEST_CREDIBLE: Self = Self(253_402_300_799_000);
    /// The earliest possible time.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest possible time.
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

    /// Whether a clock that shows this time has been set.
    pub fn is_credible(self) -> bool {
        self >= Self::EARLIEST_CREDIBLE && self <= Self::LATEST_CREDIBLE
    }

    /// The time after `by`.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    /// The time before `by`.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis(by)))
    }

    /// The time since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// A NumericDate (RFC 7519 §2), rounded down to milliseconds. A number that is too large is a very late time, since
    /// some issuers write the largest number that they have for "never". `None` if the value is not a number.
    pub fn from_numeric_date(value: &Json<'_>) -> Option<Self> {
        let Json::Number(number) = value else { return None };
        match number.as_i64() {
            Some(secs) => Some(Self::from_secs(secs)),
            // The conversion saturates.
            None => Some(Self((number.as_f64()? * 1000.0).floor() as i64)),
        }
    }
}

/// Milliseconds of a monotonic clock. Only differences have a meaning: the start is arbitrary, but the same for all
/// workers of a process. Arithmetic saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SteadyTime(i64);

impl SteadyTime {
    /// Before every other time.
    pub const NEVER: Self = Self(i64::MIN);

    /// From milliseconds of the clock.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds of the clock.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The time after `by`.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    /// The time since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Both clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time of the wall clock.
    pub wall: UnixTime,
    /// The time of the steady clock.
    pub steady: SteadyTime,
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The half-open period in which a token is valid, clock skew included: from the later of `nbf` and `iat` until `exp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first valid time; `None` for no limit.
    pub from: Option<UnixTime>,
    /// The first time that is no longer valid; `None` for no limit.
    pub until: Option<UnixTime>,
}

impl Validity {
    /// Whether the token is valid at this time.
    pub fn contains(&self, now: UnixTime) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    #[test]
    fn a_numeric_date_is_a_number_however_large() {
        for (value, expected) in [
            ("0", Some(0)),
            ("1700000000", Some(1_700_000_000_000)),
            ("1.5", Some(1500)),
            ("-1.5", Some(-1500)),
            ("1e3", Some(1_000_000)),
            ("-0.0001", Some(-1)),
            ("253402300800", Some(253_402_300_800_000)),
            ("9223372036854775", Some(9_223_372_036_854_775_000)),
            ("9223372036854776", Some(i64::MAX)),
            ("9223372036854775807", Some(i64::MAX)),
            ("18446744073709551615", Some(i64::MAX)),
            ("1e308", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("-1e308", Some(i64::MIN)),
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
    fn a_period_does_not_contain_its_end() {
        let at = UnixTime::from_secs;
        let period = Validity { from: Some(at(10)), until: Some(at(20)) };
        for (now, expected) in [(9, false), (10, true), (19, true), (20, false), (i64::MAX, false), (i64::MIN, false)] {
            assert_eq!(period.contains(at(now)), expected, "{now}");
        }
    }

    #[test]
    fn an_unset_clock_is_not_credible() {
        for (secs, expected) in [
            (i64::MIN, false),
            (0, false),
            (1_577_836_799, false),
            (1_577_836_800, true),
            (253_402_300_799, true),
            (253_402_300_800, false),
            (i64::MAX, false),
        ] {
            assert_eq!(UnixTime::from_secs(secs).is_credible(), expected, "{secs}");
        }
    }
}
