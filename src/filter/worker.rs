//! One worker's filter: reads a request, asks the engine, acts on the decision or lets the request wait for keys.

use std::borrow::Cow;
use std::time::Duration;

use super::event_log::EventLog;
use super::host::{CalloutId, FetchResponse, Host, StreamId};
use super::key_fetcher::FetchEvent;
use super::metrics::Metrics;
use super::pending::PendingRequest;
use super::provider_keys::{ProviderKeys, Wait};
use super::worker_queues::WorkerQueues;
use crate::config::error::ConfigError;
use crate::engine::Engine;
use crate::engine::decision::{Decision, Effect, NeedsKeys};
use crate::forward::Edits;
use crate::reason::{Refusal, Undecidable};
use crate::request::RequestHead;
use crate::time::{Moment, UnixTime};
use crate::token::authenticator::AuthContext;
use crate::token::cache::TokenCache;
use crate::token::provider::{ByProvider, ProviderIndex};

/// Envoy's first instance only tries the configuration, and its callouts fail. It is gone by then, and no request has
/// waited long. The main thread keeps an instance, which ticks too, and may fetch for all.
const FIRST_TICK: Duration = Duration::from_millis(5);
/// To send a fetch that a request has acquired.
const NEXT_TICK: Duration = Duration::from_millis(1);
/// While requests wait, so that none waits much longer than its deadline.
const BUSY_TICK: Duration = Duration::from_millis(50);
const IDLE_TICK: Duration = Duration::from_secs(1);

/// Each time, another worker has written the shared state first.
const MAX_CONTENDED: usize = 4;

/// What happens to a request for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Continue,
    /// It was answered, or waits.
    Pause,
}

/// The filter of one worker and one configuration.
#[derive(Debug)]
pub struct Filter<H> {
    host: H,
    engine: Engine,
    providers: ByProvider<ProviderKeys>,
    cache: TokenCache,
    queues: WorkerQueues,
    metrics: Metrics,
    log: EventLog,
    tick: Duration,
}

impl<H: Host> Filter<H> {
    /// Compiles a configuration. Nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// The first mistake in it.
    pub fn configure(host: H, json: &[u8]) -> Result<Self, ConfigError> {
        let engine = Engine::from_json(json)?;
        let now = moment(&host);
        WorkerQueues::prepare(&host);
        let providers = engine.key_sources().map(|_, source| ProviderKeys::new(source, &host, now));
        EventLog::configured(&host, json, &engine);
        host.tick_every(FIRST_TICK);
        Ok(Self {
            cache: engine.new_cache(),
            metrics: Metrics::new(engine.authorizer().rules()),
            queues: WorkerQueues::default(),
            log: EventLog::default(),
            tick: FIRST_TICK,
            host,
            engine,
            providers,
        })
    }

    /// A request has come.
    pub fn on_request(&mut self, stream: StreamId) -> Outcome {
        let now = self.host.now();
        match self.with_head(now, |filter, head| filter.decide_or_wait(stream, head, now)) {
            Some(decision) => self.act(&decision, now),
            None => Outcome::Pause,
        }
    }

    /// A stream was closed, whether or not its request still waits.
    pub fn on_stream_closed(&mut self, stream: StreamId) {
        for (_, provider) in self.providers.iter_mut() {
            provider.pending.on_stream_closed(stream);
        }
    }

    /// Time has passed.
    pub fn on_tick(&mut self) {
        let now = moment(&self.host);
        self.queues.join(&self.host);
        for provider in self.providers.indices() {
            self.refresh_if_due(provider, now);
            for request in self.providers[provider].pending.take_overdue(now.steady) {
                self.retry(request, now);
            }
        }
        self.flush_metrics(now);
        self.adjust_tick();
    }

    /// Another worker has ended a fetch.
    pub fn on_queue_ready(&mut self) {
        let now = moment(&self.host);
        self.queues.drain(&self.host);
        for provider in self.providers.indices() {
            self.sync(provider, now);
            self.retry_all(provider, now);
        }
        self.adjust_tick();
    }

    /// A callout was answered.
    pub fn on_fetch_response(&mut self, callout: CalloutId, response: FetchResponse) {
        let now = moment(&self.host);
        let owns = |keys: &ProviderKeys| keys.fetcher().is_some_and(|fetcher| fetcher.owns(callout));
        let Some(provider) = self.providers.find(owns) else { return };
        let host = &self.host;
        let event = self.providers[provider].with_fetcher(|fetcher, keys| fetcher.receive(host, keys, response, now));
        self.finish_fetch(provider, event, now);
        self.adjust_tick();
    }

