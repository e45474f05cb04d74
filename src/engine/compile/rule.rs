//! Rules of the wire format → the route table and what each rule asks.

use super::context::{Context, claim_path, names, not_empty};
use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::json::Json;
use crate::policy::requirement::{Glob, Group, Requirement, Scope, Test};
use crate::policy::route::{HostPattern, Route};
use crate::policy::rule::{Access, ByRule, Rule, RuleIndex, TokenConditions};
use crate::policy::table::RouteTable;
use crate::request::HeaderName;

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
                        "`{key}` covers the same requests as rules[{}]; keep one of the two",
                        first.position()
                    ))
                })?;
            }
            let name = name.unwrap_or(key);
            if name.is_empty() || name.chars().any(char::is_control) {
                return Err(path.field("name").error("is empty or has control characters"));
            }
            let asks = Asks { providers, scopes, groups, require };
            compiled.push(Rule {
                access: self.access(&path, access, asks, &route)?,
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
        asks: Asks,
        route: &Route,
    ) -> Result<Access, ConfigError> {
        let optional = match access {
            config::Access::Public | config::Access::Deny => {
                return match asks.first() {
                    Some(field) => Err(path
                        .field(field)
                        .error("means nothing where no token is looked at; remove it, or the rule's `access`")),
                    None if access == config::Access::Public => Ok(Access::Public),
                    None => Ok(Access::Deny),
                };
            }
            config::Access::Optional => true,
            config::Access::Authenticated => false,
        };
        let Asks { providers, scopes, groups, require } = asks;
        let mut parts = Vec::new();
        if let Some(scopes) = scopes {
            parts.push(listed(&path.field("scopes"), scopes, scope)?);
        }
        if let Some(groups) = groups {
            parts.push(listed(&path.field("groups"), groups, |_, name| Ok(Requirement::Group(Group(name))))?);
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
                            .ok_or_else(|| path.item(index).error(format!("`{name}` is not among `providers`")))
                    })
                    .collect()
            })
            .transpose()?;
        Ok(Access::Token(TokenConditions { optional, providers, requirement }))
    }

    fn requirement(
        &mut self,
        path: &ConfigPath,
        wire: config::Requirement,
        route: &Route,
    ) -> Result<Requirement, ConfigError> {
        let config::Requirement {
            scope: wanted_scope,
            group,
            claim,
            equals,
            one_of,
            contains,
            exists,
            equals_path,
            equals_header,
            matches,
            all_of,
            any_of,
            not,
        } = wire;
        let operands = Operands { equals, one_of, contains, exists, equals_path, equals_header, matches };
        let mut kinds = Vec::new();
        if let Some(name) = wanted_scope {
            let path = path.field("scope");
            kinds.push(scope(&path, one_name(&path, name)?)?);
        }
        if let Some(name) = group {
            kinds.push(Requirement::Group(Group(one_name(&path.field("group"), name)?)));
        }
        match claim {
            Some(claim) => {
                let test = operands.test(path, route)?;
                let path = claim_path(&path.field("claim"), &claim)?;
                kinds.push(Requirement::Claim { index: self.kept_claims.index_of(path), test });
            }
            None => {
                if let Some(field) = operands.first() {
                    return Err(path.field(field).error("needs `claim` beside it"));
                }
            }
        }
        if let Some(parts) = all_of {
            kinds.push(Requirement::AllOf(self.requirements(&path.field("all_of"), parts, route)?));
        }
        if let Some(parts) = any_of {
            kinds.push(Requirement::AnyOf(self.requirements(&path.field("any_of"), parts, route)?));
        }
        if let Some(inner) = not {
            kinds.push(Requirement::Not(Box::new(self.requirement(&path.field("not"), *inner, route)?)));
        }
        match (kinds.pop(), kinds.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(path.error("must have exactly one of `scope`, `group`, `claim`, `all_of`, `any_of` and `not`")),
        }
    }

    fn requirements(
        &mut self,
        path: &ConfigPath,
        parts: Vec<config::Requirement>,
        route: &Route,
    ) -> Result<Box<[Requirement]>, ConfigError> {
        not_empty(path, parts)?
            .into_iter()
            .enumerate()
            .map(|(index, part)| self.requirement(&path.item(index), part, route))
            .collect()
    }
}

