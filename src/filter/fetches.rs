//! Fetching keys, one worker for all: the ledger in shared data says who may, the key set comes from there too.
//!
//! The key set is written before the ledger that announces it, and carries the edition by which the ledger calls it:
//! whoever reads the ledger finds those keys, or finds out that they are not there any more.

use std::hash::{BuildHasher, RandomState};

use super::answer::Fetched;
use super::host::{Answer, CalloutId, Host, Version};
use crate::jwt::jwks::KeySet;
use crate::jwt::keys::KeyRing;
use crate::jwt::ledger::{Edition, FetchFailure, Ledger, Trigger};
use crate::jwt::provider::ProviderIndex;
use crate::jwt::time::Moment;
use crate::policy::RemoteKeys;

/// Every key in shared data begins with the version of what is written there.
pub(super) const PREFIX: &str = "jwt_authorizer/1";
/// What is contended this often in a row is somebody else's.
pub(super) const MAX_SWAPS: usize = 8;

/// What one worker knows about the fetching of one provider's keys.
#[derive(Debug)]
pub(super) struct Fetches {
    provider: ProviderIndex,
    remote: RemoteKeys,
    ledger_key: String,
    document_key: String,
    /// The version of the ledger that our ring has noted.
    version: Option<Version>,
    /// The edition whose keys are installed here.
    installed: Option<Edition>,
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
    /// Our fetch brought none; `first` if this outage had not failed like that before.
    Failed { failure: FetchFailure, first: bool },
}

/// What came of an attempt to claim the fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is ours, to be sent.
    Won,
    /// Somebody has written the ledger meanwhile.
    Beaten,
    /// It is not the time.
    Refused,
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
            version: None,
            installed: None,
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

    /// Takes over what others have written. Whether requests can be decided by other keys now, or by some at last.
    pub(super) fn sync(&mut self, host: &impl Host, ring: &mut KeyRing, now: Moment) -> bool {
        let before = (self.installed, ring.is_usable(now.wall));
        let (ledger, version) = self.load(host, now);
        self.version = version;
        ring.note(ledger, now);
        if ledger.edition() != self.installed || self.installed.is_none() {
            let set = ledger.edition().and_then(|edition| self.set_of(host, edition));
            // Shared data that was tampered with, or lost: a ledger without its keys counts for nothing.
            self.installed = ledger.edition().filter(|_| set.is_some());
            ring.install(set.unwrap_or_default());
        }
        before != (self.installed, ring.is_usable(now.wall))
    }

    /// Claims the one fetch, if now is the time and nobody else has. To be sent by `send`.
    pub(super) fn claim(&mut self, host: &impl Host, ring: &mut KeyRing, trigger: Trigger, now: Moment) -> Claim {
        let (Stage::Idle, Some((ledger, policy))) = (&self.stage, ring.ledger()) else { return Claim::Refused };
        let trigger = if ledger.edition() == self.installed { trigger } else { Trigger::LostSet };
        let Some(lease) = ledger.claim(trigger, now.steady, policy) else { return Claim::Refused };
        let Some(version) = self.version.take() else {
            self.prepare(host);
            return Claim::Beaten;
        };
        if !host.store(&self.ledger_key, &lease.to_bytes(), Some(version)) {
            return Claim::Beaten;
        }
        ring.note(lease, now);
        self.stage = Stage::Claimed(lease);
        Claim::Won
    }

    /// Whether a fetch is claimed and has to be sent.
    pub(super) fn is_claimed(&self) -> bool {
        matches!(self.stage, Stage::Claimed(_))
    }

    /// Sends what was claimed. An event only if that failed at once.
    pub(super) fn send(&mut self, host: &impl Host, ring: &mut KeyRing, now: Moment) -> Option<Event> {
        let Stage::Claimed(lease) = self.stage else { return None };
        self.call(host, ring, lease, self.remote.discovery, &self.remote.path.clone(), now)
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
        let (Stage::Claimed(lease) | Stage::Sent { lease, .. }) = std::mem::replace(&mut self.stage, Stage::Idle)
        else {
            return false;
        };
        let (ledger, version) = self.load(host, now);
        ledger.is_leased_as(&lease) && host.store(&self.ledger_key, &ledger.release().to_bytes(), version)
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
        now: Moment,
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
        now: Moment,
    ) -> Option<Event> {
        let RemoteKeys { cluster, authority, policy, .. } = &self.remote;
        let time_left = lease.time_left(now.steady, policy);
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
        now: Moment,
    ) -> Option<Event> {
        self.stage = Stage::Idle;
        let (policy, jitter, fresh) = (&self.remote.policy, random_fraction(), new_edition());
        for _ in 0..MAX_SWAPS {
            let (ledger, version) = self.load(host, now);
            if !ledger.is_leased_as(&lease) {
                return None;
            }
            let (next, event) = match &outcome {
                Ok(Fetched { set, document, max_age }) => {
                    // Compared as sets: some issuers shuffle theirs.
                    let is_same = ledger.edition() == self.installed && ring.set().has_keys_of(set);
                    let edition = self.installed.filter(|_| is_same).unwrap_or(fresh);
                    let news = edition == fresh;
                    if news {
                        host.store(&self.document_key, &[&edition.get().to_le_bytes(), &**document].concat(), None);
                    }
                    (
                        ledger.succeed(now.steady, edition, *max_age, jitter, policy),
                        Event::Succeeded { news, failure: ledger.failure() },
                    )
                }
                Err(failure) => {
                    let first = !ledger.has_failed_by(*failure);
                    (ledger.fail(now.steady, *failure, jitter), Event::Failed { failure: *failure, first })
                }
            };
            if host.store(&self.ledger_key, &next.to_bytes(), version) {
                self.version = None;
                ring.note(next, now);
                if let Ok(Fetched { set, .. }) = outcome {
                    self.installed = next.edition();
                    ring.install(set);
                }
                return Some(event);
            }
        }
        None
    }

    /// What is no ledger, or can't be one of ours, is replaced by an empty one, in its place.
    fn load(&self, host: &impl Host, now: Moment) -> (Ledger, Option<Version>) {
        let Some((bytes, version)) = host.load(&self.ledger_key) else { return (Ledger::new(), None) };
        let ledger = Ledger::from_bytes(&bytes).filter(|ledger| ledger.is_plausible(now.steady));
        (ledger.unwrap_or_default(), Some(version))
    }

    fn set_of(&self, host: &impl Host, edition: Edition) -> Option<KeySet> {
        let (bytes, _) = host.load(&self.document_key)?;
        let (number, document) = bytes.split_first_chunk()?;
        if u64::from_le_bytes(*number) != edition.get() {
            return None;
        }
        KeySet::from_bytes(document).ok()
    }
}

/// Unlike any other, so that workers who still have an earlier set can tell, whatever became of the ledger since.
fn new_edition() -> Edition {
    Edition::new(RandomState::new().hash_one("edition")).unwrap_or(Edition::MIN)
}

/// In [0, 1).
fn random_fraction() -> f64 {
    const STEPS: u64 = 1 << 32;
    (RandomState::new().hash_one("jitter") % STEPS) as f64 / STEPS as f64
}
