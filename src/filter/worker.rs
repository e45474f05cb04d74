//! The filter of one worker: it reads a request, asks the engine, acts on the decision, or lets the request wait for
//! keys.

mod waiting;

use super::fetch_response::FetchResponse;
use super::host::{CalloutId, Host, StreamId};
use super::key_fetcher::FetchEvent;
use super::provider_keys::ProviderKeys;
use super::telemetry::Telemetry;
use super::tick::TickPeriod;
use super::worker_queues::WorkerQueues;
use crate::config::error::ConfigError;
use crate::engine::Engine;
use crate::engine::decision::{Decision, Effect, NeedsKeys};
use crate::forward::Edits;
use crate::reason::{Refusal, Undecidable};
use crate::request::{Headers, RequestHead};
use crate::time::{Moment, UnixTime};
use crate::token::authenticator::AuthContext;
use crate::token::cache::TokenCache;
use crate::token::provider::{ByProvider, ProviderIndex};

/// Whether the proxy continues with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The request continues.
    Continue,
    /// The request was answered, or waits for keys.
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
    telemetry: Telemetry,
    tick: TickPeriod,
}

impl<H: Host> Filter<H> {
    /// Compiles a configuration. Fetches start at the first tick.
    ///
    /// # Errors
    ///
    /// The first error in the configuration.
    pub fn configure(host: H, json: &[u8]) -> Result<Self, ConfigError> {
        let engine = Engine::from_json(json)?;
        let now = host.moment();
        WorkerQueues::prepare(&host);
        let providers = engine.key_sources().map(|_, source| ProviderKeys::new(source, &host, now));
        Ok(Self {
            cache: engine.new_cache(),
            queues: WorkerQueues::default(),
            telemetry: Telemetry::configured(&host, json, &engine),
            tick: TickPeriod::start(&host),
            host,
            engine,
            providers,
        })
    }

    /// Handles the headers of a new request.
    pub fn on_request(&mut self, stream: StreamId) -> Outcome {
        let now = self.host.now();
        match self.with_head(now, |filter, head| filter.decide_or_wait(stream, head, now)) {
            Some(decision) => self.act(&decision, now),
            None => Outcome::Pause,
        }
    }

    /// Whether this request waits for keys.
    pub fn is_pending(&self, stream: StreamId) -> bool {
        self.providers.iter().any(|provider| provider.pending.contains(stream))
    }

    /// Removes reserved headers from the trailers of the request that the host is processing: an upstream may merge
    /// trailers into the headers (RFC 9110 §6.5.1). Returns `false` if the trailers cannot be read.
    pub fn strip_trailers(&self) -> bool {
        let forwarding = self.engine.forwarding();
        if !forwarding.reserves_any() {
            return true;
        }
        let Some(trailers) = self.host.trailers() else { return false };
        for name in forwarding.reserved_in(&trailers) {
            self.host.remove_trailer(&name);
        }
        true
    }

    /// Handles the end of a stream, whether or not its request still waits.
    pub fn on_stream_closed(&mut self, stream: StreamId) {
        for (_, provider) in self.providers.iter_mut() {
            provider.pending.on_stream_closed(stream);
        }
    }

    /// Handles a tick.
    pub fn on_tick(&mut self) {
        self.host.adopt_level();
        let now = self.host.moment();
        self.queues.join(&self.host);
        for provider in self.providers.indices() {
            self.refresh_if_due(provider, now);
            for request in self.providers[provider].pending.take_overdue(now.steady) {
                self.retry(request, now);
            }
        }
        self.telemetry.flush(&mut self.providers, &self.engine, &self.host, now.steady);
        self.tick.adjust(&self.providers, &self.host);
    }

    /// Handles the message that another worker has finished a fetch.
    pub fn on_queue_ready(&mut self) {
        let now = self.host.moment();
        self.queues.drain(&self.host);
        for provider in self.providers.indices() {
            self.sync(provider, now);
            self.retry_all(provider, now);
        }
        self.tick.adjust(&self.providers, &self.host);
    }

