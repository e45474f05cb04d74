//! The requirement of a rule: a tree of scopes, groups and claim tests that a verified token must meet.

mod claim_test;
mod glob;

pub use claim_test::Test;
pub use glob::Glob;

use crate::request::RequestHead;
use crate::token::verified::VerifiedToken;

/// The name of a scope. A type of its own, so that it is never compared with groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope(pub Box<str>);

/// The name of a group. A type of its own, so that it is never compared with scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group(pub Box<str>);

/// A node of the tree. Its lists are never empty.
#[derive(Debug)]
pub enum Requirement {
    /// The token has this scope.
    Scope(Scope),
    /// The token has this group.
    Group(Group),
    /// A claim passes a test.
    Claim {
        /// Its index among the claims that a verified token keeps.
        index: usize,
        /// The test.
        test: Test,
    },
    /// Every part is met.
    AllOf(Box<[Self]>),
    /// At least one part is met.
    AnyOf(Box<[Self]>),
    /// The part is not met. A claim test in it must still apply to the claim.
    Not(Box<Self>),
}

/// Why a requirement is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// Scopes are missing. The challenge names them (RFC 6750 §3).
    Scopes(Vec<Box<str>>),
    /// A group is missing. The challenge does not name it.
    Group,
    /// A claim does not match. The challenge does not name it.
    Claim,
}

impl Requirement {
    /// Checks that a token meets the requirement.
    ///
    /// # Errors
    ///
    /// The first reason why it does not. For `AnyOf`, missing scopes go first, because a client can request them.
    pub fn check(&self, token: &VerifiedToken, head: &RequestHead<'_>) -> Result<(), Unmet> {
        if self.is_met(token, head) == Some(true) { Ok(()) } else { Err(self.reason_unmet(token, head)) }
    }

    /// Three-valued logic (Kleene): `None` if a claim test does not apply, because the claim is missing or of another
    /// type. Such a claim meets neither the test nor its negation, at any depth of `Not`.
    fn is_met(&self, token: &VerifiedToken, head: &RequestHead<'_>) -> Option<bool> {
        match self {
            Self::Scope(Scope(name)) => Some(token.scopes().contains(name)),
            Self::Group(Group(name)) => Some(token.groups().contains(name)),
            Self::Claim { index, test } => test.outcome(token.claim(*index), head),
            Self::AllOf(parts) => combine(parts.iter().map(|part| part.is_met(token, head)), false),
            Self::AnyOf(parts) => combine(parts.iter().map(|part| part.is_met(token, head)), true),
            Self::Not(part) => part.is_met(token, head).map(|met| !met),
        }
    }

    fn reason_unmet(&self, token: &VerifiedToken, head: &RequestHead<'_>) -> Unmet {
        match self {
            Self::Scope(Scope(name)) => Unmet::Scopes(vec![name.clone()]),
            Self::Group(_) => Unmet::Group,
            Self::Claim { .. } | Self::Not(_) => Unmet::Claim,
            Self::AllOf(parts) => {
                let mut reasons = parts.iter().filter_map(|part| part.check(token, head).err());
                // All missing scopes are reported together, so that a client can request them at once.
                match reasons.next() {
                    Some(Unmet::Scopes(first)) => Unmet::Scopes(reasons.fold(first, Unmet::add_scopes)),
                    Some(first) => first,
                    None => Unmet::Claim,
                }
            }
            Self::AnyOf(parts) => {
                let reasons: Vec<_> = parts.iter().filter_map(|part| part.check(token, head).err()).collect();
                let scopes = reasons.iter().cloned().fold(Vec::new(), Unmet::add_scopes);
                if scopes.is_empty() {
                    reasons.into_iter().next().unwrap_or(Unmet::Claim)
                } else {
                    Unmet::Scopes(scopes)
                }
            }
        }
    }
}

impl Unmet {
    fn add_scopes(mut scopes: Vec<Box<str>>, other: Self) -> Vec<Box<str>> {
        if let Self::Scopes(others) = other {
            for scope in others {
                if !scopes.contains(&scope) {
                    scopes.push(scope);
                }
            }
        }
        scopes
    }
}

/// Stops at the first part that equals `decisive`. Without one, the result is `None` if any part is `None`.
fn combine(mut parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut outcome = Some(!decisive);
    match parts.any(|part| {
        if part.is_none() {
            outcome = None;
        }
        part == Some(decisive)
    }) {
        true => Some(decisive),
        false => outcome,
    }
}
