//! One provider of the wire format → [`Provider`], its issuers and its source of keys.

use std::rc::Rc;
use std::time::Duration;

use super::context::{Context, claim_path, is_label, names, not_empty, settable_header};
use super::profile::Preset;
use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::forward::ProviderForwarding;
use crate::json::Json;
use crate::keys::algorithm::{Algorithm, AlgorithmSet};
use crate::keys::fetch_state::{KeyPolicy, LONGEST_TIMEOUT};
use crate::keys::jwk::SecretError;
use crate::keys::key_set::{InlineError, KeySet, KeySetError};
use crate::keys::remote::{KeySource, RemoteKeys};
use crate::request::HeaderName;
use crate::token::authenticator::Issuer;
use crate::token::claims::ClaimPath;
use crate::token::credential::SourceSet;
use crate::token::output::{ListForm, Output};
use crate::token::provider::{Audiences, Provider};
use crate::token::source::Source;
use crate::url::split_url;

const TENANT: &str = "{tenantid}";
const LONGEST_SKEW: Duration = Duration::from_secs(300);
const SHORTEST_REFRESH: Duration = Duration::from_secs(1);
const MOST_TOKENS: u32 = 1_000_000;
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

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
            tenants,
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
            scope_claims,
            group_claims,
            forward_token,
            claims_to_headers,
            payload_to_header,
            cache,
        } = provider;
        if !is_label(name) {
            return Err(
                path.error("a provider's name is made of letters, digits, `_` and `-`: it becomes part of metrics")
            );
        }
        self.add_issuers(path, &issuer, tenants)?;
        let preset = Preset::of(profile);
        let config::Cache { ttl, max_tokens } = cache;
        if max_tokens > MOST_TOKENS {
            return Err(path.field("cache").field("max_tokens").error("is more than 1000000"));
        }
        if !ttl.duration().is_zero() {
            self.max_tokens = self.max_tokens.saturating_add(usize::try_from(max_tokens).unwrap_or(usize::MAX));
        }
        if clock_skew.duration() > LONGEST_SKEW {
            return Err(path
                .field("clock_skew")
                .error("is longer than 300s, which keeps expired tokens alive (RFC 8725)"));
        }
        if max_token_lifetime.is_some_and(|lifetime| lifetime.duration().is_zero()) {
            return Err(path.field("max_token_lifetime").error("is zero, which refuses every token"));
        }
        let (headers, outputs) = outputs(path, claims_to_headers)?;
        let payload_header =
            payload_to_header.map(|name| free_header(&path.field("payload_to_header"), &name, &headers)).transpose()?;
        // Given explicitly, group claims are those and no others.
        let by_audience = audiences.iter().flatten().filter(|_| preset.roles_by_audience && group_claims.is_none());
        let by_audience: Vec<_> =
            by_audience.filter_map(|name| ClaimPath::new(&["resource_access", name, "roles"])).collect();
        let compiled = Provider {
            name: name.into(),
            audiences: audiences_of(path, audiences, any_audience)?,
            clients: clients.map(|clients| names(&path.field("clients"), clients)).transpose()?,
            client_claims: preset_paths(preset.clients),
            algorithms: algorithms_of(&path.field("algorithms"), algorithms)?,
            kind: preset.kind(token_use.unwrap_or(preset.token_use)),
            clock_skew: clock_skew.duration(),
            require_expiration,
            max_lifetime: max_token_lifetime.map(config::Period::duration),
            scope_claims: claims(&path.field("scope_claims"), scope_claims, preset.scopes)?,
            group_claims: claims(&path.field("group_claims"), group_claims, preset.groups)?
                .into_iter()
                .chain(by_audience)
                .collect(),
            sources: self.sources_of(&path.field("identity_sources"), identity_sources)?,
            outputs,
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

    fn add_issuers(
        &mut self,
        path: &ConfigPath,
        issuer: &str,
        tenants: Option<Vec<String>>,
    ) -> Result<(), ConfigError> {
        let provider = self.providers.next_index();
        let issuer_path = path.field("issuer");
        if issuer.is_empty() {
            return Err(issuer_path.error("is empty; it is compared with `iss` byte for byte"));
        }
        let issuers: Vec<(String, Option<Box<str>>)> = match (issuer.contains(TENANT), tenants) {
            (false, None) => vec![(issuer.to_owned(), None)],
            (true, Some(tenants)) => names(&path.field("tenants"), tenants)?
                .into_iter()
                .map(|tenant| (issuer.replace(TENANT, &tenant), Some(tenant)))
                .collect(),
            (true, None) => {
                return Err(path
                    .field("tenants")
                    .error("is required where the issuer has `{tenantid}`: list the tenants that may ask"));
            }
            (false, Some(_)) => {
                return Err(path.field("tenants").error("needs `{tenantid}` in the issuer, in whose place they stand"));
            }
        };
        for (issuer, tenant) in issuers {
            if let Some(other) = self.issuers.get(issuer.as_str()) {
                let other =
                    if other.provider == provider { "this provider" } else { &*self.providers[other.provider].name };
                return Err(issuer_path
                    .error(format!("is the issuer of `{other}` as well; a token could not be told whose it is")));
            }
            self.issuers.insert(issuer.into(), Issuer { provider, tenant });
        }
        Ok(())
    }

    fn sources_of(&mut self, path: &ConfigPath, sources: Option<Vec<String>>) -> Result<SourceSet, ConfigError> {
        let texts = sources.unwrap_or_else(|| vec!["$request.header.Authorization".to_owned()]);
        let mut set = SourceSet::NONE;
        for (index, text) in not_empty(path, texts)?.into_iter().enumerate() {
            let path = path.item(index);
            let source = Source::parse(&text).ok_or_else(|| {
                path.error(format!(
                    "`{text}` is no identity source; write `$request.header.NAME`, `$request.querystring.NAME`, `$request.cookie.NAME` or `$request.websocket`"
                ))
            })?;
            set = set
                .with(self.sources.add(source).ok_or_else(|| path.error("is one source too many; 64 are possible"))?);
        }
        Ok(set)
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
                "`{name}` is not supported; supported are RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, and with a secret HS256, HS384 and HS512"
            ))
        })?);
    }
    Ok(AlgorithmSet::of(&algorithms))
}

