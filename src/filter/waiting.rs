//! Requests whose keys are missing: they wait for one fetch, and are decided when it ends.

use super::fetches::{Claim, Event, Fetches};
use super::host::{Host, StreamId};
use super::journal::Journal;
use super::parking::Waiting;
use super::{Filter, Outcome};
use crate::jwt::keys::KeyRing;
use crate::jwt::ledger::Trigger;
use crate::jwt::time::{Moment, UnixTime};
use crate::policy::decision::{Decision, MissingKeys, Verdict, WantedKeys};
use crate::request::RequestHead;

/// Each time round, another worker was faster.
const MAX_ROUNDS: usize = 4;

impl<H: Host> Filter<H> {
    /// `None` if the request waits for keys now.
    pub(super) fn decide_or_wait(
        &mut self,
        stream: StreamId,
        head: &RequestHead<'_>,
        now: UnixTime,
    ) -> Option<Verdict> {
        let mut verdict = self.decide(head, now);
        let Decision::AwaitKeys(missing) = &verdict.decision else { return Some(verdict) };
        let provider = missing.provider;
        let now = Moment { wall: now, steady: self.host.steady() };
        let place = self.fetches.iter().position(|fetch| fetch.provider() == provider);
        let Some(place) = place.filter(|_| !self.is_stranger(missing, now)) else {
            return Some(self.give_up(verdict, head));
        };
        // Others may have fetched them, or the wall clock was set. What is missing then may be another thing: a key.
        if self.sync(place, now) {
            verdict = self.decide(head, now.wall);
        }
        let timeout = self.keys.get(provider.0).and_then(KeyRing::ledger).map(|(_, policy)| policy.timeout);
        let deadline = now.steady.plus(timeout.unwrap_or_default());
        let waiting = Waiting { stream, provider, since: now.steady, deadline };
        self.wait(place, waiting, verdict, head, now)
    }

    /// Keeps one provider's keys as fresh as they should be.
    pub(super) fn look_after(&mut self, place: usize, now: Moment) {
        let news = self.sync(place, now);
        let event = self.with_ring(place, |fetch, host, ring| {
            fetch.expire(now);
            fetch.claim(host, ring, Trigger::Schedule, now);
            fetch.send(host, ring, now)
        });
        self.conclude(place, event.flatten(), now);
        if news || !self.is_fetching(place, now) {
            self.decide_waiting(place, now);
        }
    }

    /// Takes over what other workers have fetched. Whether requests can be decided by other keys now.
    pub(super) fn sync(&mut self, place: usize, now: Moment) -> bool {
        let news = self.with_ring(place, |fetch, host, ring| fetch.sync(host, ring, now)).unwrap_or(false);
        if news {
            self.forget_tokens(place);
        }
        news
    }

    /// Makes of the end of a fetch of ours what is to be made of it.
    pub(super) fn conclude(&mut self, place: usize, event: Option<Event>, now: Moment) {
        let Some(event) = event else { return };
        let Some(provider) = self.fetches.get(place).map(Fetches::provider) else { return };
        let failure = match event {
            Event::Succeeded { .. } => None,
            Event::Failed { failure, .. } => Some(failure),
        };
        self.meters.count_fetch(provider, failure);
        self.forget_tokens(place);
        if let Some(ring) = self.keys.get(provider.0) {
            Journal::keys(&self.authorizer, provider, event, ring, now.wall);
        }
        self.wakeups.wake_others(&self.host);
        self.decide_waiting(place, now);
    }

    /// Decides the requests that wait for a provider, or lets them wait for the next fetch that is called for.
    pub(super) fn decide_waiting(&mut self, place: usize, now: Moment) {
        let Some(provider) = self.fetches.get(place).map(Fetches::provider) else { return };
        if !self.parking.waits_for(provider) {
            return;
        }
        for waiting in self.parking.take(provider) {
            self.decide_again(waiting, now);
        }
    }

    /// Decides a request that has waited, unless there is something to wait for, and time.
    pub(super) fn decide_again(&mut self, waiting: Waiting, now: Moment) {
        if !self.host.enter(waiting.stream) {
            return;
        }
        let verdict = match self.host.headers().filter(|_| now.wall.is_credible()) {
            Some(headers) => match RequestHead::new(&headers) {
                Ok(head) => self.settle(waiting, &head, now),
                Err(_) => Some(self.authorizer.deny_unreadable()),
            },
            None => Some(self.authorizer.deny_undecidable()),
        };
        if let Some(verdict) = verdict
            && self.act(&verdict, now.wall) == Outcome::Continue
        {
            self.host.resume();
        }
        self.host.leave();
    }

