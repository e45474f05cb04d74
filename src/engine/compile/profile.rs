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