fn preset_paths(paths: &[&[&str]]) -> Box<[ClaimPath]> {
    paths.iter().filter_map(|path| ClaimPath::new(path)).collect()
}

fn claims(
    path: &ConfigPath,
    given: Option<Vec<config::ClaimName>>,
    preset: &[&[&str]],
) -> Result<Box<[ClaimPath]>, ConfigError> {
    match given {
        None => Ok(preset_paths(preset)),
        Some(given) => not_empty(path, given)?
            .iter()
            .enumerate()
            .map(|(index, name)| claim_path(&path.item(index), name))
            .collect(),
    }
}

/// The headers that a provider's claims are written to, and the claim for each.
fn outputs(
    path: &ConfigPath,
    headers: config::Entries<config::Output>,
) -> Result<(Vec<HeaderName>, Box<[Output]>), ConfigError> {
    let (mut names, mut outputs) = (Vec::new(), Vec::new());
    for (name, output) in headers {
        let path = path.field("claims_to_headers").field(&name);
        let config::Output { claim, list, separator } = output;
        names.push(free_header(&path, &name, &names)?);
        if separator.chars().any(char::is_control) {
            return Err(path.field("separator").error("has control characters, which no header can carry"));
        }
        let list = match list {
            config::ListForm::Join => ListForm::Joined(separator.into()),
            config::ListForm::Json => ListForm::Json,
        };
        outputs.push(Output { claim: claim_path(&path, &claim)?, list });
    }
    Ok((names, outputs.into()))
}

fn free_header(path: &ConfigPath, name: &str, taken: &[HeaderName]) -> Result<HeaderName, ConfigError> {
    let header = settable_header(name).ok_or_else(|| {
        path.error("is not a header that claims may set: no header name, or one that carries the connection, the credential or Envoy's own knowledge")
    })?;
    if taken.iter().any(|known| known.is_alias_of(header.as_str().as_bytes())) {
        return Err(path.error("is set twice (all that is neither letter nor digit is one letter to many servers)"));
    }
    Ok(header)
}

/// A secret is in the configuration or nowhere: what is fetched is public.
fn check_secrets(path: &ConfigPath, listed: AlgorithmSet, keys: &KeySource) -> Result<(), ConfigError> {
    let served = |algorithm: &Algorithm| match keys {
        KeySource::Inline(set) => set.serves(*algorithm),
        KeySource::Remote(_) => false,
    };
    match listed.among(AlgorithmSet::SECRET).each().find(|algorithm| !served(algorithm)) {
        Some(algorithm) => {
            let name = algorithm.name();
            Err(path.error(format!("lists `{name}`, which needs a secret: an `oct` key for it in `jwks.inline`")))
        }
        None => Ok(()),
    }
}

