//! A compiled rule: who has access to the requests of a route.

use super::requirement::{Requirement, Unmet};
use crate::indexed::{Index, Indexed};
use crate::request::RequestHead;
use crate::token::provider::ProviderIndex;
use crate::token::verified::VerifiedToken;

/// One of the rules of a configuration.
pub type RuleIndex = Index<Rule>;
/// One `T` for each rule of a configuration, including the default rule.
pub type ByRule<T> = Indexed<Rule, T>;

/// What happens to the requests of one route.
#[derive(Debug)]
pub struct Rule {
    /// Its name in logs and metrics.
    pub name: Box<str>,
    /// Who has access.
    pub access: Access,
    /// Whether refusals are only reported, and the request is allowed.
    pub dry_run: bool,
}

/// Who has access.
#[derive(Debug)]
pub enum Access {
    /// Everyone. A token is not verified.
    Public,
    /// No one.
    Deny,
    /// Callers with a token that meets the conditions.
    Token(TokenConditions),
}

/// The conditions that a token must meet.
#[derive(Debug)]
pub struct TokenConditions {
    /// Whether a request without a token has access.
    pub optional: bool,
    /// The providers whose tokens are accepted; all if `None`.
    pub providers: Option<Box<[ProviderIndex]>>,
    /// The scopes, groups and claims that the token must have.
    pub requirement: Option<Requirement>,
}

/// Why a verified token does not give access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unauthorized {
    /// The rule does not accept tokens of this provider.
    ProviderNotAllowed,
    /// The token does not meet the requirement.
    Unmet(Unmet),
}

impl TokenConditions {
    /// Checks that a verified token meets the conditions.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub fn authorize(&self, token: &VerifiedToken, head: &RequestHead<'_>) -> Result<(), Unauthorized> {
        if self.providers.as_ref().is_some_and(|accepted| !accepted.contains(&token.provider())) {
            return Err(Unauthorized::ProviderNotAllowed);
        }
        match &self.requirement {
            Some(requirement) => requirement.check(token, head).map_err(Unauthorized::Unmet),
            None => Ok(()),
        }
    }
}
