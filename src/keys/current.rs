//! The key set that a worker verifies tokens with, and how long it may be used.

use std::rc::Rc;
use std::time::Duration;

use super::algorithm::Algorithm;
use super::jwk::VerifyingKey;
use super::key_set::KeySet;
use crate::time::UnixTime;

/// The key set of one provider, and when it may be used.
#[derive(Debug)]
pub struct CurrentKeys {
    set: Rc<KeySet>,
    usable: Span,
}

/// When a set may be used. By the wall clock, so that a request reads only one clock. When the wall clock is set, the
/// span is computed again before a request is refused because there are no keys.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: UnixTime,
    until: UnixTime,
}

impl Span {
    const ALWAYS: Self = Self { from: UnixTime::MIN, until: UnixTime::MAX };
    const NEVER: Self = Self { from: UnixTime::MAX, until: UnixTime::MAX };
}

/// Why there is no key for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLookupError {
    /// None of the candidate keys verifies the signature.
    SignatureInvalid,
    /// A key with this `kid` exists, but not for this algorithm.
    AlgorithmMismatch,
    /// The set has no key with this `kid`, or without a `kid`, none for this algorithm.
    KeyUnknown,
    /// No set, or one that is too old.
    KeysUnavailable,
}

impl CurrentKeys {
    /// Keys from the configuration, which never expire.
    pub fn inline(set: Rc<KeySet>) -> Self {
        Self { set, usable: Span::ALWAYS }
    }

    /// No keys yet.
    pub fn none() -> Self {
        Self { set: Rc::default(), usable: Span::NEVER }
    }

    /// The first candidate key that `verifies` the signature.
    ///
    /// # Errors
    ///
    /// Why there is no such key.
    pub fn signer(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: UnixTime,
        verifies: impl Fn(&VerifyingKey) -> bool,
    ) -> Result<&Rc<VerifyingKey>, KeyLookupError> {
        if !self.is_usable(now) {
            return Err(KeyLookupError::KeysUnavailable);
        }
        let mut candidates = self.set.candidates(id, algorithm).peekable();
        if candidates.peek().is_some() {
            candidates.find(|key| verifies(key)).ok_or(KeyLookupError::SignatureInvalid)
        } else if id.is_some_and(|id| self.set.has_key_id(id)) {
            Err(KeyLookupError::AlgorithmMismatch)
        } else {
            Err(KeyLookupError::KeyUnknown)
        }
    }

    /// Whether tokens may be verified with this set now.
    pub fn is_usable(&self, now: UnixTime) -> bool {
        self.usable.from <= now && now < self.usable.until && !self.set.is_empty()
    }

    /// The set.
    pub fn set(&self) -> &KeySet {
        &self.set
    }

    /// Replaces the set.
    pub fn install(&mut self, set: KeySet) {
        self.set = Rc::new(set);
    }

    /// Makes the set usable from now on, for `remaining`.
    pub fn set_remaining_validity(&mut self, remaining: Duration, now: UnixTime) {
        self.usable = if remaining.is_zero() { Span::NEVER } else { Span { from: now, until: now.plus(remaining) } };
    }
}

impl AsRef<Self> for CurrentKeys {
    fn as_ref(&self) -> &Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_usable_for_its_remaining_validity() {
        let wall = |secs: i64| UnixTime::from_secs(1_800_000_000 + secs);
        let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let mut keys = CurrentKeys::none();
        keys.install(KeySet::from_bytes(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).unwrap());
        assert!(!keys.is_usable(wall(0)), "no remaining validity was set");
        keys.set_remaining_validity(Duration::from_secs(60), wall(40));
        for (secs, expected) in [(40, true), (99, true), (100, false), (39, false), (86_400, false)] {
            assert_eq!(keys.is_usable(wall(secs)), expected, "{secs}");
        }
        // The wall clock was set a day ahead: the remaining validity counts from the new time.
        keys.set_remaining_validity(Duration::from_secs(50), wall(86_400));
        for (secs, expected) in [(86_400, true), (86_449, true), (86_450, false)] {
            assert_eq!(keys.is_usable(wall(secs)), expected, "{secs}");
        }
        keys.set_remaining_validity(Duration::ZERO, wall(0));
        assert!(!keys.is_usable(wall(0)));
    }

    #[test]
    fn inline_keys_never_expire_and_an_empty_set_is_never_usable() {
        let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let set = KeySet::from_bytes(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).unwrap();
        assert!(CurrentKeys::inline(Rc::new(set)).is_usable(UnixTime::from_secs(0)));
        assert!(!CurrentKeys::inline(Rc::default()).is_usable(UnixTime::from_secs(0)));
    }
}
