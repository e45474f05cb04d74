//! What is to happen to a request, as values: who decided, and the edits that Envoy is to make.

use std::rc::Rc;

use super::denial::Denial;
use super::forward::Forward;
use super::reason::Reason;
use crate::jwt::jwk::KeyId;
use crate::jwt::provider::ProviderIndex;
use crate::jwt::token::VerifiedToken;

/// Which rule, among those of one configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleIndex(pub usize);

/// What is to happen.
#[derive(Debug)]
pub enum Decision {
    /// The request goes on, edited.
    Allow(Forward),
    /// The request is answered.
    Deny(Denial),
    /// It takes keys to tell: ask again once they have come.
    AwaitKeys(MissingKeys),
}

/// Keys that a decision waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKeys {
    /// Whose.
    pub provider: ProviderIndex,
    /// Which.
    pub wanted: WantedKeys,
}

/// Which keys of a provider are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedKeys {
    /// All of them.
    Any,
    /// The one of this name, or one that fits if the token names none.
    Key(Option<KeyId>),
}

/// A decision with who made it and about whom.
#[derive(Debug)]
pub struct Verdict {
    /// What is to happen.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// The rule would have refused, but only reports.
    pub dry_run: bool,
    /// Who and whom.
    pub about: About,
}

/// Who decided, and about whom.
#[derive(Debug, Default)]
pub struct About {
    /// The rule that decided; `None` for the default and for what comes before rules.
    pub rule: Option<RuleIndex>,
    /// The provider that the token names.
    pub provider: Option<ProviderIndex>,
    /// Whether the token had been verified before; `None` if none was looked for.
    pub lookup: Option<Lookup>,
    /// The key that a token names that is not proven; of one that is, the token knows.
    pub named_key: Option<KeyId>,
    /// Whose token it is, once that is proven.
    pub token: Option<Rc<VerifiedToken>>,
}

/// What came of looking for a token in the cache of verified ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It is there, and counts.
    Hit,
    /// It is not, or may not be used.
    Miss,
}

impl About {
    /// The key that the token names, or that has proven it.
    pub fn key_id(&self) -> Option<&KeyId> {
        self.named_key.as_ref().or_else(|| self.token.as_ref()?.signer().id())
    }
}
