//! Fetches one provider's keys. One worker fetches for all: it acquires a lease in shared data, sends the callout, and
//! stores the key set for the others.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::fetch_error::FetchError;
use super::fetch_request::{FetchRequest, Step};
use super::fetch_response::{FetchResponse, Fetched};
use super::host::{CalloutId, Host, Version};
use super::shared_data::MAX_SWAPS;
use super::shared_keys::SharedKeys;
use crate::keys::current::CurrentKeys;
use crate::keys::fetch_state::{FetchFailure, FetchState, Generation, Trigger};
use crate::keys::remote::RemoteKeys;
use crate::keys::set_change::SetChange;
use crate::time::{Moment, SteadyTime};

/// What one worker knows about the fetches of one provider's keys.
#[derive(Debug)]
pub(super) struct KeyFetcher {
    remote: RemoteKeys,
    shared: SharedKeys,
    /// The state as last read or written.
    state: FetchState,
    /// Its version in shared data.
    version: Option<Version>,
    /// The generation of the set that is installed in this worker.
    installed: Option<Generation>,
    stage: Stage,
}

/// The progress of this worker's own fetch.
#[derive(Debug)]
enum Stage {
    /// This worker fetches nothing.
    Idle,
    /// The lease is acquired, and the next tick sends the callout. A callout belongs to the context that sends it: sent
    /// in the context of a request, it would end with that request.
    Leased(FetchState),
    /// The callout is in flight.
    Sent { lease: FetchState, callout: CalloutId, request: FetchRequest },
}

/// The end of a fetch, for logs and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FetchEvent {
    /// The fetch brought keys. `change`: how they differ from those before. `failure`: the last failure before it, if any.
    Succeeded { change: Option<SetChange>, failure: Option<FetchFailure> },
    /// The fetch brought no keys. `first`: no fetch of this outage has failed in this way before.
    Failed { error: FetchError, first: bool },
}

/// The result of an attempt to acquire the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lease {
    /// This worker has the lease.
    Acquired,
    /// Another worker wrote the state first.
    Contended,
    /// No fetch is due, or one is in flight.
    NotDue,
}

