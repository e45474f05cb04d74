//! The metrics of one worker about its requests. Those about a provider are in `provider_metrics`.

use super::counters::{Counter, Outcomes, Reasons};
use super::host::Host;
use crate::engine::decision::{Decision, Effect};
use crate::policy::rule::{ByRule, Rule};
use crate::token::caller::CacheLookup;

/// What one worker counts about its requests.
#[derive(Debug)]
pub(super) struct Metrics {
    all: Outcomes,
    rules: ByRule<Outcomes>,
    reasons: Reasons,
    dry_run_reasons: Reasons,
    cache_hit: Counter,
    cache_miss: Counter,
}

impl Metrics {
    pub(super) fn new(rules: &ByRule<Rule>) -> Self {
        Self {
            all: Outcomes::default(),
            rules: rules.map(|_, _| Outcomes::default()),
            reasons: Reasons::default(),
            dry_run_reasons: Reasons::default(),
            cache_hit: Counter::default(),
            cache_miss: Counter::default(),
        }
    }

    /// Counts a decision.
    pub(super) fn count(&mut self, decision: &Decision) {
        self.all.count(decision);
        self.rules[decision.diagnostics.rule].count(decision);
        let reasons = match decision.effect {
            Effect::Report(..) => &mut self.dry_run_reasons,
            Effect::Allow(..) | Effect::Deny(..) => &mut self.reasons,
        };
        reasons.count(decision.reason());
        // Counted here, not at the look-up: a request that waited for keys is decided more than once, and counts once.
        match decision.diagnostics.caller.lookup {
            Some(CacheLookup::Hit) => self.cache_hit.count(),
            Some(CacheLookup::Miss) => self.cache_miss.count(),
            None => {}
        }
    }

    /// Hands the counts to the host. `scope` is the prefix of every name.
    pub(super) fn flush(&mut self, host: &impl Host, scope: &str, rules: &ByRule<Rule>) {
        self.all.flush(host, scope);
        self.reasons.flush(host, format_args!("{scope}.reason"));
        self.dry_run_reasons.flush(host, format_args!("{scope}.dry_run_reason"));
        self.cache_hit.flush(host, scope, "cache_hit");
        self.cache_miss.flush(host, scope, "cache_miss");
        for (index, outcomes) in self.rules.iter_mut() {
            outcomes.flush(host, format_args!("{scope}.rule.{}", rules[index].name));
        }
    }
}
