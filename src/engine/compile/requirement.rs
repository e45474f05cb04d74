//! A tree of requirements of the plugin JSON → [`Requirement`].

use super::context::{Context, claim_path, not_empty};
use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::json::Json;
use crate::policy::requirement::{Glob, Group, Operands, Requirement, Scope, Test};
use crate::policy::route::Route;
use crate::request::HeaderName;

impl Context {
    pub(super) fn requirement(
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
        let tests = Tests { equals, one_of, contains, exists, equals_path, equals_header, matches };
        let mut kinds = Vec::new();
        if let Some(name) = wanted_scope {
            let path = path.field("scope");
            kinds.push(self.scope(&path, one_name(&path, name)?)?);
        }
        if let Some(name) = group {
            kinds.push(self.group(&one_name(&path.field("group"), name)?));
        }
        match claim {
            Some(claim) => {
                let test = tests.test(path, route)?;
                let path = claim_path(&path.field("claim"), &claim)?;
                kinds.push(Requirement::Claim { index: self.kept.claim(path), test });
            }
            None => {
                if let Some(field) = tests.first_given() {
                    return Err(path.field(field).error("needs a `claim`; write both in one object"));
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

    /// A challenge lists scopes in quotes and separates them with spaces, so a scope has neither (RFC 6749 §3.3).
    pub(super) fn scope(&mut self, path: &ConfigPath, name: Box<str>) -> Result<Requirement, ConfigError> {
        if name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') {
            Ok(Requirement::Scope(Scope { index: self.kept.scopes.add(&name), name }))
        } else {
            Err(path.error(format!(
                "`{name}` is not a valid scope (RFC 6749 §3.3); use printable ASCII without spaces, quotes and backslashes"
            )))
        }
    }

    pub(super) fn group(&mut self, name: &str) -> Requirement {
        Requirement::Group(Group(self.kept.groups.add(name)))
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

/// The operands of a `claim`. Exactly one must be given.
struct Tests {
    equals: Option<config::Scalar>,
    one_of: Option<Vec<config::Scalar>>,
    contains: Option<config::Scalar>,
    exists: Option<bool>,
    equals_path: Option<String>,
    equals_header: Option<String>,
    matches: Option<String>,
}

impl Tests {
    fn first_given(&self) -> Option<&'static str> {
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
        tests.extend(equals.map(|value| Test::OneOf(operands(vec![value]))));
        if let Some(values) = one_of {
            tests.push(Test::OneOf(operands(not_empty(&path.field("in"), values)?)));
        }
        tests.extend(contains.map(|value| Test::Contains(operands(vec![value]))));
        tests.extend(exists.map(Test::Exists));
        if let Some(name) = equals_path {
            let variable = route.variable(&name).ok_or_else(|| {
                path.field("equals_path").error(format!("`{name}` is not a variable of the rule's route"))
            })?;
            tests.push(Test::EqualsPath(variable));
        }
        if let Some(name) = equals_header {
            let header = HeaderName::in_header_map(&name).ok_or_else(|| {
                path.field("equals_header").error(format!("`{name}` is not a valid header name (RFC 9110 §5.1)"))
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

fn operands(values: Vec<config::Scalar>) -> Operands {
    let json = |value| match value {
        config::Scalar::Text(text) => Json::Text(text.into()),
        config::Scalar::Number(number) => Json::Number(number),
        config::Scalar::Boolean(value) => Json::Boolean(value),
    };
    values.into_iter().map(json).collect::<Vec<_>>().iter().collect()
}

fn one_name(path: &ConfigPath, name: String) -> Result<Box<str>, ConfigError> {
    if name.is_empty() { Err(path.error("is empty")) } else { Ok(name.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operand(header: &str) -> Result<Test, ConfigError> {
        let tests = Tests {
            equals: None,
            one_of: None,
            contains: None,
            exists: None,
            equals_path: None,
            equals_header: Some(header.to_owned()),
            matches: None,
        };
        tests.test(&ConfigPath::root("require"), &Route::parse("GET /").unwrap())
    }

    #[test]
    fn every_header_can_be_compared_with() {
        for (name, expected) in [
            ("X-Tenant", "x-tenant"),
            ("authorization", "authorization"),
            ("Cookie", "cookie"),
            ("x-envoy-peer", "x-envoy-peer"),
            ("Host", ":authority"),
        ] {
            let Test::EqualsHeader(header) = operand(name).unwrap() else { panic!("{name}") };
            assert_eq!(header.as_str(), expected, "{name}");
        }
        for name in ["", ":authority", "a b", "é"] {
            let message = format!("require.equals_header: `{name}` is not a valid header name (RFC 9110 §5.1)");
            assert_eq!(operand(name).unwrap_err().to_string(), message);
        }
    }
}
