//! One provider, compiled: an issuer and what its tokens must say.

use std::time::Duration;

use super::claims::ClaimPath;
use super::credential::SourceSet;
use super::error::TokenError;
use super::kind::TokenKind;
use super::output::Output;
use crate::indexed::{Index, Indexed};
use crate::json::{Json, Object};
use crate::keys::algorithm::AlgorithmSet;
use crate::time::{UnixTime, Validity};

/// One of the providers of a configuration.
pub type ProviderIndex = Index<Provider>;
/// One `T` for each provider of a configuration.
pub type ByProvider<T> = Indexed<Provider, T>;

/// An issuer and what is asked of its tokens.
#[derive(Debug)]
pub struct Provider {
    /// Its name in the configuration.
    pub name: Box<str>,
    /// Whom tokens must be for.
    pub audiences: Audiences,
    /// The clients that tokens may have been issued to; all if not given.
    pub clients: Option<Box<[Box<str>]>>,
    /// Claims that name the client, the first that is there counts.
    pub client_claims: Box<[ClaimPath]>,
    /// Algorithms that tokens may be signed with.
    pub algorithms: AlgorithmSet,
    /// The kind of token.
    pub kind: TokenKind,
    /// Tolerance for times.
    pub clock_skew: Duration,
    /// Whether a token must end.
    pub require_expiration: bool,
    /// The longest `exp - iat`.
    pub max_lifetime: Option<Duration>,
    /// Claims with scopes.
    pub scope_claims: Box<[ClaimPath]>,
    /// Claims with groups.
    pub group_claims: Box<[ClaimPath]>,
    /// Where tokens may be.
    pub sources: SourceSet,
    /// Claims whose values become identity headers.
    pub outputs: Box<[Output]>,
    /// Whether the payload becomes an identity header.
    pub forwards_payload: bool,
    /// How long a verified token is remembered; zero: not at all.
    pub cache_ttl: Duration,
}

/// Whom a token must be for.
#[derive(Debug)]
pub enum Audiences {
    /// Anybody; somebody wrote so in words.
    Any,
    /// One of these, of which there is at least one.
    OneOf(Box<[Box<str>]>),
}

impl Provider {
    /// Everything that the claims alone can tell, cheapest first.
    ///
    /// # Errors
    ///
    /// What is wrong with the token.
    pub(super) fn check(&self, typ: Option<&str>, claims: &Object<'_>, now: UnixTime) -> Result<Validity, TokenError> {
        let validity = self.validity(claims, now)?;
        self.check_audience(claims)?;
        self.check_client(claims)?;
        self.kind.check(typ, claims)?;
        match claims.get("cnf") {
            None | Some(Json::Null) => Ok(validity),
            Some(_) => Err(TokenError::Bound),
        }
    }

    /// The client that the token was issued to.
    pub(super) fn client<'c>(&self, claims: &'c Object<'_>) -> Option<&'c str> {
        self.client_claims.iter().find_map(|claim| claim.find(claims)).and_then(Json::as_text)
    }

    fn validity(&self, claims: &Object<'_>, now: UnixTime) -> Result<Validity, TokenError> {
        let expires = date(claims, "exp")?;
        let not_before = date(claims, "nbf")?;
        let issued = date(claims, "iat")?;
        let validity = Validity {
            from: not_before.map(|time| time.minus(self.clock_skew)),
            until: expires.map(|time| time.plus(self.clock_skew)),
        };
        if validity.until.is_none() && self.require_expiration {
            return Err(TokenError::ExpirationMissing);
        }
        if validity.until.is_some_and(|until| until <= now) {
            return Err(TokenError::Expired);
        }
        if validity.from.is_some_and(|from| now < from) {
            return Err(TokenError::NotYetValid);
        }
        if issued.is_some_and(|time| now < time.minus(self.clock_skew)) {
            return Err(TokenError::IssuedInFuture);
        }
        match (self.max_lifetime, expires, issued) {
            (Some(longest), Some(expires), Some(issued)) if expires.since(issued) <= longest => Ok(validity),
            (Some(_), ..) => Err(TokenError::LifetimeTooLong),
            (None, ..) => Ok(validity),
        }
    }

    /// API Gateway's order: `aud` if the token has it, else `client_id`.
    fn check_audience(&self, claims: &Object<'_>) -> Result<(), TokenError> {
        let Audiences::OneOf(ours) = &self.audiences else { return Ok(()) };
        let known = |value: &Json<'_>| value.as_text().is_some_and(|name| ours.iter().any(|our| **our == *name));
        let meant_for_us = match claims.get("aud") {
            Some(Json::List(names)) => names.iter().all(|name| name.as_text().is_some()) && names.iter().any(known),
            Some(Json::Null) | None => claims.get("client_id").is_some_and(known),
            Some(name) => known(name),
        };
        meant_for_us.then_some(()).ok_or(TokenError::AudienceMismatch)
    }

    fn check_client(&self, claims: &Object<'_>) -> Result<(), TokenError> {
        let Some(ours) = &self.clients else { return Ok(()) };
        let known = self.client(claims).is_some_and(|client| ours.iter().any(|our| **our == *client));
        known.then_some(()).ok_or(TokenError::ClientMismatch)
    }
}

/// Absent, a number, or a refusal: a wrong type never counts as absent (CVE-2026-25537 is what happens if it does).
fn date(claims: &Object<'_>, name: &str) -> Result<Option<UnixTime>, TokenError> {
    claims.get(name).map(|value| UnixTime::from_numeric_date(value).ok_or(TokenError::Malformed)).transpose()
}
