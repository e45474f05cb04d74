//! Counters and gauges. Counts are kept here and handed to the host once a tick: a host call for each request would cost
//! more than the decision.
//!
//! A series is defined at the host when it has its first value, so that thousands of rules cost nothing before they are
//! used. docs/operating.md states how many series there can be.

use std::fmt::Display;

use super::host::{Host, MetricId, MetricKind};
use crate::engine::decision::{Decision, Effect};

/// How often a thing has happened, and how much of that the host knows.
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

/// A value of now. One that was never known is no series: zero would say something.
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

/// Outcomes of everything, of one provider or of one rule. What was allowed and what was denied are all there is; a
/// refusal by a rule that only reports is allowed, and counted once more.
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

/// How often each reason was given.
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
