//! Warnings about a configuration that is valid but probably not intended, each with its path. They do not change any
//! decision.

mod list;
mod rule;

use self::list::Warnings;
use self::rule::check_rule;
use super::profile::Preset;
use crate::config::error::{ConfigPath, Warning};
use crate::config::{
    Access, Config, Encoding, Fallback, FilterState, IdentitySource, PolicyMode, Profile, Provider, Rule,
};
use crate::keys::remote::KeySource;
use crate::token::kind::TokenKind;
use crate::token::output;
use crate::token::provider::{self as token, ByProvider};

/// All warnings about a configuration.
#[inline(never)]
pub(super) fn warnings(config: &Config) -> Box<[Warning]> {
    let mut warnings = Warnings::default();
    let top = ConfigPath::top();
    if config.mode == PolicyMode::DryRun {
        warnings.add(&top, "mode", "is `dry_run`: no request is refused, and no header is changed");
    }
    let providers = ConfigPath::root("providers");
    for (name, provider) in &config.providers {
        if !config.rules.is_empty() && !is_accepted(config, name) {
            let problem = "is not accepted by any rule or by `default`: its tokens are never accepted";
            warnings.add(&providers, name, problem);
        }
        check_provider(&mut warnings, &providers.field(name), provider);
    }
    if config.rules.is_empty() && config.default == Fallback::Deny {
        warnings.add(&top, "rules", "is empty and `default` is `deny`: every request will be refused");
    }
    for (index, rule) in config.rules.iter().enumerate() {
        check_rule(&mut warnings, &ConfigPath::root("rules").item(index), rule, config);
    }
    let sets_headers =
        |provider: &Provider| !provider.claims_to_headers.is_empty() || provider.payload_to_header.is_some();
    if config.clear_route_cache && !config.providers.iter().any(|(_, provider)| sets_headers(provider)) {
        let problem = "has no effect: no provider sets a header that a route could match on";
        warnings.add(&top, "clear_route_cache", problem);
    }
    for (name, provider) in &config.providers {
        if config.filter_state == FilterState::None && !provider.claims_to_filter_state.is_empty() {
            let problem = "has no effect: the top-level `filter_state` is `none`";
            warnings.add(&providers.field(name), "claims_to_filter_state", problem);
        }
    }
    warnings.into_list().into()
}

/// A warning for each key of the configuration that can't be used.
#[inline(never)]
pub(super) fn keys_left_out(
    path: &ConfigPath,
    providers: &ByProvider<token::Provider>,
    sources: &ByProvider<KeySource>,
) -> Vec<Warning> {
    let mut warnings = Warnings::default();
    for (provider, source) in providers.iter().zip(sources.iter()) {
        let KeySource::Inline(set) = source else { continue };
        let inline = path.field(&provider.name).field("jwks").field("inline");
        for key in set.left_out().iter().filter(|key| key.error.is_fault()) {
            warnings.add_item(&inline, "keys", key.index, &format!("is left out: {}", key.error));
        }
    }
    warnings.into_list()
}

fn is_accepted(config: &Config, name: &str) -> bool {
    let checks_tokens = |rule: &Rule| matches!(rule.access, Access::Authenticated | Access::Optional);
    let accepts = |rule: &Rule| {
        checks_tokens(rule) && rule.providers.as_ref().is_none_or(|all| all.iter().any(|one| one == name))
    };
    config.default == Fallback::Authenticated || config.rules.iter().any(accepts)
}

