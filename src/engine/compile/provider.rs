//! One provider of the plugin JSON → [`Provider`], with its issuers and its source of keys.

use std::time::Duration;

use super::context::{Context, claim_path, is_label, names, not_empty, settable_header};
use super::issuer::Origin;
use super::key_source::{check_secrets, key_source};
use super::name_claims;
use super::profile::Preset;
use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::forward::ProviderForwarding;
use crate::keys::algorithm::{Algorithm, AlgorithmSet};
use crate::request::HeaderName;
use crate::token::claims::ClaimPath;
use crate::token::logged_claim::LoggedClaim;
use crate::token::output::{Encoding, ListForm, Output};
use crate::token::provider::{Audiences, Provider};

const LONGEST_SKEW: Duration = Duration::from_secs(300);
const MOST_TOKENS: u32 = 1_000_000;
const SMALLEST_TOKEN_BOUND: config::Size = config::Size::kib(1);
const LARGEST_TOKEN_BOUND: config::Size = config::Size::kib(60);

impl Context {
    pub(super) fn add_provider(
        &mut self,
        path: &ConfigPath,
        name: &str,
        provider: config::Provider,
    ) -> Result<(), ConfigError> {
        let config::Provider {
            profile,
            issuer,
            without_issuer,
            subjects,
            tenants,
            tenant_claim,
            audiences,
            any_audience,
            clients,
            jwks,
            algorithms,
            token_use,
            clock_skew,
            require_expiration,
            max_token_lifetime,
            identity_sources,
            max_token_size,
            scope_claims,
            group_claims,
            forward_token,
            claims_to_headers,
            claims_to_filter_state,
            payload_to_header,
            cache,
        } = provider;
        if !is_label(name) {
            return Err(path.error(
                "is not a valid name; use only letters, digits, `_` and `-`: it becomes part of the names of metrics",
            ));
        }
        let origin = Origin { issuer, without_issuer, subjects, tenants, tenant_claim };
        let (issuer, tenant_claim) = self.add_origin(path, origin)?;
        let preset = Preset::of(profile);
        let config::Cache { ttl, max_tokens } = cache;
        if max_tokens > MOST_TOKENS {
            return Err(path.field("cache").field("max_tokens").error("must be at most 1000000"));
        }
        if !ttl.duration().is_zero() {
            self.max_tokens = self.max_tokens.saturating_add(usize::try_from(max_tokens).unwrap_or(usize::MAX));
        }
        if clock_skew.duration() > LONGEST_SKEW {
            return Err(path
                .field("clock_skew")
                .error("must be at most 300s: expired tokens would be accepted for too long (RFC 7519 §4.1.4)"));
        }
        if max_token_lifetime.is_some_and(|lifetime| lifetime.duration().is_zero()) {
            return Err(path
                .field("max_token_lifetime")
                .error("must be more than 0s, or every token would be refused"));
        }
        if max_token_size < SMALLEST_TOKEN_BOUND || max_token_size > LARGEST_TOKEN_BOUND {
            return Err(path
                .field("max_token_size")
                .error("must be at least 1KiB and at most 60KiB, Envoy's own limit for all headers of a request"));
        }
        let (headers, outputs) = outputs(path, claims_to_headers)?;
        let payload_header =
            payload_to_header.map(|name| free_header(&path.field("payload_to_header"), &name, &headers)).transpose()?;
        let group_claims =
            name_claims::group_claims(path, group_claims, &preset, audiences.as_deref().unwrap_or_default())?;
        let compiled = Provider {
            name: name.into(),
            tenant_claim,
            audiences: audiences_of(path, audiences, any_audience)?,
            clients: clients.map(|clients| names(&path.field("clients"), clients)).transpose()?,
            client_claims: preset_paths(preset.clients),
            algorithms: algorithms_of(&path.field("algorithms"), algorithms)?,
            kind: preset.kind(token_use.unwrap_or(preset.token_use)),
            clock_skew: clock_skew.duration(),
            require_expiration,
            max_lifetime: max_token_lifetime.map(config::Period::duration),
            scope_claims: name_claims::scope_claims(path, scope_claims, &preset)?,
            group_claims,
            max_token_bytes: max_token_size.bytes(),
            sources: self.sources_of(&path.field("identity_sources"), identity_sources)?,
            outputs,
            logged_claims: logged_claims(&path.field("claims_to_filter_state"), claims_to_filter_state)?,
            forwards_payload: payload_header.is_some(),
            cache_ttl: if max_tokens == 0 { Duration::ZERO } else { ttl.duration() },
        };
        let keys = key_source(&path.field("jwks"), &issuer, jwks, compiled.algorithms)?;
        check_secrets(&path.field("algorithms"), compiled.algorithms, &keys)?;
        self.key_sources.push(keys);
        self.forwarding.push(ProviderForwarding { headers: headers.into(), payload_header, forward_token });
        self.providers.push(compiled);
        Ok(())
    }
}

