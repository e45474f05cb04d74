//! Fetching keys, one worker for all: the ledger in shared data says who may, the key set comes from there too.
//!
//! The key set is written before the ledger that announces it, and carries the edition by which the ledger calls it:
//! whoever reads the ledger finds those keys, or finds out that they are not there any more.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::fetch_response::Fetched;
use super::host::{CalloutId, FetchResponse, Host, Version};
use super::shared::{MAX_SWAPS, PREFIX};
use crate::keys::current::CurrentKeys;
use crate::keys::fetch_state::{FetchFailure, FetchState, Generation, Trigger};
use crate::keys::jwk::KeyId;
use crate::keys::key_set::KeySet;
use crate::keys::negative_cache::NegativeCache;
use crate::keys::remote::RemoteKeys;
use crate::time::{Moment, SteadyTime};

/// What one worker knows about the fetching of one provider's keys.
#[derive(Debug)]
pub(super) struct KeyFetcher {
    remote: RemoteKeys,
    state_key: String,
    document_key: String,
    /// The state as last read or written.
    state: FetchState,
    /// Its version in shared data.
    version: Option<Version>,
    /// Key ids that a fetch did not bkeys.
    missing: NegativeCache,
    /// The edition whose keys are installed here.
    installed: Option<Generation>,
    stage: Stage,
}

/// How far our own fetch has come.
#[derive(Debug)]
enum Stage {
    /// None of ours.
    Idle,
    /// Claimed from within a request, which can't own a callout; to be sent at the next tick.
    Leased(FetchState),
    /// On its way.
    Sent { lease: FetchState, callout: CalloutId, discovery: bool },
}

/// What happened to a provider's keys, for logs and counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FetchEvent {
    /// Our fetch brought keys; `failure` is what had been wrong before, `changed` whether they are others than before.
    Succeeded { changed: bool, failure: Option<FetchFailure> },
    /// Our fetch brought none; `first` if this outage had not failed like that before.
    Failed { failure: FetchFailure, first: bool },
}

/// What came of an attempt to acquire the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lease {
    /// This worker has it.
    Acquired,
    /// Another worker wrote the state first.
    Contended,
    /// No fetch is due, or one is in flight.
    NotDue,
}

impl KeyFetcher {
    pub(super) fn new(remote: RemoteKeys) -> Self {
        let RemoteKeys { issuer, cluster, authority, path, discovery, policy: _ } = &remote;
        // The issuer is part of the name: two providers share no keys, even from one URL.
        let name = [&**issuer, cluster, authority, path, if *discovery { "discovery" } else { "keys" }].join("\0");
        Self {
            state_key: format!("{PREFIX}/state/{name}"),
            document_key: format!("{PREFIX}/keys/{name}"),
            remote,
            state: FetchState::new(),
            version: None,
            missing: NegativeCache::default(),
            installed: None,
            stage: Stage::Idle,
        }
    }

    /// The Envoy cluster.
    pub(super) fn cluster(&self) -> &str {
        &self.remote.cluster
    }

    /// The state as last read or written.
    pub(super) fn state(&self) -> &FetchState {
        &self.state
    }

    /// How long one fetch may take.
    pub(super) fn timeout(&self) -> Duration {
        self.remote.policy.timeout
    }

    /// Whether a worker is fetching.
    pub(super) fn is_in_flight(&self, now: SteadyTime) -> bool {
        self.state.in_flight(now)
    }

    /// Whether a recent fetch did not bring this key.
    pub(super) fn is_known_missing(&self, id: Option<&KeyId>, now: SteadyTime) -> bool {
        self.missing.is_known_missing(id, now)
    }

    /// Notes that the issuer does not have this key, if a fetch that began after `since` has ended without it.
    pub(super) fn note_missing(&mut self, id: Option<&KeyId>, since: SteadyTime, now: SteadyTime) {
        if !self.state.last_fetch_unresolved() && self.state.leased_at() >= since {
            self.missing.insert(id, now);
        }
    }

