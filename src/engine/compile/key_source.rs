//! `jwks` of the plugin JSON → [`KeySource`].

use std::rc::Rc;
use std::time::Duration;

use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::json::Json;
use crate::keys::algorithm::{Algorithm, AlgorithmSet};
use crate::keys::fetch_state::{KeyPolicy, LONGEST_TIMEOUT};
use crate::keys::jwk::SecretError;
use crate::keys::key_set::{InlineError, KeySet, KeySetError};
use crate::keys::remote::{Discovery, KeySource, RemoteKeys};
use crate::keys::set_change::none_usable;
use crate::url::split_url;

/// The placeholder for a tenant in an issuer.
pub(super) const TENANT: &str = "{tenantid}";
const SHORTEST_REFRESH: Duration = Duration::from_secs(1);
const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
const SERVER_METADATA: &str = "/.well-known/oauth-authorization-server";

pub(super) fn key_source(
    path: &ConfigPath,
    issuer: &str,
    jwks: config::Jwks,
    algorithms: AlgorithmSet,
) -> Result<KeySource, ConfigError> {
    let config::Jwks {
        uri,
        cluster,
        timeout,
        refresh_interval,
        max_stale,
        respect_cache_control,
        inline,
        discovery,
        jwks_uri_cluster,
    } = jwks;
    if jwks_uri_cluster.is_some() && !discovery {
        return Err(path.field("jwks_uri_cluster").error("has no effect without `discovery`; remove it"));
    }
    if jwks_uri_cluster.as_ref().is_some_and(String::is_empty) {
        return Err(path.field("jwks_uri_cluster").error("is empty; name an Envoy cluster"));
    }
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
            return Err(path.field(field).error("has no effect on an inline key set; remove it"));
        }
        return inline_keys(&path.field("inline"), &set, algorithms.among(AlgorithmSet::SECRET));
    }
    if inline.is_some() {
        return Err(path.field("inline").error("contradicts a key set that is fetched; keep one of the two"));
    }
    let (url, url_path) = match (uri, discovery) {
        (Some(_), true) => return Err(path.field("discovery").error("contradicts `uri`; keep one of the two")),
        (Some(uri), false) => (uri, path.field("uri")),
        (None, _) => (format!("{}{OPENID_CONFIGURATION}", issuer.trim_end_matches('/')), path.field("discovery")),
    };
    if discovery && issuer.is_empty() {
        return Err(path.field("discovery").error("is not possible without an issuer; write the `uri` of the keys"));
    }
    if discovery && issuer.contains(TENANT) {
        return Err(path
            .field("discovery")
            .error("is not possible for an issuer with `{tenantid}`; write the `uri` of the keys"));
    }
    let (authority, target) = split_url(&url).ok_or_else(|| {
        url_path.error(format!(
            "`{url}` is not a valid URL; write `https://HOST/PATH`, without user information, fragment and spaces"
        ))
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
            .error("must be at least `refresh_interval`, or keys would expire before they are refreshed"));
    }
    Ok(KeySource::Remote(RemoteKeys {
        issuer: issuer.into(),
        cluster: cluster.into(),
        authority: authority.into(),
        path: target.into(),
        discovery: discovery.then(|| Discovery {
            server_metadata: server_metadata_path(target).into(),
            jwks_uri_cluster: jwks_uri_cluster.map(Into::into),
        }),
        policy,
    }))
}

/// RFC 8414 §3.1 puts the well-known part before the path of the issuer; OpenID Connect puts it behind.
fn server_metadata_path(openid_configuration: &str) -> String {
    let issuer_path = openid_configuration.strip_suffix(OPENID_CONFIGURATION).unwrap_or_default();
    format!("{SERVER_METADATA}{issuer_path}")
}

