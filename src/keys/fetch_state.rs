//! The fetch state of one provider's remote keys, without IO: when to fetch, by which worker, and how long to use a set.
//!
//! ```text
//!           acquire             succeed         due, or a fetch failed        max_stale
//!   Empty ─────────▶ Fetching ─────────▶ Fresh ───────────────────────▶ Stale ─────────▶ Expired
//!     ▲                 │                 ▲ ▲                             │                 │
//!     └──── fail ───────┘                 │ └───── acquire … succeed ─────┘                 │
//!                                         └─────────────── acquire … succeed ───────────────┘
//! ```
//!
//! All workers of a process share one fetch state and change it by compare-and-swap. A worker that wants to fetch
//! acquires the lease first, and writes the outcome when the fetch ends. If that worker is gone, the lease runs out and
//! another one may fetch. All times are from the monotonic clock: steps of the wall clock change neither the age of
//! keys nor a lease. `docs/keys.md` describes the same for operators.

mod bytes;
mod failure;
mod schedule;
#[cfg(test)]
mod tests;

use std::num::NonZeroU64;
use std::time::Duration;

pub use failure::FetchFailure;
pub use schedule::COOL_DOWN;

use self::failure::FetchFailures;
use crate::time::SteadyTime;

/// The longest that one fetch may take.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);
/// How much longer than the timeout a lease lasts. If a fetch has not ended by then, its worker is gone.
const LEASE_MARGIN: Duration = Duration::from_secs(1);
/// The limits of a refresh interval from `Cache-Control: max-age`.
const MAX_AGE: std::ops::RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(24 * 3600);
/// How far in the future another worker's timestamp may seem to be: a worker reads the clock once, and may look at the
/// shared state later.
const MAX_CLOCK_LAG: Duration = Duration::from_secs(60);

/// Identifies one key set among all that a provider ever had.
pub type Generation = NonZeroU64;

/// How a provider's keys are kept fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPolicy {
    /// How long one fetch may take, discovery included.
    pub timeout: Duration,
    /// How long a set is fresh.
    pub refresh_interval: Duration,
    /// How long a set is used without a successful refresh.
    pub max_stale: Duration,
    /// Whether the issuer's `max-age` replaces the refresh interval.
    pub respect_cache_control: bool,
}

/// The state of a provider's keys, as in the diagram above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No set has been fetched yet.
    Empty,
    /// No set has been fetched yet, and a fetch is in progress.
    Fetching,
    /// The last fetch succeeded, and the next is not due.
    Fresh,
    /// A refresh is due or has failed; the set is still used.
    Stale,
    /// The set is too old to be used.
    Expired,
}

/// Why a worker wants to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The set is missing or due for a refresh.
    Schedule,
    /// A request needs keys, and there are none that can be used.
    Request,
    /// No key in the set verifies a token: its key is new, or was replaced.
    Token,
    /// The shared data does not have the set of the current generation.
    LostSet,
}

/// What all workers of a process share about fetching one provider's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchState {
    /// The set in use; `None` before the first.
    generation: Option<Generation>,
    /// When the last successful fetch ended.
    fetched_at: SteadyTime,
    /// When the set last changed.
    changed_at: SteadyTime,
    /// When the next scheduled fetch is due.
    due_at: SteadyTime,
    /// When the lease was last acquired.
    leased_at: SteadyTime,
    /// When the lease runs out; equal to `leased_at` after the fetch has ended.
    lease_until: SteadyTime,
    /// When a token that no key verifies last caused a fetch.
    demanded_at: SteadyTime,
    /// When the last failed fetch ended.
    failed_at: SteadyTime,
    failures: u32,
    failure: Option<FetchFailure>,
    /// The classes of failure since the last success.
    reported: FetchFailures,
}

impl FetchState {
    /// The state before the first fetch.
    pub const fn new() -> Self {
        Self {
            generation: None,
            fetched_at: SteadyTime::NEVER,
            changed_at: SteadyTime::NEVER,
            due_at: SteadyTime::NEVER,
            leased_at: SteadyTime::NEVER,
            lease_until: SteadyTime::NEVER,
            demanded_at: SteadyTime::NEVER,
            failed_at: SteadyTime::NEVER,
            failures: 0,
            failure: None,
            reported: FetchFailures::NONE,
        }
    }

    /// The set in use; `None` before the first.
    pub fn generation(&self) -> Option<Generation> {
        self.generation
    }

    /// When the set in use was last fetched; `None` before the first.
    pub fn fetched_at(&self) -> Option<SteadyTime> {
        self.generation.map(|_| self.fetched_at)
    }

    /// When the set in use was first fetched; `None` before the first.
    pub fn changed_at(&self) -> Option<SteadyTime> {
        self.generation.map(|_| self.changed_at)
    }

    /// When the lease was last acquired.
    pub fn leased_at(&self) -> SteadyTime {
        self.leased_at
    }

    /// How much of the timeout is left for the fetch that has the lease.
    pub fn time_left(&self, now: SteadyTime, policy: &KeyPolicy) -> Duration {
        self.lease_until.since(now).saturating_sub(LEASE_MARGIN).min(policy.timeout)
    }

