//! Counters and gauges. Counts are kept here and handed to the host once a tick: a host call for each request would
//! cost more than the decision. The number of series is bounded by the configuration: one for each reason, a few for
//! each provider and rule.

use super::host::{Host, MetricId, MetricKind};
use crate::jwt::keys::KeyRing;
use crate::jwt::ledger::FetchFailure;
use crate::jwt::provider::ProviderIndex;
use crate::jwt::time::SteadyTime;
use crate::policy::decision::{Decision, RuleIndex, Verdict};
use crate::policy::{Authorizer, CacheLookups};

/// How often a thing has happened, and how much of that the host knows.
#[derive(Debug)]
struct Counter {
    name: String,
    id: Option<MetricId>,
    pending: u64,
}

impl Counter {
    fn new(name: String) -> Self {
        Self { name, id: None, pending: 0 }
    }

    fn add(&mut self, by: u64) {
        self.pending = self.pending.saturating_add(by);
    }

    fn flush(&mut self, host: &impl Host) {
        if self.pending == 0 {
            return;
        }
        self.id = self.id.or_else(|| host.define(MetricKind::Counter, &self.name));
        if let Some(id) = self.id {
            host.add(id, self.pending);
        }
        self.pending = 0;
    }
}

/// Outcomes of one provider or one rule.
#[derive(Debug)]
struct Outcomes {
    allowed: Counter,
    denied: Counter,
    dry_run: Counter,
}

impl Outcomes {
    fn new(scope: &str) -> Self {
        let counter = |name: &str| Counter::new(format!("{scope}.{name}"));
        Self { allowed: counter("allowed"), denied: counter("denied"), dry_run: counter("dry_run_denied") }
    }

    fn count(&mut self, verdict: &Verdict) {
        match (verdict.dry_run, &verdict.decision) {
            (true, _) => self.dry_run.add(1),
            (false, Decision::Allow(_)) => self.allowed.add(1),
            (false, Decision::Deny(_) | Decision::AwaitKeys(_)) => self.denied.add(1),
        }
    }

    fn flush(&mut self, host: &impl Host) {
        self.allowed.flush(host);
        self.denied.flush(host);
        self.dry_run.flush(host);
    }
}

/// What one provider's keys tell.
#[derive(Debug)]
struct KeyMeters {
    prefix: String,
    success: Counter,
    failed: Counter,
    by_class: Vec<(FetchFailure, Counter)>,
    gauges: Option<[Option<MetricId>; 3]>,
}

impl KeyMeters {
    fn new(provider: &str) -> Self {
        let prefix = format!("{ROOT}.provider.{provider}");
        let counter = |name: &str| Counter::new(format!("{prefix}.{name}"));
        let of_class = |class: FetchFailure| (class, counter(&format!("jwks_fetch_failed.{}", class.label())));
        Self {
            success: counter("jwks_fetch_success"),
            failed: counter("jwks_fetch_failed"),
            by_class: FetchFailure::ALL.into_iter().map(of_class).collect(),
            gauges: None,
            prefix,
        }
    }

    fn flush(&mut self, host: &impl Host, ring: &KeyRing, now: SteadyTime) {
        self.success.flush(host);
        self.failed.flush(host);
        for (_, counter) in &mut self.by_class {
            counter.flush(host);
        }
        let define = |name: &str| host.define(MetricKind::Gauge, &format!("{}.{name}", self.prefix));
        let [keys, age, since_success] = *self.gauges.get_or_insert_with(|| {
            [define("jwks_keys"), define("jwks_age_seconds"), define("jwks_seconds_since_success")]
        });
        let set = |gauge: Option<MetricId>, value: u64| {
            if let Some(gauge) = gauge {
                host.set(gauge, value);
            }
        };
        set(keys, u64::try_from(ring.set().len()).unwrap_or(u64::MAX));
        if let Some((ledger, _)) = ring.ledger() {
            let seconds = |since: Option<SteadyTime>| since.map_or(0, |since| now.since(since).as_secs());
            set(age, seconds(ledger.changed_at()));
            set(since_success, seconds(ledger.fetched_at()));
        }
    }
}

const ROOT: &str = "jwt_authorizer";

/// Everything that is counted in one worker.
#[derive(Debug)]
pub(super) struct Meters {
    all: Outcomes,
    providers: Vec<Outcomes>,
    rules: Vec<Outcomes>,
    default_rule: Outcomes,
    reasons: Vec<(&'static str, Counter)>,
    cache_hit: Counter,
    cache_miss: Counter,
    keys: Vec<KeyMeters>,
}

impl Meters {
    pub(super) fn new(authorizer: &Authorizer) -> Self {
        let provider = |name: &str| Outcomes::new(&format!("{ROOT}.provider.{name}"));
        let rule = |name: &str| Outcomes::new(&format!("{ROOT}.rule.{name}"));
        Self {
            all: Outcomes::new(ROOT),
            providers: authorizer.providers().iter().map(|one| provider(&one.name)).collect(),
            rules: authorizer.rules().iter().map(|one| rule(one.name())).collect(),
            default_rule: rule("default"),
            reasons: Vec::new(),
            cache_hit: Counter::new(format!("{ROOT}.cache_hit")),
            cache_miss: Counter::new(format!("{ROOT}.cache_miss")),
            keys: authorizer.providers().iter().map(|one| KeyMeters::new(&one.name)).collect(),
        }
    }

    pub(super) fn count(&mut self, verdict: &Verdict) {
        self.all.count(verdict);
        if let Some(provider) = verdict.about.provider.and_then(|ProviderIndex(index)| self.providers.get_mut(index)) {
            provider.count(verdict);
        }
        match verdict.about.rule.and_then(|RuleIndex(index)| self.rules.get_mut(index)) {
            Some(rule) => rule.count(verdict),
            None => self.default_rule.count(verdict),
        }
        let label = verdict.reason.label();
        match self.reasons.iter_mut().find(|(known, _)| std::ptr::eq(*known, label)) {
            Some((_, counter)) => counter.add(1),
            None => {
                let mut counter = Counter::new(format!("{ROOT}.reason.{label}"));
                counter.add(1);
                self.reasons.push((label, counter));
            }
        }
    }

    pub(super) fn count_lookups(&mut self, lookups: CacheLookups) {
        self.cache_hit.add(lookups.hits);
        self.cache_miss.add(lookups.misses);
    }

    pub(super) fn count_fetch(&mut self, provider: ProviderIndex, failure: Option<FetchFailure>) {
        let Some(meters) = self.keys.get_mut(provider.0) else { return };
        match failure {
            None => meters.success.add(1),
            Some(failure) => {
                meters.failed.add(1);
                if let Some((_, counter)) = meters.by_class.iter_mut().find(|(class, _)| *class == failure) {
                    counter.add(1);
                }
            }
        }
    }

    /// Hands everything over.
    pub(super) fn flush(&mut self, host: &impl Host, keys: &[KeyRing], now: SteadyTime) {
        self.all.flush(host);
        self.default_rule.flush(host);
        self.providers.iter_mut().chain(&mut self.rules).for_each(|outcomes| outcomes.flush(host));
        self.reasons.iter_mut().for_each(|(_, counter)| counter.flush(host));
        self.cache_hit.flush(host);
        self.cache_miss.flush(host);
        for (meters, ring) in self.keys.iter_mut().zip(keys) {
            meters.flush(host, ring, now);
        }
    }
}