fn inline_keys(path: &ConfigPath, set: &Json<'_>, secrets: AlgorithmSet) -> Result<KeySource, ConfigError> {
    let set = KeySet::with_secrets(set, secrets).map_err(|error| match error {
        InlineError::Set(error) => path.error(match error {
            KeySetError::Malformed => "is not a key set (RFC 7517 §5); write `{\"keys\": [...]}`".to_owned(),
            KeySetError::TooManyKeys => "has more than 200 keys; remove those that are not in use".to_owned(),
            KeySetError::NoUsableKey(keys) => {
                let why = if keys.is_empty() { String::new() } else { format!(" ({})", none_usable(&keys)) };
                format!("has no key that can verify a signature{why}; add a public RSA key (2048 to 4096 bits, exponent 65537), an EC key on P-256, P-384 or P-521, or an Ed25519 key")
            }
        }),
        InlineError::Secret { index, error } => path.field("keys").item(index).error(match error {
            SecretError::Malformed => "is not a valid secret: `k` must be base64url without padding, `alg` must be HS256, HS384 or HS512, and `use` must be `sig`".to_owned(),
            SecretError::Unlisted => "is a secret whose algorithm is not listed; add HS256, HS384 or HS512 to `algorithms`".to_owned(),
            SecretError::Short { has, needs, algorithm } => {
                format!("has {has} bytes, but {} needs at least {needs} (RFC 7518 §3.2); generate a longer random secret", algorithm.name())
            }
        }),
    })?;
    Ok(KeySource::Inline(Rc::new(set)))
}

/// Every listed algorithm that needs a secret must have one in the inline keys. Fetched keys are public.
pub(super) fn check_secrets(path: &ConfigPath, listed: AlgorithmSet, keys: &KeySource) -> Result<(), ConfigError> {
    let served = |algorithm: &Algorithm| match keys {
        KeySource::Inline(set) => set.serves(*algorithm),
        KeySource::Remote(_) => false,
    };
    match listed.among(AlgorithmSet::SECRET).each().find(|algorithm| !served(algorithm)) {
        Some(algorithm) => {
            let name = algorithm.name();
            Err(path.error(format!("lists `{name}`, which needs a secret; add an `oct` key for it to `jwks.inline`")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    fn compile(jwks: &str) -> Result<RemoteKeys, String> {
        let provider = format!(r#"{{"issuer":"https://a.example/t","any_audience":true,"jwks":{jwks}}}"#);
        let policy = format!(r#"{{"providers":{{"main":{provider}}},"default":"authenticated"}}"#);
        let engine = Engine::from_json(policy.as_bytes()).map_err(|error| error.to_string())?;
        match engine.key_sources().iter().next().unwrap() {
            KeySource::Remote(remote) => Ok(remote.clone()),
            KeySource::Inline(_) => panic!("inline keys"),
        }
    }

    fn with(settings: &str) -> Result<RemoteKeys, String> {
        compile(&format!(r#"{{"uri":"https://a.example:443/keys","cluster":"a"{settings}}}"#))
    }

    #[test]
    fn settings_have_limits() {
        for (settings, accepted) in [
            (r#","max_stale":"10m","refresh_interval":"10m""#, true),
            (r#","max_stale":"9m","refresh_interval":"10m""#, false),
            (r#","refresh_interval":"1s""#, true),
            (r#","refresh_interval":"999ms""#, false),
            (r#","timeout":"60s""#, true),
            (r#","timeout":"1ms""#, true),
            (r#","timeout":"61s""#, false),
            (r#","timeout":"0s""#, false),
        ] {
            assert_eq!(with(settings).is_ok(), accepted, "{settings}");
        }
    }

    #[test]
    fn a_url_has_defaults_and_no_port_of_its_scheme() {
        let remote = with("").unwrap();
        assert_eq!([&*remote.authority, &remote.path, &remote.cluster], ["a.example", "/keys", "a"]);
        let policy = KeyPolicy {
            timeout: Duration::from_secs(5),
            refresh_interval: Duration::from_secs(600),
            max_stale: Duration::from_secs(86_400),
            respect_cache_control: false,
        };
        assert_eq!((remote.policy, remote.discovery), (policy, None));
    }

    #[test]
    fn discovery_has_two_documents_and_may_have_two_clusters() {
        let remote = compile(r#"{"discovery":true,"cluster":"a","jwks_uri_cluster":"b"}"#).unwrap();
        assert_eq!(&*remote.path, "/t/.well-known/openid-configuration");
        let discovery = remote.discovery.unwrap();
        assert_eq!(&*discovery.server_metadata, "/.well-known/oauth-authorization-server/t");
        assert_eq!(discovery.jwks_uri_cluster.as_deref(), Some("b"));
        assert!(with(r#","jwks_uri_cluster":"b""#).unwrap_err().contains("jwks_uri_cluster: has no effect"));
    }
}
