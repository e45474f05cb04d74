//! Counters and gauges. Counts are kept here and handed to the host once a tick: a host call for each request would
//! cost more than the decision.
//!
//! The proxy gets to know a series when it has something to say, so that thousands of rules cost nothing before they
//! are asked for. How many there can be at most is told in docs/operating.md: some for each provider, two for each
//! rule, and one for each reason.

use std::fmt::Display;

use super::host::{Host, MetricId, MetricKind};
use crate::jwt::keys::KeyRing;
use crate::jwt::ledger::{FetchFailure, Ledger};
use crate::jwt::provider::ProviderIndex;
use crate::jwt::time::SteadyTime;
use crate::policy::Authorizer;
use crate::policy::decision::{Decision, Lookup, RuleIndex, Verdict};

const ROOT: &str = "jwt_authorizer";
/// What stands for a rule where there was none.
pub(super) const DEFAULT_RULE: &str = "default";

/// How often a thing has happened, and how much of that the host knows.
#[derive(Debug, Default)]
struct Counter {
    id: Option<MetricId>,
    pending: u64,
}

impl Counter {
    fn count(&mut self) {
        self.pending = self.pending.saturating_add(1);
    }

    fn flush(&mut self, host: &impl Host, scope: impl Display, name: &str) {
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
struct Gauge(Option<MetricId>);

impl Gauge {
    fn set(&mut self, host: &impl Host, scope: impl Display, name: &str, value: Option<u64>) {
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
struct Outcomes {
    allowed: Counter,
    denied: Counter,
    dry_run: Counter,
}

impl Outcomes {
    fn count(&mut self, verdict: &Verdict) {
        match &verdict.decision {
            Decision::Allow(_) => self.allowed.count(),
            Decision::Deny(_) | Decision::AwaitKeys(_) => self.denied.count(),
        }
        if verdict.dry_run {
            self.dry_run.count();
        }
    }

    fn flush(&mut self, host: &impl Host, scope: impl Display + Copy) {
        self.allowed.flush(host, scope, "allowed");
        self.denied.flush(host, scope, "denied");
        self.dry_run.flush(host, scope, "dry_run_denied");
    }
}

/// How often each reason was given.
#[derive(Debug, Default)]
struct Reasons(Vec<(&'static str, Counter)>);

impl Reasons {
    fn count(&mut self, label: &'static str) {
        match self.0.iter_mut().find(|(known, _)| *known == label) {
            Some((_, counter)) => counter.count(),
            None => self.0.push((label, Counter { id: None, pending: 1 })),
        }
    }

    fn flush(&mut self, host: &impl Host, scope: impl Display + Copy) {
        self.0.iter_mut().for_each(|(label, counter)| counter.flush(host, scope, label));
    }
}

/// What one provider's keys tell.
#[derive(Debug)]
struct KeyMeters {
    success: Counter,
    failed: [(FetchFailure, Counter); FetchFailure::ALL.len()],
    keys: Gauge,
    age: Gauge,
    since_success: Gauge,
}

impl KeyMeters {
    fn new() -> Self {
        Self {
            success: Counter::default(),
            failed: FetchFailure::ALL.map(|class| (class, Counter::default())),
            keys: Gauge::default(),
            age: Gauge::default(),
            since_success: Gauge::default(),
        }
    }

    fn flush(&mut self, host: &impl Host, scope: impl Display + Copy, ring: &KeyRing, now: SteadyTime) {
        self.success.flush(host, scope, "jwks_fetch_success");
        for (class, counter) in &mut self.failed {
            counter.flush(host, format_args!("{scope}.jwks_fetch_failed"), class.label());
        }
        self.keys.set(host, scope, "jwks_keys", u64::try_from(ring.set().len()).ok());
        let seconds = |stamp: fn(&Ledger) -> Option<SteadyTime>| {
            ring.ledger().and_then(|(ledger, _)| stamp(ledger)).map(|since| now.since(since).as_secs())
        };
        self.age.set(host, scope, "jwks_age_seconds", seconds(Ledger::changed_at));
        self.since_success.set(host, scope, "jwks_seconds_since_success", seconds(Ledger::fetched_at));
    }
}

/// Everything that is counted in one worker.
#[derive(Debug)]
pub(super) struct Meters {
    all: Outcomes,
    providers: Vec<(Outcomes, KeyMeters)>,
    rules: Vec<Outcomes>,
    default_rule: Outcomes,
    reasons: Reasons,
    dry_run_reasons: Reasons,
    cache_hit: Counter,
    cache_miss: Counter,
}

impl Meters {
    pub(super) fn new(authorizer: &Authorizer) -> Self {
        Self {
            all: Outcomes::default(),
            providers: authorizer.providers().iter().map(|_| (Outcomes::default(), KeyMeters::new())).collect(),
            rules: authorizer.rules().iter().map(|_| Outcomes::default()).collect(),
            default_rule: Outcomes::default(),
            reasons: Reasons::default(),
            dry_run_reasons: Reasons::default(),
            cache_hit: Counter::default(),
            cache_miss: Counter::default(),
        }
    }

    pub(super) fn count(&mut self, verdict: &Verdict) {
        self.all.count(verdict);
        if let Some((outcomes, _)) = verdict.about.provider.and_then(|index| self.providers.get_mut(index.0)) {
            outcomes.count(verdict);
        }
        match verdict.about.rule.and_then(|RuleIndex(index)| self.rules.get_mut(index)) {
            Some(rule) => rule.count(verdict),
            None => self.default_rule.count(verdict),
        }
        let reasons = if verdict.dry_run { &mut self.dry_run_reasons } else { &mut self.reasons };
        reasons.count(verdict.reason.label());
        // The token of a request that waited for keys was looked for more than once, but counts once.
        match verdict.about.lookup {
            Some(Lookup::Hit) => self.cache_hit.count(),
            Some(Lookup::Miss) => self.cache_miss.count(),
            None => {}
        }
    }

    pub(super) fn count_fetch(&mut self, provider: ProviderIndex, failure: Option<FetchFailure>) {
        let Some((_, keys)) = self.providers.get_mut(provider.0) else { return };
        match failure {
            None => keys.success.count(),
            Some(failure) => {
                if let Some((_, counter)) = keys.failed.iter_mut().find(|(class, _)| *class == failure) {
                    counter.count();
                }
            }
        }
    }

    /// Hands everything over.
    pub(super) fn flush(&mut self, host: &impl Host, authorizer: &Authorizer, keys: &[KeyRing], now: SteadyTime) {
        self.all.flush(host, ROOT);
        self.reasons.flush(host, format_args!("{ROOT}.reason"));
        self.dry_run_reasons.flush(host, format_args!("{ROOT}.dry_run_reason"));
        self.cache_hit.flush(host, ROOT, "cache_hit");
        self.cache_miss.flush(host, ROOT, "cache_miss");
        for (((outcomes, meters), ring), provider) in self.providers.iter_mut().zip(keys).zip(authorizer.providers()) {
            let scope = format_args!("{ROOT}.provider.{}", provider.name);
            outcomes.flush(host, scope);
            meters.flush(host, scope, ring, now);
        }
        for (outcomes, rule) in self.rules.iter_mut().zip(authorizer.rules()) {
            outcomes.flush(host, format_args!("{ROOT}.rule.{}", rule.name()));
        }
        self.default_rule.flush(host, format_args!("{ROOT}.rule.{DEFAULT_RULE}"));
    }
}
