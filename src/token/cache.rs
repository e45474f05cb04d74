//! The cache of verified tokens: the signature of a token that is in it is not verified again. It is limited by count
//! and by bytes, and evicts the least recently used token. No entry is used after its token has expired, after its time
//! to live, or after its key has left the key set.

use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;

use hashlink::linked_hash_map::RawEntryMut;
use hashlink::{DefaultHashBuilder, LruCache};

use super::provider::ProviderIndex;
use super::verified::VerifiedToken;
use crate::keys::jwk::VerifyingKey;
use crate::time::UnixTime;

/// The size limit of one worker's cache: the bytes of tokens, what was kept of their claims, and the hash table.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// What hash table and allocator need for an entry, besides its own bytes.
const ENTRY_OVERHEAD: usize = 160;

/// Verified tokens by their bytes.
#[derive(Debug)]
pub struct TokenCache {
    entries: LruCache<Token, Entry>,
    /// The hasher of `entries`. It has a random key in each worker.
    hasher: DefaultHashBuilder,
    bytes: usize,
}

/// Identifies a token in the hash table: its last sixteen characters, which are twelve bytes of its signature, mixed
/// into a number. Only the issuer can choose the signature of a valid token, so an attacker cannot fill the cache with
/// equal cache keys. A look-up compares all bytes, so two tokens with the same cache key are never confused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheKey(u64);

impl CacheKey {
    /// The cache key of a token.
    pub fn of(bytes: &[u8]) -> Self {
        let (rest, last) = split_last_u64(bytes);
        let (_, second_to_last) = split_last_u64(rest);
        Self(last ^ second_to_last.rotate_left(31))
    }
}

fn split_last_u64(bytes: &[u8]) -> (&[u8], u64) {
    bytes.split_last_chunk().map_or((bytes, 0), |(rest, last)| (rest, u64::from_le_bytes(*last)))
}

#[derive(Debug, PartialEq, Eq)]
struct Token {
    key: CacheKey,
    bytes: Box<[u8]>,
}

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.key.0);
    }
}

#[derive(Debug)]
struct Entry {
    token: Rc<VerifiedToken>,
    until: UnixTime,
}

impl TokenCache {
    /// A cache for at most `max_tokens`; zero turns it off.
    pub fn new(max_tokens: usize) -> Self {
        let hasher = DefaultHashBuilder::default();
        Self { entries: LruCache::with_hasher(max_tokens, hasher.clone()), hasher, bytes: 0 }
    }

    /// The token with exactly these bytes, if it is cached and still valid.
    pub fn find(&mut self, key: CacheKey, bytes: &[u8], now: UnixTime) -> Option<Rc<VerifiedToken>> {
        let hash = self.hasher.hash_one(key.0);
        let is_match = |token: &Token| token.key == key && equal(&token.bytes, bytes);
        let RawEntryMut::Occupied(mut occupied) = self.entries.raw_entry_mut().from_hash(hash, is_match) else {
            return None;
        };
        let entry = occupied.get();
        if now < entry.until && entry.token.validity().contains(now) {
            let token = Rc::clone(&entry.token);
            occupied.to_back();
            return Some(token);
        }
        self.bytes = self.bytes.saturating_sub(weight(bytes, &occupied.remove()));
        None
    }

    /// Caches a token until `until`, and replaces the entry that it may have.
    pub fn insert(&mut self, key: CacheKey, bytes: &[u8], token: Rc<VerifiedToken>, until: UnixTime) {
        let entry = Entry { token, until };
        let added = weight(bytes, &entry);
        if self.entries.capacity() == 0 || added > MAX_BYTES {
            return;
        }
        let cached = Token { key, bytes: bytes.into() };
        match self.entries.remove(&cached) {
            Some(replaced) => self.bytes = self.bytes.saturating_sub(weight(bytes, &replaced)),
            None if self.entries.len() >= self.entries.capacity() => self.evict_least_recent(),
            None => {}
        }
        self.entries.insert(cached, entry);
        self.bytes = self.bytes.saturating_add(added);
        while self.bytes > MAX_BYTES {
            self.evict_least_recent();
        }
    }

