//! Ring 3 — telling Envoy: read, decide, act. One [`Filter`] for each worker and configuration.

mod answer;
#[cfg(any(target_arch = "wasm32", test))]
mod envoy;
mod fetches;
pub mod host;
mod journal;
mod meters;
mod parking;
mod waiting;
mod wakeups;
#[cfg(target_arch = "wasm32")]
mod wasm;

use std::borrow::Cow;
use std::time::Duration;

pub use answer::MAX_BODY_BYTES;

use crate::jwt::cache::TokenCache;
use crate::jwt::keys::KeyRing;
use crate::jwt::provider::ProviderIndex;
use crate::jwt::time::{Moment, UnixTime};
use crate::policy::decision::{Decision, Verdict};
use crate::policy::error::ConfigError;
use crate::policy::forward::Forward;
use crate::policy::proof::Vault;
use crate::policy::{Authorizer, KeySource};
use crate::request::RequestHead;
use fetches::Fetches;
use host::{Answer, CalloutId, Host, StreamId};
use journal::Journal;
use meters::{DEFAULT_RULE, Meters};
use parking::Parking;
use wakeups::Wakeups;

/// Soon enough that no request is kept, late enough that Envoy's first instance is gone: it is only there to try the
/// configuration, and its callouts come to nothing. The main thread keeps one too, which ticks, and may fetch for all.
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
        let now = moment(&host);
        Wakeups::prepare(&host);
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
                    fetch.sync(&host, &mut ring, now);
                    fetches.push(fetch);
                    keys.push(ring);
                }
            }
        }
        Journal::configured(&host, json, &authorizer);
        host.tick_every(FIRST_TICK);
        Ok(Self {
            cache: authorizer.new_cache(),
            meters: Meters::new(&authorizer),
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
        let now = moment(&self.host);
        self.wakeups.join(&self.host);
        for place in 0..self.fetches.len() {
            self.look_after(place, now);
        }
        for waiting in self.parking.take_overdue(now.steady) {
            self.decide_again(waiting, now);
        }
        self.flush(now);
        self.pace();
    }

    /// Another worker has ended a fetch.
    pub fn on_wake(&mut self) {
        let now = moment(&self.host);
        self.wakeups.drain(&self.host);
        for place in 0..self.fetches.len() {
            self.sync(place, now);
            self.decide_waiting(place, now);
        }
        self.pace();
    }

    /// A callout was answered.
    pub fn on_answer(&mut self, callout: CalloutId, answer: Answer) {
        let now = moment(&self.host);
        let Some(place) = self.fetches.iter().position(|fetch| fetch.owns(callout)) else { return };
        let event = self.with_ring(place, |fetch, host, ring| fetch.receive(host, ring, answer, now)).flatten();
        self.conclude(place, event, now);
        self.pace();
    }

    /// This instance ends: hands over what was counted, and what it was about to do.
    pub fn on_end(&mut self) {
        let now = moment(&self.host);
        self.flush(now);
        self.wakeups.leave(&self.host);
        let mut gave_up = false;
        for fetch in &mut self.fetches {
            gave_up |= fetch.abandon(&self.host, now);
        }
        if gave_up {
            self.wakeups.wake_others(&self.host);
        }
    }

    fn decide(&mut self, head: &RequestHead<'_>, now: UnixTime) -> Verdict {
        let mut vault = Vault { keys: &self.keys, cache: &mut self.cache };
        self.authorizer.authorize(head, &mut vault, &self.host, now)
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
                let headers = denial.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
                self.host.reply(denial.status, headers, &denial.body);
                Outcome::Pause
            }
            // Nobody acts on a question; should it come to that, the request is refused.
            Decision::AwaitKeys(_) => {
                self.host.reply(503, Vec::new(), "");
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
        self.host.annotate("jwt_authorizer.rule", rule.map_or(DEFAULT_RULE, |rule| rule.name()));
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

    fn flush(&mut self, now: Moment) {
        self.meters.flush(&self.host, &self.authorizer, &self.keys, now.steady);
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

/// Both clocks. The hot path reads the wall clock only.
fn moment(host: &impl Host) -> Moment {
    Moment { wall: host.now(), steady: host.steady() }
}

/// Some identity providers let people choose what stands in a token, and an access log's line must stay one.
fn in_one_line(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) { Cow::Owned(text.replace(char::is_control, " ")) } else { Cow::Borrowed(text) }
}
