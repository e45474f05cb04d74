//! What one worker reports about its decisions and fetches: metrics, log lines, and filter state for access logs.

use super::event_log::EventLog;
use super::filter_state::set_filter_state;
use super::host::Host;
use super::key_fetcher::FetchEvent;
use super::metrics::Metrics;
use super::provider_keys::ProviderKeys;
use crate::engine::Engine;
use crate::engine::decision::{Decision, Effect};
use crate::time::{SteadyTime, UnixTime};
use crate::token::provider::ByProvider;

/// The metrics and the log of one worker. Each provider keeps its own metrics.
#[derive(Debug)]
pub(super) struct Telemetry {
    metrics: Metrics,
    log: EventLog,
}

impl Telemetry {
    /// Reports that a configuration was accepted.
    pub(super) fn configured(host: &impl Host, json: &[u8], engine: &Engine) -> Self {
        EventLog::configured(host, json, engine);
        Self { metrics: Metrics::new(engine.authorizer().rules()), log: EventLog::default() }
    }

    /// Reports a decision about the request that the host is processing.
    pub(super) fn record(
        &mut self,
        decision: &Decision,
        providers: &mut ByProvider<ProviderKeys>,
        engine: &Engine,
        host: &impl Host,
        now: UnixTime,
    ) {
        self.metrics.count(decision);
        if let Some(provider) = decision.diagnostics.caller.provider {
            providers[provider].metrics.count(decision);
        }
        if engine.sets_filter_state(decision) {
            set_filter_state(decision, engine, host);
        }
        match decision.effect {
            Effect::Allow(..) => {}
            Effect::Deny(..) | Effect::Report(..) => {
                host.adopt_level();
                self.log.refused(engine, decision, now);
            }
        }
    }

    /// Reports the end of a fetch.
    pub(super) fn fetched(provider: &str, event: &FetchEvent, keys: &mut ProviderKeys, now: UnixTime) {
        keys.metrics.count_fetch(match event {
            FetchEvent::Succeeded { .. } => None,
            FetchEvent::Failed { error, .. } => Some(error.class),
        });
        EventLog::fetched(provider, event, keys, now);
    }

    /// Hands the counts to the host.
    pub(super) fn flush(
        &mut self,
        providers: &mut ByProvider<ProviderKeys>,
        engine: &Engine,
        host: &impl Host,
        now: SteadyTime,
    ) {
        let scope = engine.metrics_scope();
        self.metrics.flush(host, scope, engine.authorizer().rules());
        for (index, keys) in providers.iter_mut() {
            let provider = &engine.authenticator().providers()[index];
            let name = &provider.name;
            keys.flush_metrics(host, format_args!("{scope}.provider.{name}"), now);
            keys.metrics.tokens.flush(host, format_args!("{scope}.provider.{name}"), provider);
        }
    }
}
