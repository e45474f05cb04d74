//! The life of one provider's remote keys, without IO: when to fetch, who may, and how long a set counts.
//!
//! ```text
//!            claim              succeed            refresh_interval         max_stale
//!   Empty ─────────▶ Fetching ─────────▶ Fresh ───────────────────▶ Stale ─────────────▶ Expired
//!     ▲                 │                  ▲ ▲                        │ claim … succeed      │
//!     └───────fail──────┘                  │ └────────────────────────┘                      │
//!                                          └───────────────────────claim … succeed───────────┘
//! ```
//!
//! A ledger is what all workers of a process agree on: they keep it in one place and change it by compare-and-swap.
//! To fetch is to `claim` the lease first; a leader that dies is replaced when its lease runs out. Whoever ends the
//! fetch writes what came of it. A stamp that lies further ahead than any wait can be tells that the wall clock was
//! set back, and counts as due: such a step delays a refresh by one interval at most.

use std::time::Duration;

use super::time::UnixTime;

/// Two fetches on account of unknown keys are at least this far apart, whatever comes of them.
pub const COOL_DOWN: Duration = Duration::from_secs(10);
/// A fetch that has not ended this long after its time-out never will: its leader is gone.
const LEASE_MARGIN: Duration = Duration::from_secs(1);
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);
/// What `Cache-Control: max-age` may set the refresh interval to.
const MAX_AGE: std::ops::RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(24 * 3600);

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
    /// The set is younger than the refresh interval.
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
}

/// Why a fetch brought no keys, in classes with a counter each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// A status other than 200, redirects included.
    Status,
    /// No connection.
    Connect,
    /// The connection ended before the answer did.
    Reset,
    /// No answer in time.
    Timeout,
    /// More than 1 MiB.
    TooLarge,
    /// Not a key set, or not a discovery document.
    Malformed,
    /// More than 200 keys.
    TooManyKeys,
    /// Not one key that can be used.
    NoUsableKey,
    /// The discovery document is another issuer's.
    IssuerMismatch,
}

impl FetchFailure {
    /// Every class there is.
    pub const ALL: [Self; 9] = [
        Self::Status,
        Self::Connect,
        Self::Reset,
        Self::Timeout,
        Self::TooLarge,
        Self::Malformed,
        Self::TooManyKeys,
        Self::NoUsableKey,
        Self::IssuerMismatch,
    ];

    /// Its name in logs and counters.
    pub fn label(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::TooManyKeys => "too_many_keys",
            Self::NoUsableKey => "no_usable_key",
            Self::IssuerMismatch => "issuer_mismatch",
        }
    }
}

/// What the workers of a process agree on about one provider's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Counts the sets that differed from the one before; 0 until the first.
    generation: u64,
    /// When the last good answer came.
    fetched_at: UnixTime,
    /// When the set last became another one.
    changed_at: UnixTime,
    /// When the next fetch is due by itself.
    due_at: UnixTime,
    /// When the fetch in flight was claimed; with `lease_until` the same instant, there is none.
    leased_at: UnixTime,
    lease_until: UnixTime,
    /// When an unknown key last caused a fetch.
    demanded_at: UnixTime,
    failures: u32,
    failure: Option<FetchFailure>,
}

impl Ledger {
    const NEVER: UnixTime = UnixTime::from_millis(0);

    /// Nothing fetched, nothing tried.
    pub const fn new() -> Self {
        Self {
            generation: 0,
            fetched_at: Self::NEVER,
            changed_at: Self::NEVER,
            due_at: Self::NEVER,
            leased_at: Self::NEVER,
            lease_until: Self::NEVER,
            demanded_at: Self::NEVER,
            failures: 0,
            failure: None,
        }
    }

    /// Counts the key sets so far that were news.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When the set in use was last confirmed; `None` before the first.
    pub fn fetched_at(&self) -> Option<UnixTime> {
        (self.generation > 0).then_some(self.fetched_at)
    }

    /// When the set in use was first seen; `None` before the first.
    pub fn changed_at(&self) -> Option<UnixTime> {
        (self.generation > 0).then_some(self.changed_at)
    }

    /// What is left of the time that a fetch may take.
    pub fn time_left(&self, now: UnixTime, policy: &KeyPolicy) -> Duration {
        self.lease_until.minus(LEASE_MARGIN).since(now).min(policy.timeout)
    }

    /// What went wrong in the last fetch, if it did.
    pub fn failure(&self) -> Option<FetchFailure> {
        self.failure
    }

    /// Where the keys are in their life.
    pub fn phase(&self, now: UnixTime, policy: &KeyPolicy) -> Phase {
        if self.generation == 0 {
            return if self.in_flight(now, policy) { Phase::Fetching } else { Phase::Empty };
        }
        let age = now.since(self.fetched_at);
        if age < policy.refresh_interval {
            Phase::Fresh
        } else if age < policy.max_stale {
            Phase::Stale
        } else {
            Phase::Expired
        }
    }

    /// Whether somebody is fetching.
    pub fn in_flight(&self, now: UnixTime, policy: &KeyPolicy) -> bool {
        now < self.lease_until && self.lease_until.since(now) <= lease(policy)
    }

