//! One worker's view of a provider's keys: the set in use, how far it can be trusted, and which ids are known not to
//! be in it.

use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::time::Duration;

use super::algorithm::Algorithm;
use super::jwk::{KeyId, VerifyingKey};
use super::jwks::KeySet;
use super::ledger::{KeyPolicy, Ledger, Phase};
use super::time::UnixTime;

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
    Remote { policy: KeyPolicy, ledger: Ledger, strangers: Strangers },
}

/// What a ring answers to a token.
#[derive(Debug)]
pub enum Lookup {
    /// Keys to try.
    Keys(Vec<Rc<VerifyingKey>>),
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
        let source = Source::Remote { policy, ledger: Ledger::new(), strangers: Strangers::default() };
        Self { set: Rc::default(), source }
    }

    /// The keys a token may be tried with.
    pub fn look_up(&self, id: Option<&KeyId>, algorithm: Algorithm, now: UnixTime) -> Lookup {
        if !self.is_usable(now) {
            return Lookup::Unavailable;
        }
        let keys: Vec<_> = self.set.candidates(id, algorithm).cloned().collect();
        if !keys.is_empty() {
            Lookup::Keys(keys)
        } else if id.is_some_and(|id| self.set.names(id)) {
            Lookup::Unfit
        } else {
            Lookup::Unknown
        }
    }

    /// Whether the set may be decided by.
    pub fn is_usable(&self, now: UnixTime) -> bool {
        match &self.source {
            Source::Inline => true,
            Source::Remote { policy, ledger, .. } => match ledger.phase(now, policy) {
                Phase::Fresh | Phase::Stale => !self.set.is_empty(),
                Phase::Empty | Phase::Fetching | Phase::Expired => false,
            },
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

    /// Takes over what the ledger says now.
    pub fn note(&mut self, now: Ledger) {
        if let Source::Remote { ledger, .. } = &mut self.source {
            *ledger = now;
        }
    }

    /// Replaces the set.
    pub fn install(&mut self, set: KeySet) {
        self.set = Rc::new(set);
    }

    /// Remembers that a fetch did not bring this key.
    pub fn remember_stranger(&mut self, id: Option<&KeyId>, now: UnixTime) {
        if let Source::Remote { strangers, .. } = &mut self.source {
            strangers.insert(id, now);
        }
    }

    /// Whether a fetch has lately failed to bring this key.
    pub fn is_stranger(&self, id: Option<&KeyId>, now: UnixTime) -> bool {
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
    slots: Box<[(u64, UnixTime)]>,
}

impl Strangers {
    const SLOTS: usize = 512;
    /// Long enough to spare the issuer a client with an old key, short enough for a key that is published late.
    const MEMORY: Duration = Duration::from_secs(30);

    fn insert(&mut self, id: Option<&KeyId>, now: UnixTime) {
        let hash = self.hasher.hash_one(id);
        if let Some(slot) = self.slots.get_mut(Self::place(hash)) {
            *slot = (hash, now);
        }
    }

    fn contains(&self, id: Option<&KeyId>, now: UnixTime) -> bool {
        let hash = self.hasher.hash_one(id);
        self.slots
            .get(Self::place(hash))
            .is_some_and(|&(known, since)| known == hash && since <= now && now.since(since) < Self::MEMORY)
    }

    fn place(hash: u64) -> usize {
        (hash % Self::SLOTS as u64) as usize
    }
}

impl Default for Strangers {
    fn default() -> Self {
        let nobody = (0, UnixTime::from_millis(i64::MIN));
        Self { hasher: RandomState::new(), slots: vec![nobody; Self::SLOTS].into_boxed_slice() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_remembered_for_a_while() {
        let mut strangers = Strangers::default();
        let at = UnixTime::from_secs;
        let id = KeyId::new("a");
        strangers.insert(Some(&id), at(100));
        for (now, expected) in [(100, true), (129, true), (130, false), (99, false)] {
            assert_eq!(strangers.contains(Some(&id), at(now)), expected, "{now}");
        }
        assert!(!strangers.contains(Some(&KeyId::new("b")), at(100)));
        assert!(!strangers.contains(None, at(100)));
    }

    #[test]
    fn a_flood_of_strangers_takes_no_more_room() {
        let mut strangers = Strangers::default();
        for n in 0..10_000 {
            strangers.insert(Some(&KeyId::new(&n.to_string())), UnixTime::from_secs(1));
        }
        assert_eq!(strangers.slots.len(), Strangers::SLOTS);
    }
}
