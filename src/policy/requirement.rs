//! The requirement of a rule: a tree of scopes, groups and claim tests that a verified token must meet.

mod claim_test;
mod glob;

use std::collections::BTreeSet;

pub use claim_test::{Operands, Test};
pub use glob::Glob;

use crate::request::RequestHead;
use crate::token::kept::NameIndex;
use crate::token::verified::VerifiedToken;

/// A scope. A type of its own, so that it is never compared with groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its index among the scopes that rules ask for.
    pub index: NameIndex,
    /// Its name, for the challenge.
    pub name: Box<str>,
}

/// A group, by its index among the groups that rules ask for. A type of its own, so that it is never compared with scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group(pub NameIndex);

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
        if self.is_met(token, head) == Some(true) {
            return Ok(());
        }
        let mut missing = Vec::new();
        Err(match self.unmet(token, head, &mut missing) {
            Some(Kind::Scopes) => {
                let mut known = BTreeSet::new();
                missing.retain(|scope| known.insert(scope.index));
                Unmet::Scopes(missing.into_iter().map(|scope| scope.name.clone()).collect())
            }
            Some(Kind::Group) => Unmet::Group,
            Some(Kind::Claim) | None => Unmet::Claim,
        })
    }

    /// Three-valued logic (Kleene): `None` if a claim test does not apply, because the claim is missing or of another
    /// type. Such a claim meets neither the test nor its negation, at any depth of `Not`.
    fn is_met(&self, token: &VerifiedToken, head: &RequestHead<'_>) -> Option<bool> {
        match self {
            Self::Scope(scope) => Some(token.scopes().contains(scope.index)),
            Self::Group(Group(index)) => Some(token.groups().contains(*index)),
            Self::Claim { index, test } => test.outcome(token.claim(*index)?, head),
            Self::AllOf(parts) => combine(parts.iter().map(|part| part.is_met(token, head)), false),
            Self::AnyOf(parts) => combine(parts.iter().map(|part| part.is_met(token, head)), true),
            Self::Not(part) => part.is_met(token, head).map(|met| !met),
        }
    }

    /// Why the requirement is not met, in one pass; `None` if it is met. Adds the missing scopes, which may be repeated,
    /// if and only if they are the reason.
    fn unmet<'r>(
        &'r self,
        token: &VerifiedToken,
        head: &RequestHead<'_>,
        missing: &mut Vec<&'r Scope>,
    ) -> Option<Kind> {
        match self {
            Self::AllOf(parts) => {
                let mut first = None;
                // All missing scopes are reported together, so that a client can request them at once.
                for part in parts {
                    let kind = part.unmet(token, head, missing);
                    first = first.or(kind);
                    if matches!(first, Some(Kind::Group | Kind::Claim)) {
                        break;
                    }
                }
                first
            }
            Self::AnyOf(parts) => {
                let before = missing.len();
                let mut first = None;
                for part in parts {
                    let Some(kind) = part.unmet(token, head, missing) else {
                        missing.truncate(before);
                        return None;
                    };
                    first = first.or(Some(kind));
                }
                if missing.len() > before { Some(Kind::Scopes) } else { first }
            }
            Self::Scope(_) | Self::Group(_) | Self::Claim { .. } | Self::Not(_) => {
                if self.is_met(token, head) == Some(true) {
                    return None;
                }
                match self {
                    Self::Scope(scope) => {
                        missing.push(scope);
                        Some(Kind::Scopes)
                    }
                    Self::Group(_) => Some(Kind::Group),
                    _ => Some(Kind::Claim),
                }
            }
        }
    }
}

/// The kind of what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Scopes,
    Group,
    Claim,
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