    /// Removes the tokens of a provider whose keys are no longer in its key set.
    pub fn retain(&mut self, provider: ProviderIndex, has_key: impl Fn(&VerifyingKey) -> bool) {
        let mut bytes = 0_usize;
        self.entries.retain(|token, entry| {
            let keep = entry.token.provider() != provider || has_key(entry.token.signer());
            if keep {
                bytes = bytes.saturating_add(weight(&token.bytes, entry));
            }
            keep
        });
        self.bytes = bytes;
    }

    /// The number of cached tokens.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the cache is empty.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn evict_least_recent(&mut self) {
        match self.entries.remove_lru() {
            Some((token, entry)) => self.bytes = self.bytes.saturating_sub(weight(&token.bytes, &entry)),
            None => self.bytes = 0,
        }
    }
}

/// Compares eight bytes at a time. On wasm32 `memcmp` compares one at a time, which for a token takes as long as the
/// rest of a cache hit.
fn equal(a: &[u8], b: &[u8]) -> bool {
    let ((a_chunks, a_rest), (b_chunks, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let equal_chunks = |(a, b): (&[u8; 8], &[u8; 8])| u64::from_ne_bytes(*a) == u64::from_ne_bytes(*b);
    a.len() == b.len() && a_chunks.iter().zip(b_chunks).all(equal_chunks) && a_rest == b_rest
}

fn weight(bytes: &[u8], entry: &Entry) -> usize {
    bytes.len().saturating_add(entry.token.weight()).saturating_add(ENTRY_OVERHEAD)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::json::{Json, parse_object};
    use crate::keys::algorithm::AlgorithmSet;
    use crate::time::Validity;
    use crate::token::claims::ClaimPath;
    use crate::token::kept::Kept;
    use crate::token::kind::TokenKind;
    use crate::token::logged_claim::LoggedClaim;
    use crate::token::provider::{Audiences, ByProvider, CheckedClaims, Provider};
    use crate::token::source::SourceSet;

    fn token() -> Rc<VerifiedToken> {
        token_of("{}", Validity { from: None, until: None })
    }

    /// A token with these claims, whose whole payload is kept.
    fn token_of(claims: &str, validity: Validity) -> Rc<VerifiedToken> {
        let provider = Provider {
            name: "a".into(),
            tenant_claim: None,
            audiences: Audiences::Any,
            clients: None,
            client_claims: Box::default(),
            algorithms: AlgorithmSet::SECRET,
            kind: TokenKind::Any,
            clock_skew: Duration::ZERO,
            require_expiration: false,
            max_lifetime: None,
            scope_claims: Box::default(),
            group_claims: Box::default(),
            max_token_bytes: 1024,
            sources: SourceSet::NONE,
            outputs: Box::default(),
            logged_claims: [LoggedClaim { name: "a".into(), claim: ClaimPath::new(&["logged"]).unwrap() }].into(),
            forwards_payload: true,
            cache_ttl: Duration::ZERO,
        };
        let index = ByProvider::<()>::default().push(());
        let jwk =
            parse_object(br#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":"HS256"}"#).unwrap();
        let key = Rc::new(VerifyingKey::from_secret(&Json::Object(jwk), AlgorithmSet::SECRET).unwrap());
        let object = parse_object(claims.as_bytes()).unwrap();
        let checked = CheckedClaims { validity, audience: None, client: None };
        Rc::new(
            VerifiedToken::new(index, &provider, &Kept::default(), checked, &key, &object, claims.as_bytes()).unwrap(),
        )
    }

    fn find(cache: &mut TokenCache, bytes: &[u8], now: UnixTime) -> bool {
        cache.find(CacheKey::of(bytes), bytes, now).is_some()
    }

    /// What the cache weighs, counted anew.
    fn weighed(cache: &TokenCache) -> usize {
        cache.entries.iter().map(|(token, entry)| weight(&token.bytes, entry)).sum()
    }

    #[test]
    fn the_cache_is_limited_by_bytes() {
        let of_size = |bytes: usize| {
            token_of(&format!("{{\"a\":\"{}\"}}", "x".repeat(bytes)), Validity { from: None, until: None })
        };
        let (megabyte, now) = (of_size(1 << 20), UnixTime::from_secs(0));
        let mut cache = TokenCache::new(1000);
        for name in [b"1", b"2", b"3", b"4", b"5"] {
            cache.insert(CacheKey::of(name), name, Rc::clone(&megabyte), UnixTime::MAX);
            assert!(cache.bytes <= MAX_BYTES && cache.bytes == weighed(&cache), "{}", cache.bytes);
        }
        assert_eq!(cache.len(), 3, "four do not fit, with their overhead");
        assert!(!find(&mut cache, b"2", now) && find(&mut cache, b"3", now), "the least recently used are evicted");
        // Room for one more that is small.
        cache.insert(CacheKey::of(b"s"), b"s", token(), UnixTime::MAX);
        assert_eq!(cache.len(), 4);
        cache.insert(CacheKey::of(b"l"), b"l", of_size(MAX_BYTES), UnixTime::MAX);
        assert!(!find(&mut cache, b"l", now), "it is larger than the whole cache");
        assert_eq!(cache.len(), 4, "and evicts nothing");
        // The token's own bytes count too.
        let long = vec![b'x'; 1 << 20];
        cache.insert(CacheKey::of(&long), &long, token(), UnixTime::MAX);
        assert!(cache.bytes <= MAX_BYTES && cache.bytes == weighed(&cache), "{}", cache.bytes);
        assert!(find(&mut cache, &long, now) && cache.len() < 5);
        cache.retain(token().provider(), |_| false);
        assert_eq!((cache.is_empty(), cache.bytes), (true, 0));
    }

    #[test]
    fn an_entry_ends_with_its_token_and_its_time_to_live() {
        let at = UnixTime::from_secs;
        let token = token_of("{}", Validity { from: Some(at(10)), until: Some(at(20)) });
        for (now, expected) in [(9, false), (10, true), (14, true), (15, false), (20, false)] {
            let mut cache = TokenCache::new(1);
            cache.insert(CacheKey::of(b"a"), b"a", Rc::clone(&token), at(15));
            assert_eq!(find(&mut cache, b"a", at(now)), expected, "{now}");
            assert_eq!((cache.len(), cache.bytes), (usize::from(expected), weighed(&cache)), "{now}");
        }
        let mut off = TokenCache::new(0);
        off.insert(CacheKey::of(b"a"), b"a", token, UnixTime::MAX);
        assert!(off.is_empty());
    }

    #[test]
    fn a_token_that_is_inserted_again_evicts_no_other() {
        let token = token();
        let mut cache = TokenCache::new(2);
        let insert = |cache: &mut TokenCache, bytes: &[u8]| {
            cache.insert(CacheKey::of(bytes), bytes, Rc::clone(&token), UnixTime::MAX);
        };
        let find = |cache: &mut TokenCache, bytes: &[u8]| find(cache, bytes, UnixTime::from_secs(0));
        for bytes in [b"a", b"b", b"b"] {
            insert(&mut cache, bytes);
        }
        assert!(find(&mut cache, b"b") && find(&mut cache, b"a"));
        insert(&mut cache, b"c");
        assert!(!find(&mut cache, b"b"), "the least recently used one is evicted");
        assert!(find(&mut cache, b"a") && find(&mut cache, b"c"));
        assert_eq!((cache.len(), cache.bytes), (2, weighed(&cache)));
    }
}
