//! One worker's view of a provider's keys: the set in use, how far it can be trusted, and which ids are known not to
//! be in it.

use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::time::Duration;

use super::algorithm::Algorithm;
use super::jwk::{KeyId, VerifyingKey};
use super::jwks::KeySet;
use super::ledger::{KeyPolicy, Ledger};
use super::time::{Moment, SteadyTime, UnixTime};

/// The keys of one provider, and nobody else's.
#[derive(Debug)]
pub struct KeyRing {
    set: Rc<KeySet>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// Written in the configuration; it never grows old.
    Inline,
    /// Fetched; the ledger says how old it is.
    Remote { policy: KeyPolicy, ledger: Ledger, serves: Span, strangers: Strangers },
}

/// By the wall clock, so that a request need not ask for another. A wall clock that was set is outside, or soon will
/// be looked at again: whoever finds the set unusable notes the ledger once more before anything is refused.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: UnixTime,
    until: UnixTime,
}

impl Span {
    const NEVER: Self = Self { from: UnixTime::MAX, until: UnixTime::MAX };
}

/// Why a ring has no key for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// None of the keys that may be tried has made the signature.
    Mismatch,
    /// The set names that key, but not for this algorithm.
    Unfit,
    /// The set doesn't have it.
    Unknown,
    /// There is no set to look in.
    Unavailable,
}

impl KeyRing {
    /// A set that is part of the configuration.
    pub fn inline(set: Rc<KeySet>) -> Self {
        Self { set, source: Source::Inline }
    }

    /// An empty ring, to be filled.
    pub fn remote(policy: KeyPolicy) -> Self {
        let source =
            Source::Remote { policy, ledger: Ledger::new(), serves: Span::NEVER, strangers: Strangers::default() };
        Self { set: Rc::default(), source }
    }

    /// Of the keys that a token may be tried with, the one that has signed it.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn signer(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: UnixTime,
        has_signed: impl Fn(&VerifyingKey) -> bool,
    ) -> Result<&Rc<VerifyingKey>, NoKey> {
        if !self.is_usable(now) {
            return Err(NoKey::Unavailable);
        }
        let mut candidates = self.set.candidates(id, algorithm).peekable();
        if candidates.peek().is_some() {
            candidates.find(|key| has_signed(key)).ok_or(NoKey::Mismatch)
        } else if id.is_some_and(|id| self.set.names(id)) {
            Err(NoKey::Unfit)
        } else {
            Err(NoKey::Unknown)
        }
    }

    /// Whether the set may be decided by.
    pub fn is_usable(&self, now: UnixTime) -> bool {
        match &self.source {
            Source::Inline => true,
            Source::Remote { serves, .. } => serves.from <= now && now < serves.until && !self.set.is_empty(),
        }
    }

    /// The set in use.
    pub fn set(&self) -> &KeySet {
        &self.set
    }

    /// The ledger and its policy; `None` for an inline set.
    pub fn ledger(&self) -> Option<(&Ledger, &KeyPolicy)> {
        match &self.source {
            Source::Inline => None,
            Source::Remote { policy, ledger, .. } => Some((ledger, policy)),
        }
    }

    /// Takes over what the ledger says at this moment.
    pub fn note(&mut self, current: Ledger, now: Moment) {
        if let Source::Remote { ledger, policy, serves, .. } = &mut self.source {
            *ledger = current;
            let left = ledger.serves_for(now.steady, policy);
            *serves = if left.is_zero() { Span::NEVER } else { Span { from: now.wall, until: now.wall.plus(left) } };
        }
    }

    /// Replaces the set.
    pub fn install(&mut self, set: KeySet) {
        self.set = Rc::new(set);
    }

    /// Remembers that a fetch did not bring this key.
    pub fn remember_stranger(&mut self, id: Option<&KeyId>, now: SteadyTime) {
        if let Source::Remote { strangers, .. } = &mut self.source {
            strangers.insert(id, now);
        }
    }

    /// Whether a fetch has lately failed to bring this key.
    pub fn is_stranger(&self, id: Option<&KeyId>, now: SteadyTime) -> bool {
        match &self.source {
            Source::Inline => true,
            Source::Remote { strangers, .. } => strangers.contains(id, now),
        }
    }
}