    /// Handles the response to a callout.
    pub fn on_fetch_response(&mut self, callout: CalloutId, response: FetchResponse) {
        let now = self.host.moment();
        let Some(provider) = self.providers.find(|keys| keys.owns(callout)) else { return };
        let event = self.providers[provider].receive(response, &self.host, now);
        self.finish_fetch(provider, event, now);
        self.tick.adjust(&self.providers, &self.host);
    }

    /// Ends this instance: hands the last counts to the host, and releases the leases that it holds.
    pub fn shutdown(&mut self) {
        let now = self.host.moment();
        self.telemetry.flush(&mut self.providers, &self.engine, &self.host, now.steady);
        self.queues.leave(&self.host);
        let mut released = false;
        for (_, provider) in self.providers.iter_mut() {
            released |= provider.release_lease(&self.host, now);
        }
        if released {
            self.queues.wake_others(&self.host);
        }
    }

    /// Reads the head of the request that the host is processing. A head that cannot be read is refused.
    fn with_head(
        &mut self,
        now: UnixTime,
        decide: impl FnOnce(&mut Self, &RequestHead<'_>) -> Option<Decision>,
    ) -> Option<Decision> {
        let headers = self.host.headers();
        let (refusal, headers) = match headers.as_ref() {
            None => (Refusal::Undecidable(Undecidable::HeadersUnreadable), &Headers::default()),
            Some(headers) if !now.is_credible() => (Refusal::Undecidable(Undecidable::ClockUnavailable), headers),
            Some(headers) => match RequestHead::new(headers) {
                Ok(head) => return decide(self, &head),
                Err(ambiguous) => (ambiguous.into(), headers),
            },
        };
        Some(self.engine.refuse_unrouted(refusal, headers))
    }

    fn decide(&mut self, head: &RequestHead<'_>, now: UnixTime) -> Result<Decision, NeedsKeys> {
        let mut context = AuthContext { keys: &self.providers, cache: &mut self.cache, verifier: &self.host, now };
        self.engine.decide(head, &mut context)
    }

    /// Starts a fetch if one is due, and decides waiting requests that nothing delays any longer.
    fn refresh_if_due(&mut self, provider: ProviderIndex, now: Moment) {
        let changed = self.sync(provider, now);
        let event = self.providers[provider].refresh_if_due(&self.host, now);
        self.finish_fetch(provider, event, now);
        if changed || !self.providers[provider].is_in_flight(now.steady) {
            self.retry_all(provider, now);
        }
    }

    /// Loads what other workers have fetched. Returns whether the usable keys changed.
    fn sync(&mut self, provider: ProviderIndex, now: Moment) -> bool {
        let changed = self.providers[provider].sync(&self.host, now);
        if changed {
            self.forget_tokens(provider);
        }
        changed
    }

    /// Handles the end of a fetch of this worker. `None` if it has not ended.
    fn finish_fetch(&mut self, provider: ProviderIndex, event: Option<FetchEvent>, now: Moment) {
        let Some(event) = event else { return };
        let name = &self.engine.authenticator().providers()[provider].name;
        Telemetry::fetched(name, &event, &mut self.providers[provider], now.wall);
        self.forget_tokens(provider);
        self.queues.wake_others(&self.host);
        self.retry_all(provider, now);
    }

    /// Removes cached tokens whose key is no longer in the set.
    fn forget_tokens(&mut self, provider: ProviderIndex) {
        let set = self.providers[provider].current().set();
        self.cache.retain(provider, |signer| set.contains(signer));
    }

    fn act(&mut self, decision: &Decision, now: UnixTime) -> Outcome {
        self.telemetry.record(decision, &mut self.providers, &self.engine, &self.host, now);
        match &decision.effect {
            Effect::Allow(_, edits) | Effect::Report(_, edits) => {
                self.edit(edits);
                Outcome::Continue
            }
            Effect::Deny(_, reply, redactions) => {
                for (name, value) in redactions {
                    self.host.set_header(name, value);
                }
                self.host.reply(reply);
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
}
