//! What is legal and surely not meant: looked for in the wire format, and told with its path when the filter is
//! configured. Nothing here changes what is decided.

use super::profile::Preset;
use crate::config::error::{ConfigPath, Warning};
use crate::config::{
    Access, AnyOrAll, ClaimName, Config, Fallback, Mode, Profile, Provider, Requirement, Rule, Scalar, TokenUse,
};

/// What was found so far.
#[derive(Default)]
struct Notes(Vec<Warning>);

impl Notes {
    // Called from thirty places; inlined, it would be a hundredth of the module.
    #[inline(never)]
    fn add(&mut self, path: &ConfigPath, field: &str, problem: &str) {
        self.0.push(path.field(field).warning(problem));
    }

    #[inline(never)]
    fn add_item(&mut self, path: &ConfigPath, list: &str, index: usize, problem: &str) {
        self.0.push(path.field(list).item(index).warning(problem));
    }
}

/// Everything to warn of.
#[inline(never)]
pub(super) fn warnings(config: &Config) -> Box<[Warning]> {
    let mut notes = Notes::default();
    let top = ConfigPath::top();
    let providers = ConfigPath::root("providers");
    for (name, provider) in &config.providers {
        if !config.rules.is_empty() && !is_accepted(config, name) {
            let problem = "is accepted by no rule, nor by the default: none of its tokens will ever count";
            notes.add(&providers, name, problem);
        }
        of_provider(&mut notes, &providers.field(name), provider);
    }
    if config.rules.is_empty() && config.default == Fallback::Deny {
        notes.add(&top, "rules", "is empty and the default is `deny`: every request will be refused");
    }
    for (index, rule) in config.rules.iter().enumerate() {
        of_rule(&mut notes, &ConfigPath::root("rules").item(index), rule, config);
    }
    let sets_headers =
        |provider: &Provider| !provider.claims_to_headers.is_empty() || provider.payload_to_header.is_some();
    if config.clear_route_cache && !config.providers.iter().any(|(_, provider)| sets_headers(provider)) {
        let problem = "means nothing: no provider sets a header that a route could depend on";
        notes.add(&top, "clear_route_cache", problem);
    }
    notes.0.into()
}

fn is_accepted(config: &Config, name: &str) -> bool {
    let takes_tokens = |rule: &Rule| matches!(rule.access, Access::Authenticated | Access::Optional);
    let accepts =
        |rule: &Rule| takes_tokens(rule) && rule.providers.as_ref().is_none_or(|all| all.iter().any(|one| one == name));
    config.default == Fallback::Authenticated || config.rules.iter().any(accepts)
}

fn of_provider(notes: &mut Notes, path: &ConfigPath, provider: &Provider) {
    if let Some(problem) = issuer_problem(provider) {
        notes.add(path, "issuer", problem);
    }
    if let Some(index) = provider.audiences.iter().flatten().position(|audience| audience == "*") {
        let problem = "is compared like any other text, and no token says `*`; `\"any_audience\": true` takes them all";
        notes.add_item(path, "audiences", index, problem);
    }
    let (field, url) = match (&provider.jwks.uri, provider.jwks.discovery) {
        (Some(uri), _) => ("jwks.uri", uri.as_str()),
        (None, true) => ("issuer", provider.issuer.as_str()),
        (None, false) => ("", ""),
    };
    if is_plain_and_far(url) {
        let problem = "is plain `http:`: whoever is on the way can put keys of their own in its place; use `https:`, and TLS in the cluster";
        notes.add(path, field, problem);
    }
    if provider.max_token_lifetime.is_some_and(|longest| longest < provider.clock_skew) {
        let problem = "is longer than `max_token_lifetime`: tokens would count longer after their end than before";
        notes.add(path, "clock_skew", problem);
    }
    let in_url = |source: &String| provider.forward_token && source.starts_with("$request.querystring.");
    if let Some(index) = provider.identity_sources.iter().flatten().position(in_url) {
        let problem =
            "leaves the token in the URL, which servers write to their logs; `\"forward_token\": false` takes it out";
        notes.add_item(path, "identity_sources", index, problem);
    }
}