    /// Makes sure that there is a ledger to compare with. Envoy configures a first instance alone, before any worker.
    pub(super) fn prepare(&self, host: &impl Host) {
        if host.load(&self.state_key).is_none() {
            host.store(&self.state_key, &FetchState::new().to_bytes(), None);
        }
    }

    /// Takes over what others have written. Whether requests can be decided by other keys now, or by some at last.
    pub(super) fn sync(&mut self, host: &impl Host, keys: &mut CurrentKeys, now: Moment) -> bool {
        let before = (self.installed, keys.is_usable(now.wall));
        let (state, version) = self.load(host, now);
        self.version = version;
        self.note(state, keys, now);
        if state.generation() != self.installed || self.installed.is_none() {
            let set = state.generation().and_then(|generation| self.set_of(host, generation));
            // Shared data that was tampered with, or lost: a ledger without its keys counts for nothing.
            self.installed = state.generation().filter(|_| set.is_some());
            keys.install(set.unwrap_or_default());
        }
        before != (self.installed, keys.is_usable(now.wall))
    }

    /// Acquires the lease on the one fetch, if a fetch is due and no worker holds it. `send` starts the fetch.
    pub(super) fn acquire(&mut self, host: &impl Host, keys: &mut CurrentKeys, trigger: Trigger, now: Moment) -> Lease {
        if !matches!(self.stage, Stage::Idle) {
            return Lease::NotDue;
        }
        let trigger = if self.state.generation() == self.installed { trigger } else { Trigger::LostSet };
        let Some(lease) = self.state.acquire(trigger, now.steady, &self.remote.policy) else { return Lease::NotDue };
        let Some(version) = self.version.take() else {
            self.prepare(host);
            return Lease::Contended;
        };
        if !host.store(&self.state_key, &lease.to_bytes(), Some(version)) {
            return Lease::Contended;
        }
        self.note(lease, keys, now);
        self.stage = Stage::Leased(lease);
        Lease::Acquired
    }

    /// Whether a fetch is claimed and has to be sent.
    pub(super) fn is_leased(&self) -> bool {
        matches!(self.stage, Stage::Leased(_))
    }

    /// Sends what was claimed. An event only if that failed at once.
    pub(super) fn send(&mut self, host: &impl Host, keys: &mut CurrentKeys, now: Moment) -> Option<FetchEvent> {
        let Stage::Leased(lease) = self.stage else { return None };
        self.call(host, keys, lease, self.remote.discovery, &self.remote.path.clone(), now)
    }

    /// Gives up a fetch of ours that never was answered.
    pub(super) fn expire(&mut self, now: Moment) {
        if let Stage::Sent { lease, .. } = &self.stage
            && !lease.in_flight(now.steady)
        {
            self.stage = Stage::Idle;
        }
    }

    /// Gives a fetch of ours back, so that another worker need not wait until its lease runs out. Whether there was one.
    pub(super) fn abandon(&mut self, host: &impl Host, now: Moment) -> bool {
        let (Stage::Leased(lease) | Stage::Sent { lease, .. }) = std::mem::replace(&mut self.stage, Stage::Idle) else {
            return false;
        };
        let (state, version) = self.load(host, now);
        state.is_leased_as(&lease) && host.store(&self.state_key, &state.release().to_bytes(), version)
    }

    /// Whether this callout is ours.
    pub(super) fn owns(&self, callout: CalloutId) -> bool {
        matches!(self.stage, Stage::Sent { callout: ours, .. } if ours == callout)
    }

    /// Reads the answer to our callout. No event if there is more to ask, or if the fetch is not ours any more.
    pub(super) fn receive(
        &mut self,
        host: &impl Host,
        keys: &mut CurrentKeys,
        answer: FetchResponse,
        now: Moment,
    ) -> Option<FetchEvent> {
        let Stage::Sent { lease, discovery, .. } = self.stage else { return None };
        if discovery {
            return match answer.into_jwks_path(&self.remote.issuer) {
                Ok(path) => self.call(host, keys, lease, false, &path, now),
                Err(failure) => self.finish(host, keys, lease, Err(failure), now),
            };
        }
        self.finish(host, keys, lease, answer.into_keys(), now)
    }

