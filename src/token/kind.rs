//! How access tokens and ID tokens are told apart.

use super::error::TokenError;
use crate::json::{Json, Object};

/// How one kind of token is told from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
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

impl TokenKind {
    /// Refuses a token of another kind.
    ///
    /// # Errors
    ///
    /// `TypeMismatch` or `UseMismatch`.
    pub(super) fn check(self, typ: Option<&str>, claims: &Object<'_>) -> Result<(), TokenError> {
        let typ = TypHeader::read(typ);
        // A security event, logout tokens among them, may come without a `typ` that says so (RFC 8417 §2.2).
        if typ == TypHeader::Other || claims.get("events").is_some_and(|events| matches!(events, Json::Object(_))) {
            return Err(TokenError::TypeMismatch);
        }
        let has = |name: &&str| claims.get(name).is_some_and(|value| *value != Json::Null);
        let token_use = claims.text("token_use");
        let as_wanted = match self {
            Self::Any => true,
            Self::Claim { name, value } => claims.text(name) == Some(value),
            Self::Rfc9068 if typ != TypHeader::AccessToken { vendors: false } => return Err(TokenError::TypeMismatch),
            Self::Rfc9068 => RFC9068_CLAIMS.iter().all(has),
            Self::AccessByClaim(names) => names.iter().any(has),
            Self::IdByAbsence(names) => !typ.is_access_token() && !names.iter().any(has),
            Self::NotId => {
                typ.is_access_token() || (token_use.is_none_or(|kind| kind == "access") && !ID_ONLY.iter().any(has))
            }
            Self::NotAccess => !typ.is_access_token() && token_use.is_none_or(|kind| kind == "id"),
        };
        as_wanted.then_some(()).ok_or(TokenError::UseMismatch)
    }
}

/// What the header's `typ` says a token is for (RFC 7515 §4.1.9, RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TypHeader {
    /// Nothing beyond its being a JWT.
    Unsaid,
    /// An access token: by RFC 9068, or by a vendor's own name for the same.
    AccessToken { vendors: bool },
    /// Something else: a DPoP proof, a logout token, a security event.
    Other,
}

impl TypHeader {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typ_is_read_in_any_case_and_with_or_without_its_tree() {
        let access = |vendors| TypHeader::AccessToken { vendors };
        for (typ, expected) in [
            (None, TypHeader::Unsaid),
            (Some(""), TypHeader::Unsaid),
            (Some("JWT"), TypHeader::Unsaid),
            (Some("application/jwt"), TypHeader::Unsaid),
            (Some("at+jwt"), access(false)),
            (Some("AT+JWT"), access(false)),
            (Some("APPLICATION/At+Jwt"), access(false)),
            (Some("okta-internal-at+jwt"), access(true)),
            (Some("x-AT+JWT"), access(true)),
            (Some("-at+jwt"), access(true)),
            (Some("xat+jwt"), TypHeader::Other),
            (Some("at-x+jwt"), TypHeader::Other),
            (Some("a/at+jwt"), TypHeader::Other),
            (Some("application/a/at+jwt"), TypHeader::Other),
            (Some("at+jwt+x"), TypHeader::Other),
            (Some("at+xjwt"), TypHeader::Other),
            (Some("+jwt"), TypHeader::Other),
            (Some("at+"), TypHeader::Other),
        ] {
            assert_eq!(TypHeader::read(typ), expected, "{typ:?}");
        }
    }
}
