//! The life of one provider's remote keys, without IO: when to fetch, who may, and how long a set counts.
//!
//! ```text
//!            claim              succeed         due, or a fetch failed        max_stale
//!   Empty ─────────▶ Fetching ─────────▶ Fresh ───────────────────────▶ Stale ─────────▶ Expired
//!     ▲                 │                 ▲ ▲                             │                 │
//!     └──── fail ───────┘                 │ └────── claim … succeed ──────┘                 │
//!                                         └──────────────── claim … succeed ────────────────┘
//! ```
//!
//! A ledger is what all workers of a process agree on: they keep it in one place and change it by compare-and-swap.
//! To fetch is to `claim` the lease first; a leader that dies is replaced when its lease runs out. Whoever ends the
//! fetch writes what came of it. All times are the steady clock's: keys age, and leases end, whatever is done to the
//! wall clock. `docs/keys.md` tells operators the same in pictures.

mod bytes;
mod failure;
#[cfg(test)]
mod tests;

use std::num::NonZeroU64;
use std::time::Duration;

pub use failure::FetchFailure;

use self::failure::FetchFailures;
use crate::time::SteadyTime;

/// Two fetches on account of unknown keys are at least this far apart, whatever comes of them.
pub const COOL_DOWN: Duration = Duration::from_secs(10);
/// The longest that one fetch may take.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);
/// A fetch that has not ended this long after its time-out never will: its leader is gone.
const LEASE_MARGIN: Duration = Duration::from_secs(1);
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);
/// What `Cache-Control: max-age` may set the refresh interval to.
const MAX_AGE: std::ops::RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(24 * 3600);
/// How old a worker's reading of the clock may be when it looks at what another has stamped since.
const LAG: Duration = Duration::from_secs(60);

/// Tells one key set of a provider from all others that it ever had.
pub type Generation = NonZeroU64;

/// How a provider's keys are kept fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPolicy {
    /// How long one fetch may take, discovery included.
    pub timeout: Duration,
    /// How long a set is fresh.
    pub refresh_interval: Duration,
    /// How long a set serves without being refreshed.
    pub max_stale: Duration,
    /// Whether the issuer's `max-age` stands for the refresh interval.
    pub respect_cache_control: bool,
}

/// Where a provider's keys are in their life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No set has come yet.
    Empty,
    /// No set has come yet, and one is being fetched.
    Fetching,
    /// The last fetch brought the set, and the next is not due.
    Fresh,
    /// The set still serves while it is being replaced.
    Stale,
    /// The set is too old to decide by.
    Expired,
}

/// Why a fetch is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The set is missing or due for a refresh.
    Schedule,
    /// A token names a key that the set doesn't have.
    UnknownKey,
    /// The set that the ledger tells of is not where it should be.
    LostSet,
}

/// What the workers of a process agree on about one provider's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchState {
    /// The set in use; `None` until the first.
    generation: Option<Generation>,
    /// When the last good answer came.
    fetched_at: SteadyTime,
    /// When the set last became another one.
    changed_at: SteadyTime,
    /// When the next fetch is due by itself.
    due_at: SteadyTime,
    /// When the last fetch was claimed.
    leased_at: SteadyTime,
    /// When its lease runs out; the instant of `leased_at` once it has ended.
    lease_until: SteadyTime,
    /// When an unknown key last caused a fetch.
    demanded_at: SteadyTime,
    failures: u32,
    failure: Option<FetchFailure>,
    /// The classes that this outage has had so far.
    reported: FetchFailures,
}

impl FetchState {
    /// Nothing fetched, nothing tried.
    pub const fn new() -> Self {
        Self {
            generation: None,
            fetched_at: SteadyTime::NEVER,
            changed_at: SteadyTime::NEVER,
            due_at: SteadyTime::NEVER,
            leased_at: SteadyTime::NEVER,
            lease_until: SteadyTime::NEVER,
            demanded_at: SteadyTime::NEVER,
            failures: 0,
            failure: None,
            reported: FetchFailures::NONE,
        }
    }

    /// The set in use; `None` before the first.
    pub fn generation(&self) -> Option<Generation> {
        self.generation
    }

    /// When the set in use was last confirmed; `None` before the first.
    pub fn fetched_at(&self) -> Option<SteadyTime> {
        self.generation.map(|_| self.fetched_at)
    }

    /// When the set in use was first seen; `None` before the first.
    pub fn changed_at(&self) -> Option<SteadyTime> {
        self.generation.map(|_| self.changed_at)
    }

    /// When the last fetch was claimed.
    pub fn leased_at(&self) -> SteadyTime {
        self.leased_at
    }

    /// What is left of the time that a fetch may take.
    pub fn time_left(&self, now: SteadyTime, policy: &KeyPolicy) -> Duration {
        self.lease_until.since(now).saturating_sub(LEASE_MARGIN).min(policy.timeout)
    }