    /// The lease on the one fetch: the ledger to write before fetching, or `None` if this is not the time.
    pub fn claim(&self, trigger: Trigger, now: UnixTime, policy: &KeyPolicy) -> Option<Self> {
        let called_for = match trigger {
            Trigger::Schedule => self.is_due(now, policy),
            Trigger::UnknownKey => now >= self.demanded_at.plus(COOL_DOWN) || now < self.demanded_at,
        };
        (called_for && !self.in_flight(now, policy)).then(|| Self {
            leased_at: now,
            lease_until: now.plus(lease(policy)),
            demanded_at: if trigger == Trigger::UnknownKey { now } else { self.demanded_at },
            ..*self
        })
    }

    /// Whether a fetch claimed by `lease` still holds it. One that took too long may have been replaced.
    pub fn is_leased_as(&self, lease: &Self) -> bool {
        self.leased_at == lease.leased_at && self.lease_until == lease.lease_until && self.leased_at != self.lease_until
    }

    /// After a good answer. `news` is whether the set differs from the one before; `jitter` is in [0, 1).
    #[must_use]
    pub fn succeed(
        &self,
        now: UnixTime,
        news: bool,
        max_age: Option<Duration>,
        jitter: f64,
        policy: &KeyPolicy,
    ) -> Self {
        let interval = match max_age.filter(|_| policy.respect_cache_control) {
            Some(age) => age.clamp(*MAX_AGE.start(), *MAX_AGE.end()),
            None => policy.refresh_interval,
        };
        let news = news || self.generation == 0;
        Self {
            generation: self.generation.saturating_add(u64::from(news)),
            fetched_at: now,
            changed_at: if news { now } else { self.changed_at },
            due_at: now.plus(interval.mul_f64(0.8 + 0.1 * jitter.clamp(0.0, 1.0))),
            lease_until: self.leased_at,
            failures: 0,
            failure: None,
            ..*self
        }
    }

