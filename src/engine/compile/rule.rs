//! The rules of the plugin JSON → [`RouteTable`] and [`Rule`]s.

use super::context::{Context, names, not_empty};
use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::policy::host_pattern::HostPattern;
use crate::policy::requirement::Requirement;
use crate::policy::route::Route;
use crate::policy::rule::{Access, ByRule, Rule, RuleIndex, TokenConditions};
use crate::policy::table::RouteTable;

type Compiled = (RouteTable<RuleIndex>, ByRule<Rule>);

impl Context {
    pub(super) fn compile_rules(&mut self, rules: Vec<config::Rule>) -> Result<Compiled, ConfigError> {
        let mut table = RouteTable::default();
        let mut compiled = ByRule::default();
        for (index, rule) in rules.into_iter().enumerate() {
            let path = ConfigPath::root("rules").item(index);
            let config::Rule { route: key, hosts, access, providers, scopes, groups, require, name, mode } = rule;
            let route = Route::parse(&key).map_err(|problem| path.field("route").error(problem))?;
            for host in host_patterns(&path.field("hosts"), hosts)? {
                table.insert(host, &route, compiled.next_index()).map_err(|first| {
                    path.field("route").error(format!(
                        "`{key}` matches the same requests as rules[{}]; keep one of the two",
                        first.position()
                    ))
                })?;
            }
            let name = name.unwrap_or(key);
            if name.is_empty() || name.chars().any(char::is_control) {
                return Err(path.field("name").error("must not be empty or have control characters"));
            }
            let conditions = Conditions { providers, scopes, groups, require };
            compiled.push(Rule {
                access: self.access(&path, access, conditions, &route)?,
                dry_run: mode == config::Mode::DryRun,
                name: name.into(),
            });
        }
        Ok((table, compiled))
    }

    fn access(
        &mut self,
        path: &ConfigPath,
        access: config::Access,
        conditions: Conditions,
        route: &Route,
    ) -> Result<Access, ConfigError> {
        let optional = match access {
            config::Access::Public | config::Access::Deny => {
                return match conditions.first_given() {
                    Some(field) => Err(path
                        .field(field)
                        .error("has no effect on a rule that does not check tokens; remove it, or change `access` to `authenticated` or `optional`")),
                    None if access == config::Access::Public => Ok(Access::Public),
                    None => Ok(Access::Deny),
                };
            }
            config::Access::Optional => true,
            config::Access::Authenticated => false,
        };
        let Conditions { providers, scopes, groups, require } = conditions;
        let mut parts = Vec::new();
        if let Some(scopes) = scopes {
            parts.push(listed(&path.field("scopes"), scopes, |path, name| self.scope(path, name))?);
        }
        if let Some(groups) = groups {
            parts.push(listed(&path.field("groups"), groups, |_, name| Ok(self.group(&name)))?);
        }
        if let Some(require) = require {
            parts.push(self.requirement(&path.field("require"), require, route)?);
        }
        let requirement = match parts.len() {
            0 | 1 => parts.pop(),
            _ => Some(Requirement::AllOf(parts.into())),
        };
        let providers = providers
            .map(|list| {
                let path = path.field("providers");
                not_empty(&path, list)?
                    .iter()
                    .enumerate()
                    .map(|(index, name)| {
                        self.provider_named(name)
                            .ok_or_else(|| path.item(index).error(format!("`{name}` is not one of the `providers`")))
                    })
                    .collect()
            })
            .transpose()?;
        Ok(Access::Token(TokenConditions { optional, providers, requirement }))
    }
}

/// The fields of a rule that are conditions on tokens.
struct Conditions {
    providers: Option<Vec<String>>,
    scopes: Option<config::AnyOrAll>,
    groups: Option<config::AnyOrAll>,
    require: Option<config::Requirement>,
}

impl Conditions {
    fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("providers", self.providers.is_some()),
            ("scopes", self.scopes.is_some()),
            ("groups", self.groups.is_some()),
            ("require", self.require.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(field, _)| field)
    }
}

fn listed(
    path: &ConfigPath,
    list: config::AnyOrAll,
    mut each: impl FnMut(&ConfigPath, Box<str>) -> Result<Requirement, ConfigError>,
) -> Result<Requirement, ConfigError> {
    let (list, all) = match list {
        config::AnyOrAll::Any(list) => (list, false),
        config::AnyOrAll::All(list) => (list, true),
    };
    let path = if all { path.field("all") } else { path.clone() };
    let mut parts: Vec<_> = names(&path, list)?
        .into_iter()
        .enumerate()
        .map(|(index, name)| each(&path.item(index), name))
        .collect::<Result<_, _>>()?;
    match (parts.len(), all) {
        (1, _) => parts.pop().ok_or_else(|| path.error("is empty")),
        (_, true) => Ok(Requirement::AllOf(parts.into())),
        (_, false) => Ok(Requirement::AnyOf(parts.into())),
    }
}

fn host_patterns(path: &ConfigPath, hosts: Option<Vec<String>>) -> Result<Vec<HostPattern>, ConfigError> {
    let Some(hosts) = hosts else { return Ok(vec![HostPattern::Any]) };
    not_empty(path, hosts)?
        .iter()
        .enumerate()
        .map(|(index, host)| {
            HostPattern::parse(host).ok_or_else(|| {
                path.item(index).error(format!(
                    "`{host}` is not a valid host name; write it like `api.example.com` or `*.example.com`"
                ))
            })
        })
        .collect()
}
