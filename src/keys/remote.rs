//! Where a provider's keys come from.

use std::rc::Rc;

use super::fetch_state::KeyPolicy;
use super::key_set::KeySet;

/// Where a provider's keys come from.
#[derive(Debug)]
pub enum KeySource {
    /// The configuration.
    Inline(Rc<KeySet>),
    /// An HTTP callout through an Envoy cluster.
    Remote(RemoteKeys),
}

/// How one provider's keys are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteKeys {
    /// The provider's issuer; `issuer` in a discovery document must be the same.
    pub issuer: Box<str>,
    /// The Envoy cluster.
    pub cluster: Box<str>,
    /// `:authority` of the first request.
    pub authority: Box<str>,
    /// `:path` of the first request.
    pub path: Box<str>,
    /// Set if the first request is for a discovery document.
    pub discovery: Option<Discovery>,
    /// How the keys are kept fresh.
    pub policy: KeyPolicy,
}

/// How the key set is found by discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// `:path` of the metadata of RFC 8414, for an issuer without OpenID Connect's document.
    pub server_metadata: Box<str>,
    /// The Envoy cluster for the host of `jwks_uri`; if not given, the one of the document.
    pub jwks_uri_cluster: Option<Box<str>>,
}