    /// This instance ends: hands over what was counted, and the leases that it holds.
    pub fn shutdown(&mut self) {
        let now = moment(&self.host);
        self.flush_metrics(now);
        self.queues.leave(&self.host);
        let mut gave_up = false;
        for (_, provider) in self.providers.iter_mut() {
            gave_up |= provider.with_fetcher(|fetcher, _| fetcher.abandon(&self.host, now));
        }
        if gave_up {
            self.queues.wake_others(&self.host);
        }
    }

    /// Reads the head of the request that the host is processing. One that cannot be read is refused.
    fn with_head(
        &mut self,
        now: UnixTime,
        decide: impl FnOnce(&mut Self, &RequestHead<'_>) -> Option<Decision>,
    ) -> Option<Decision> {
        let refusal = if !now.is_credible() {
            Refusal::Undecidable(Undecidable::ClockUnavailable)
        } else if let Some(headers) = self.host.headers() {
            match RequestHead::new(&headers) {
                Ok(head) => return decide(self, &head),
                Err(ambiguous) => ambiguous.into(),
            }
        } else {
            Refusal::Undecidable(Undecidable::HeadersUnreadable)
        };
        Some(self.engine.refuse_unrouted(refusal))
    }

    fn decide(&mut self, head: &RequestHead<'_>, now: UnixTime) -> Result<Decision, NeedsKeys> {
        let mut context = AuthContext { keys: &self.providers, cache: &mut self.cache, verifier: &self.host, now };
        self.engine.decide(head, &mut context)
    }

    /// `None` if the request waits for keys now.
    fn decide_or_wait(&mut self, stream: StreamId, head: &RequestHead<'_>, now: UnixTime) -> Option<Decision> {
        let mut needs = match self.decide(head, now) {
            Ok(decision) => return Some(decision),
            Err(needs) => needs,
        };
        let now = Moment { wall: now, steady: self.host.steady() };
        let provider = needs.missing.provider;
        if self.providers[provider].is_known_missing(&needs.missing.wanted, now.steady) {
            return Some(self.give_up(needs, head));
        }
        // Another worker may have fetched them, or somebody has set the wall clock.
        if self.sync(provider, now) {
            needs = match self.decide(head, now.wall) {
                Ok(decision) => return Some(decision),
                Err(needs) => needs,
            };
        }
        let deadline = self.providers[provider].deadline(now.steady);
        self.wait(PendingRequest { stream, since: now.steady, deadline }, needs, head, now)
    }

    /// Lets a request wait for a fetch in flight, or for one that is due. `None` if it waits now.
    fn wait(
        &mut self,
        request: PendingRequest,
        mut needs: NeedsKeys,
        head: &RequestHead<'_>,
        now: Moment,
    ) -> Option<Decision> {
        for _ in 0..MAX_CONTENDED {
            let provider = needs.missing.provider;
            let keys = &mut self.providers[provider];
            if keys.is_known_missing(&needs.missing.wanted, now.steady) {
                break;
            }
            match keys.wait(request, &needs.missing.wanted, &self.host, now) {
                Wait::Waiting => {
                    self.adjust_tick();
                    return None;
                }
                Wait::Refused => break,
                Wait::Contended => {
                    self.sync(provider, now);
                    needs = match self.decide(head, now.wall) {
                        Ok(decision) => return Some(decision),
                        Err(needs) => needs,
                    };
                }
            }
        }
        Some(self.give_up(needs, head))
    }

    /// The decision about a request for which no keys will come.
    fn give_up(&self, needs: NeedsKeys, head: &RequestHead<'_>) -> Decision {
        let unresolved = self.providers[needs.missing.provider].last_fetch_unresolved();
        self.engine.give_up(needs, unresolved, head)
    }

    /// Keeps one provider's keys fresh.
    fn refresh_if_due(&mut self, provider: ProviderIndex, now: Moment) {
        let changed = self.sync(provider, now);
        let event = self.providers[provider].refresh_if_due(&self.host, now);
        self.finish_fetch(provider, event, now);
        if changed || !self.providers[provider].is_in_flight(now.steady) {
            self.retry_all(provider, now);
        }
    }

    /// Takes over what other workers have fetched. Whether requests are decided by other keys now.
    fn sync(&mut self, provider: ProviderIndex, now: Moment) -> bool {
        let changed = self.providers[provider].sync(&self.host, now);
        if changed {
            self.forget_tokens(provider);
        }
        changed
    }

    /// Acts on the end of a fetch of this worker.
    fn finish_fetch(&mut self, provider: ProviderIndex, event: Option<FetchEvent>, now: Moment) {
        let Some(event) = event else { return };
        let keys = &mut self.providers[provider];
        keys.metrics.count_fetch(match event {
            FetchEvent::Succeeded { .. } => None,
            FetchEvent::Failed { failure, .. } => Some(failure),
        });
        EventLog::fetched(&self.engine.authenticator().providers()[provider].name, event, keys, now.wall);
        self.forget_tokens(provider);
        self.queues.wake_others(&self.host);
        self.retry_all(provider, now);
    }

    /// Decides the requests that wait for a provider, or lets them wait for the next fetch that is due.
    fn retry_all(&mut self, provider: ProviderIndex, now: Moment) {
        for request in self.providers[provider].pending.take_all() {
            self.retry(request, now);
        }
    }

    /// Decides a request that has waited, unless it may wait longer for another fetch.
    fn retry(&mut self, request: PendingRequest, now: Moment) {
        if !self.host.enter(request.stream) {
            return;
        }
        let decision = self.with_head(now.wall, |filter, head| match filter.decide(head, now.wall) {
            Ok(decision) => Some(decision),
            Err(needs) => {
                let keys = &mut filter.providers[needs.missing.provider];
                keys.note_missing(&needs.missing.wanted, request.since, now.steady);
                match now.steady < request.deadline {
                    true => filter.wait(request, needs, head, now),
                    false => Some(filter.give_up(needs, head)),
                }
            }
        });
        if let Some(decision) = decision
            && self.act(&decision, now.wall) == Outcome::Continue
        {
            self.host.resume();
        }
        self.host.leave();
    }

    /// No token outlives the key that signed it.
    fn forget_tokens(&mut self, provider: ProviderIndex) {
        let set = self.providers[provider].current().set();
        self.cache.retain(provider, |signer| set.contains(signer));
    }

    fn act(&mut self, decision: &Decision, now: UnixTime) -> Outcome {
        self.metrics.count(decision);
        if let Some(provider) = decision.diagnostics.caller.provider {
            self.providers[provider].metrics.count(decision);
        }
        if self.engine.sets_filter_state(decision) {
            self.set_filter_state(decision);
        }
        match &decision.effect {
            Effect::Allow(_, edits) => {
                self.edit(edits);
                Outcome::Continue
            }
            Effect::Report(_, edits) => {
                self.log.refused(&self.engine, decision, now);
                self.edit(edits);
                Outcome::Continue
            }
            Effect::Deny(_, reply) => {
                self.log.refused(&self.engine, decision, now);
                let headers = reply.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
                self.host.reply(reply.status, headers, &reply.body);
                Outcome::Pause
            }
        }
    }

    fn edit(&self, edits: &Edits) {
        for name in &edits.remove {
            self.host.remove_header(name);
        }
        for (name, value) in edits.set.iter().chain(&edits.replace) {
            self.host.set_header(name, value);
        }
        if edits.clear_route_cache {
            self.host.clear_route_cache();
        }
    }

    fn set_filter_state(&self, decision: &Decision) {
        let caller = &decision.diagnostics.caller;
        self.host.set_filter_state("jwt_authorizer.reason", decision.reason());
        if let Some(provider) = caller.provider {
            let name = &self.engine.authenticator().providers()[provider].name;
            self.host.set_filter_state("jwt_authorizer.provider", name);
        }
        let rule = &self.engine.authorizer().rules()[decision.diagnostics.rule];
        self.host.set_filter_state("jwt_authorizer.rule", &rule.name);
        if let Some(token) = &caller.token {
            if let Some(subject) = token.subject() {
                self.host.set_filter_state("jwt_authorizer.sub", &in_one_line(subject));
            }
            if let Some(client) = token.client() {
                self.host.set_filter_state("jwt_authorizer.client_id", &in_one_line(client));
            }
        }
        if decision.is_dry_run() {
            self.host.set_filter_state("jwt_authorizer.dry_run", "true");
        }
    }

    fn flush_metrics(&mut self, now: Moment) {
        let scope = self.engine.metrics_scope();
        self.metrics.flush(&self.host, scope, self.engine.authorizer().rules());
        for (index, keys) in self.providers.iter_mut() {
            let name = &self.engine.authenticator().providers()[index].name;
            keys.flush_metrics(&self.host, format_args!("{scope}.provider.{name}"), now.steady);
        }
    }

    /// Ticks as often as there is something to do.
    fn adjust_tick(&mut self) {
        let wanted = if self.providers.iter().any(ProviderKeys::is_leased) {
            NEXT_TICK
        } else if self.providers.iter().all(|keys| keys.pending.is_empty()) {
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

/// Both clocks. A request reads the wall clock only.
fn moment(host: &impl Host) -> Moment {
    Moment { wall: host.now(), steady: host.steady() }
}

/// Some identity providers let people choose what a claim says, and an access log's line must stay one line.
fn in_one_line(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) { Cow::Owned(text.replace(char::is_control, " ")) } else { Cow::Borrowed(text) }
}
