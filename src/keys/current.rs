//! The key set that a worker verifies tokens with, and how long it may be used.

use std::rc::Rc;
use std::time::Duration;

use super::algorithm::Algorithm;
use super::jwk::VerifyingKey;
use super::key_hint::{Fit, KeyHint};
use super::key_set::KeySet;
use crate::time::UnixTime;

/// The most keys that a token is tried with, since each costs a signature check. It matters for tokens without `kid`,
/// which anybody can make up. A check by the filter itself takes up to 0.6 ms, but 2.7 ms on the large curves (in Envoy
/// 0.06 ms, and 0.5 ms or 1.3 ms), so that only the key in use and the next one are tried there.
fn max_trials(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Es384 | Algorithm::Es512 => 2,
        Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512
        | Algorithm::Es256
        | Algorithm::EdDsa
        | Algorithm::Hs256
        | Algorithm::Hs384
        | Algorithm::Hs512 => 5,
    }
}

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
    /// None of the keys that were tried verifies the signature, and there are more candidates.
    KeyAmbiguous,
    /// The set has no key that the token may mean: none for its algorithm with its name, or if it names none of them,
    /// without one. The issuer may have replaced a key by one of another type under the same `kid`.
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

    /// The first key that can have signed the token, and that `verifies` the signature. If the token names keys of the
    /// set, only those are tried; otherwise those that it does not rule out.
    ///
    /// # Errors
    ///
    /// Why there is no such key.
    pub fn signer(
        &self,
        hint: &KeyHint<'_>,
        now: UnixTime,
        verifies: impl Fn(&VerifyingKey) -> bool,
    ) -> Result<&Rc<VerifyingKey>, KeyLookupError> {
        if !self.is_usable(now) {
            return Err(KeyLookupError::KeysUnavailable);
        }
        let fit = if self.set.has_named(hint) { Fit::Named } else { Fit::Possible };
        let mut candidates = self.set.candidates(hint, fit).peekable();
        if candidates.peek().is_none() {
            return Err(KeyLookupError::KeyUnknown);
        }
        let mut trials = 0..max_trials(hint.algorithm);
        for key in candidates.filter(|key| hint.can_be_signed_by(key)) {
            if trials.next().is_none() {
                return Err(KeyLookupError::KeyAmbiguous);
            }
            if verifies(key) {
                return Ok(key);
            }
        }
        Err(KeyLookupError::SignatureInvalid)
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
mod tests;
