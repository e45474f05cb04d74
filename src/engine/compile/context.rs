//! What providers and rules are compiled into, and what all of them check alike.

use std::collections::BTreeMap;

use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::forward::ProviderForwarding;
use crate::keys::remote::KeySource;
use crate::request::HeaderName;
use crate::token::authenticator::Issuer;
use crate::token::claims::ClaimPath;
use crate::token::credential::Sources;
use crate::token::provider::{ByProvider, Provider, ProviderIndex};

/// What grows while providers and rules are compiled.
#[derive(Default)]
pub(super) struct Context {
    pub(super) providers: ByProvider<Provider>,
    pub(super) key_sources: ByProvider<KeySource>,
    pub(super) forwarding: ByProvider<ProviderForwarding>,
    pub(super) issuers: BTreeMap<Box<str>, Issuer>,
    pub(super) sources: Sources,
    pub(super) kept_claims: KeptClaims,
    pub(super) max_tokens: usize,
}

impl Context {
    pub(super) fn provider_named(&self, name: &str) -> Option<ProviderIndex> {
        self.providers.find(|provider| *provider.name == *name)
    }
}

/// The claims that rules ask for, each once.
#[derive(Default)]
pub(super) struct KeptClaims(Vec<ClaimPath>);

impl KeptClaims {
    /// The index at which a verified token has this claim.
    pub(super) fn index_of(&mut self, path: ClaimPath) -> usize {
        self.0.iter().position(|known| *known == path).unwrap_or_else(|| {
            self.0.push(path);
            self.0.len() - 1
        })
    }
}

impl From<KeptClaims> for Box<[ClaimPath]> {
    fn from(KeptClaims(claims): KeptClaims) -> Self {
        claims.into()
    }
}

pub(super) fn claim_path(path: &ConfigPath, name: &config::ClaimName) -> Result<ClaimPath, ConfigError> {
    ClaimPath::new(&name.0)
        .ok_or_else(|| path.error("names no claim; write its name, or a list of names for a nested one"))
}

pub(super) fn not_empty<T>(path: &ConfigPath, list: Vec<T>) -> Result<Vec<T>, ConfigError> {
    if list.is_empty() { Err(path.error("is empty; list at least one, or leave it out")) } else { Ok(list) }
}

/// Texts that are compared with what a token says; an empty one would be a mistake.
pub(super) fn names(path: &ConfigPath, list: Vec<String>) -> Result<Box<[Box<str>]>, ConfigError> {
    let list = not_empty(path, list)?;
    match list.iter().position(String::is_empty) {
        Some(index) => Err(path.item(index).error("is empty")),
        None => Ok(list.into_iter().map(String::into_boxed_str).collect()),
    }
}

/// Whether a name can be a part of the names of metrics.
pub(super) fn is_label(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// A header that the filter sets: not one that carries the connection, the credential or Envoy's own knowledge.
pub(super) fn settable_header(name: &str) -> Option<HeaderName> {
    let header = HeaderName::new(name)?;
    let settable = !header.as_str().starts_with("x-envoy-") && !config::UNSETTABLE_HEADERS.contains(&header.as_str());
    settable.then_some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_headers_cannot_be_set() {
        for name in ["", ":path", "host", "Authorization", "x-envoy-original-path", "connection", "a b", "a\nb", "é"] {
            assert_eq!(settable_header(name), None, "{name}");
        }
        assert!(settable_header("x-jwt-sub").is_some());
    }
}
