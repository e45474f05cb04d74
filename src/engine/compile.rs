//! Plugin JSON → [`Engine`], or the first error and its path. Every struct is destructured with all its fields by name, so
//! that a new field does not compile until its meaning is decided.

mod context;
mod identity_source;
mod issuer;
mod key_source;
mod name_claims;
mod profile;
mod provider;
mod reply;
mod requirement;
mod rule;
mod warnings;

use super::Engine;
use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::forward::Forwarding;
use crate::policy::authorizer::Authorizer;
use crate::policy::rule::{Access, Rule, TokenConditions};
use crate::token::authenticator::Authenticator;
use context::{Context, is_label};

impl Engine {
    /// Reads and compiles the plugin JSON.
    ///
    /// # Errors
    ///
    /// The first error: its path, and what to do.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        Self::compile(config::parse(json)?)
    }

    /// Compiles a configuration.
    ///
    /// # Errors
    ///
    /// The first error: its path, and what to do.
    pub fn compile(config: config::Config) -> Result<Self, ConfigError> {
        let warnings = warnings::warnings(&config);
        let config::Config {
            schema: _,
            name,
            mode,
            providers,
            rules,
            default,
            cors_preflight,
            responses,
            clear_route_cache,
            log_denials,
            filter_state,
        } = config;
        let dry_run = mode == config::PolicyMode::DryRun;
        let mut context = Context::default();
        if name.as_deref().is_some_and(|name| !is_label(name)) {
            return Err(ConfigPath::root("name").error(
                "is not a valid name; use only letters, digits, `_` and `-`: it becomes part of the names of metrics",
            ));
        }
        let path = ConfigPath::root("providers");
        if providers.is_empty() {
            return Err(path.error("is empty; name at least one provider"));
        }
        for (name, provider) in providers {
            context.add_provider(&path.field(&name), &name, provider)?;
        }
        let left_out = warnings::keys_left_out(&path, &context.providers, &context.key_sources);
        let (routes, rules) = context.compile_rules(rules)?;
        let Context { providers, key_sources, forwarding, issuers, subjects, sources, kept, max_tokens } = context;
        Ok(Self {
            authenticator: Authenticator::new(providers, issuers, subjects.into(), sources, kept),
            authorizer: Authorizer::new(routes, rules, fallback(default)),
            forwarding: Forwarding::new(forwarding, clear_route_cache, dry_run),
            dry_run,
            replies: reply::style(&ConfigPath::root("responses"), responses)?,
            bypass_preflight: match cors_preflight {
                config::CorsPreflight::Bypass => true,
                config::CorsPreflight::Check => false,
            },
            key_sources,
            metrics_scope: match &name {
                Some(name) => format!("jwt_authorizer.policy.{name}").into(),
                None => "jwt_authorizer".into(),
            },
            name: name.map(Into::into),
            log_denials,
            filter_state,
            max_tokens,
            warnings: warnings.into_iter().chain(left_out).collect(),
        })
    }
}

fn fallback(default: config::Fallback) -> Rule {
    let access = match default {
        config::Fallback::Deny => Access::Deny,
        config::Fallback::Authenticated => {
            Access::Token(TokenConditions { optional: false, providers: None, requirement: None })
        }
        config::Fallback::Public => Access::Public,
    };
    Rule { name: "default".into(), access, dry_run: false }
}
