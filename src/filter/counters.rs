//! Counters and gauges. Counts are kept here and handed to the host once a tick, because a host call for each request
//! would cost more than the decision.
//!
//! A metric is defined at the host when it has its first value, so that thousands of rules cost nothing before they are
//! used. docs/operating.md states how many metrics there can be.

use std::fmt::Display;

use super::host::{Host, MetricId, MetricKind};
use crate::engine::decision::{Decision, Effect};

/// A counter, with what the host has not been given yet.
#[derive(Debug, Default)]
pub(super) struct Counter {
    id: Option<MetricId>,
    pending: u64,
}

impl Counter {
    pub(super) fn count(&mut self) {
        self.pending = self.pending.saturating_add(1);
    }

    pub(super) fn flush(&mut self, host: &impl Host, scope: impl Display, name: &str) {
        if self.pending == 0 {
            return;
        }
        self.id = self.id.or_else(|| host.define(MetricKind::Counter, &format!("{scope}.{name}")));
        if let Some(id) = self.id {
            host.add(id, self.pending);
        }
        self.pending = 0;
    }
}

/// A gauge. One whose value was never known is not defined, because zero would be a value.
#[derive(Debug, Default)]
pub(super) struct Gauge(Option<MetricId>);

impl Gauge {
    pub(super) fn set(&mut self, host: &impl Host, scope: impl Display, name: &str, value: Option<u64>) {
        let Some(value) = value else { return };
        self.0 = self.0.or_else(|| host.define(MetricKind::Gauge, &format!("{scope}.{name}")));
        if let Some(id) = self.0 {
            host.set(id, value);
        }
    }
}

/// Outcomes of all requests, or of those of one provider or one rule. Each request counts as allowed or denied. A
/// request that a dry run would refuse counts as allowed, and as `dry_run` too.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    allowed: Counter,
    denied: Counter,
    dry_run: Counter,
}

impl Outcomes {
    pub(super) fn count(&mut self, decision: &Decision) {
        match &decision.effect {
            Effect::Allow(..) => self.allowed.count(),
            Effect::Deny(..) => self.denied.count(),
            Effect::Report(..) => {
                self.allowed.count();
                self.dry_run.count();
            }
        }
    }

    pub(super) fn flush(&mut self, host: &impl Host, scope: impl Display + Copy) {
        self.allowed.flush(host, scope, "allowed");
        self.denied.flush(host, scope, "denied");
        self.dry_run.flush(host, scope, "dry_run_denied");
    }
}

/// How often each reason occurred.
#[derive(Debug, Default)]
pub(super) struct Reasons(Vec<(&'static str, Counter)>);

impl Reasons {
    pub(super) fn count(&mut self, label: &'static str) {
        match self.0.iter_mut().find(|(known, _)| *known == label) {
            Some((_, counter)) => counter.count(),
            None => self.0.push((label, Counter { id: None, pending: 1 })),
        }
    }

    pub(super) fn flush(&mut self, host: &impl Host, scope: impl Display + Copy) {
        self.0.iter_mut().for_each(|(label, counter)| counter.flush(host, scope, label));
    }
}
