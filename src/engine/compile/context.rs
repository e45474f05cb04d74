//! The state that grows while providers and rules are compiled, and the checks that they share.

use std::collections::BTreeMap;

use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::forward::ProviderForwarding;
use crate::keys::remote::KeySource;
use crate::request::HeaderName;
use crate::token::authenticator::Issuer;
use crate::token::claims::ClaimPath;
use crate::token::kept::Kept;
use crate::token::provider::{ByProvider, Provider, ProviderIndex};
use crate::token::sources::Sources;
use crate::token::subject::SubjectPattern;

/// The state that grows while providers and rules are compiled.
#[derive(Default)]
pub(super) struct Context {
    pub(super) providers: ByProvider<Provider>,
    pub(super) key_sources: ByProvider<KeySource>,
    pub(super) forwarding: ByProvider<ProviderForwarding>,
    pub(super) issuers: BTreeMap<Box<str>, Issuer>,
    pub(super) subjects: Vec<(SubjectPattern, ProviderIndex)>,
    pub(super) sources: Sources,
    pub(super) kept: Kept,
    pub(super) max_tokens: usize,
}

impl Context {
    pub(super) fn provider_named(&self, name: &str) -> Option<ProviderIndex> {
        self.providers.find(|provider| *provider.name == *name)
    }
}

pub(super) fn claim_path(path: &ConfigPath, name: &config::ClaimName) -> Result<ClaimPath, ConfigError> {
    ClaimPath::with_wildcards(&name.0).ok_or_else(|| {
        path.error("is not a valid claim; write its name, or a list of names for a nested claim, of which only the first must not be `*`")
    })
}

pub(super) fn not_empty<T>(path: &ConfigPath, list: Vec<T>) -> Result<Vec<T>, ConfigError> {
    if list.is_empty() { Err(path.error("is empty; list at least one, or leave it out")) } else { Ok(list) }
}

/// Texts that are compared with a token. The list must not be empty, and neither must any text in it.
pub(super) fn names(path: &ConfigPath, list: Vec<String>) -> Result<Box<[Box<str>]>, ConfigError> {
    let list = not_empty(path, list)?;
    match list.iter().position(String::is_empty) {
        Some(index) => Err(path.item(index).error("is empty")),
        None => Ok(list.into_iter().map(String::into_boxed_str).collect()),
    }
}

/// Whether a name may be part of the names of metrics.
pub(super) fn is_label(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// The name of a header that the filter may set: not a header of the connection or of the credential, and not one that
/// Envoy sets itself. Reading such a header is fine.
pub(super) fn settable_header(path: &ConfigPath, name: &str) -> Result<HeaderName, ConfigError> {
    let is_reserved = |name: &str| name.starts_with("x-envoy-") || config::UNSETTABLE_HEADERS.contains(&name);
    HeaderName::new(name).filter(|header| !is_reserved(header.as_str())).ok_or_else(|| {
        path.error("must not be set; use a valid header name (RFC 9110 §5.1) that does not belong to the connection, the credential or Envoy")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_headers_must_not_be_set() {
        let path = ConfigPath::root("payload_to_header");
        for name in ["", ":path", "host", "Authorization", "x-envoy-original-path", "connection", "a b", "a\nb", "é"] {
            assert!(settable_header(&path, name).is_err(), "{name}");
        }
        assert!(settable_header(&path, "x-jwt-sub").is_ok());
    }
}
