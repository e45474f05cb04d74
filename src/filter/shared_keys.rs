//! What shared data holds for one provider: the fetch state, and the key set that it announces.
//!
//! The set is stored before the state that announces it, and begins with its generation. A worker that reads the state
//! finds exactly those keys, or finds that they are gone.

use super::host::{SharedStore, Version};
use super::shared_data::PREFIX;
use crate::keys::fetch_state::{FetchState, Generation};
use crate::keys::key_set::KeySet;
use crate::keys::remote::RemoteKeys;
use crate::time::SteadyTime;

/// The two entries of one provider in shared data.
#[derive(Debug)]
pub(super) struct SharedKeys {
    state_key: String,
    set_key: String,
}

impl SharedKeys {
    pub(super) fn new(remote: &RemoteKeys) -> Self {
        let RemoteKeys { issuer, cluster, authority, path, discovery, policy: _ } = remote;
        // The issuer is part of the name: two providers share no keys, even from one URL.
        let name = [&**issuer, cluster, authority, path, if *discovery { "discovery" } else { "keys" }].join("\0");
        Self { state_key: format!("{PREFIX}/state/{name}"), set_key: format!("{PREFIX}/keys/{name}") }
    }

    /// Stores an empty state if there is none, so that the first compare-and-swap has a version to compare with. Envoy
    /// configures a first instance alone, before any worker.
    pub(super) fn prepare(&self, host: &impl SharedStore) {
        if host.load(&self.state_key).is_none() {
            host.store(&self.state_key, &FetchState::new().to_bytes(), None);
        }
    }

    /// The state and its version. Bytes that no worker can have written count as an empty state.
    pub(super) fn load_state(&self, host: &impl SharedStore, now: SteadyTime) -> (FetchState, Option<Version>) {
        let Some((bytes, version)) = host.load(&self.state_key) else { return (FetchState::new(), None) };
        let state = FetchState::from_bytes(&bytes).filter(|state| state.is_plausible(now));
        (state.unwrap_or_default(), Some(version))
    }

    /// Stores a state. Returns `false` if another worker has replaced the version that it was made from.
    pub(super) fn store_state(&self, host: &impl SharedStore, state: &FetchState, version: Option<Version>) -> bool {
        host.store(&self.state_key, &state.to_bytes(), version)
    }

    /// The key set of this generation; `None` if another one is stored, or none.
    pub(super) fn load_set(&self, host: &impl SharedStore, generation: Generation) -> Option<KeySet> {
        let (bytes, _) = host.load(&self.set_key)?;
        let (stored, document) = bytes.split_first_chunk()?;
        if u64::from_le_bytes(*stored) != generation.get() {
            return None;
        }
        KeySet::from_bytes(document).ok()
    }

    /// Stores the document of a key set.
    pub(super) fn store_set(&self, host: &impl SharedStore, generation: Generation, document: &[u8]) {
        host.store(&self.set_key, &[&generation.get().to_le_bytes(), document].concat(), None);
    }
}