    /// Why the last fetch failed, if it did.
    pub fn failure(&self) -> Option<FetchFailure> {
        self.failure
    }

    /// Whether a fetch has failed in this way since the last success.
    pub fn already_reported(&self, failure: FetchFailure) -> bool {
        self.reported.contains(failure)
    }

    /// Whether the last fetch failed or never ended, so that the issuer's current keys are unknown.
    pub fn last_fetch_unresolved(&self) -> bool {
        self.failure.is_some() || self.lease_until != self.leased_at
    }

    /// The state of the keys.
    pub fn phase(&self, now: SteadyTime, policy: &KeyPolicy) -> Phase {
        if self.generation.is_none() {
            return if self.in_flight(now) { Phase::Fetching } else { Phase::Empty };
        }
        if self.remaining_validity(now, policy).is_zero() {
            Phase::Expired
        } else if self.failure.is_none() && now < self.due_at {
            Phase::Fresh
        } else {
            Phase::Stale
        }
    }

    /// How long the set may still be used.
    pub fn remaining_validity(&self, now: SteadyTime, policy: &KeyPolicy) -> Duration {
        match self.generation {
            Some(_) => policy.max_stale.saturating_sub(now.since(self.fetched_at)),
            None => Duration::ZERO,
        }
    }

    /// Whether a worker has the lease.
    pub fn in_flight(&self, now: SteadyTime) -> bool {
        now < self.lease_until
    }

    /// The state with the lease acquired, to be written before the fetch; `None` if no fetch is due or a lease is held.
    pub fn acquire(&self, trigger: Trigger, now: SteadyTime, policy: &KeyPolicy) -> Option<Self> {
        (self.permits(trigger, now, policy) && !self.in_flight(now)).then(|| Self {
            leased_at: now,
            lease_until: now.plus(policy.timeout.saturating_add(LEASE_MARGIN)),
            demanded_at: if trigger == Trigger::Token { now } else { self.demanded_at },
            ..*self
        })
    }

    /// Whether the lease acquired in `lease` is still held. Another worker may have acquired it after it ran out.
    pub fn is_leased_as(&self, lease: &Self) -> bool {
        self.leased_at == lease.leased_at && self.lease_until == lease.lease_until && self.leased_at != self.lease_until
    }

    /// The state after a fetch was abandoned: another worker may fetch at once.
    #[must_use]
    pub fn release(&self) -> Self {
        Self { lease_until: SteadyTime::NEVER, ..*self }
    }

    /// The state after a successful fetch. `generation` is a new one if the set has changed; `jitter` is in [0, 1).
    #[must_use]
    pub fn succeed(
        &self,
        now: SteadyTime,
        generation: Generation,
        max_age: Option<Duration>,
        jitter: f64,
        policy: &KeyPolicy,
    ) -> Self {
        let interval = match max_age.filter(|_| policy.respect_cache_control) {
            // The next fetch must be due before the set expires.
            Some(age) => age.clamp(*MAX_AGE.start(), *MAX_AGE.end()).min(policy.max_stale),
            None => policy.refresh_interval,
        };
        Self {
            generation: Some(generation),
            fetched_at: now,
            changed_at: if self.generation == Some(generation) { self.changed_at } else { now },
            due_at: now.plus(schedule::ahead_of(interval, jitter)),
            lease_until: self.leased_at,
            failures: 0,
            failure: None,
            reported: FetchFailures::NONE,
            ..*self
        }
    }

    /// The state of the same keys under other settings, under which no fetch is in progress.
    #[must_use]
    pub fn under(&self, policy: &KeyPolicy, jitter: f64) -> Self {
        let due_at = self.fetched_at.plus(schedule::ahead_of(policy.refresh_interval, jitter));
        Self {
            // The issuer may have asked for less with `max-age`.
            due_at: if policy.respect_cache_control { due_at.min(self.due_at) } else { due_at },
            lease_until: self.leased_at,
            ..*self
        }
    }

    /// The state after a failed fetch: the set stays, and the next attempt is due in 1 s to 60 s; sooner if no keys can
    /// be used.
    #[must_use]
    pub fn fail(&self, now: SteadyTime, failure: FetchFailure, jitter: f64) -> Self {
        Self {
            due_at: now.plus(schedule::back_off(self.failures, jitter)),
            lease_until: self.leased_at,
            failed_at: now,
            failures: self.failures.saturating_add(1),
            failure: Some(failure),
            reported: self.reported.with(failure),
            ..*self
        }
    }

    /// Whether a worker of this process can have written it. If a timestamp is further in the future than any worker
    /// would write, another plugin wrote it.
    pub fn is_plausible(&self, now: SteadyTime) -> bool {
        let latest = now.plus(MAX_CLOCK_LAG);
        let longest_lease = LONGEST_TIMEOUT.saturating_add(LEASE_MARGIN);
        let past = [self.fetched_at, self.changed_at, self.leased_at, self.demanded_at, self.failed_at];
        past.iter().all(|time| *time <= latest) && self.lease_until <= latest.plus(longest_lease)
    }
}

impl Default for FetchState {
    fn default() -> Self {
        Self::new()
    }
}
