//! What shared data holds for one provider: the fetch state, and the key set that it announces.
//!
//! The set is stored before the state that announces it, and begins with its generation. A worker that reads the state
//! finds exactly those keys, or finds that they are gone.
//!
//! Providers with the same source of keys but other settings, in two filters of one process, have a state and a set of
//! their own: neither waits for the other's time-out, nor fetches on the other's schedule. A new configuration that
//! changes only the settings begins with the keys that were fetched last with any settings.

use super::host::{SharedStore, Version};
use super::shared_data::PREFIX;
use crate::keys::fetch_state::{FetchState, Generation, KeyPolicy};
use crate::keys::key_set::KeySet;
use crate::keys::remote::RemoteKeys;
use crate::time::SteadyTime;

/// The entries of one provider in shared data.
#[derive(Debug)]
pub(super) struct SharedKeys {
    /// Where the keys come from.
    source: String,
    /// The settings by which they are fetched.
    settings: String,
}

impl SharedKeys {
    pub(super) fn new(remote: &RemoteKeys) -> Self {
        let RemoteKeys { issuer, cluster, authority, path, discovery, policy } = remote;
        let KeyPolicy { timeout, refresh_interval, max_stale, respect_cache_control } = policy;
        let (kind, jwks_uri_cluster) = match discovery {
            Some(discovery) => ("discovery", discovery.jwks_uri_cluster.as_deref().unwrap_or_default()),
            None => ("keys", ""),
        };
        let [timeout, refresh_interval, max_stale] =
            [timeout, refresh_interval, max_stale].map(|period| period.as_millis().to_string());
        let by_max_age = if *respect_cache_control { "max-age" } else { "" };
        Self {
            // The issuer is part of the name: two providers share no keys, even from one URL.
            source: [&**issuer, cluster, authority, path, kind, jwks_uri_cluster].join("\0"),
            settings: [&*timeout, &refresh_interval, &max_stale, by_max_age].join("\0"),
        }
    }

    /// Stores a state if there is none, so that the first compare-and-swap has a version to compare with. Envoy configures
    /// a first instance alone, before any worker. If the keys were fetched with other settings, the state begins with them.
    pub(super) fn prepare(&self, host: &impl SharedStore, policy: &KeyPolicy, jitter: f64, now: SteadyTime) {
        if host.load(&self.state_key()).is_some() {
            return;
        }
        let state = self.inherit(host, now).map(|state| state.under(policy, jitter));
        host.store(&self.state_key(), &state.unwrap_or_default().to_bytes(), None);
    }

    /// Copies the key set that was fetched last with other settings. Returns the state that announces it.
    fn inherit(&self, host: &impl SharedStore, now: SteadyTime) -> Option<FetchState> {
        let (settings, _) = host.load(&self.latest_key())?;
        let other = Self { source: self.source.clone(), settings: String::from_utf8(settings).ok()? };
        let (state, _) = other.load_state(host, now);
        let document = other.load_document(host, state.generation()?)?;
        self.store_set(host, state.generation()?, &document);
        Some(state)
    }

    /// Notes that keys were fetched last with these settings.
    pub(super) fn announce(&self, host: &impl SharedStore) {
        host.store(&self.latest_key(), self.settings.as_bytes(), None);
    }

    fn state_key(&self) -> String {
        format!("{PREFIX}/state/{}\0{}", self.source, self.settings)
    }

    fn set_key(&self) -> String {
        format!("{PREFIX}/keys/{}\0{}", self.source, self.settings)
    }

    fn latest_key(&self) -> String {
        format!("{PREFIX}/latest/{}", self.source)
    }

    /// The state and its version. Bytes that no worker can have written count as an empty state.
    pub(super) fn load_state(&self, host: &impl SharedStore, now: SteadyTime) -> (FetchState, Option<Version>) {
        let Some((bytes, version)) = host.load(&self.state_key()) else { return (FetchState::new(), None) };
        let state = FetchState::from_bytes(&bytes).filter(|state| state.is_plausible(now));
        (state.unwrap_or_default(), Some(version))
    }

    /// Stores a state. Returns `false` if another worker has replaced the version that it was made from.
    pub(super) fn store_state(&self, host: &impl SharedStore, state: &FetchState, version: Option<Version>) -> bool {
        host.store(&self.state_key(), &state.to_bytes(), version)
    }

    /// The key set of this generation; `None` if another one is stored, or none.
    pub(super) fn load_set(&self, host: &impl SharedStore, generation: Generation) -> Option<KeySet> {
        KeySet::from_bytes(&self.load_document(host, generation)?).ok()
    }

    fn load_document(&self, host: &impl SharedStore, generation: Generation) -> Option<Vec<u8>> {
        let (bytes, _) = host.load(&self.set_key())?;
        let (stored, document) = bytes.split_first_chunk()?;
        (u64::from_le_bytes(*stored) == generation.get()).then(|| document.to_vec())
    }

    /// Stores the document of a key set.
    pub(super) fn store_set(&self, host: &impl SharedStore, generation: Generation, document: &[u8]) {
        host.store(&self.set_key(), &[&generation.get().to_le_bytes(), document].concat(), None);
    }
}