fn audiences_of(path: &ConfigPath, audiences: Option<Vec<String>>, any: bool) -> Result<Audiences, ConfigError> {
    let field = path.field("audiences");
    match (audiences, any) {
        (Some(list), false) => names(&field, list).map(Audiences::OneOf),
        (None, true) => Ok(Audiences::Any),
        (None, false) => Err(field.error("is required; list the audiences (for Cognito access tokens: the client ids), or write `\"any_audience\": true`")),
        (Some(_), true) => Err(path.field("any_audience").error("contradicts `audiences`; keep one of the two")),
    }
}

fn algorithms_of(path: &ConfigPath, names: Option<Vec<String>>) -> Result<AlgorithmSet, ConfigError> {
    let Some(names) = names else { return Ok(AlgorithmSet::PUBLIC) };
    let mut algorithms = Vec::new();
    for (index, name) in not_empty(path, names)?.into_iter().enumerate() {
        algorithms.push(Algorithm::named(&name).ok_or_else(|| {
            path.item(index).error(format!(
                "`{name}` is not supported; use RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA or Ed25519, or with a secret HS256, HS384 or HS512"
            ))
        })?);
    }
    Ok(AlgorithmSet::of(&algorithms))
}

fn preset_paths(paths: &[&[&str]]) -> Box<[ClaimPath]> {
    paths.iter().filter_map(|path| ClaimPath::new(path)).collect()
}

/// The headers that a provider sets from claims, and the claim for each.
fn outputs(
    path: &ConfigPath,
    headers: config::Entries<config::Output>,
) -> Result<(Vec<HeaderName>, Box<[Output]>), ConfigError> {
    let (mut names, mut outputs) = (Vec::new(), Vec::new());
    for (name, output) in headers {
        let path = path.field("claims_to_headers").field(&name);
        let config::Output { claim, list, separator, encoding, required } = output;
        names.push(free_header(&path, &name, &names)?);
        if separator.chars().any(char::is_control) {
            return Err(path.field("separator").error("has control characters, which a header value must not have"));
        }
        let list = match list {
            config::ListForm::Join => ListForm::Joined(separator.into()),
            config::ListForm::Json => ListForm::Json,
        };
        let encoding = encoding.map(|encoding| match encoding {
            config::Encoding::Percent => Encoding::Percent,
            config::Encoding::Base64url => Encoding::Base64Url,
        });
        outputs.push(Output { claim: claim_path(&path, &claim)?, list, encoding, required });
    }
    Ok((names, outputs.into()))
}

/// The claims that a provider writes into filter state.
fn logged_claims(
    path: &ConfigPath,
    claims: config::Entries<config::ClaimName>,
) -> Result<Box<[LoggedClaim]>, ConfigError> {
    let mut logged = Vec::new();
    for (name, claim) in claims {
        let path = path.field(&name);
        if !is_label(&name) {
            return Err(path.error(
                "is not a valid name; use only letters, digits, `_` and `-`: it becomes part of the name of a filter state",
            ));
        }
        let claim = claim_path(&path, &claim)?;
        logged.push(LoggedClaim { name: format!("jwt_authorizer.claim.{name}").into(), claim });
    }
    Ok(logged.into())
}

fn free_header(path: &ConfigPath, name: &str, taken: &[HeaderName]) -> Result<HeaderName, ConfigError> {
    let header = settable_header(path, name)?;
    if taken.iter().any(|known| known.is_alias_of(header.as_str().as_bytes())) {
        return Err(path.error(
            "is set twice: many servers treat `-`, `_` and `.` in header names as the same character; use another name",
        ));
    }
    Ok(header)
}
