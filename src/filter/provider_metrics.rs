//! The metrics of one provider.

use std::fmt::Display;

use super::counters::{Counter, Gauge, Outcomes};
use super::host::Host;
use super::token_counters::TokenCounters;
use crate::engine::decision::Decision;
use crate::keys::fetch_state::{FetchFailure, FetchState};
use crate::keys::key_set::KeySet;
use crate::time::SteadyTime;

/// What one worker counts for one provider, and the gauges about its keys.
#[derive(Debug)]
pub(super) struct ProviderMetrics {
    pub(super) tokens: TokenCounters,
    outcomes: Outcomes,
    success: Counter,
    failed: [(FetchFailure, Counter); FetchFailure::ALL.len()],
    keys: Gauge,
    left_out: Gauge,
    age: Gauge,
    since_success: Gauge,
}

impl ProviderMetrics {
    /// Counts a decision about a token of this provider.
    pub(super) fn count(&mut self, decision: &Decision) {
        self.outcomes.count(decision);
        self.tokens.count(decision);
    }

    /// Counts the end of a fetch; `None` is a success.
    pub(super) fn count_fetch(&mut self, failure: Option<FetchFailure>) {
        match failure {
            None => self.success.count(),
            Some(failure) => {
                self.failed.iter_mut().filter(|(class, _)| *class == failure).for_each(|(_, counter)| counter.count());
            }
        }
    }

    /// Hands the counts to the host. `fetches` is `None` for keys from the configuration.
    pub(super) fn flush(
        &mut self,
        host: &impl Host,
        scope: impl Display + Copy,
        keys: &KeySet,
        fetches: Option<&FetchState>,
        now: SteadyTime,
    ) {
        self.outcomes.flush(host, scope);
        self.success.flush(host, scope, "jwks_fetch_success");
        for (class, counter) in &mut self.failed {
            counter.flush(host, format_args!("{scope}.jwks_fetch_failed"), class.label());
        }
        self.keys.set(host, scope, "jwks_keys", u64::try_from(keys.len()).ok());
        let left_out = keys.left_out().iter().filter(|key| key.error.is_fault()).count();
        self.left_out.set(host, scope, "jwks_keys_left_out", u64::try_from(left_out).ok());
        let seconds = |stamp: fn(&FetchState) -> Option<SteadyTime>| {
            fetches.and_then(stamp).map(|since| now.since(since).as_secs())
        };
        self.age.set(host, scope, "jwks_age_seconds", seconds(FetchState::changed_at));
        self.since_success.set(host, scope, "jwks_seconds_since_success", seconds(FetchState::fetched_at));
    }
}

impl Default for ProviderMetrics {
    fn default() -> Self {
        Self {
            tokens: TokenCounters::default(),
            outcomes: Outcomes::default(),
            success: Counter::default(),
            failed: FetchFailure::ALL.map(|class| (class, Counter::default())),
            keys: Gauge::default(),
            left_out: Gauge::default(),
            age: Gauge::default(),
            since_success: Gauge::default(),
        }
    }
}