fn check_provider(warnings: &mut Warnings, path: &ConfigPath, provider: &Provider) {
    if let Some(problem) = issuer_problem(provider) {
        warnings.add(path, "issuer", problem);
    }
    if let Some(index) = provider.audiences.iter().flatten().position(|audience| audience == "*") {
        let problem = "is compared literally, and no token has the audience `*`; write `\"any_audience\": true` to accept every audience";
        warnings.add_item(path, "audiences", index, problem);
    }
    if let Some(index) = provider.subjects.iter().flatten().position(|subject| ends_in_host(subject)) {
        let problem =
            "also means longer names of the host, such as `example.org.other.example`; write a slash before `*`";
        warnings.add_item(path, "subjects", index, problem);
    }
    check_separators(warnings, path, provider);
    if provider.profile == Profile::Generic && provider.token_use.is_none() {
        let problem = "is not given, and the profile `generic` accepts ID tokens in place of access tokens; write `access`, `id` or `any`, or the issuer's `profile`";
        warnings.add(path, "token_use", problem);
    }
    if provider.any_audience && kind(provider) == TokenKind::NotId {
        let problem = "accepts ID tokens too: this profile tells them from access tokens only by a claim like `nonce`, which they need not have; list the `audiences` of the API, or write the issuer's `profile`";
        warnings.add(path, "any_audience", problem);
    }
    for (name, output) in &provider.claims_to_headers {
        let writes = |character| match output.encoding {
            None => false,
            Some(Encoding::Percent) => output::Encoding::Percent.writes(character),
            Some(Encoding::Base64url) => output::Encoding::Base64Url.writes(character),
        };
        if !output.separator.is_empty() && output.separator.chars().all(writes) {
            let problem =
                "can be part of an encoded item, and then the header is left out; use another character, such as `,`";
            warnings.add(&path.field("claims_to_headers").field(name), "separator", problem);
        }
    }
    let (field, url) = match (&provider.jwks.uri, provider.jwks.discovery) {
        (Some(uri), _) => ("jwks.uri", uri.as_str()),
        (None, true) => ("issuer", provider.issuer.as_deref().unwrap_or_default()),
        (None, false) => ("", ""),
    };
    if is_remote_http(url) {
        let problem =
            "is plain `http:`: anyone on the network path can replace the keys; use `https:`, and TLS in the cluster";
        warnings.add(path, field, problem);
    }
    if provider.jwks.discovery
        && provider.jwks.jwks_uri_cluster.is_none()
        && let Some(host) = provider.issuer.as_deref().and_then(host_of_keys)
    {
        let problem = format!(
            "finds a `jwks_uri` on another host, `{host}`, but the keys are requested from the issuer's host; name the cluster for it in `jwks_uri_cluster`, or write its `uri`"
        );
        warnings.add(path, "jwks.discovery", &problem);
    }
    if provider.max_token_lifetime.is_some_and(|longest| longest < provider.clock_skew) {
        let problem =
            "is longer than `max_token_lifetime`: tokens would be accepted for longer after they expire than before";
        warnings.add(path, "clock_skew", problem);
    }
    let in_url = |source: &IdentitySource| provider.forward_token && source.source.starts_with("$request.querystring.");
    if let Some(index) = provider.identity_sources.iter().flatten().position(in_url) {
        let problem = "leaves the token in the URL, which servers write to their logs; write `\"forward_token\": false` to remove it";
        warnings.add_item(path, "identity_sources", index, problem);
    }
    let is_never_only_a_token = |source: &IdentitySource| {
        let name = source.source.strip_prefix("$request.header.").unwrap_or_default();
        ["cookie", "sec-websocket-protocol"].iter().any(|header| name.eq_ignore_ascii_case(header))
    };
    if let Some(index) = provider.identity_sources.iter().flatten().position(is_never_only_a_token) {
        let problem =
            "reads the whole header, which has more than a token; write `$request.cookie.NAME` or `$request.websocket`";
        warnings.add_item(path, "identity_sources", index, problem);
    }
    let has_no_token = |source: &IdentitySource| {
        let scheme = source.scheme.as_deref().unwrap_or_default();
        ["basic", "digest"].iter().any(|other| scheme.eq_ignore_ascii_case(other))
    };
    if let Some(index) = provider.identity_sources.iter().flatten().position(has_no_token) {
        let problem = "has a scheme for passwords: no token follows it; write `required`, `optional` or another scheme";
        warnings.add_item(path, "identity_sources", index, problem);
    }
}

/// A separator that some of the issuer's texts would not have.
fn check_separators(warnings: &mut Warnings, path: &ConfigPath, provider: &Provider) {
    for (field, claims) in [("scope_claims", &provider.scope_claims), ("group_claims", &provider.group_claims)] {
        for (index, claim) in claims.iter().flatten().enumerate() {
            let separator = claim.separator.as_deref().unwrap_or_default();
            if separator.trim() != separator && !separator.trim().is_empty() {
                let problem = "has spaces around it, and matches only with them; leave them out: spaces around a name do not belong to it";
                warnings.add_item(path, field, index, problem);
            }
        }
    }
}

/// Whether a pattern of subjects ends in the host of a URI.
fn ends_in_host(subject: &str) -> bool {
    let host = subject.strip_suffix('*').and_then(|prefix| prefix.split_once("://"));
    host.is_some_and(|(_, host)| !host.contains('/'))
}

/// The kind of token that a provider accepts.
fn kind(provider: &Provider) -> TokenKind {
    let preset = Preset::of(provider.profile);
    preset.kind(provider.token_use.unwrap_or(preset.token_use))
}

/// A common mistake in the issuer. Vendors differ in details, and no token matches if one character is wrong.
fn issuer_problem(provider: &Provider) -> Option<&'static str> {
    let issuer = provider.issuer.as_deref()?;
    let slash = issuer.ends_with('/');
    let has = |part: &str| issuer.contains(part);
    if issuer.trim() != issuer {
        Some("has spaces around it, and `iss` does not: no token will match")
    } else if has("/.well-known/") {
        Some("is the URL of a document; `iss` is the part before `/.well-known`")
    } else if slash && (provider.profile == Profile::Cognito || has("//cognito-idp.") || has("//issuer-cognito-idp.")) {
        Some("ends with a slash, but Cognito's `iss` does not: no token will match")
    } else if !slash && (provider.profile == Profile::Auth0 || has(".auth0.com")) {
        Some("does not end with a slash, but Auth0's `iss` does: no token will match")
    } else if !slash && has("//sts.windows.net/") {
        Some("does not end with a slash, but the `iss` of Entra's version 1 tokens does: no token will match")
    } else if slash && has("//login.microsoftonline.com/") {
        Some("ends with a slash, but the `iss` of Entra's version 2 tokens does not: no token will match")
    } else if has("//login.microsoftonline.com/common/") || has("//login.microsoftonline.com/organizations/") {
        Some(
            "is not the `iss` of any token: tokens have the id of their tenant there; write `{tenantid}` in its place and list the `tenants`",
        )
    } else {
        None
    }
}

/// The host that an issuer's discovery document names for the keys, where it is known to be another one.
fn host_of_keys(issuer: &str) -> Option<&'static str> {
    let host = issuer.strip_prefix("https://")?.split('/').next()?;
    match host {
        "accounts.google.com" | "securetoken.google.com" => Some("www.googleapis.com"),
        "sts.windows.net" => Some("login.windows.net"),
        _ => None,
    }
}

fn is_remote_http(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http")) else {
        return false;
    };
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    let octets = host.strip_prefix("127.").unwrap_or_default();
    let loopback = !octets.is_empty() && octets.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    !(loopback || host == "localhost" || host.ends_with(".localhost") || authority.starts_with("[::1]"))
}
