//! One provider, compiled: what its tokens must say, and what of them the upstream is told.

use std::time::Duration;

use super::algorithm::AlgorithmSet;
use super::claims::ClaimPath;
use super::credential::SourceSet;
use super::error::TokenError;
use super::output::{HeaderName, Output};
use super::time::{UnixTime, Validity};
use crate::json::{Json, Object};

/// Which provider, among those of one configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProviderIndex(pub usize);

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
    pub kind: Kind,
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
    /// Whether the upstream gets the token.
    pub forward_token: bool,
    /// Identity headers.
    pub outputs: Box<[Output]>,
    /// The header for the whole payload.
    pub payload_header: Option<HeaderName>,
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

/// How one kind of token is told from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Access and ID tokens alike.
    Any,
    /// The payload says so: `token_use` of Cognito, `typ` of Keycloak.
    Claim {
        /// The claim.
        name: &'static str,
        /// What it must be.
        value: &'static str,
    },
    /// The header's `typ` is `at+jwt`, and the claims of RFC 9068 §2.2 are there.
    Rfc9068,
    /// One of these claims is in access tokens and never in ID tokens.
    AccessByClaim(&'static [&'static str]),
    /// None of these claims is in ID tokens.
    IdByAbsence(&'static [&'static str]),
    /// Nothing in it says that it is an ID token.
    NotId,
    /// Nothing in it says that it is an access token.
    NotAccess,
}

/// Claims that only ID tokens have (OpenID Connect Core §2, §3.3.2.11).
const ID_ONLY: [&str; 4] = ["nonce", "at_hash", "c_hash", "s_hash"];
/// Claims that RFC 9068 §2.2 demands.
const RFC9068_CLAIMS: [&str; 7] = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];

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
        self.check_kind(typ, claims)?;
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

    fn check_kind(&self, typ: Option<&str>, claims: &Object<'_>) -> Result<(), TokenError> {
        let typ = Typ::read(typ);
        // A security event, logout tokens among them, may come without a `typ` that says so (RFC 8417 §2.2).
        if typ == Typ::Other || claims.get("events").is_some_and(|events| matches!(events, Json::Object(_))) {
            return Err(TokenError::TypeMismatch);
        }
        let has = |name: &&str| claims.get(name).is_some_and(|value| *value != Json::Null);
        let token_use = claims.text("token_use");
        let as_wanted = match self.kind {
            Kind::Any => true,
            Kind::Claim { name, value } => claims.text(name) == Some(value),
            Kind::Rfc9068 if typ != Typ::AccessToken { vendors: false } => return Err(TokenError::TypeMismatch),
            Kind::Rfc9068 => RFC9068_CLAIMS.iter().all(has),
            Kind::AccessByClaim(names) => names.iter().any(has),
            Kind::IdByAbsence(names) => !typ.is_access_token() && !names.iter().any(has),
            Kind::NotId => {
                typ.is_access_token() || (token_use.is_none_or(|kind| kind == "access") && !ID_ONLY.iter().any(has))
            }
            Kind::NotAccess => !typ.is_access_token() && token_use.is_none_or(|kind| kind == "id"),
        };
        as_wanted.then_some(()).ok_or(TokenError::UseMismatch)
    }
}

/// What the header's `typ` says a token is for (RFC 7515 §4.1.9, RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typ {
    /// Nothing beyond its being a JWT.
    Unsaid,
    /// An access token: by RFC 9068, or by a vendor's own name for the same.
    AccessToken { vendors: bool },
    /// Something else: a DPoP proof, a logout token, a security event.
    Other,
}

impl Typ {
    fn read(typ: Option<&str>) -> Self {
        let Some(typ) = typ else { return Self::Unsaid };
        let bare = match typ.split_once('/') {
            Some((kind, bare)) if kind.eq_ignore_ascii_case("application") => bare,
            _ => typ,
        };
        match bare.split_once('+') {
            None => Self::Unsaid,
            Some((kind, suffix)) if suffix.eq_ignore_ascii_case("jwt") => match kind.rsplit_once('-') {
                None if kind.eq_ignore_ascii_case("at") => Self::AccessToken { vendors: false },
                Some((_, end)) if end.eq_ignore_ascii_case("at") => Self::AccessToken { vendors: true },
                _ => Self::Other,
            },
            Some(_) => Self::Other,
        }
    }

    fn is_access_token(self) -> bool {
        matches!(self, Self::AccessToken { .. })
    }
}

/// Absent, a number, or a refusal: a wrong type never counts as absent (CVE-2026-25537 is what happens if it does).
fn date(claims: &Object<'_>, name: &str) -> Result<Option<UnixTime>, TokenError> {
    claims.get(name).map(|value| UnixTime::from_numeric_date(value).ok_or(TokenError::Malformed)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typ_is_read_in_any_case_and_with_or_without_its_tree() {
        let access = |vendors| Typ::AccessToken { vendors };
        for (typ, expected) in [
            (None, Typ::Unsaid),
            (Some(""), Typ::Unsaid),
            (Some("JWT"), Typ::Unsaid),
            (Some("application/jwt"), Typ::Unsaid),
            (Some("at+jwt"), access(false)),
            (Some("AT+JWT"), access(false)),
            (Some("APPLICATION/At+Jwt"), access(false)),
            (Some("okta-internal-at+jwt"), access(true)),
            (Some("x-AT+JWT"), access(true)),
            (Some("-at+jwt"), access(true)),
            (Some("xat+jwt"), Typ::Other),
            (Some("at-x+jwt"), Typ::Other),
            (Some("a/at+jwt"), Typ::Other),
            (Some("application/a/at+jwt"), Typ::Other),
            (Some("at+jwt+x"), Typ::Other),
            (Some("at+xjwt"), Typ::Other),
            (Some("+jwt"), Typ::Other),
            (Some("at+"), Typ::Other),
        ] {
            assert_eq!(Typ::read(typ), expected, "{typ:?}");
        }
    }
}
