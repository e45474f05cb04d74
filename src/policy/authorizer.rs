//! Authorization: the rule of a request, and whether a verified token fulfils it.

use super::rule::{ByRule, Rule, RuleIndex};
use super::table::RouteTable;
use crate::request::{AmbiguousRequest, RequestHead};

/// The rules of a configuration, and the routes that lead to them.
#[derive(Debug)]
pub struct Authorizer {
    routes: RouteTable<RuleIndex>,
    rules: ByRule<Rule>,
    /// The rule for requests that no route matches.
    default: RuleIndex,
}

impl Authorizer {
    /// From rules, the routes to them, and the rule for requests that no route matches.
    pub fn new(routes: RouteTable<RuleIndex>, mut rules: ByRule<Rule>, default: Rule) -> Self {
        let default = rules.push(default);
        Self { routes, rules, default }
    }

    /// The rules; the default is the last.
    pub fn rules(&self) -> &ByRule<Rule> {
        &self.rules
    }

    /// The rule for requests that no route matches.
    pub fn default_rule(&self) -> RuleIndex {
        self.default
    }

    /// The rule of a request.
    ///
    /// # Errors
    ///
    /// If servers could read the host or the path in a way that leads to another rule.
    pub fn route(&self, head: &RequestHead<'_>) -> Result<RuleIndex, AmbiguousRequest> {
        if self.routes.knows_hosts() && !head.host_is_plain() {
            return Err(AmbiguousRequest::Host);
        }
        let find = |path: &str| self.routes.find(head.host(), head.method(), path);
        let found = find(head.path());
        // Some servers drop `;parameters`: if that path has another rule, the request is refused.
        if head.path_without_parameters().is_some_and(|path| find(&path) != found) {
            return Err(AmbiguousRequest::Path);
        }
        Ok(found.unwrap_or(self.default))
    }
}