    fn call(
        &mut self,
        host: &impl Host,
        keys: &mut CurrentKeys,
        lease: FetchState,
        discovery: bool,
        path: &str,
        now: Moment,
    ) -> Option<FetchEvent> {
        let RemoteKeys { cluster, authority, policy, .. } = &self.remote;
        let time_left = lease.time_left(now.steady, policy);
        if time_left.is_zero() {
            return self.finish(host, keys, lease, Err(FetchFailure::Timeout), now);
        }
        match host.get(cluster, authority, path, time_left) {
            Some(callout) => {
                self.stage = Stage::Sent { lease, callout, discovery };
                None
            }
            None => self.finish(host, keys, lease, Err(FetchFailure::Connect), now),
        }
    }

    fn finish(
        &mut self,
        host: &impl Host,
        keys: &mut CurrentKeys,
        lease: FetchState,
        outcome: Result<Fetched, FetchFailure>,
        now: Moment,
    ) -> Option<FetchEvent> {
        self.stage = Stage::Idle;
        let (policy, jitter, fresh) = (&self.remote.policy, random_fraction(), new_edition());
        for _ in 0..MAX_SWAPS {
            let (state, version) = self.load(host, now);
            if !state.is_leased_as(&lease) {
                return None;
            }
            let (next, event) = match &outcome {
                Ok(Fetched { set, document, max_age }) => {
                    // Compared as sets: some issuers shuffle theirs.
                    let is_same = state.generation() == self.installed && keys.set().has_keys_of(set);
                    let generation = self.installed.filter(|_| is_same).unwrap_or(fresh);
                    let changed = generation == fresh;
                    if changed {
                        host.store(&self.document_key, &[&generation.get().to_le_bytes(), &**document].concat(), None);
                    }
                    (
                        state.succeed(now.steady, generation, *max_age, jitter, policy),
                        FetchEvent::Succeeded { changed, failure: state.failure() },
                    )
                }
                Err(failure) => {
                    let first = !state.already_reported(*failure);
                    (state.fail(now.steady, *failure, jitter), FetchEvent::Failed { failure: *failure, first })
                }
            };
            if host.store(&self.state_key, &next.to_bytes(), version) {
                self.version = None;
                self.note(next, keys, now);
                if let Ok(Fetched { set, .. }) = outcome {
                    self.installed = next.generation();
                    keys.install(set);
                }
                return Some(event);
            }
        }
        None
    }

    /// Takes over a state: the keys are usable for as long as it says.
    fn note(&mut self, state: FetchState, keys: &mut CurrentKeys, now: Moment) {
        self.state = state;
        keys.set_remaining_validity(state.remaining_validity(now.steady, &self.remote.policy), now.wall);
    }

    /// What is no ledger, or can't be one of ours, is replaced by an empty one, in its place.
    fn load(&self, host: &impl Host, now: Moment) -> (FetchState, Option<Version>) {
        let Some((bytes, version)) = host.load(&self.state_key) else { return (FetchState::new(), None) };
        let state = FetchState::from_bytes(&bytes).filter(|state| state.is_plausible(now.steady));
        (state.unwrap_or_default(), Some(version))
    }

    fn set_of(&self, host: &impl Host, generation: Generation) -> Option<KeySet> {
        let (bytes, _) = host.load(&self.document_key)?;
        let (number, document) = bytes.split_first_chunk()?;
        if u64::from_le_bytes(*number) != generation.get() {
            return None;
        }
        KeySet::from_bytes(document).ok()
    }
}

/// Unlike any other, so that workers who still have an earlier set can tell, whatever became of the ledger since.
fn new_edition() -> Generation {
    Generation::new(RandomState::new().hash_one("generation")).unwrap_or(Generation::MIN)
}

/// In [0, 1).
fn random_fraction() -> f64 {
    const STEPS: u64 = 1 << 32;
    (RandomState::new().hash_one("jitter") % STEPS) as f64 / STEPS as f64
}
