//! Ring 3 — telling Envoy: read, decide, act. One [`Filter`] for each worker and configuration.

mod answer;
#[cfg(any(target_arch = "wasm32", test))]
mod envoy;
mod fetches;
pub mod host;
mod journal;
mod meters;
mod parking;
#[cfg(target_arch = "wasm32")]
mod wasm;

use std::borrow::Cow;
use std::time::Duration;

pub use answer::MAX_BODY_BYTES;

use crate::jwt::cache::TokenCache;
use crate::jwt::keys::KeyRing;
use crate::jwt::ledger::Trigger;
use crate::jwt::provider::ProviderIndex;
use crate::jwt::time::UnixTime;
use crate::policy::decision::{Decision, Forward, MissingKeys, Verdict, WantedKeys};
use crate::policy::error::ConfigError;
use crate::policy::{Authorizer, CacheLookups, KeySource, Vault};
use crate::request::RequestHead;
use fetches::{Event, Fetches, Wakeups};
use host::{Answer, CalloutId, Host, StreamId};
use journal::Journal;
use meters::Meters;
use parking::{Parking, Waiting};

/// Soon enough that no request is kept, late enough that only workers get here: Envoy configures a first instance on
/// its main thread that never ticks, and whose callouts come to nothing.
const FIRST_TICK: Duration = Duration::from_millis(5);
/// To send what a request has claimed.
const NEXT_TICK: Duration = Duration::from_millis(1);
/// While requests wait, so that they don't wait longer than they may.
const BUSY_TICK: Duration = Duration::from_millis(50);
const IDLE_TICK: Duration = Duration::from_secs(1);

/// What becomes of a request for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Continue,
    /// It was answered, or waits.
    Pause,
}

/// One worker's authorizer, with its keys, its cache and the requests that wait.
#[derive(Debug)]
pub struct Filter<H> {
    host: H,
    authorizer: Authorizer,
    keys: Vec<KeyRing>,
    fetches: Vec<Fetches>,
    cache: TokenCache,
    lookups: CacheLookups,
    parking: Parking,
    wakeups: Wakeups,
    meters: Meters,
    journal: Journal,
    tick: Duration,
}

impl<H: Host> Filter<H> {
    /// Compiles a configuration. Nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// The first mistake in it.
    pub fn configure(host: H, json: &[u8]) -> Result<Self, ConfigError> {
        let authorizer = Authorizer::from_json(json)?;
        let mut keys = Vec::new();
        let mut fetches = Vec::new();
        for (index, source) in authorizer.key_sources().iter().enumerate() {
            match source {
                KeySource::Inline(set) => keys.push(KeyRing::inline(set.clone())),
                KeySource::Remote(remote) => {
                    let mut ring = KeyRing::remote(remote.policy);
                    let mut fetch = Fetches::new(ProviderIndex(index), remote.clone());
                    fetch.prepare(&host);
                    // Keys that an earlier configuration, or another worker, has fetched serve from the first request on.
                    fetch.sync(&host, &mut ring);
                    fetches.push(fetch);
                    keys.push(ring);
                }
            }
        }
        Journal::configured(&authorizer);
        host.tick_every(FIRST_TICK);
        Ok(Self {
            cache: authorizer.new_cache(),
            meters: Meters::new(&authorizer),
            lookups: CacheLookups::default(),
            parking: Parking::default(),
            wakeups: Wakeups::default(),
            journal: Journal::default(),
            tick: FIRST_TICK,
            host,
            authorizer,
            keys,
            fetches,
        })
    }

    /// A request has come.
    pub fn on_request(&mut self, stream: StreamId) -> Outcome {
        let now = self.host.now();
        let verdict = match self.host.headers().filter(|_| now.is_credible()) {
            Some(headers) => match RequestHead::new(&headers) {
                Ok(head) => self.decide_or_wait(stream, &head, now),
                Err(_) => Some(self.authorizer.deny_unreadable()),
            },
            None => Some(self.authorizer.deny_undecidable()),
        };
        match verdict {
            Some(verdict) => self.act(&verdict, now),
            None => Outcome::Pause,
        }
    }

    /// A request has ended, whether or not it still waits.
    pub fn on_gone(&mut self, stream: StreamId) {
        self.parking.forget(stream);
    }

    /// Time has passed.
    pub fn on_tick(&mut self) {
        let now = self.host.now();
        self.wakeups.join(&self.host);
        if now.is_credible() {
            for place in 0..self.fetches.len() {
                self.look_after(place, now);
            }
        }
        for waiting in self.parking.take_overdue(now) {
            self.decide_finally(waiting, now);
        }
        self.flush(now);
        self.pace();
    }

    /// Another worker has ended a fetch.
    pub fn on_wake(&mut self) {
        let now = self.host.now();
        self.wakeups.drain(&self.host);
        for place in 0..self.fetches.len() {
            self.sync(place, now);
            self.decide_waiting(place, now);
        }
        self.pace();
    }

