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
    /// Whether the first request is for the discovery document.
    pub discovery: bool,
    /// How the keys are kept fresh.
    pub policy: KeyPolicy,
}
