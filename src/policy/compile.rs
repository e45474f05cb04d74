//! Wire format → [`Authorizer`], or the first mistake and its place. Every struct is taken apart naming all of its
//! fields, so that a new one does not compile until somebody decides what it means.

mod profile;
mod provider;
mod rule;
mod warnings;

pub(crate) use provider::split_url;

use std::collections::BTreeMap;
use std::time::Duration;

use super::denial::{Format, ReplyStyle};
use super::error::{ConfigError, Place};
use super::{Access, Authorizer, Issuer, Rule, Terms};
use crate::config;
use crate::jwt::claims::ClaimPath;
use crate::jwt::credential::Sources;
use crate::jwt::output::HeaderName;
use crate::jwt::provider::ProviderIndex;

impl Authorizer {
    /// Reads and compiles the plugin JSON.
    ///
    /// # Errors
    ///
    /// The first mistake, with its place and what to do.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        Self::compile(config::parse(json)?)
    }

    /// Compiles a configuration.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn compile(config: config::Config) -> Result<Self, ConfigError> {
        let warnings = warnings::warnings(&config);
        let config::Config {
            providers,
            rules,
            default,
            cors_preflight,
            responses,
            clear_route_cache,
            log_denials,
            filter_state,
        } = config;
        let mut context = Context::default();
        let place = Place::root("providers");
        if providers.is_empty() {
            return Err(place.error("is empty; name at least one provider"));
        }
        for (name, provider) in providers {
            context.add_provider(&place.field(&name), &name, provider)?;
        }
        let (routes, rules) = context.compile_rules(rules)?;
        let mut reserved: Vec<HeaderName> = Vec::new();
        for provider in &context.providers {
            let outputs = provider.outputs.iter().map(|output| &output.header);
            for header in outputs.chain(&provider.payload_header) {
                if !reserved.iter().any(|known| known.is_read_from(header.as_str().as_bytes())) {
                    reserved.push(header.clone());
                }
            }
        }
        Ok(Self {
            providers: context.providers.into(),
            key_sources: context.key_sources.into(),
            issuers: context.issuers,
            sources: context.sources,
            kept_claims: context.kept_claims.0.into(),
            routes,
            rules,
            default: fallback(default),
            bypass_preflight: match cors_preflight {
                config::CorsPreflight::Bypass => true,
                config::CorsPreflight::Check => false,
            },
            reserved: reserved.into(),
            replies: reply_style(&Place::root("responses"), responses)?,
            clear_route_cache,
            log_denials,
            filter_state,
            max_tokens: context.max_tokens,
            warnings,
        })
    }
}

/// What grows while providers and rules are compiled.
#[derive(Default)]
struct Context {
    providers: Vec<crate::jwt::provider::Provider>,
    key_sources: Vec<super::KeySource>,
    issuers: BTreeMap<Box<str>, Issuer>,
    sources: Sources,
    kept_claims: KeptClaims,
    max_tokens: usize,
}

impl Context {
    fn provider_named(&self, name: &str) -> Option<ProviderIndex> {
        self.providers.iter().position(|provider| *provider.name == *name).map(ProviderIndex)
    }
}

/// The claims that rules ask for, each once.
#[derive(Default)]
struct KeptClaims(Vec<ClaimPath>);

impl KeptClaims {
    /// The place at which a verified token will have this claim.
    fn place(&mut self, path: ClaimPath) -> usize {
        self.0.iter().position(|known| *known == path).unwrap_or_else(|| {
            self.0.push(path);
            self.0.len() - 1
        })
    }
}

fn claim_path(place: &Place, name: &config::ClaimName) -> Result<ClaimPath, ConfigError> {
    ClaimPath::new(&name.0)
        .ok_or_else(|| place.error("names no claim; write its name, or a list of names for a nested one"))
}

fn not_empty<T>(place: &Place, list: Vec<T>) -> Result<Vec<T>, ConfigError> {
    if list.is_empty() { Err(place.error("is empty; list at least one, or leave it out")) } else { Ok(list) }
}

/// Texts that are compared with what a token says; an empty one would be a mistake.
fn names(place: &Place, list: Vec<String>) -> Result<Box<[Box<str>]>, ConfigError> {
    let list = not_empty(place, list)?;
    match list.iter().position(String::is_empty) {
        Some(index) => Err(place.item(index).error("is empty")),
        None => Ok(list.into_iter().map(String::into_boxed_str).collect()),
    }
}

fn fallback(default: config::Fallback) -> Rule {
    let access = match default {
        config::Fallback::Deny => Access::Deny,
        config::Fallback::Authenticated => Access::Token(Terms { optional: false, providers: None, requirement: None }),
        config::Fallback::Public => Access::Public,
    };
    Rule { name: "default".into(), access, dry_run: false }
}
fn reply_style(place: &Place, responses: config::Responses) -> Result<ReplyStyle, ConfigError> {
    let config::Responses { realm, expose_reason, format, headers, retry_after } = responses;
    let realm = realm.unwrap_or_else(|| "api".to_owned());
    if realm.chars().any(|c| c.is_control() || matches!(c, '"' | '\\') || !c.is_ascii()) {
        return Err(place.field("realm").error("must be ASCII without quotes and backslashes"));
    }
    let mut extra = Vec::new();
    for (status, entries) in headers {
        let place = place.field("headers").field(&status);
        let status = match status.as_str() {
            "400" => 400,
            "401" => 401,
            "403" => 403,
            "503" => 503,
            _ => return Err(place.error("is no status that the filter answers with; write 400, 401, 403 or 503")),
        };
        for (name, value) in entries {
            let place = place.field(&name);
            let header = HeaderName::new(&name).ok_or_else(|| place.error("is not a header that can be set"))?;
            if config::OWN_HEADERS.contains(&header.as_str()) {
                return Err(place.error("is set by the filter itself"));
            }
            if value.chars().any(char::is_control) {
                return Err(place.error("has control characters, which no header can carry"));
            }
            extra.push((status, header, value.into_boxed_str()));
        }
    }
    Ok(ReplyStyle {
        realm: (!realm.is_empty()).then(|| realm.into_boxed_str()),
        expose_reason,
        format: match format {
            config::Format::Aws => Format::Aws,
            config::Format::Problem => Format::Problem,
            config::Format::Envoy => Format::Envoy,
        },
        headers: extra.into(),
        retry_after: whole_seconds(retry_after.duration()),
    })
}

/// `retry-after` is whole seconds, and never zero: that would invite a storm.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}
