//! When a fetch may begin.

use std::time::Duration;

use super::{FetchState, KeyPolicy, MAX_AGE, Trigger};
use crate::time::SteadyTime;

/// Two fetches for tokens that no key verifies are at least this far apart, whether they succeed or not.
pub const COOL_DOWN: Duration = Duration::from_secs(10);
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);
/// The same while no keys can be used. Workers look once a second, so an attempt begins at most 5 s after the last one.
const LAST_RETRY_WITHOUT_KEYS: Duration = Duration::from_secs(4);
/// While no keys can be used, a request may cause an attempt this long after the last one failed.
const RETRY_FOR_REQUEST: Duration = Duration::from_secs(2);

impl FetchState {
    /// Whether the cool-down is over, so that a token that no key verifies may cause a fetch.
    pub fn permits_demand(&self, now: SteadyTime) -> bool {
        now >= self.demanded_at.plus(COOL_DOWN)
    }

    /// Whether a fetch may begin for this reason, if none is in flight.
    pub(super) fn permits(&self, trigger: Trigger, now: SteadyTime, policy: &KeyPolicy) -> bool {
        match trigger {
            Trigger::Schedule => self.is_due(now, policy),
            Trigger::Request => {
                self.is_due(now, policy) || (!self.is_usable(now, policy) && self.has_waited(RETRY_FOR_REQUEST, now))
            }
            Trigger::Token => self.permits_demand(now),
            Trigger::LostSet => {
                let waited = self.has_waited(LAST_RETRY_WITHOUT_KEYS, now);
                self.is_due(now, policy) || (waited && now >= self.fetched_at.plus(COOL_DOWN))
            }
        }
    }

    fn is_due(&self, now: SteadyTime, policy: &KeyPolicy) -> bool {
        // A `due_at` that is further in the future than any worker writes was written by another plugin.
        let longest_age = if policy.respect_cache_control { *MAX_AGE.end() } else { Duration::ZERO };
        let longest_wait = policy.refresh_interval.max(longest_age);
        let without_keys = !self.is_usable(now, policy) && self.has_waited(LAST_RETRY_WITHOUT_KEYS, now);
        now >= self.due_at || without_keys || self.due_at.since(now) > longest_wait.max(LAST_RETRY)
    }

    fn is_usable(&self, now: SteadyTime, policy: &KeyPolicy) -> bool {
        !self.remaining_validity(now, policy).is_zero()
    }

    /// Whether the last fetch did not fail, or failed at least this long ago.
    fn has_waited(&self, wait: Duration, now: SteadyTime) -> bool {
        self.failure.is_none() || now >= self.failed_at.plus(wait)
    }
}

/// How long after a fetch the next is due: a set is replaced before its interval is over. The exact moment is random, so
/// that a fleet does not fetch all at once.
pub(super) fn ahead_of(interval: Duration, jitter: f64) -> Duration {
    interval.mul_f64(0.8 + 0.1 * jitter.clamp(0.0, 1.0))
}

/// How long after a failure the next attempt is due.
pub(super) fn back_off(failures: u32, jitter: f64) -> Duration {
    let doubled = FIRST_RETRY.saturating_mul(1_u32.checked_shl(failures.min(16)).unwrap_or(u32::MAX));
    doubled.min(LAST_RETRY).mul_f64(1.0 - 0.2 * jitter.clamp(0.0, 1.0))
}
