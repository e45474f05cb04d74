//! Authorization: finds the rule that applies to a request.

use super::rule::{ByRule, Rule, RuleIndex};
use super::table::RouteTable;
use crate::request::{AmbiguousRequest, RequestHead};

/// The rules of a configuration, found by route.
#[derive(Debug)]
pub struct Authorizer {
    routes: RouteTable<RuleIndex>,
    rules: ByRule<Rule>,
    /// The rule for requests that no route matches.
    default: RuleIndex,
}

impl Authorizer {
    /// Creates an authorizer. `default` is the rule for requests that no route matches.
    pub fn new(routes: RouteTable<RuleIndex>, mut rules: ByRule<Rule>, default: Rule) -> Self {
        let default = rules.push(default);
        Self { routes, rules, default }
    }

    /// The rules. The default rule is the last.
    pub fn rules(&self) -> &ByRule<Rule> {
        &self.rules
    }

    /// The rule for requests that no route matches.
    pub fn default_rule(&self) -> RuleIndex {
        self.default
    }

    /// The rule that applies to a request.
    ///
    /// # Errors
    ///
    /// If a server could read the host differently, or the path so that another rule would apply.
    pub fn route(&self, head: &RequestHead<'_>) -> Result<RuleIndex, AmbiguousRequest> {
        if self.routes.has_hosts() && !head.host_is_plain() {
            return Err(AmbiguousRequest::Host);
        }
        let find = |path: &str| self.routes.find(head.host(), head.method(), path);
        let found = find(head.path().canonical());
        if head.path().others().any(|path| find(path) != found) {
            return Err(AmbiguousRequest::Path);
        }
        Ok(found.unwrap_or(self.default))
    }
}