    /// What went wrong in the last fetch, if it did.
    pub fn failure(&self) -> Option<FetchFailure> {
        self.failure
    }

    /// Whether this outage has failed in that way before.
    pub fn already_reported(&self, failure: FetchFailure) -> bool {
        self.reported.contains(failure)
    }

    /// Whether the issuer has not said which keys it has now: the last fetch failed, or never ended.
    pub fn last_fetch_unresolved(&self) -> bool {
        self.failure.is_some() || self.lease_until != self.leased_at
    }

    /// Where the keys are in their life.
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

    /// How long the set may be decided by from now on.
    pub fn remaining_validity(&self, now: SteadyTime, policy: &KeyPolicy) -> Duration {
        match self.generation {
            Some(_) => policy.max_stale.saturating_sub(now.since(self.fetched_at)),
            None => Duration::ZERO,
        }
    }

    /// Whether somebody is fetching.
    pub fn in_flight(&self, now: SteadyTime) -> bool {
        now < self.lease_until
    }

    /// The lease on the one fetch: the ledger to write before fetching, or `None` if this is not the time.
    pub fn acquire(&self, trigger: Trigger, now: SteadyTime, policy: &KeyPolicy) -> Option<Self> {
        let called_for = match trigger {
            Trigger::Schedule => self.is_due(now, policy),
            Trigger::UnknownKey => now >= self.demanded_at.plus(COOL_DOWN),
            Trigger::LostSet => {
                self.is_due(now, policy) || (self.failure.is_none() && now >= self.fetched_at.plus(COOL_DOWN))
            }
        };
        (called_for && !self.in_flight(now)).then(|| Self {
            leased_at: now,
            lease_until: now.plus(policy.timeout.saturating_add(LEASE_MARGIN)),
            demanded_at: if trigger == Trigger::UnknownKey { now } else { self.demanded_at },
            ..*self
        })
    }

    /// Whether a fetch claimed by `lease` still holds it. One that took too long may have been replaced.
    pub fn is_leased_as(&self, lease: &Self) -> bool {
        self.leased_at == lease.leased_at && self.lease_until == lease.lease_until && self.leased_at != self.lease_until
    }

    /// After a fetch that its leader gives up without knowing what came of it: the next may begin.
    #[must_use]
    pub fn release(&self) -> Self {
        Self { lease_until: SteadyTime::NEVER, ..*self }
    }

    /// After a good answer. `edition` is another one if the set differs from the one before; `jitter` is in [0, 1).
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
            // An issuer may not talk us into keeping a set until it lapses.
            Some(age) => age.clamp(*MAX_AGE.start(), *MAX_AGE.end()).min(policy.max_stale),
            None => policy.refresh_interval,
        };
        Self {
            generation: Some(generation),
            fetched_at: now,
            changed_at: if self.generation == Some(generation) { self.changed_at } else { now },
            due_at: now.plus(interval.mul_f64(0.8 + 0.1 * jitter.clamp(0.0, 1.0))),
            lease_until: self.leased_at,
            failures: 0,
            failure: None,
            reported: FetchFailures::NONE,
            ..*self
        }
    }

    /// After a fetch that brought nothing: the set stays, and the next try is 1 s to 60 s away.
    #[must_use]
    pub fn fail(&self, now: SteadyTime, failure: FetchFailure, jitter: f64) -> Self {
        let doubled = FIRST_RETRY.saturating_mul(1_u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX));
        Self {
            due_at: now.plus(doubled.min(LAST_RETRY).mul_f64(1.0 - 0.2 * jitter.clamp(0.0, 1.0))),
            lease_until: self.leased_at,
            failures: self.failures.saturating_add(1),
            failure: Some(failure),
            reported: self.reported.with(failure),
            ..*self
        }
    }

    /// Whether its stamps can be ours: none lies further ahead than a worker could have put it.
    pub fn is_plausible(&self, now: SteadyTime) -> bool {
        let latest = now.plus(LAG);
        let longest_lease = LONGEST_TIMEOUT.saturating_add(LEASE_MARGIN);
        [self.fetched_at, self.changed_at, self.leased_at, self.demanded_at].iter().all(|stamp| *stamp <= latest)
            && self.lease_until <= latest.plus(longest_lease)
    }

    fn is_due(&self, now: SteadyTime, policy: &KeyPolicy) -> bool {
        // Other settings may have held when `due_at` was set.
        let longest_wait = if policy.respect_cache_control { *MAX_AGE.end() } else { policy.refresh_interval };
        let expired = self.failure.is_none() && self.phase(now, policy) == Phase::Expired;
        now >= self.due_at || expired || self.due_at.since(now) > longest_wait.max(LAST_RETRY)
    }
}

impl Default for FetchState {
    fn default() -> Self {
        Self::new()
    }
}