/// Key ids that a fetch has not brought. A table of fixed size: one more pushes out the one in its place, and nothing
/// that an attacker sends makes it grow or reaches the keys.
#[derive(Debug)]
struct Strangers {
    hasher: RandomState,
    slots: Box<[(u64, SteadyTime)]>,
}

impl Strangers {
    const SLOTS: usize = 512;
    /// Long enough to spare the issuer a client with an old key, short enough for a key that is published late.
    const MEMORY: Duration = Duration::from_secs(30);

    fn insert(&mut self, id: Option<&KeyId>, now: SteadyTime) {
        let hash = self.hasher.hash_one(id);
        if let Some(slot) = self.slots.get_mut(Self::place(hash)) {
            *slot = (hash, now);
        }
    }

    fn contains(&self, id: Option<&KeyId>, now: SteadyTime) -> bool {
        let hash = self.hasher.hash_one(id);
        self.slots.get(Self::place(hash)).is_some_and(|&(known, since)| known == hash && now < since.plus(Self::MEMORY))
    }

    fn place(hash: u64) -> usize {
        (hash % Self::SLOTS as u64) as usize
    }
}

impl Default for Strangers {
    fn default() -> Self {
        let nobody = (0, SteadyTime::NEVER);
        Self { hasher: RandomState::new(), slots: vec![nobody; Self::SLOTS].into_boxed_slice() }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    #[test]
    fn a_set_serves_for_its_span_by_a_wall_clock_that_nobody_sets() {
        let steady = |secs: i64| SteadyTime::from_millis(secs * 1000);
        let wall = |secs: i64| UnixTime::from_secs(1_800_000_000 + secs);
        let policy = KeyPolicy {
            timeout: Duration::from_secs(5),
            refresh_interval: Duration::from_secs(60),
            max_stale: Duration::from_secs(100),
            respect_cache_control: false,
        };
        let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let ledger = Ledger::new().succeed(steady(0), NonZeroU64::MIN, None, 0.0, &policy);
        let mut ring = KeyRing::remote(policy);
        ring.install(KeySet::from_bytes(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).unwrap());
        assert!(!ring.is_usable(wall(0)), "nobody has said how old it is");
        ring.note(ledger, Moment { wall: wall(40), steady: steady(40) });
        for (secs, expected) in [(40, true), (99, true), (100, false), (39, false), (86_400, false)] {
            assert_eq!(ring.is_usable(wall(secs)), expected, "{secs}");
        }
        // The wall clock is set a day ahead: one look at the ledger, and the set serves on for what is left of it.
        ring.note(ledger, Moment { wall: wall(86_400), steady: steady(50) });
        for (secs, expected) in [(86_400, true), (86_449, true), (86_450, false)] {
            assert_eq!(ring.is_usable(wall(secs)), expected, "{secs}");
        }
        ring.note(ledger, Moment { wall: wall(0), steady: steady(100) });
        assert!(!ring.is_usable(wall(0)));
    }

    #[test]
    fn a_stranger_is_remembered_for_a_while() {
        let mut strangers = Strangers::default();
        let at = |secs: i64| SteadyTime::from_millis(secs * 1000);
        let id = KeyId::new("a");
        strangers.insert(Some(&id), at(100));
        for (now, expected) in [(100, true), (129, true), (130, false)] {
            assert_eq!(strangers.contains(Some(&id), at(now)), expected, "{now}");
        }
        assert!(!strangers.contains(Some(&KeyId::new("b")), at(100)));
        assert!(!strangers.contains(None, at(100)));
    }

    #[test]
    fn a_flood_of_strangers_takes_no_more_room() {
        let mut strangers = Strangers::default();
        for n in 0..10_000 {
            strangers.insert(Some(&KeyId::new(&n.to_string())), SteadyTime::NEVER);
        }
        assert_eq!(strangers.slots.len(), Strangers::SLOTS);
    }
}