fn key_source(
    path: &ConfigPath,
    issuer: &str,
    jwks: config::Jwks,
    algorithms: AlgorithmSet,
) -> Result<KeySource, ConfigError> {
    let config::Jwks { uri, cluster, timeout, refresh_interval, max_stale, respect_cache_control, inline, discovery } =
        jwks;
    let is_remote = uri.is_some() || discovery;
    if !is_remote {
        let Some(set) = inline else {
            return Err(path.error("needs one of `uri` (with `cluster`), `discovery` (with `cluster`) and `inline`"));
        };
        let remote_only = [
            ("cluster", cluster.is_some()),
            ("timeout", timeout.is_some()),
            ("refresh_interval", refresh_interval.is_some()),
            ("max_stale", max_stale.is_some()),
            ("respect_cache_control", respect_cache_control.is_some()),
        ];
        if let Some((field, _)) = remote_only.iter().find(|(_, given)| *given) {
            return Err(path.field(field).error("means nothing for an inline key set"));
        }
        return inline_keys(&path.field("inline"), &set, algorithms.among(AlgorithmSet::SECRET));
    }
    if inline.is_some() {
        return Err(path.field("inline").error("contradicts a key set that is fetched; keep one of the two"));
    }
    let (url, url_path) = match (uri, discovery) {
        (Some(_), true) => return Err(path.field("discovery").error("contradicts `uri`; keep one of the two")),
        (Some(uri), false) => (uri, path.field("uri")),
        (None, _) => (format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/')), path.field("discovery")),
    };
    if discovery && issuer.contains(TENANT) {
        return Err(path
            .field("discovery")
            .error("is not possible for an issuer with `{tenantid}`; give the `uri` of the keys"));
    }
    let (authority, target) = split_url(&url).ok_or_else(|| {
        url_path.error(format!("`{url}` is no URL; write `https://HOST/PATH`, without user, fragment and blanks"))
    })?;
    let cluster = cluster
        .filter(|name| !name.is_empty())
        .ok_or_else(|| path.field("cluster").error("is required; name the Envoy cluster that reaches the issuer"))?;
    let period = |given: Option<config::Period>, default: u64| {
        given.map_or(Duration::from_secs(default), config::Period::duration)
    };
    let policy = KeyPolicy {
        timeout: period(timeout, 5),
        refresh_interval: period(refresh_interval, 600),
        max_stale: period(max_stale, 24 * 3600),
        respect_cache_control: respect_cache_control.unwrap_or(false),
    };
    if policy.timeout.is_zero() || policy.timeout > LONGEST_TIMEOUT {
        return Err(path
            .field("timeout")
            .error("must be more than 0s and at most 60s: requests wait that long for keys"));
    }
    if policy.refresh_interval < SHORTEST_REFRESH {
        return Err(path.field("refresh_interval").error("must be at least 1s"));
    }
    if policy.max_stale < policy.refresh_interval {
        return Err(path
            .field("max_stale")
            .error("must be at least `refresh_interval`, or keys would lapse before they are refreshed"));
    }
    Ok(KeySource::Remote(RemoteKeys {
        issuer: issuer.into(),
        cluster: cluster.into(),
        authority: authority.into(),
        path: target.into(),
        discovery,
        policy,
    }))
}

fn inline_keys(path: &ConfigPath, set: &Json<'_>, secrets: AlgorithmSet) -> Result<KeySource, ConfigError> {
    let set = KeySet::with_secrets(set, secrets).map_err(|error| match error {
        InlineError::Set(error) => path.error(match error {
            KeySetError::Malformed => "is no key set; write `{\"keys\": [...]}`",
            KeySetError::TooManyKeys => "has more than 200 keys",
            KeySetError::NoUsableKey => "has no key that can verify a signature: public RSA (2048 to 4096 bits, exponent 65537), EC P-256, P-384, P-521 or Ed25519",
        }),
        InlineError::Secret { index, error } => path.field("keys").item(index).error(match error {
            SecretError::Malformed => "is no secret for signatures: `k` must be base64url without padding, `alg` HS256, HS384 or HS512, `use` sig".to_owned(),
            SecretError::Unlisted => "is a secret that no algorithm is listed for; add its HS256, HS384 or HS512 to `algorithms`".to_owned(),
            SecretError::Short { has, needs, algorithm } => {
                format!("has {has} bytes, and {} takes {needs} or more (RFC 7518); make a longer one at random", algorithm.name())
            }
        }),
    })?;
    Ok(KeySource::Inline(Rc::new(set)))
}
