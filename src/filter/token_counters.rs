//! What one worker counts about the verified tokens of one provider.

use std::fmt::Display;

use super::counters::Counter;
use super::host::Host;
use crate::engine::decision::Decision;
use crate::token::provider::Provider;

/// Requests by audience and client of their tokens, and those that lack an identity header.
#[derive(Debug, Default)]
pub(super) struct TokenCounters {
    header_omitted: Counter,
    audiences: Vec<Counter>,
    clients: Vec<Counter>,
}

impl TokenCounters {
    /// Counts a decision about a request with a verified token.
    pub(super) fn count(&mut self, decision: &Decision) {
        let Some(token) = &decision.diagnostics.caller.token else { return };
        if decision.token_with_omitted_headers().is_some() {
            self.header_omitted.count();
        }
        count_at(&mut self.audiences, token.audience());
        count_at(&mut self.clients, token.listed_client());
    }

    /// Hands the counts to the host.
    pub(super) fn flush(&mut self, host: &impl Host, scope: impl Display + Copy, provider: &Provider) {
        self.header_omitted.flush(host, scope, "header_omitted");
        for (counter, audience) in self.audiences.iter_mut().zip(provider.audiences.names()) {
            counter.flush(host, format_args!("{scope}.audience.{audience}"), "requests");
        }
        for (counter, client) in self.clients.iter_mut().zip(provider.clients.iter().flatten()) {
            counter.flush(host, format_args!("{scope}.client.{client}"), "requests");
        }
    }
}

/// The index is one in a list of the configuration.
fn count_at(counters: &mut Vec<Counter>, index: Option<usize>) {
    let Some(index) = index else { return };
    if index >= counters.len() {
        counters.resize_with(index.saturating_add(1), Counter::default);
    }
    if let Some(counter) = counters.get_mut(index) {
        counter.count();
    }
}
