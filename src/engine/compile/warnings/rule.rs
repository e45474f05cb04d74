//! Warnings about one rule.

use super::super::profile::Preset;
use super::list::Warnings;
use crate::config::error::ConfigPath;
use crate::config::{Access, AnyOrAll, ClaimName, Config, Mode, Provider, Requirement, Rule, Scalar, TokenUse};

pub(super) fn check_rule(warnings: &mut Warnings, path: &ConfigPath, rule: &Rule, config: &Config) {
    for (index, host) in rule.hosts.iter().flatten().enumerate() {
        if let Some(name) = host_without_port(host) {
            let problem = format!("can never match: hosts are compared without ports; write `{name}`");
            warnings.add_item(path, "hosts", index, &problem);
        }
    }
    let conditions =
        [("scopes", rule.scopes.is_some()), ("groups", rule.groups.is_some()), ("require", rule.require.is_some())];
    if let Some((field, _)) = conditions.iter().find(|(_, given)| *given && rule.access == Access::Optional) {
        warnings.add(
            path,
            field,
            "applies only to requests with a token: with `\"access\": \"optional\"`, requests without one are allowed",
        );
    }
    if rule.access == Access::Public && rule.mode == Mode::DryRun {
        warnings.add(path, "mode", "has no effect: a public rule refuses no requests");
    }
    let mut parts = Vec::new();
    if let Some(require) = &rule.require {
        conjunction(require, &mut parts);
    }
    let field_with_scopes = if rule.scopes.is_some() { "scopes" } else { "require" };
    if rule.scopes.is_some() || parts.iter().any(|part| part.scope.is_some()) {
        for (name, provider) in &config.providers {
            let accepted = rule.providers.as_ref().is_none_or(|all| all.contains(name));
            if accepted && accepts_only_id_tokens(provider) {
                let problem = format!(
                    "needs scopes, but ID tokens have none: tokens of `{name}` are always refused; use groups or claims, or set `token_use` to `access`"
                );
                warnings.add(path, field_with_scopes, &problem);
            }
        }
    }
    if let Some(claim) = contradiction(&parts) {
        let problem = format!("can never hold: `{}` would need two values at once", claim.0.join("."));
        warnings.add(path, "require", &problem);
    }
    for (field, all, list) in [("scopes", "scopes.all", &rule.scopes), ("groups", "groups.all", &rule.groups)] {
        let (field, names) = match list {
            None => continue,
            Some(AnyOrAll::Any(names)) => (field, names),
            Some(AnyOrAll::All(names)) => (all, names),
        };
        if let Some(index) = names.iter().position(|name| name == "*") {
            warnings.add_item(path, field, index, "is compared literally: it is not a wildcard");
        }
    }
}

fn host_without_port(host: &str) -> Option<&str> {
    let (name, port) = host.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_port && (name.ends_with(']') || !name.contains(':'))).then_some(name)
}

/// Whether a provider accepts only ID tokens. `scope_claims` may name a claim that they do have.
fn accepts_only_id_tokens(provider: &Provider) -> bool {
    let token_use = provider.token_use.unwrap_or(Preset::of(provider.profile).token_use);
    token_use == TokenUse::Id && provider.scope_claims.is_none()
}

/// Collects the parts that must all hold.
fn conjunction<'r>(requirement: &'r Requirement, parts: &mut Vec<&'r Requirement>) {
    match &requirement.all_of {
        Some(all) => all.iter().for_each(|part| conjunction(part, parts)),
        None => parts.push(requirement),
    }
}

/// A claim of which two parts exclude each other.
fn contradiction<'r>(parts: &[&'r Requirement]) -> Option<&'r ClaimName> {
    let is_contradicted = |one: &&&Requirement| {
        let others = parts.iter().filter(|other| other.claim == one.claim);
        others.into_iter().any(|other| excludes(one, other))
    };
    parts.iter().filter(|part| part.claim.is_some()).find(is_contradicted).and_then(|part| part.claim.as_ref())
}

fn excludes(one: &Requirement, other: &Requirement) -> bool {
    if one.exists == Some(false) {
        return other.exists != Some(false);
    }
    let (ours, theirs) = (values(one), values(other));
    // Different members may have the two values.
    let is_one_value = one.claim.as_ref().is_some_and(|claim| !claim.has_wildcard());
    is_one_value
        && !ours.is_empty()
        && !theirs.is_empty()
        && !ours.iter().any(|value| theirs.iter().any(|other| same(value, other)))
}

fn values(test: &Requirement) -> Vec<&Scalar> {
    test.equals.iter().chain(test.one_of.iter().flatten()).collect()
}

fn same(a: &Scalar, b: &Scalar) -> bool {
    match (a, b) {
        (Scalar::Number(a), Scalar::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}