impl KeyFetcher {
    pub(super) fn new(remote: RemoteKeys) -> Self {
        Self {
            shared: SharedKeys::new(&remote),
            remote,
            state: FetchState::new(),
            version: None,
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

    /// The generation of the set that is installed in this worker.
    pub(super) fn installed(&self) -> Option<Generation> {
        self.installed
    }

    /// Whether a token that no key verifies may wait: for the fetch in flight, or for one that it causes.
    pub(super) fn permits_demand(&self, now: SteadyTime) -> bool {
        self.state.in_flight(now) || self.state.permits_demand(now)
    }

    /// Whether a fetch that began after `since` has succeeded: what it did not bring, the issuer does not have.
    pub(super) fn has_fetched_since(&self, since: SteadyTime) -> bool {
        !self.state.last_fetch_unresolved() && self.state.leased_at() >= since
    }

    /// Prepares shared data for the first lease.
    pub(super) fn prepare(&self, host: &impl Host, now: SteadyTime) {
        self.shared.prepare(host, &self.remote.policy, random_fraction(), now);
    }

    /// Loads what other workers have stored. Returns whether the usable keys changed.
    pub(super) fn sync(&mut self, host: &impl Host, keys: &mut CurrentKeys, now: Moment) -> bool {
        let before = (self.installed, keys.is_usable(now.wall));
        let (state, version) = self.shared.load_state(host, now.steady);
        self.version = version;
        self.adopt(state, keys, now);
        if state.generation() != self.installed || self.installed.is_none() {
            let set = state.generation().and_then(|generation| self.shared.load_set(host, generation));
            // Shared data may be lost or overwritten. A state whose keys are gone does not count as installed.
            self.installed = state.generation().filter(|_| set.is_some());
            keys.install(set.unwrap_or_default());
        }
        before != (self.installed, keys.is_usable(now.wall))
    }

    /// Acquires the lease, if a fetch is due and no worker holds it. [`send`](Self::send) starts the fetch.
    pub(super) fn acquire(&mut self, host: &impl Host, keys: &mut CurrentKeys, trigger: Trigger, now: Moment) -> Lease {
        if !matches!(self.stage, Stage::Idle) {
            return Lease::NotDue;
        }
        let trigger = if self.state.generation() == self.installed { trigger } else { Trigger::LostSet };
        let Some(lease) = self.state.acquire(trigger, now.steady, &self.remote.policy) else { return Lease::NotDue };
        let Some(version) = self.version.take() else {
            self.prepare(host, now.steady);
            return Lease::Contended;
        };
        if !self.shared.store_state(host, &lease, Some(version)) {
            return Lease::Contended;
        }
        self.adopt(lease, keys, now);
        self.stage = Stage::Leased(lease);
        Lease::Acquired
    }

    /// Whether this worker has the lease on a fetch that it has not sent yet.
    pub(super) fn is_leased(&self) -> bool {
        matches!(self.stage, Stage::Leased(_))
    }

    /// Sends the callout of a lease. Returns an event only if it failed at once.
    pub(super) fn send(&mut self, host: &impl Host, keys: &mut CurrentKeys, now: Moment) -> Option<FetchEvent> {
        let Stage::Leased(lease) = self.stage else { return None };
        self.call(host, keys, lease, FetchRequest::first(&self.remote), now)
    }

    /// Forgets this worker's fetch if its lease has expired without a response.
    pub(super) fn expire(&mut self, now: Moment) {
        if let Stage::Sent { lease, .. } = &self.stage
            && !lease.in_flight(now.steady)
        {
            self.stage = Stage::Idle;
        }
    }

    /// Releases this worker's lease, so that another worker need not wait until it expires. Returns whether there was
    /// one.
    pub(super) fn release_lease(&mut self, host: &impl Host, now: Moment) -> bool {
        let (Stage::Leased(lease) | Stage::Sent { lease, .. }) = std::mem::replace(&mut self.stage, Stage::Idle) else {
            return false;
        };
        let (state, version) = self.shared.load_state(host, now.steady);
        state.is_leased_as(&lease) && self.shared.store_state(host, &state.release(), version)
    }

    /// Whether this fetcher sent the callout.
    pub(super) fn owns(&self, callout: CalloutId) -> bool {
        matches!(self.stage, Stage::Sent { callout: sent, .. } if sent == callout)
    }

    /// Reads the response to the callout. Returns no event if another request follows, or if another worker has the
    /// lease by now.
    pub(super) fn receive(
        &mut self,
        host: &impl Host,
        keys: &mut CurrentKeys,
        response: FetchResponse,
        now: Moment,
    ) -> Option<FetchEvent> {
        let Stage::Sent { lease, request, .. } = std::mem::replace(&mut self.stage, Stage::Idle) else { return None };
        match request.receive(response, &self.remote) {
            Step::Next(request) => self.call(host, keys, lease, request, now),
            Step::End(outcome) => self.finish(host, keys, lease, outcome, now),
        }
    }

    fn call(
        &mut self,
        host: &impl Host,
        keys: &mut CurrentKeys,
        lease: FetchState,
        request: FetchRequest,
        now: Moment,
    ) -> Option<FetchEvent> {
        let time_left = lease.time_left(now.steady, &self.remote.policy);
        let error = if time_left.is_zero() {
            request.timed_out()
        } else {
            match host.get(&request.cluster, &request.authority, &request.path, time_left) {
                Ok(callout) => {
                    self.stage = Stage::Sent { lease, callout, request };
                    return None;
                }
                Err(error) => request.not_sent(error),
            }
        };
        self.finish(host, keys, lease, Err(error), now)
    }

    fn finish(
        &mut self,
        host: &impl Host,
        keys: &mut CurrentKeys,
        lease: FetchState,
        outcome: Result<Fetched, FetchError>,
        now: Moment,
    ) -> Option<FetchEvent> {
        self.stage = Stage::Idle;
        let (policy, jitter, fresh) = (&self.remote.policy, random_fraction(), new_generation());
        for _ in 0..MAX_SWAPS {
            let (state, version) = self.shared.load_state(host, now.steady);
            if !state.is_leased_as(&lease) {
                return None;
            }
            let (next, event) = match &outcome {
                Ok(Fetched { set, document, max_age }) => {
                    // Compared as sets, because some issuers change the order of their keys.
                    let is_same = state.generation() == self.installed && keys.set().has_keys_of(set);
                    let generation = self.installed.filter(|_| is_same).unwrap_or(fresh);
                    let change = (generation == fresh).then(|| SetChange::between(keys.set(), set));
                    if change.is_some() {
                        self.shared.store_set(host, generation, document);
                    }
                    (
                        state.succeed(now.steady, generation, *max_age, jitter, policy),
                        FetchEvent::Succeeded { change, failure: state.failure() },
                    )
                }
                Err(error) => {
                    let first = !state.already_reported(error.class);
                    (state.fail(now.steady, error.class, jitter), FetchEvent::Failed { error: error.clone(), first })
                }
            };
            if self.shared.store_state(host, &next, version) {
                self.version = None;
                self.adopt(next, keys, now);
                if let Ok(Fetched { set, .. }) = outcome {
                    self.shared.announce(host);
                    self.installed = next.generation();
                    keys.install(set);
                }
                return Some(event);
            }
        }
        None
    }

    /// Makes a state the current one: it says how long the keys are usable.
    fn adopt(&mut self, state: FetchState, keys: &mut CurrentKeys, now: Moment) {
        self.state = state;
        keys.set_remaining_validity(state.remaining_validity(now.steady, &self.remote.policy), now.wall);
    }
}

/// A random number, not the successor of the last one: the state may have been lost in between, and workers that still
/// have an earlier set must see that this one is another.
fn new_generation() -> Generation {
    Generation::new(RandomState::new().hash_one("generation")).unwrap_or(Generation::MIN)
}

/// In [0, 1).
fn random_fraction() -> f64 {
    const STEPS: u64 = 1 << 32;
    (RandomState::new().hash_one("jitter") % STEPS) as f64 / STEPS as f64
}
