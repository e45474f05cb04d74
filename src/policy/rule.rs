//! One rule, compiled.

use super::requirement::{Requirement, Unmet};
use crate::indexed::{Index, Indexed};
use crate::request::RequestHead;
use crate::token::provider::ProviderIndex;
use crate::token::verified::VerifiedToken;

/// One of the rules of a configuration.
pub type RuleIndex = Index<Rule>;
/// One `T` for each rule of a configuration, the default among them.
pub type ByRule<T> = Indexed<Rule, T>;

/// What happens to the requests of one route.
#[derive(Debug)]
pub struct Rule {
    /// Its name in logs and metrics.
    pub name: Box<str>,
    /// Who gets access.
    pub access: Access,
    /// Whether refusals are only reported.
    pub dry_run: bool,
}

/// Who gets access.
#[derive(Debug)]
pub enum Access {
    /// Everybody. No token is looked at.
    Public,
    /// Nobody.
    Deny,
    /// Callers with a token that fulfils the conditions.
    Token(TokenConditions),
}

/// What a rule asks of callers with a token.
#[derive(Debug)]
pub struct TokenConditions {
    /// Whether a request without a token gets access.
    pub optional: bool,
    /// The providers whose tokens are accepted; all if not given.
    pub providers: Option<Box<[ProviderIndex]>>,
    /// What the token must say.
    pub requirement: Option<Requirement>,
}

/// Why a verified token does not get access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unauthorized {
    /// The rule does not accept tokens of this provider.
    ProviderNotAllowed,
    /// The token lacks a right.
    Unmet(Unmet),
}

impl TokenConditions {
    /// Checks a verified token.
    ///
    /// # Errors
    ///
    /// What is missing.
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