    /// After a fetch that brought nothing: the set stays, and the next try is 1 s to 60 s away.
    #[must_use]
    pub fn fail(&self, now: UnixTime, failure: FetchFailure, jitter: f64) -> Self {
        let doubled = FIRST_RETRY.saturating_mul(1_u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX));
        Self {
            due_at: now.plus(doubled.min(LAST_RETRY).mul_f64(1.0 - 0.2 * jitter.clamp(0.0, 1.0))),
            lease_until: self.leased_at,
            failures: self.failures.saturating_add(1),
            failure: Some(failure),
            ..*self
        }
    }

    fn is_due(&self, now: UnixTime, policy: &KeyPolicy) -> bool {
        let longest_wait = if policy.respect_cache_control { *MAX_AGE.end() } else { policy.refresh_interval };
        let expired = self.failure.is_none() && self.phase(now, policy) == Phase::Expired;
        now >= self.due_at || expired || self.due_at.since(now) > longest_wait.max(LAST_RETRY)
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

fn lease(policy: &KeyPolicy) -> Duration {
    policy.timeout.saturating_add(LEASE_MARGIN)
}

/// How a ledger is written where workers share it.
impl Ledger {
    const FIELDS: usize = 9;

    /// As bytes.
    pub fn to_bytes(self) -> Vec<u8> {
        let failure = self.failure.map_or(0, |failure| 1 + failure as u8);
        [
            self.generation.to_le_bytes(),
            self.fetched_at.millis().to_le_bytes(),
            self.changed_at.millis().to_le_bytes(),
            self.due_at.millis().to_le_bytes(),
            self.leased_at.millis().to_le_bytes(),
            self.lease_until.millis().to_le_bytes(),
            self.demanded_at.millis().to_le_bytes(),
            u64::from(self.failures).to_le_bytes(),
            u64::from(failure).to_le_bytes(),
        ]
        .concat()
    }

    /// From bytes that anybody may have written; `None` if they are not a ledger.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let words: Vec<u64> =
            bytes.chunks(8).map(|word| word.try_into().map(u64::from_le_bytes)).collect::<Result<_, _>>().ok()?;
        let words: [u64; Self::FIELDS] = words.try_into().ok()?;
        let [generation, fetched_at, changed_at, due_at, leased_at, lease_until, demanded_at, failures, failure] =
            words;
        let time = |word: u64| UnixTime::from_millis(word.cast_signed());
        Some(Self {
            generation,
            fetched_at: time(fetched_at),
            changed_at: time(changed_at),
            due_at: time(due_at),
            leased_at: time(leased_at),
            lease_until: time(lease_until),
            demanded_at: time(demanded_at),
            failures: u32::try_from(failures).ok()?,
            failure: match failure {
                0 => None,
                n => Some(*FetchFailure::ALL.get(usize::try_from(n - 1).ok()?)?),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: KeyPolicy = KeyPolicy {
        timeout: Duration::from_secs(5),
        refresh_interval: Duration::from_secs(600),
        max_stale: Duration::from_secs(86_400),
        respect_cache_control: false,
    };

    fn at(secs: i64) -> UnixTime {
        UnixTime::from_secs(1_800_000_000 + secs)
    }

    fn fetched(secs: i64) -> Ledger {
        let claimed = Ledger::new().claim(Trigger::Schedule, at(secs), &POLICY).unwrap();
        claimed.succeed(at(secs), true, None, 0.5, &POLICY)
    }

    #[test]
    fn a_set_grows_old_in_steps() {
        let ledger = fetched(0);
        for (secs, expected) in [
            (0, Phase::Fresh),
            (599, Phase::Fresh),
            (600, Phase::Stale),
            (86_399, Phase::Stale),
            (86_400, Phase::Expired),
        ] {
            assert_eq!(ledger.phase(at(secs), &POLICY), expected, "{secs}");
        }
        assert_eq!(Ledger::new().phase(at(0), &POLICY), Phase::Empty);
    }

    #[test]
    fn one_holds_the_lease_until_it_runs_out() {
        let claimed = Ledger::new().claim(Trigger::Schedule, at(0), &POLICY).unwrap();
        assert_eq!(claimed.phase(at(1), &POLICY), Phase::Fetching);
        assert_eq!(claimed.claim(Trigger::Schedule, at(5), &POLICY), None);
        assert_eq!(claimed.claim(Trigger::UnknownKey, at(5), &POLICY), None);
        let next = claimed.claim(Trigger::Schedule, at(6), &POLICY).unwrap();
        assert!(!next.is_leased_as(&claimed));
    }

    #[test]
    fn a_refresh_is_due_ahead_of_time() {
        for (jitter, due) in [(0.0, 480), (0.5, 510), (0.999, 539)] {
            let ledger = Ledger::new().succeed(at(0), true, None, jitter, &POLICY);
            assert_eq!(ledger.claim(Trigger::Schedule, at(due - 1), &POLICY), None, "{jitter}");
            assert!(ledger.claim(Trigger::Schedule, at(due + 1), &POLICY).is_some(), "{jitter}");
        }
    }

    #[test]
    fn the_issuers_max_age_counts_within_bounds_and_only_if_asked_for() {
        let respectful = KeyPolicy { respect_cache_control: true, ..POLICY };
        for (policy, max_age, due) in [
            (POLICY, Some(3600), 480),
            (respectful, Some(3600), 2880),
            (respectful, Some(1), 48),
            (respectful, Some(10_000_000), 69_120),
            (respectful, None, 480),
        ] {
            let ledger = Ledger::new().succeed(at(0), true, max_age.map(Duration::from_secs), 0.0, &policy);
            assert_eq!(ledger.claim(Trigger::Schedule, at(due - 1), &policy), None, "{max_age:?}");
            assert!(ledger.claim(Trigger::Schedule, at(due), &policy).is_some(), "{max_age:?}");
        }
    }

    #[test]
    fn tries_back_off_to_a_minute() {
        let mut ledger = fetched(0);
        let mut now = at(1000);
        for secs in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            ledger = ledger.claim(Trigger::Schedule, now, &POLICY).unwrap().fail(now, FetchFailure::Status, 0.0);
            let due = now.plus(Duration::from_secs(secs));
            assert_eq!(ledger.claim(Trigger::Schedule, due.minus(Duration::from_millis(1)), &POLICY), None, "{secs}");
            now = due;
        }
    }

    #[test]
    fn unknown_keys_cause_a_fetch_once_in_ten_seconds() {
        let ledger = fetched(0);
        let claimed = ledger.claim(Trigger::UnknownKey, at(1), &POLICY).unwrap();
        for ended in [claimed.succeed(at(1), false, None, 0.0, &POLICY), claimed.fail(at(1), FetchFailure::Reset, 0.0)]
        {
            assert_eq!(ended.claim(Trigger::UnknownKey, at(10), &POLICY), None);
            assert!(ended.claim(Trigger::UnknownKey, at(11), &POLICY).is_some());
        }
    }

    #[test]
    fn a_clock_set_back_or_forward_makes_a_refresh_due() {
        let ledger = fetched(0);
        for (secs, due) in [(-86_400, true), (-601, true), (0, false), (86_400, true)] {
            assert_eq!(ledger.claim(Trigger::Schedule, at(secs), &POLICY).is_some(), due, "{secs}");
        }
    }

    #[test]
    fn a_set_that_is_the_same_is_no_news() {
        let ledger = fetched(0);
        assert_eq!(ledger.succeed(at(9), false, None, 0.0, &POLICY).generation(), 1);
        assert_eq!(ledger.succeed(at(9), true, None, 0.0, &POLICY).generation(), 2);
    }

    #[test]
    fn bytes_that_are_no_ledger_are_refused() {
        let ledger = fetched(0).fail(at(3), FetchFailure::IssuerMismatch, 0.3);
        let bytes = ledger.to_bytes();
        assert_eq!(Ledger::from_bytes(&bytes), Some(ledger));
        for cut in 0..bytes.len() {
            assert_eq!(Ledger::from_bytes(&bytes[..cut]), None, "{cut}");
        }
        assert_eq!(Ledger::from_bytes(&[0xff; 72]), None);
        assert_eq!(Ledger::from_bytes(&[0; 80]), None);
    }
}