    /// A callout was answered.
    pub fn on_answer(&mut self, callout: CalloutId, answer: Answer) {
        let now = self.host.now();
        let Some(place) = self.fetches.iter().position(|fetch| fetch.owns(callout)) else { return };
        let event = self.with_ring(place, |fetch, host, ring| fetch.receive(host, ring, answer, now)).flatten();
        self.conclude(place, event, now);
        self.pace();
    }

    /// Hands over what was counted.
    pub fn on_end(&mut self) {
        self.flush(self.host.now());
    }

    /// `None` if the request waits for keys now.
    fn decide_or_wait(&mut self, stream: StreamId, head: &RequestHead<'_>, now: UnixTime) -> Option<Verdict> {
        let verdict = self.decide(head, now);
        let Decision::AwaitKeys(missing) = &verdict.decision else { return Some(verdict) };
        let missing = missing.clone();
        match self.wait(stream, &missing, now) {
            Wait::Parked => None,
            Wait::AskAgain => Some(self.decide_at_last(head, now)),
            Wait::InVain => {
                Some(self.authorizer.give_up(verdict.about, &missing, self.in_doubt(missing.provider), head))
            }
        }
    }

    fn decide(&mut self, head: &RequestHead<'_>, now: UnixTime) -> Verdict {
        let mut vault = Vault { keys: &self.keys, cache: &mut self.cache, lookups: &mut self.lookups };
        self.authorizer.authorize(head, &mut vault, &self.host, now)
    }

    /// Decides without waiting any more.
    fn decide_at_last(&mut self, head: &RequestHead<'_>, now: UnixTime) -> Verdict {
        let verdict = self.decide(head, now);
        let Decision::AwaitKeys(missing) = &verdict.decision else { return verdict };
        let missing = missing.clone();
        let in_doubt = self.in_doubt(missing.provider);
        if let (WantedKeys::Key(id), Some(ring), false) =
            (&missing.wanted, self.keys.get_mut(missing.provider.0), in_doubt)
        {
            ring.remember_stranger(id.as_ref(), now);
        }
        self.authorizer.give_up(verdict.about, &missing, in_doubt, head)
    }

    /// Whether the last fetch failed, so that the issuer has not said which keys it has now.
    fn in_doubt(&self, provider: ProviderIndex) -> bool {
        let ledger = self.keys.get(provider.0).and_then(KeyRing::ledger);
        ledger.is_some_and(|(ledger, _)| ledger.failure().is_some())
    }

    fn wait(&mut self, stream: StreamId, missing: &MissingKeys, now: UnixTime) -> Wait {
        let Some(place) = self.fetches.iter().position(|fetch| fetch.provider() == missing.provider) else {
            return Wait::InVain;
        };
        let trigger = match &missing.wanted {
            WantedKeys::Any => Trigger::Schedule,
            WantedKeys::Key(id) => {
                let known = self.keys.get(missing.provider.0).is_none_or(|ring| ring.is_stranger(id.as_ref(), now));
                if known {
                    return Wait::InVain;
                }
                Trigger::UnknownKey
            }
        };
        if self.sync(place, now) {
            return Wait::AskAgain;
        }
        let fetching = self.with_ring(place, |fetch, host, ring| {
            fetch.in_flight(ring, now) || fetch.claim(host, ring, trigger, now) || {
                // Somebody else was faster.
                fetch.sync(host, ring);
                fetch.in_flight(ring, now)
            }
        });
        let timeout = self.keys.get(missing.provider.0).and_then(KeyRing::ledger).map(|(_, policy)| policy.timeout);
        let (Some(true), Some(timeout)) = (fetching, timeout) else { return Wait::InVain };
        if !self.parking.add(stream, missing.provider, now, now.plus(timeout)) {
            return Wait::InVain;
        }
        self.pace();
        Wait::Parked
    }

    /// Keeps one provider's keys as fresh as they should be.
    fn look_after(&mut self, place: usize, now: UnixTime) {
        self.sync(place, now);
        let event = self.with_ring(place, |fetch, host, ring| {
            fetch.expire(now);
            fetch.claim(host, ring, Trigger::Schedule, now);
            fetch.send(host, ring, now)
        });
        self.conclude(place, event.flatten(), now);
        self.decide_waiting(place, now);
    }

    fn conclude(&mut self, place: usize, event: Option<Event>, now: UnixTime) {
        let Some(event) = event else { return };
        let Some(provider) = self.fetches.get(place).map(Fetches::provider) else { return };
        let failure = match event {
            Event::Succeeded { .. } => None,
            Event::Failed { failure, .. } => Some(failure),
        };
        self.meters.count_fetch(provider, failure);
        if let Some(ring) = self.keys.get(provider.0) {
            self.cache.retain(provider, |signer| ring.set().contains(signer));
            Journal::keys(&self.authorizer, provider, event, ring, now);
        }
        self.wakeups.wake_others(&self.host);
        self.decide_waiting(place, now);
    }

