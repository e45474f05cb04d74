//! A token that was parsed, but not verified yet.

use std::fmt;

use super::claims::ClaimPath;
use super::error::{TokenError, VerifyError};
use super::jws::{CompactJws, Header};
use super::kept::Kept;
use super::provider::{Provider, ProviderIndex};
use super::refused_claim::RefusedClaim;
use super::verified::VerifiedToken;
use crate::json::{Json, Object, parse_object};
use crate::keys::algorithm::Algorithm;
use crate::keys::current::{CurrentKeys, KeyLookupError};
use crate::keys::jwk::VerifyingKey;
use crate::keys::key_hint::KeyHint;
use crate::keys::signature::SignatureVerifier;
use crate::time::UnixTime;

/// A well-formed token whose signature and claims are not verified.
pub struct UnverifiedToken<'c> {
    jws: &'c CompactJws<'c>,
    header: Header<'c>,
    claims: Object<'c>,
}

impl<'c> UnverifiedToken<'c> {
    /// Parses header and claims.
    ///
    /// # Errors
    ///
    /// `Malformed` or `CriticalHeader`.
    pub fn read(jws: &'c CompactJws<'c>) -> Result<Self, TokenError> {
        let header = Header::read(jws)?;
        // A claim that is null is absent, whichever it is: some libraries write null for what they don't have.
        let claims = parse_object(&jws.payload).ok_or(TokenError::Malformed)?.without_nulls();
        Ok(Self { jws, header, claims })
    }

    /// `iss`. Not verified: only use it to find the provider.
    pub fn issuer(&self) -> Option<&Json<'c>> {
        self.claims.get("iss")
    }

    /// `sub`. Not verified: only use it to find the provider of a token without `iss`.
    pub fn subject(&self) -> Option<&str> {
        self.claims.text("sub")
    }

    /// A claim that is text. Not verified: only compare it with the tenant in `iss`.
    pub fn text(&self, claim: &ClaimPath) -> Option<&str> {
        claim.find(&self.claims).and_then(Json::as_text)
    }

    /// `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.header.key_id.as_deref()
    }

    /// The claim that the error is about, if it is about one that names the issuer, the audience or the client.
    pub fn refused_claim(&self, error: TokenError, provider: Option<&Provider>) -> Option<RefusedClaim> {
        let claim = |name: &'static str| RefusedClaim::new(name, self.claims.get(name));
        match error {
            TokenError::IssuerUnknown => Some(claim("iss")),
            // Without `aud`, `client_id` is compared with the audiences.
            TokenError::AudienceMismatch
                if self.claims.get("aud").is_none() && self.claims.get("client_id").is_some() =>
            {
                Some(claim("client_id"))
            }
            TokenError::AudienceMismatch => Some(claim("aud")),
            TokenError::ClientMismatch => Some(RefusedClaim::new("client", provider?.client_claim(&self.claims))),
            _ => None,
        }
    }

    /// Verifies the token, and keeps of its claims what is in `kept`.
    ///
    /// Claims are checked before the signature because that is cheaper. Until the signature is verified they can only
    /// lead to a refusal.
    ///
    /// # Errors
    ///
    /// Why the token is not valid, or which keys are missing.
    pub fn verify(
        &self,
        index: ProviderIndex,
        provider: &Provider,
        keys: &CurrentKeys,
        kept: &Kept,
        verifier: &dyn SignatureVerifier,
        now: UnixTime,
    ) -> Result<VerifiedToken, VerifyError> {
        let allowed = |algorithm: &Algorithm| provider.algorithms.contains(*algorithm);
        let algorithm = self.header.algorithm.filter(allowed).ok_or(TokenError::AlgorithmNotAllowed)?;
        let checked = provider.check(self.header.typ.as_deref(), &self.claims, now)?;
        let verifies = |key: &VerifyingKey| verifier.verify(key, algorithm, self.jws.signed, &self.jws.signature);
        let hint = KeyHint {
            algorithm,
            id: self.header.key_id.as_deref(),
            thumbprints: self.header.thumbprints.each_ref().map(Option::as_deref),
            signature_bytes: self.jws.signature.len(),
        };
        let signer = keys.signer(&hint, now, verifies).map_err(|error| match error {
            KeyLookupError::SignatureInvalid => VerifyError::SignatureInvalid,
            KeyLookupError::KeyAmbiguous => TokenError::KeyAmbiguous.into(),
            KeyLookupError::KeyUnknown => VerifyError::KeyUnknown,
            KeyLookupError::KeysUnavailable => VerifyError::KeysUnavailable,
        })?;
        Ok(VerifiedToken::new(index, provider, kept, checked, signer, &self.claims, self.jws.encoded_payload)?)
    }
}

impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedToken({:?})", self.jws)
    }
}