/// The fields of a rule that say something about tokens.
struct Asks {
    providers: Option<Vec<String>>,
    scopes: Option<config::AnyOrAll>,
    groups: Option<config::AnyOrAll>,
    require: Option<config::Requirement>,
}

impl Asks {
    fn first(&self) -> Option<&'static str> {
        let given = [
            ("providers", self.providers.is_some()),
            ("scopes", self.scopes.is_some()),
            ("groups", self.groups.is_some()),
            ("require", self.require.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(field, _)| field)
    }
}

/// The operands that may stand beside `claim`, of which exactly one does.
struct Operands {
    equals: Option<config::Scalar>,
    one_of: Option<Vec<config::Scalar>>,
    contains: Option<config::Scalar>,
    exists: Option<bool>,
    equals_path: Option<String>,
    equals_header: Option<String>,
    matches: Option<String>,
}

impl Operands {
    fn first(&self) -> Option<&'static str> {
        let given = [
            ("equals", self.equals.is_some()),
            ("in", self.one_of.is_some()),
            ("contains", self.contains.is_some()),
            ("exists", self.exists.is_some()),
            ("equals_path", self.equals_path.is_some()),
            ("equals_header", self.equals_header.is_some()),
            ("matches", self.matches.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(field, _)| field)
    }

    fn test(self, path: &ConfigPath, route: &Route) -> Result<Test, ConfigError> {
        let Self { equals, one_of, contains, exists, equals_path, equals_header, matches } = self;
        let mut tests = Vec::new();
        tests.extend(equals.map(|value| Test::OneOf([scalar(value)].into())));
        if let Some(values) = one_of {
            tests.push(Test::OneOf(not_empty(&path.field("in"), values)?.into_iter().map(scalar).collect()));
        }
        tests.extend(contains.map(|value| Test::Contains(scalar(value))));
        tests.extend(exists.map(Test::Exists));
        if let Some(name) = equals_path {
            let variable = route.variable(&name).ok_or_else(|| {
                path.field("equals_path").error(format!("`{name}` is not a variable of the rule's route"))
            })?;
            tests.push(Test::EqualsPath(variable));
        }
        if let Some(name) = equals_header {
            let header = HeaderName::new(&name).ok_or_else(|| {
                path.field("equals_header").error(format!("`{name}` is not a header that can be compared with"))
            })?;
            tests.push(Test::EqualsHeader(header));
        }
        tests.extend(matches.map(|pattern| Test::Matches(Glob::new(&pattern))));
        match (tests.pop(), tests.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(path.error(
                "a `claim` needs exactly one of `equals`, `in`, `contains`, `exists`, `equals_path`, `equals_header` and `matches`",
            )),
        }
    }
}

fn scalar(value: config::Scalar) -> Json<'static> {
    match value {
        config::Scalar::Text(text) => Json::Text(text.into()),
        config::Scalar::Number(number) => Json::Number(number),
        config::Scalar::Boolean(value) => Json::Boolean(value),
    }
}

/// Scopes stand in a challenge, between quotes and with blanks between them (RFC 6749 §3.3).
fn scope(path: &ConfigPath, name: Box<str>) -> Result<Requirement, ConfigError> {
    if name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') {
        Ok(Requirement::Scope(Scope(name)))
    } else {
        Err(path.error(format!(
            "`{name}` is no scope: blanks, quotes, backslashes and other letters than ASCII can't be in one"
        )))
    }
}

fn one_name(path: &ConfigPath, name: String) -> Result<Box<str>, ConfigError> {
    if name.is_empty() { Err(path.error("is empty")) } else { Ok(name.into()) }
}

fn listed(
    path: &ConfigPath,
    list: config::AnyOrAll,
    each: fn(&ConfigPath, Box<str>) -> Result<Requirement, ConfigError>,
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
                path.item(index).error(format!("`{host}` is no host name; write `api.example.com` or `*.example.com`"))
            })
        })
        .collect()
}
