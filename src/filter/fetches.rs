//! Fetching keys, one worker for all: the ledger in shared data says who may, the key set comes from there too.
//!
//! The key set is written before the ledger that announces it, so whoever reads a new generation finds its keys.

use std::hash::{BuildHasher, RandomState};

use super::answer::Fetched;
use super::host::{Answer, CalloutId, Host, QueueId};
use crate::jwt::jwks::KeySet;
use crate::jwt::keys::KeyRing;
use crate::jwt::ledger::{FetchFailure, Ledger, Trigger};
use crate::jwt::provider::ProviderIndex;
use crate::jwt::time::UnixTime;
use crate::policy::RemoteKeys;

/// Every key in shared data begins with the version of what is written there.
const PREFIX: &str = "jwt_authorizer/1";
/// Beyond this the longest known are not woken any more: they are gone, or find out at their next tick.
const MAX_QUEUES: usize = 64;
/// A ledger that is contended this often in a row is somebody else's.
const MAX_SWAPS: usize = 8;

/// What one worker knows about the fetching of one provider's keys.
#[derive(Debug)]
pub(super) struct Fetches {
    provider: ProviderIndex,
    remote: RemoteKeys,
    ledger_key: String,
    document_key: String,
    /// The generation whose keys are installed here.
    installed: u64,
    stage: Stage,
}

/// How far our own fetch has come.
#[derive(Debug)]
enum Stage {
    /// None of ours.
    Idle,
    /// Claimed from within a request, which can't own a callout; to be sent at the next tick.
    Claimed(Ledger),
    /// On its way.
    Sent { lease: Ledger, callout: CalloutId, discovery: bool },
}

/// What happened to a provider's keys, for logs and counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Our fetch brought keys; `failure` is what had been wrong before, `news` whether they are others than before.
    Succeeded { news: bool, failure: Option<FetchFailure> },
    /// Our fetch brought none; `first` unless the one before failed in the same way.
    Failed { failure: FetchFailure, first: bool },
}

impl Fetches {
    pub(super) fn new(provider: ProviderIndex, remote: RemoteKeys) -> Self {
        let RemoteKeys { issuer, cluster, authority, path, discovery, policy: _ } = &remote;
        // The issuer is part of the name: two providers share no keys, even from one URL.
        let name = [&**issuer, cluster, authority, path, if *discovery { "discovery" } else { "keys" }].join("\0");
        Self {
            provider,
            ledger_key: format!("{PREFIX}/ledger/{name}"),
            document_key: format!("{PREFIX}/keys/{name}"),
            remote,
            installed: 0,
            stage: Stage::Idle,
        }
    }

    pub(super) fn provider(&self) -> ProviderIndex {
        self.provider
    }

    /// Makes sure that there is a ledger to compare with. Envoy configures a first instance alone, before any worker.
    pub(super) fn prepare(&self, host: &impl Host) {
        if host.load(&self.ledger_key).is_none() {
            host.store(&self.ledger_key, &Ledger::new().to_bytes(), None);
        }
    }

    /// Takes over what others have written. Whether the keys are others now.
    pub(super) fn sync(&mut self, host: &impl Host, ring: &mut KeyRing) -> bool {
        let ledger = self.load(host).map_or_else(Ledger::new, |(ledger, _)| ledger);
        ring.note(ledger);
        if ledger.generation() == self.installed {
            return false;
        }
        let set = host.load(&self.document_key).and_then(|(document, _)| KeySet::from_bytes(&document).ok());
        match set {
            Some(set) => {
                self.installed = ledger.generation();
                ring.install(set);
                true
            }
            None => {
                // Shared data was tampered with, or lost: a ledger without its keys counts for nothing.
                ring.note(Ledger::new());
                false
            }
        }
    }

    /// Claims the one fetch, if now is the time and nobody else has. To be sent by `send`.
    pub(super) fn claim(&mut self, host: &impl Host, ring: &mut KeyRing, trigger: Trigger, now: UnixTime) -> bool {
        if !matches!(self.stage, Stage::Idle) {
            return false;
        }
        let Some((ledger, version)) = self.load(host) else { return false };
        let Some(lease) = ledger.claim(trigger, now, &self.remote.policy) else { return false };
        let won = host.store(&self.ledger_key, &lease.to_bytes(), version);
        if won {
            ring.note(lease);
            self.stage = Stage::Claimed(lease);
        }
        won
    }

    /// Whether a fetch, anybody's, is under way.
    pub(super) fn in_flight(&self, ring: &KeyRing, now: UnixTime) -> bool {
        ring.ledger().is_some_and(|(ledger, policy)| ledger.in_flight(now, policy))
    }

    /// Whether a fetch is claimed and has to be sent.
    pub(super) fn is_claimed(&self) -> bool {
        matches!(self.stage, Stage::Claimed(_))
    }

    /// Sends what was claimed. An event only if that failed at once.
    pub(super) fn send(&mut self, host: &impl Host, ring: &mut KeyRing, now: UnixTime) -> Option<Event> {
        let Stage::Claimed(lease) = self.stage else { return None };
        self.call(host, ring, lease, self.remote.discovery, &self.remote.path.clone(), now)
    }

    /// Gives up a fetch of ours that never was answered.
    pub(super) fn expire(&mut self, now: UnixTime) {
        if let Stage::Sent { lease, .. } = &self.stage
            && !lease.in_flight(now, &self.remote.policy)
        {
            self.stage = Stage::Idle;
        }
    }

