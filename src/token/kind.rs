//! Tells access tokens from ID tokens.

use super::error::TokenError;
use crate::json::{Json, Object};

/// The kind of token that a provider accepts, by how it is recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Access and ID tokens.
    Any,
    /// A claim has this value: `token_use` of Cognito, `typ` of Keycloak.
    Claim {
        /// The name of the claim.
        name: &'static str,
        /// Its value.
        value: &'static str,
    },
    /// An access token by RFC 9068: `typ` is `at+jwt`, and the claims of §2.2 are present.
    Rfc9068,
    /// An access token: has one of these claims, which ID tokens never have.
    AccessByClaim(&'static [&'static str]),
    /// An ID token: has none of these claims, which only access tokens have.
    IdByAbsence(&'static [&'static str]),
    /// Any token that is not recognizably an ID token.
    NotId,
    /// Any token that is not recognizably an access token.
    NotAccess,
}

/// Claims that only ID tokens have (OpenID Connect Core §2, §3.3.2.11).
const ID_ONLY: [&str; 4] = ["nonce", "at_hash", "c_hash", "s_hash"];
/// Claims that RFC 9068 §2.2 requires.
const RFC9068_CLAIMS: [&str; 7] = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];

impl TokenKind {
    /// Checks that a token is of this kind.
    ///
    /// # Errors
    ///
    /// `TypeMismatch` or `UseMismatch`.
    pub(crate) fn check(self, typ: Option<&str>, claims: &Object<'_>) -> Result<(), TokenError> {
        let typ = TypHeader::read(typ);
        // Security event tokens, such as logout tokens, may have no `typ` of their own (RFC 8417 §2.2).
        if typ == TypHeader::Other || claims.get("events").is_some_and(|events| matches!(events, Json::Object(_))) {
            return Err(TokenError::TypeMismatch);
        }
        let has = |name: &&str| claims.get(name).is_some();
        let token_use = claims.text("token_use");
        let matches = match self {
            Self::Any => true,
            Self::Claim { name, value } => claims.text(name) == Some(value),
            Self::Rfc9068 if typ != TypHeader::AccessToken { vendor_specific: false } => {
                return Err(TokenError::TypeMismatch);
            }
            Self::Rfc9068 => RFC9068_CLAIMS.iter().all(has),
            Self::AccessByClaim(names) => names.iter().any(has),
            Self::IdByAbsence(names) => !typ.is_access_token() && !names.iter().any(has),
            Self::NotId => {
                typ.is_access_token() || (token_use.is_none_or(|kind| kind == "access") && !ID_ONLY.iter().any(has))
            }
            Self::NotAccess => !typ.is_access_token() && token_use.is_none_or(|kind| kind == "id"),
        };
        matches.then_some(()).ok_or(TokenError::UseMismatch)
    }
}

/// What the header parameter `typ` says about a token (RFC 7515 §4.1.9, RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TypHeader {
    /// Nothing: `typ` is missing, or `JWT`, or has no `+` suffix.
    Unspecified,
    /// An access token, by RFC 9068 or with a vendor's prefix (`okta-internal-at+jwt`).
    AccessToken { vendor_specific: bool },
    /// Another kind of JWT: a DPoP proof, a logout token, a security event, a transaction token.
    Other,
}

/// Kinds of JWT that are no access tokens, and whose `typ` has no `+jwt`: transaction tokens
/// (draft-ietf-oauth-transaction-tokens) and PASSporTs (RFC 8225).
const OTHER_TYPES: [&str; 3] = ["txn_token", "txntoken", "passport"];

impl TypHeader {
    fn read(typ: Option<&str>) -> Self {
        let Some(typ) = typ else { return Self::Unspecified };
        let bare = match typ.split_once('/') {
            Some((kind, bare)) if kind.eq_ignore_ascii_case("application") => bare,
            _ => typ,
        };
        match bare.split_once('+') {
            None if OTHER_TYPES.iter().any(|other| bare.eq_ignore_ascii_case(other)) => Self::Other,
            None => Self::Unspecified,
            Some((kind, suffix)) if suffix.eq_ignore_ascii_case("jwt") => match kind.rsplit_once('-') {
                None if kind.eq_ignore_ascii_case("at") => Self::AccessToken { vendor_specific: false },
                Some((_, end)) if end.eq_ignore_ascii_case("at") => Self::AccessToken { vendor_specific: true },
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
    use crate::json::parse_object;

    #[test]
    fn typ_is_case_insensitive_and_may_begin_with_application() {
        let access = |vendor_specific| TypHeader::AccessToken { vendor_specific };
        for (typ, expected) in [
            (None, TypHeader::Unspecified),
            (Some(""), TypHeader::Unspecified),
            (Some("JWT"), TypHeader::Unspecified),
            (Some("application/jwt"), TypHeader::Unspecified),
            (Some("JOSE"), TypHeader::Unspecified),
            (Some("txn_token"), TypHeader::Other),
            (Some("application/TXN_TOKEN"), TypHeader::Other),
            (Some("txntoken"), TypHeader::Other),
            (Some("txntoken+jwt"), TypHeader::Other),
            (Some("passport"), TypHeader::Other),
            (Some("txn_tokens"), TypHeader::Unspecified),
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

    #[test]
    fn a_security_event_is_of_no_kind() {
        for (claims, expected) in [
            (r#"{"events":{}}"#, Err(TokenError::TypeMismatch)),
            (r#"{"events":{"https://example.com/e":{}}}"#, Err(TokenError::TypeMismatch)),
            (r#"{"events":7}"#, Ok(())),
            (r#"{"events":["e"]}"#, Ok(())),
        ] {
            assert_eq!(TokenKind::Any.check(None, &parse_object(claims.as_bytes()).unwrap()), expected, "{claims}");
        }
    }
}
