//! A token that was read and not verified yet.

use std::borrow::Cow;
use std::fmt;

use super::claims::ClaimPath;
use super::error::{TokenError, VerifyError};
use super::jws::{CompactJws, Header};
use super::provider::{Provider, ProviderIndex};
use super::verified::VerifiedToken;
use crate::json::{Object, parse_object};
use crate::keys::algorithm::Algorithm;
use crate::keys::current::{CurrentKeys, KeyLookupError};
use crate::keys::jwk::{KeyId, VerifyingKey};
use crate::keys::signature::SignatureVerifier;
use crate::time::UnixTime;

/// A well-formed token of whom nothing is proven.
pub struct UnverifiedToken<'c> {
    jws: &'c CompactJws<'c>,
    header: Header<'c>,
    claims: Object<'c>,
}

impl<'c> UnverifiedToken<'c> {
    /// Reads header and claims.
    ///
    /// # Errors
    ///
    /// `Malformed` or `CriticalHeader`.
    pub fn read(jws: &'c CompactJws<'c>) -> Result<Self, TokenError> {
        let header = Header::read(jws)?;
        let claims = parse_object(&jws.payload).ok_or(TokenError::Malformed)?;
        Ok(Self { jws, header, claims })
    }

    /// The issuer that the token names, which is good for nothing but finding its provider.
    pub fn issuer(&self) -> Option<&str> {
        self.claims.text("iss")
    }

    /// The tenant that the token names, which must be the one in a templated issuer.
    pub fn tenant(&self) -> Option<&str> {
        self.claims.text("tid")
    }

    /// The key that the token names.
    pub fn key_id(&self) -> Option<Cow<'c, str>> {
        self.header.key_id.clone()
    }

    /// Proves the token, keeping of it what the rules ask for (`kept`).
    ///
    /// Claims are checked first because that is cheap, and can only refuse; nothing is believed before the signature.
    ///
    /// # Errors
    ///
    /// Why the token does not count, or which keys it would take to tell.
    pub fn verify(
        self,
        index: ProviderIndex,
        provider: &Provider,
        keys: &CurrentKeys,
        kept: &[ClaimPath],
        verifier: &dyn SignatureVerifier,
        now: UnixTime,
    ) -> Result<VerifiedToken, VerifyError> {
        let allowed = |algorithm: &Algorithm| provider.algorithms.contains(*algorithm);
        let algorithm = self.header.algorithm.filter(allowed).ok_or(TokenError::AlgorithmNotAllowed)?;
        let validity = provider.check(self.header.typ.as_deref(), &self.claims, now)?;
        let has_signed = |key: &VerifyingKey| verifier.verify(key, algorithm, self.jws.signed, &self.jws.signature);
        let signer =
            keys.signer(self.header.key_id.as_deref(), algorithm, now, has_signed).map_err(|none| match none {
                KeyLookupError::Mismatch => TokenError::SignatureInvalid.into(),
                KeyLookupError::Unfit => TokenError::KeyUnknown.into(),
                KeyLookupError::Unknown => VerifyError::KeyUnknown(self.header.key_id.as_deref().map(KeyId::new)),
                KeyLookupError::Unavailable => VerifyError::KeysUnavailable,
            })?;
        Ok(VerifiedToken::new(index, provider, kept, validity, signer, &self.claims, self.jws.encoded_payload)?)
    }
}

impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedToken({:?})", self.jws)
    }
}