    /// Takes over what other workers have fetched. Whether the keys are others now.
    fn sync(&mut self, place: usize, now: UnixTime) -> bool {
        let news = self.with_ring(place, |fetch, host, ring| fetch.sync(host, ring)).unwrap_or(false);
        if let Some(provider) = self.fetches.get(place).map(Fetches::provider).filter(|_| news) {
            if let Some(ring) = self.keys.get(provider.0) {
                self.cache.retain(provider, |signer| ring.set().contains(signer));
            }
            log::debug!("keys of provider {} taken over at {}", provider.0, now.millis());
        }
        news
    }

    fn with_ring<T>(&mut self, place: usize, then: impl FnOnce(&mut Fetches, &H, &mut KeyRing) -> T) -> Option<T> {
        let fetch = self.fetches.get_mut(place)?;
        let ring = self.keys.get_mut(fetch.provider().0)?;
        Some(then(fetch, &self.host, ring))
    }

    /// Decides the requests that wait for a provider, once no fetch of its keys is under way.
    fn decide_waiting(&mut self, place: usize, now: UnixTime) {
        let Some(fetch) = self.fetches.get(place) else { return };
        let provider = fetch.provider();
        let fetching = self.keys.get(provider.0).is_some_and(|ring| fetch.in_flight(ring, now));
        if fetching || !self.parking.waits_for(provider) {
            return;
        }
        for waiting in self.parking.take(provider) {
            self.decide_finally(waiting, now);
        }
    }

    fn decide_finally(&mut self, waiting: Waiting, now: UnixTime) {
        if !self.host.enter(waiting.stream) {
            return;
        }
        let verdict = match self.host.headers().filter(|_| now.is_credible()) {
            Some(headers) => match RequestHead::new(&headers) {
                Ok(head) => self.decide_at_last(&head, now),
                Err(_) => self.authorizer.deny_unreadable(),
            },
            None => self.authorizer.deny_undecidable(),
        };
        if self.act(&verdict, now) == Outcome::Continue {
            self.host.resume();
        }
        self.host.leave();
    }

    fn act(&mut self, verdict: &Verdict, now: UnixTime) -> Outcome {
        self.meters.count(verdict);
        self.annotate(verdict);
        match &verdict.decision {
            Decision::Allow(forward) => {
                if verdict.dry_run {
                    self.journal.refused(&self.authorizer, verdict, now);
                }
                self.edit(forward);
                Outcome::Continue
            }
            Decision::Deny(denial) => {
                self.journal.refused(&self.authorizer, verdict, now);
                self.host.reply(denial.status, &denial.headers, &denial.body);
                Outcome::Pause
            }
            // Nobody acts on a question; should it come to that, the request is refused.
            Decision::AwaitKeys(_) => {
                self.host.reply(503, &[], "");
                Outcome::Pause
            }
        }
    }

    fn edit(&self, forward: &Forward) {
        for name in &forward.remove {
            self.host.remove_header(name);
        }
        for (name, value) in forward.set.iter().chain(&forward.replace) {
            self.host.set_header(name, value);
        }
        if forward.clear_route_cache {
            self.host.clear_route_cache();
        }
    }

    fn annotate(&self, verdict: &Verdict) {
        if !self.authorizer.annotates(verdict) {
            return;
        }
        let about = &verdict.about;
        self.host.annotate("jwt_authorizer.reason", verdict.reason.label());
        if let Some(provider) = about.provider.and_then(|index| self.authorizer.providers().get(index.0)) {
            self.host.annotate("jwt_authorizer.provider", &provider.name);
        }
        let rule = about.rule.and_then(|index| self.authorizer.rules().get(index.0));
        self.host.annotate("jwt_authorizer.rule", rule.map_or("default", |rule| rule.name()));
        if let Some(token) = &about.token {
            if let Some(subject) = token.subject() {
                self.host.annotate("jwt_authorizer.sub", &in_one_line(subject));
            }
            if let Some(client) = token.client() {
                self.host.annotate("jwt_authorizer.client_id", &in_one_line(client));
            }
        }
        if verdict.dry_run {
            self.host.annotate("jwt_authorizer.dry_run", "true");
        }
    }

    fn flush(&mut self, now: UnixTime) {
        self.meters.count_lookups(std::mem::take(&mut self.lookups));
        self.meters.flush(&self.host, &self.keys, now);
    }

    /// Ticks as often as there is something to look after.
    fn pace(&mut self) {
        let wanted = if self.fetches.iter().any(Fetches::is_claimed) {
            NEXT_TICK
        } else if self.parking.is_empty() {
            IDLE_TICK
        } else {
            BUSY_TICK
        };
        if self.tick != wanted {
            self.tick = wanted;
            self.host.tick_every(wanted);
        }
    }
}

/// Some identity providers let people choose what stands in a token, and an access log's line must stay one.
fn in_one_line(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) { Cow::Owned(text.replace(char::is_control, " ")) } else { Cow::Borrowed(text) }
}

/// What waiting for keys comes to.
enum Wait {
    /// The request waits.
    Parked,
    /// The keys have just changed.
    AskAgain,
    /// No fetch is under way, and none is called for.
    InVain,
}
