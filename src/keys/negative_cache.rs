//! The negative cache: key ids that are not in the issuer's key set.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::jwk::KeyId;
use crate::time::SteadyTime;

/// Key ids that were missing from a fetched key set. The table has a fixed size, and an entry replaces the one in its
/// slot: made-up key ids cannot make it grow, and cannot evict known keys, which are not in it.
#[derive(Debug)]
pub struct NegativeCache {
    hasher: RandomState,
    slots: Box<[(u64, SteadyTime)]>,
}

impl NegativeCache {
    const SLOTS: usize = 512;
    /// Long enough that a client with an old key does not cause fetch after fetch, short enough for a key that is
    /// published late.
    const TTL: Duration = Duration::from_secs(30);

    /// Remembers that a fetched set does not have this key. `None` is for a token without `kid`.
    pub fn insert(&mut self, id: Option<&KeyId>, now: SteadyTime) {
        let hash = self.hasher.hash_one(id);
        if let Some(slot) = self.slots.get_mut(Self::slot_of(hash)) {
            *slot = (hash, now);
        }
    }

    /// Whether a recently fetched set did not have this key.
    pub fn is_known_missing(&self, id: Option<&KeyId>, now: SteadyTime) -> bool {
        let hash = self.hasher.hash_one(id);
        self.slots.get(Self::slot_of(hash)).is_some_and(|&(known, since)| known == hash && now < since.plus(Self::TTL))
    }

    fn slot_of(hash: u64) -> usize {
        (hash % Self::SLOTS as u64) as usize
    }
}

impl Default for NegativeCache {
    fn default() -> Self {
        let unused = (0, SteadyTime::NEVER);
        Self { hasher: RandomState::new(), slots: vec![unused; Self::SLOTS].into_boxed_slice() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_key_is_remembered_for_30_seconds() {
        let mut cache = NegativeCache::default();
        let at = |secs: i64| SteadyTime::from_millis(secs * 1000);
        let id = KeyId::new("a");
        cache.insert(Some(&id), at(100));
        for (now, expected) in [(100, true), (129, true), (130, false)] {
            assert_eq!(cache.is_known_missing(Some(&id), at(now)), expected, "{now}");
        }
        assert!(!cache.is_known_missing(Some(&KeyId::new("b")), at(100)));
        assert!(!cache.is_known_missing(None, at(100)));
    }

    #[test]
    fn a_flood_of_key_ids_takes_no_extra_memory() {
        let mut cache = NegativeCache::default();
        for n in 0..10_000 {
            cache.insert(Some(&KeyId::new(&n.to_string())), SteadyTime::NEVER);
        }
        assert_eq!(cache.slots.len(), NegativeCache::SLOTS);
    }
}