    pub(super) fn with_ring<T>(
        &mut self,
        place: usize,
        then: impl FnOnce(&mut Fetches, &H, &mut KeyRing) -> T,
    ) -> Option<T> {
        let fetch = self.fetches.get_mut(place)?;
        let ring = self.keys.get_mut(fetch.provider().0)?;
        Some(then(fetch, &self.host, ring))
    }

    fn settle(&mut self, waiting: Waiting, head: &RequestHead<'_>, now: Moment) -> Option<Verdict> {
        let verdict = self.decide(head, now.wall);
        let Decision::AwaitKeys(missing) = &verdict.decision else { return Some(verdict) };
        let missing = missing.clone();
        self.remember_stranger(waiting, &missing, now);
        match self.fetches.iter().position(|fetch| fetch.provider() == missing.provider) {
            Some(place) if now.steady < waiting.deadline => self.wait(place, waiting, verdict, head, now),
            _ => Some(self.give_up(verdict, head)),
        }
    }

    /// Lets a request wait for a fetch that is under way, or that it is right to begin. Otherwise it is decided.
    fn wait(
        &mut self,
        place: usize,
        waiting: Waiting,
        mut verdict: Verdict,
        head: &RequestHead<'_>,
        now: Moment,
    ) -> Option<Verdict> {
        for _ in 0..MAX_ROUNDS {
            let Decision::AwaitKeys(missing) = &verdict.decision else { return Some(verdict) };
            if self.is_stranger(missing, now) {
                break;
            }
            let trigger = match missing.wanted {
                WantedKeys::Any => Trigger::Schedule,
                WantedKeys::Key(_) => Trigger::UnknownKey,
            };
            let claim = if self.is_fetching(place, now) {
                Claim::Won
            } else {
                self.with_ring(place, |fetch, host, ring| fetch.claim(host, ring, trigger, now))
                    .unwrap_or(Claim::Refused)
            };
            match claim {
                Claim::Won if self.parking.add(waiting) => {
                    self.pace();
                    return None;
                }
                Claim::Won | Claim::Refused => break,
                Claim::Beaten => {
                    self.sync(place, now);
                    verdict = self.decide(head, now.wall);
                }
            }
        }
        Some(self.give_up(verdict, head))
    }

    /// The decision about a request for which no keys will come.
    fn give_up(&self, verdict: Verdict, head: &RequestHead<'_>) -> Verdict {
        let Decision::AwaitKeys(missing) = &verdict.decision else { return verdict };
        let ledger = self.keys.get(missing.provider.0).and_then(KeyRing::ledger);
        let in_doubt = ledger.is_some_and(|(ledger, _)| ledger.in_doubt());
        self.authorizer.give_up(verdict.about, missing, in_doubt, head)
    }

    fn is_stranger(&self, missing: &MissingKeys, now: Moment) -> bool {
        match &missing.wanted {
            WantedKeys::Any => false,
            WantedKeys::Key(id) => {
                self.keys.get(missing.provider.0).is_none_or(|ring| ring.is_stranger(id.as_ref(), now.steady))
            }
        }
    }

    /// A key is unknown to the issuer if a fetch has not brought it that began after it was asked for.
    fn remember_stranger(&mut self, waiting: Waiting, missing: &MissingKeys, now: Moment) {
        let WantedKeys::Key(id) = &missing.wanted else { return };
        let Some(ring) = self.keys.get_mut(missing.provider.0) else { return };
        let asked = ring.ledger().is_some_and(|(ledger, _)| !ledger.in_doubt() && ledger.leased_at() >= waiting.since);
        if asked {
            ring.remember_stranger(id.as_ref(), now.steady);
        }
    }

    fn is_fetching(&self, place: usize, now: Moment) -> bool {
        let ring = self.fetches.get(place).and_then(|fetch| self.keys.get(fetch.provider().0));
        ring.and_then(KeyRing::ledger).is_some_and(|(ledger, _)| ledger.in_flight(now.steady))
    }

    /// No token outlives the key that signed it.
    fn forget_tokens(&mut self, place: usize) {
        let Some(provider) = self.fetches.get(place).map(Fetches::provider) else { return };
        if let Some(ring) = self.keys.get(provider.0) {
            self.cache.retain(provider, |signer| ring.set().contains(signer));
        }
    }
}
