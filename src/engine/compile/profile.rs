//! The presets of each profile: how to tell access tokens from ID tokens, and which claims have client, scopes and
//! groups.

use crate::config::{Profile, TokenUse};
use crate::token::kind::TokenKind;

/// Paths of claims.
type Paths = &'static [&'static [&'static str]];

/// The presets of one profile.
pub(super) struct Preset {
    /// The accepted kind of token, unless the configuration sets it.
    pub(super) token_use: TokenUse,
    access: TokenKind,
    id: TokenKind,
    /// Claims with the client. The first that the token has is used.
    pub(super) clients: Paths,
    /// Claims with scopes.
    pub(super) scopes: Paths,
    /// Claims with groups.
    pub(super) groups: Paths,
    /// Whether groups are also in `resource_access.AUDIENCE.roles`.
    pub(super) roles_by_audience: bool,
    /// Whether the members of a text in brackets are form-encoded where there are several.
    pub(super) form_encodes_lists: bool,
}

const GENERIC: Preset = Preset {
    token_use: TokenUse::Any,
    access: TokenKind::NotId,
    id: TokenKind::NotAccess,
    clients: &[&["client_id"], &["azp"], &["cid"]],
    scopes: &[&["scope"], &["scp"]],
    groups: &[&["groups"], &["roles"]],
    roles_by_audience: false,
    form_encodes_lists: false,
};

impl Preset {
    pub(super) fn of(profile: Profile) -> Self {
        match profile {
            Profile::Generic => GENERIC,
            Profile::Cognito => Self {
                token_use: TokenUse::Access,
                access: TokenKind::Claim { name: "token_use", value: "access" },
                id: TokenKind::Claim { name: "token_use", value: "id" },
                // An ID token has its client in `aud`.
                clients: &[&["client_id"], &["aud"]],
                groups: &[&["cognito:groups"]],
                // Attributes that are mapped from another identity provider.
                form_encodes_lists: true,
                ..GENERIC
            },
            Profile::Rfc9068 => Self {
                token_use: TokenUse::Access,
                access: TokenKind::Rfc9068,
                clients: &[&["client_id"]],
                groups: &[&["groups"], &["roles"], &["entitlements"]],
                ..GENERIC
            },
            // An access token has its client in `appid` (version 1) or `azp` (version 2). An ID token has neither.
            Profile::Entra => Self {
                token_use: TokenUse::Access,
                access: TokenKind::AccessByClaim(&["azp", "appid"]),
                id: TokenKind::IdByAbsence(&["azp", "appid"]),
                clients: &[&["azp"], &["appid"]],
                groups: &[&["roles"], &["groups"]],
                ..GENERIC
            },
            Profile::Okta => Self {
                token_use: TokenUse::Access,
                access: TokenKind::AccessByClaim(&["cid"]),
                id: TokenKind::IdByAbsence(&["cid"]),
                clients: &[&["cid"]],
                groups: &[&["groups"]],
                ..GENERIC
            },
            // An access token has `azp`, or `client_id` with the RFC 9068 profile. An ID token has neither.
            Profile::Auth0 => Self {
                token_use: TokenUse::Access,
                access: TokenKind::AccessByClaim(&["azp", "client_id"]),
                id: TokenKind::IdByAbsence(&["azp", "client_id"]),
                clients: &[&["azp"], &["client_id"]],
                scopes: &[&["scope"], &["permissions"]],
                groups: &[&["roles"], &["groups"]],
                ..GENERIC
            },
            Profile::Keycloak => Self {
                token_use: TokenUse::Access,
                access: TokenKind::Claim { name: "typ", value: "Bearer" },
                id: TokenKind::Claim { name: "typ", value: "ID" },
                clients: &[&["azp"], &["client_id"]],
                groups: &[&["groups"], &["realm_access", "roles"]],
                roles_by_audience: true,
                ..GENERIC
            },
            // Google's access tokens are opaque.
            Profile::Google => {
                Self { token_use: TokenUse::Id, clients: &[&["azp"], &["aud"]], groups: &[&["groups"]], ..GENERIC }
            }
        }
    }

    pub(super) fn kind(&self, token_use: TokenUse) -> TokenKind {
        match token_use {
            TokenUse::Access => self.access,
            TokenUse::Id => self.id,
            TokenUse::Any => TokenKind::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;
    use crate::token::error::TokenError;

    const OK: Result<(), TokenError> = Ok(());
    const USE: Result<(), TokenError> = Err(TokenError::UseMismatch);
    const TYPE: Result<(), TokenError> = Err(TokenError::TypeMismatch);

    /// What each profile says of the tokens of its vendor, where an access token is required and where an ID token is.
    #[test]
    fn each_profile_tells_access_tokens_from_id_tokens() {
        use Profile::*;
        let rfc9068 = r#"{"iss":"i","exp":1,"aud":"a","sub":"s","client_id":"c","iat":1,"jti":"j"}"#;
        for (profile, token, typ, claims, as_access, as_id) in [
            (Generic, "an access token", None, r#"{"aud":"a"}"#, OK, OK),
            (Generic, "an access token by its typ", Some("at+jwt"), r#"{"nonce":"n"}"#, OK, USE),
            (Generic, "an access token by token_use", None, r#"{"token_use":"access"}"#, OK, USE),
            (Generic, "an ID token with a nonce", None, r#"{"nonce":"n"}"#, USE, OK),
            (Generic, "an ID token with at_hash", None, r#"{"at_hash":"h"}"#, USE, OK),
            (Generic, "an ID token with c_hash", None, r#"{"c_hash":"h"}"#, USE, OK),
            (Generic, "an ID token with s_hash", None, r#"{"s_hash":"h"}"#, USE, OK),
            (Generic, "an ID token by token_use", None, r#"{"token_use":"id"}"#, USE, OK),
            (Cognito, "an access token", None, r#"{"token_use":"access"}"#, OK, USE),
            (Cognito, "an ID token", None, r#"{"token_use":"id"}"#, USE, OK),
            (Cognito, "neither", None, r#"{"token_use":7}"#, USE, USE),
            (Rfc9068, "an access token", Some("at+jwt"), rfc9068, OK, USE),
            (Rfc9068, "a plain JWT", Some("JWT"), rfc9068, TYPE, OK),
            (Rfc9068, "with a vendor's typ", Some("x-at+jwt"), rfc9068, TYPE, USE),
            (Rfc9068, "without a claim", Some("at+jwt"), r#"{"iss":"i","exp":1,"aud":"a","sub":"s"}"#, USE, USE),
            (Rfc9068, "an ID token", None, r#"{"nonce":"n"}"#, TYPE, OK),
            (Entra, "an access token of version 1", None, r#"{"appid":"c"}"#, OK, USE),
            (Entra, "an access token of version 2", None, r#"{"azp":"c"}"#, OK, USE),
            (Entra, "an ID token", None, r#"{"aud":"c","nonce":"n"}"#, USE, OK),
            (Okta, "an access token", None, r#"{"cid":"c"}"#, OK, USE),
            (Okta, "an ID token", None, r#"{"aud":"c","amr":["pwd"]}"#, USE, OK),
            (Okta, "an ID token with azp", None, r#"{"aud":"c","azp":"c"}"#, USE, OK),
            (Auth0, "an access token", None, r#"{"azp":"c"}"#, OK, USE),
            (Auth0, "an access token of RFC 9068", Some("at+jwt"), r#"{"client_id":"c"}"#, OK, USE),
            (Auth0, "an ID token", None, r#"{"aud":"c"}"#, USE, OK),
            (Keycloak, "an access token", None, r#"{"typ":"Bearer","azp":"c"}"#, OK, USE),
            (Keycloak, "an ID token", None, r#"{"typ":"ID","azp":"c"}"#, USE, OK),
            (Keycloak, "a refresh token", None, r#"{"typ":"Refresh","azp":"c"}"#, USE, USE),
            (Google, "an ID token", None, r#"{"aud":"c","at_hash":"h"}"#, USE, OK),
            (Google, "an access token", Some("at+jwt"), r#"{"aud":"a"}"#, OK, USE),
        ] {
            let claims = parse_object(claims.as_bytes()).unwrap();
            let preset = Preset::of(profile);
            let check = |token_use| preset.kind(token_use).check(typ, &claims);
            assert_eq!(check(TokenUse::Access), as_access, "{profile:?}: {token}, as access token");
            assert_eq!(check(TokenUse::Id), as_id, "{profile:?}: {token}, as ID token");
            assert_eq!(check(TokenUse::Any), OK, "{profile:?}: {token}, as either");
        }
    }

    #[test]
    fn each_profile_has_its_own_presets() {
        use Profile::*;
        for (profile, token_use, clients, scopes, groups, roles_by_audience) in [
            (Generic, TokenUse::Any, "client_id azp cid", "scope scp", "groups roles", false),
            (Cognito, TokenUse::Access, "client_id aud", "scope scp", "cognito:groups", false),
            (Rfc9068, TokenUse::Access, "client_id", "scope scp", "groups roles entitlements", false),
            (Entra, TokenUse::Access, "azp appid", "scope scp", "roles groups", false),
            (Okta, TokenUse::Access, "cid", "scope scp", "groups", false),
            (Auth0, TokenUse::Access, "azp client_id", "scope permissions", "roles groups", false),
            (Keycloak, TokenUse::Access, "azp client_id", "scope scp", "groups realm_access.roles", true),
            (Google, TokenUse::Id, "azp aud", "scope scp", "groups", false),
        ] {
            let preset = Preset::of(profile);
            let paths = |paths: Paths| paths.iter().map(|path| path.join(".")).collect::<Vec<_>>().join(" ");
            let claims = [preset.clients, preset.scopes, preset.groups].map(paths);
            assert_eq!(claims, [clients, scopes, groups], "{profile:?}");
            assert_eq!((preset.token_use, preset.roles_by_audience), (token_use, roles_by_audience), "{profile:?}");
        }
    }
}
