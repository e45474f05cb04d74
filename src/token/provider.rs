//! A compiled provider: an issuer, and the conditions that its tokens must meet.

use std::time::Duration;

use super::claims::ClaimPath;
use super::error::TokenError;
use super::kind::TokenKind;
use super::logged_claim::LoggedClaim;
use super::name_list::NameClaim;
use super::output::Output;
use super::source::SourceSet;
use crate::indexed::{Index, Indexed};
use crate::json::{Json, Object};
use crate::keys::algorithm::AlgorithmSet;
use crate::time::{UnixTime, Validity};

/// One of the providers of a configuration.
pub type ProviderIndex = Index<Provider>;
/// One `T` for each provider of a configuration.
pub type ByProvider<T> = Indexed<Provider, T>;

/// An issuer, and the conditions that its tokens must meet.
#[derive(Debug)]
pub struct Provider {
    /// Its name in the configuration.
    pub name: Box<str>,
    /// The claim with the tenant, if the issuer is a template for several tenants.
    pub tenant_claim: Option<ClaimPath>,
    /// The accepted audiences.
    pub audiences: Audiences,
    /// The clients that tokens may be issued to; all if `None`.
    pub clients: Option<Box<[Box<str>]>>,
    /// Claims that name the client; the first one present is used.
    pub client_claims: Box<[ClaimPath]>,
    /// Algorithms that tokens may be signed with.
    pub algorithms: AlgorithmSet,
    /// The accepted kind of token.
    pub kind: TokenKind,
    /// The tolerance for `exp`, `nbf` and `iat`.
    pub clock_skew: Duration,
    /// Whether `exp` is required.
    pub require_expiration: bool,
    /// The maximum of `exp - iat`.
    pub max_lifetime: Option<Duration>,
    /// Claims that hold scopes.
    pub scope_claims: Box<[NameClaim]>,
    /// Claims that hold groups.
    pub group_claims: Box<[NameClaim]>,
    /// The size of the largest accepted token.
    pub max_token_bytes: usize,
    /// The identity sources of its tokens.
    pub sources: SourceSet,
    /// The claims that become identity headers.
    pub outputs: Box<[Output]>,
    /// The claims that access logs may show.
    pub logged_claims: Box<[LoggedClaim]>,
    /// Whether the payload becomes an identity header.
    pub forwards_payload: bool,
    /// How long a verified token is cached; zero turns the cache off.
    pub cache_ttl: Duration,
}

/// The accepted audiences.
#[derive(Debug)]
pub enum Audiences {
    /// Any audience, or none; the configuration says so explicitly.
    Any,
    /// One of these. The list is never empty.
    OneOf(Box<[Box<str>]>),
}

/// What was found when the claims of a token were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CheckedClaims {
    /// When the token is valid.
    pub(super) validity: Validity,
    /// The first of the provider's audiences that the token has; only if there are several.
    pub(super) audience: Option<usize>,
    /// Which of the provider's clients it was issued to; only if there are several.
    pub(super) client: Option<usize>,
}

impl Audiences {
    /// The accepted audiences; none if any is accepted.
    pub fn names(&self) -> &[Box<str>] {
        match self {
            Self::Any => &[],
            Self::OneOf(names) => names,
        }
    }
}

impl Provider {
    /// Checks everything that needs no key, the cheapest first.
    ///
    /// # Errors
    ///
    /// Why the token is not valid.
    pub(super) fn check(
        &self,
        typ: Option<&str>,
        claims: &Object<'_>,
        now: UnixTime,
    ) -> Result<CheckedClaims, TokenError> {
        let validity = self.validity(claims, now)?;
        // Before audience and client: an ID token has another audience too, but what the client did wrong is the kind.
        self.kind.check(typ, claims)?;
        let audience = self.check_audience(claims)?;
        let client = self.check_client(claims)?;
        if claims.get("cnf").is_some() {
            return Err(TokenError::Bound);
        }
        Ok(CheckedClaims { validity, audience, client })
    }

    /// The client that a token was issued to.
    pub(super) fn client<'c>(&self, claims: &'c Object<'_>) -> Option<&'c str> {
        self.client_claim(claims).and_then(Json::as_text)
    }

    /// The claim that names the client, of any type.
    pub(super) fn client_claim<'c, 't>(&self, claims: &'c Object<'t>) -> Option<&'c Json<'t>> {
        self.client_claims.iter().find_map(|claim| claim.find(claims))
    }

    fn validity(&self, claims: &Object<'_>, now: UnixTime) -> Result<Validity, TokenError> {
        let expires = numeric_date(claims, "exp")?;
        let not_before = numeric_date(claims, "nbf")?;
        let issued = numeric_date(claims, "iat")?;
        let [not_before, issued_before] = [not_before, issued].map(|time| Some(time?.minus(self.clock_skew)));
        // With `iat`, because the clock may be set back while the token is cached.
        let validity =
            Validity { from: not_before.max(issued_before), until: expires.map(|time| time.plus(self.clock_skew)) };
        if validity.until.is_none() && self.require_expiration {
            return Err(TokenError::ExpirationMissing);
        }
        if validity.until.is_some_and(|until| until <= now) {
            return Err(TokenError::Expired);
        }
        if not_before.is_some_and(|from| now < from) {
            return Err(TokenError::NotYetValid);
        }
        if issued_before.is_some_and(|from| now < from) {
            return Err(TokenError::IssuedInFuture);
        }
        match (self.max_lifetime, expires, issued) {
            (Some(max), Some(expires), Some(issued)) if expires.since(issued) <= max => Ok(validity),
            (Some(_), ..) => Err(TokenError::LifetimeTooLong),
            (None, ..) => Ok(validity),
        }
    }

    /// As API Gateway does: `aud` if the token has it, else `client_id`.
    fn check_audience(&self, claims: &Object<'_>) -> Result<Option<usize>, TokenError> {
        let Audiences::OneOf(audiences) = &self.audiences else { return Ok(None) };
        let accepted = |value: &Json<'_>| position(audiences, value.as_text()?);
        let found = match claims.get("aud") {
            Some(Json::List(names)) if names.iter().any(|name| name.as_text().is_none()) => None,
            Some(Json::List(names)) => names.iter().filter_map(accepted).min(),
            None => claims.get("client_id").and_then(accepted),
            Some(name) => accepted(name),
        };
        let index = found.ok_or(TokenError::AudienceMismatch)?;
        Ok((audiences.len() > 1).then_some(index))
    }

    fn check_client(&self, claims: &Object<'_>) -> Result<Option<usize>, TokenError> {
        let Some(clients) = &self.clients else { return Ok(None) };
        let index =
            self.client(claims).and_then(|client| position(clients, client)).ok_or(TokenError::ClientMismatch)?;
        Ok((clients.len() > 1).then_some(index))
    }
}

fn position(listed: &[Box<str>], name: &str) -> Option<usize> {
    listed.iter().position(|known| **known == *name)
}

/// A NumericDate (RFC 7519 §2), if present. A value of another type is an error, never treated as absent (see
/// CVE-2026-25537).
fn numeric_date(claims: &Object<'_>, name: &str) -> Result<Option<UnixTime>, TokenError> {
    claims.get(name).map(|value| UnixTime::from_numeric_date(value).ok_or(TokenError::Malformed)).transpose()
}