    /// Whether this callout is ours.
    pub(super) fn owns(&self, callout: CalloutId) -> bool {
        matches!(self.stage, Stage::Sent { callout: ours, .. } if ours == callout)
    }

    /// Reads the answer to our callout. No event if there is more to ask, or if the fetch is not ours any more.
    pub(super) fn receive(
        &mut self,
        host: &impl Host,
        ring: &mut KeyRing,
        answer: Answer,
        now: UnixTime,
    ) -> Option<Event> {
        let Stage::Sent { lease, discovery, .. } = self.stage else { return None };
        if discovery {
            return match answer.into_jwks_path(&self.remote.issuer) {
                Ok(path) => self.call(host, ring, lease, false, &path, now),
                Err(failure) => self.finish(host, ring, lease, Err(failure), now),
            };
        }
        self.finish(host, ring, lease, answer.into_keys(), now)
    }

    fn call(
        &mut self,
        host: &impl Host,
        ring: &mut KeyRing,
        lease: Ledger,
        discovery: bool,
        path: &str,
        now: UnixTime,
    ) -> Option<Event> {
        let RemoteKeys { cluster, authority, policy, .. } = &self.remote;
        let time_left = lease.time_left(now, policy);
        if time_left.is_zero() {
            return self.finish(host, ring, lease, Err(FetchFailure::Timeout), now);
        }
        match host.get(cluster, authority, path, time_left) {
            Some(callout) => {
                self.stage = Stage::Sent { lease, callout, discovery };
                None
            }
            None => self.finish(host, ring, lease, Err(FetchFailure::Connect), now),
        }
    }

    fn finish(
        &mut self,
        host: &impl Host,
        ring: &mut KeyRing,
        lease: Ledger,
        outcome: Result<Fetched, FetchFailure>,
        now: UnixTime,
    ) -> Option<Event> {
        self.stage = Stage::Idle;
        let policy = &self.remote.policy;
        let jitter = random_fraction();
        let known = host.load(&self.document_key);
        for _ in 0..MAX_SWAPS {
            let (ledger, version) = self.load(host)?;
            if !ledger.is_leased_as(&lease) {
                return None;
            }
            let (next, event) = match &outcome {
                Ok(Fetched { document, max_age, .. }) => {
                    let news = known.as_ref().is_none_or(|(known, _)| known != document);
                    if news {
                        host.store(&self.document_key, document, None);
                    }
                    (
                        ledger.succeed(now, news, *max_age, jitter, policy),
                        Event::Succeeded { news, failure: ledger.failure() },
                    )
                }
                Err(failure) => {
                    let first = ledger.failure() != Some(*failure);
                    (ledger.fail(now, *failure, jitter), Event::Failed { failure: *failure, first })
                }
            };
            if host.store(&self.ledger_key, &next.to_bytes(), version) {
                ring.note(next);
                if let Ok(Fetched { set, .. }) = outcome {
                    self.installed = next.generation();
                    ring.install(set);
                }
                return Some(event);
            }
        }
        None
    }

    fn load(&self, host: &impl Host) -> Option<(Ledger, Option<super::host::Version>)> {
        let (bytes, version) = host.load(&self.ledger_key)?;
        // What is no ledger is replaced by an empty one, in its place.
        Some((Ledger::from_bytes(&bytes).unwrap_or_default(), version))
    }
}

/// How workers wake each other when a fetch has ended.
#[derive(Debug, Default)]
pub(super) struct Wakeups {
    own: Option<QueueId>,
}

impl Wakeups {
    fn list_key() -> String {
        format!("{PREFIX}/queues")
    }

    /// Makes ourselves known to the others.
    pub(super) fn join(&mut self, host: &impl Host) {
        if self.own.is_some() {
            return;
        }
        let unique = RandomState::new().hash_one("queue");
        self.own = host.open_queue(&format!("{PREFIX}/wake/{unique:x}"));
        let Some(own) = self.own else { return };
        for _ in 0..MAX_SWAPS {
            let (bytes, version) = host.load(&Self::list_key()).unwrap_or_default();
            let mut queues = queues(&bytes);
            queues.push(own);
            let surplus = queues.len().saturating_sub(MAX_QUEUES);
            let kept: Vec<u8> = queues.iter().skip(surplus).flat_map(|queue| queue.0.to_le_bytes()).collect();
            if host.store(&Self::list_key(), &kept, version) {
                return;
            }
        }
    }

    /// Wakes everybody else.
    pub(super) fn wake_others(&self, host: &impl Host) {
        let Some((bytes, _)) = host.load(&Self::list_key()) else { return };
        for queue in queues(&bytes) {
            if self.own != Some(queue) {
                host.wake(queue);
            }
        }
    }

    /// Empties our own queue; one look at the ledgers answers all that is in it.
    pub(super) fn drain(&self, host: &impl Host) {
        if let Some(own) = self.own {
            host.drain(own);
        }
    }
}

fn queues(bytes: &[u8]) -> Vec<QueueId> {
    bytes.chunks(4).filter_map(|id| id.try_into().ok().map(u32::from_le_bytes)).map(QueueId).collect()
}

/// In [0, 1).
fn random_fraction() -> f64 {
    const STEPS: u64 = 1 << 32;
    (RandomState::new().hash_one("jitter") % STEPS) as f64 / STEPS as f64
}