/// What is known of the issuers of each vendor; a wrong letter and no token ever matches.
fn issuer_problem(provider: &Provider) -> Option<&'static str> {
    let issuer = provider.issuer.as_str();
    let slash = issuer.ends_with('/');
    let has = |part: &str| issuer.contains(part);
    if issuer.trim() != issuer {
        Some("has blanks around it, which no token has")
    } else if has("/.well-known/") {
        Some("is the address of a document; `iss` is what stands before `/.well-known`")
    } else if slash && (provider.profile == Profile::Cognito || has("//cognito-idp.")) {
        Some("ends in a slash, which Cognito's `iss` doesn't: no token will match")
    } else if !slash && (provider.profile == Profile::Auth0 || has(".auth0.com")) {
        Some("doesn't end in a slash, as Auth0's `iss` does: no token will match")
    } else if !slash && has("//sts.windows.net/") {
        Some("doesn't end in a slash, as `iss` of Entra's version 1 does: no token will match")
    } else if slash && has("//login.microsoftonline.com/") {
        Some("ends in a slash, which `iss` of Entra's version 2 doesn't: no token will match")
    } else if has("//login.microsoftonline.com/common/") || has("//login.microsoftonline.com/organizations/") {
        Some("is nobody's: tokens name their tenant; write `{tenantid}` in its place and list `tenants`")
    } else {
        None
    }
}

fn is_plain_and_far(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    let octets = host.strip_prefix("127.").unwrap_or_default();
    let loopback = !octets.is_empty() && octets.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    !(loopback || host == "localhost" || host.ends_with(".localhost") || authority.starts_with("[::1]"))
}

fn of_rule(notes: &mut Notes, path: &ConfigPath, rule: &Rule, config: &Config) {
    for (index, host) in rule.hosts.iter().flatten().enumerate() {
        if let Some(name) = host_without_port(host) {
            let problem = format!("can never match: ports take no part; write `{name}`");
            notes.add_item(path, "hosts", index, &problem);
        }
    }
    let asks =
        [("scopes", rule.scopes.is_some()), ("groups", rule.groups.is_some()), ("require", rule.require.is_some())];
    if let Some((field, _)) = asks.iter().find(|(_, given)| *given && rule.access == Access::Optional) {
        notes.add(path, field, "is asked only of those who send a token: without one everybody passes");
    }
    if rule.access == Access::Public && rule.mode == Mode::DryRun {
        notes.add(path, "mode", "means nothing: a public rule refuses nobody");
    }
    let mut parts = Vec::new();
    if let Some(require) = &rule.require {
        conjunction(require, &mut parts);
    }
    let asking = if rule.scopes.is_some() { "scopes" } else { "require" };
    if rule.scopes.is_some() || parts.iter().any(|part| part.scope.is_some()) {
        for (name, provider) in &config.providers {
            let accepted = rule.providers.as_ref().is_none_or(|all| all.contains(name));
            if accepted && is_for_ids(provider) {
                let problem = format!(
                    "asks for scopes, and ID tokens have none: tokens of `{name}` can never pass; ask for groups or claims, or let `token_use` be `access`"
                );
                notes.add(path, asking, &problem);
            }
        }
    }
    if let Some(claim) = contradiction(&parts) {
        let problem = format!("can never hold: `{}` would have to be two things at once", claim.0.join("."));
        notes.add(path, "require", &problem);
    }
    for (field, all, list) in [("scopes", "scopes.all", &rule.scopes), ("groups", "groups.all", &rule.groups)] {
        let (field, names) = match list {
            None => continue,
            Some(AnyOrAll::Any(names)) => (field, names),
            Some(AnyOrAll::All(names)) => (all, names),
        };
        if let Some(index) = names.iter().position(|name| name == "*") {
            notes.add_item(path, field, index, "is compared like any other text, and stands for no other");
        }
    }
}

fn host_without_port(host: &str) -> Option<&str> {
    let (name, port) = host.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_port && (name.ends_with(']') || !name.contains(':'))).then_some(name)
}

/// Whoever names the claims of scopes knows better.
fn is_for_ids(provider: &Provider) -> bool {
    let token_use = provider.token_use.unwrap_or(Preset::of(provider.profile).token_use);
    token_use == TokenUse::Id && provider.scope_claims.is_none()
}

/// The parts that must all hold, whatever the rest.
fn conjunction<'r>(requirement: &'r Requirement, parts: &mut Vec<&'r Requirement>) {
    match &requirement.all_of {
        Some(all) => all.iter().for_each(|part| conjunction(part, parts)),
        None => parts.push(requirement),
    }
}

fn contradiction<'r>(parts: &[&'r Requirement]) -> Option<&'r ClaimName> {
    let at_odds = |one: &&&Requirement| {
        let others = parts.iter().filter(|other| other.claim == one.claim);
        others.into_iter().any(|other| excludes(one, other))
    };
    parts.iter().filter(|part| part.claim.is_some()).find(at_odds).and_then(|part| part.claim.as_ref())
}

fn excludes(one: &Requirement, other: &Requirement) -> bool {
    if one.exists == Some(false) {
        return other.exists != Some(false);
    }
    let (ours, theirs) = (values(one), values(other));
    !ours.is_empty() && !theirs.is_empty() && !ours.iter().any(|value| theirs.iter().any(|other| same(value, other)))
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
