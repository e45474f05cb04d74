//! Verified tokens, so that one that comes again costs no arithmetic. Bounded by count and by bytes; the least recently
//! used goes first. No entry outlives its token, its time to live, or the key that signed it.

use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;

use hashlink::linked_hash_map::RawEntryMut;
use hashlink::{DefaultHashBuilder, LruCache};

use super::provider::ProviderIndex;
use super::verified::VerifiedToken;
use crate::keys::jwk::VerifyingKey;
use crate::time::UnixTime;

/// What one worker's cache may weigh: token bytes, what was kept of them, and the table around it.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// What the table and the allocator take for an entry beside its own bytes.
const ENTRY_OVERHEAD: usize = 160;

/// Tokens that were verified, by all of their bytes.
#[derive(Debug)]
pub struct TokenCache {
    entries: LruCache<Key, Entry>,
    /// Keyed anew in each worker, and the one that `entries` has.
    hasher: DefaultHashBuilder,
    bytes: usize,
}

/// The end of a token, which is its signature's: twelve bytes of that, in base64, mixed. Who hasn't the key can't choose
/// them, so tokens that were verified differ there; and all bytes are compared before a token counts as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheKey(u64);

impl CacheKey {
    /// What `find` and `insert` want to know of a token's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let (rest, last) = split_last_word(bytes);
        let (_, before) = split_last_word(rest);
        Self(last ^ before.rotate_left(31))
    }
}

fn split_last_word(bytes: &[u8]) -> (&[u8], u64) {
    bytes.split_last_chunk().map_or((bytes, 0), |(rest, word)| (rest, u64::from_le_bytes(*word)))
}

#[derive(Debug, PartialEq, Eq)]
struct Key {
    hash: CacheKey,
    bytes: Box<[u8]>,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash.0);
    }
}

#[derive(Debug)]
struct Entry {
    token: Rc<VerifiedToken>,
    until: UnixTime,
}

impl TokenCache {
    /// For at most so many tokens; none turns it off.
    pub fn new(max_tokens: usize) -> Self {
        let hasher = DefaultHashBuilder::default();
        Self { entries: LruCache::with_hasher(max_tokens, hasher.clone()), hasher, bytes: 0 }
    }

    /// The token with exactly these bytes, if it still counts.
    pub fn find(&mut self, hash: CacheKey, bytes: &[u8], now: UnixTime) -> Option<Rc<VerifiedToken>> {
        let slot = self.hasher.hash_one(hash.0);
        let is_it = |key: &Key| key.hash == hash && same(&key.bytes, bytes);
        let RawEntryMut::Occupied(mut known) = self.entries.raw_entry_mut().from_hash(slot, is_it) else {
            return None;
        };
        let entry = known.get();
        if now < entry.until && entry.token.validity().contains(now) {
            let token = Rc::clone(&entry.token);
            known.to_back();
            return Some(token);
        }
        self.bytes = self.bytes.saturating_sub(weight(bytes, &known.remove()));
        None
    }

    /// Remembers a token up to `until`.
    pub fn insert(&mut self, hash: CacheKey, bytes: &[u8], token: Rc<VerifiedToken>, until: UnixTime) {
        let entry = Entry { token, until };
        let added = weight(bytes, &entry);
        if self.entries.capacity() == 0 || added > MAX_BYTES {
            return;
        }
        let key = Key { hash, bytes: bytes.into() };
        match self.entries.remove(&key) {
            Some(replaced) => self.bytes = self.bytes.saturating_sub(weight(bytes, &replaced)),
            None if self.entries.len() >= self.entries.capacity() => self.drop_oldest(),
            None => {}
        }
        self.entries.insert(key, entry);
        self.bytes = self.bytes.saturating_add(added);
        while self.bytes > MAX_BYTES {
            self.drop_oldest();
        }
    }

    /// Forgets the tokens of a provider whose keys are not there any more.
    pub fn retain(&mut self, provider: ProviderIndex, is_known: impl Fn(&VerifyingKey) -> bool) {
        let mut bytes = 0_usize;
        self.entries.retain(|key, entry| {
            let keep = entry.token.provider() != provider || is_known(entry.token.signer());
            if keep {
                bytes = bytes.saturating_add(weight(&key.bytes, entry));
            }
            keep
        });
        self.bytes = bytes;
    }

    /// How many tokens are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn drop_oldest(&mut self) {
        match self.entries.remove_lru() {
            Some((key, entry)) => self.bytes = self.bytes.saturating_sub(weight(&key.bytes, &entry)),
            None => self.bytes = 0,
        }
    }
}

/// Eight bytes at a time: the `memcmp` of wasm32 takes one, which for a token is as long as all the rest of a hit.
fn same(a: &[u8], b: &[u8]) -> bool {
    let ((a_words, a_rest), (b_words, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let equal = |(a, b): (&[u8; 8], &[u8; 8])| u64::from_ne_bytes(*a) == u64::from_ne_bytes(*b);
    a.len() == b.len() && a_words.iter().zip(b_words).all(equal) && a_rest == b_rest
}

fn weight(bytes: &[u8], entry: &Entry) -> usize {
    bytes.len().saturating_add(entry.token.weight()).saturating_add(ENTRY_OVERHEAD)
}
