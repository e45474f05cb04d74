//! The providers of the plugin JSON: issuers, where their keys come from, what their tokens must look like.

use serde::Deserialize;

#[cfg(feature = "schema")]
use super::schema;
use super::values::{ClaimName, Entries, Output, Period};
use crate::json::Json;

/// One issuer, its keys, and what its tokens must look like.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = schema::provider))]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Preset for the kind of token and for the claims that name client, scopes and groups; any field given explicitly
    /// wins.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["cognito"])))]
    pub profile: Profile,
    /// Compared with `iss` byte for byte: a trailing slash makes another issuer. May hold `{tenantid}`, together with
    /// `tenants`.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        extend("examples" = ["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_ABC123"]),
    ))]
    pub issuer: String,
    /// Tenants that may stand in the place of `{tenantid}` in `issuer`; the token's `tid` must be the same one.
    /// Required where the issuer has `{tenantid}`, and only there.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        inner(length(min = 1)),
        extend("examples" = [["9122040d-6c67-4c5b-b112-36a304b66dad"]]),
    ))]
    pub tenants: Option<Vec<String>>,
    /// Any of these must be in `aud`, or, for a token without `aud`, be its `client_id`: API Gateway's order. For
    /// Cognito's access tokens these are the client ids. Required, unless `any_audience` is `true`.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        inner(length(min = 1)),
        extend("examples" = [["web-client-id", "m2m-client-id"]]),
    ))]
    pub audiences: Option<Vec<String>>,
    /// Accept tokens for any audience; the alternative to `audiences`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub any_audience: bool,
    /// If given, the token's client must be one of these as well. Which claim names the client depends on `profile`.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        inner(length(min = 1)),
        extend("examples" = [["web-client-id"]]),
    ))]
    pub clients: Option<Vec<String>>,
    /// Where the keys come from.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [schema::jwks()])))]
    pub jwks: Jwks,
    /// Algorithms that tokens may be signed with; every one with public keys if not given. Name the issuer's: PS* and EdDSA
    /// are verified in the filter itself, which costs several times as much, and which any made-up token can cause. `HS256`,
    /// `HS384` and `HS512` need a secret for them in `jwks.inline`.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        extend("items" = { "type": "string", "enum": schema::ALGORITHMS }, "examples" = [["RS256", "ES256"]]),
    ))]
    pub algorithms: Option<Vec<String>>,
    /// The kind of token that is accepted; `profile` decides if not given.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["access"])))]
    pub token_use: Option<TokenUse>,
    /// Tolerance for `exp`, `nbf` and `iat`; `"0s"` for none, at most `"300s"`.
    #[serde(default = "Period::minute")]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["10s"])))]
    pub clock_skew: Period,
    /// Refuse a token without `exp`.
    #[serde(default = "yes")]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [false])))]
    pub require_expiration: bool,
    /// Refuse tokens that live longer, from `iat` to `exp`; more than `"0s"`. No limit if not given.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = schema::MORE_THAN_ZERO, "examples" = ["1h"])))]
    pub max_token_lifetime: Option<Period>,
    /// Where in the request the token may be: `$request.header.NAME`, `$request.querystring.NAME`,
    /// `$request.cookie.NAME` or `$request.websocket` (the sub-protocol after `bearer`). In `Authorization` the scheme
    /// `Bearer` is required, elsewhere it is allowed. A request with two tokens is refused with 400. What a server may take
    /// for the place counts as it: a header spelled `x_token` for `x-token`, a parameter behind `;`.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        inner(regex(pattern = schema::IDENTITY_SOURCE)),
        extend(
            "default" = ["$request.header.Authorization"],
            "examples" = [["$request.header.Authorization", "$request.cookie.session"]],
        ),
    ))]
    pub identity_sources: Option<Vec<String>>,
    /// Claims that hold scopes, as text with spaces or as a list; `profile` decides if not given.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = [["scope"]])))]
    pub scope_claims: Option<Vec<ClaimName>>,
    /// Claims that hold groups, as a list, as one name, or as API Gateway's bracketed text (`[admin user]`); `profile`
    /// decides if not given.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = [["roles", ["realm_access", "roles"]]])))]
    pub group_claims: Option<Vec<ClaimName>>,
    /// Leave the token in the request that goes upstream. `false` takes it out of wherever it was accepted: header, query
    /// or cookie. Where no token is accepted (public routes, preflights, what a dry run would have refused), what came
    /// goes on as it is.
    #[serde(default = "yes")]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [false])))]
    pub forward_token: bool,
    /// Request headers that are set from verified claims: header → claim. Every header that any provider names here is
    /// removed from every incoming request first, on public routes and preflights too. A value that no header can
    /// carry refuses the token.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(
        with = "schema::ByHeader<Output>",
        extend("default" = {}, "examples" = [{ "x-jwt-sub": "sub", "x-tenant": ["org", "id"] }]),
    ))]
    pub claims_to_headers: Entries<Output>,
    /// Request header that carries the whole verified payload, base64url. Removed from every incoming request as well.
    #[cfg_attr(feature = "schema", schemars(with = "Option<schema::HeaderName>", extend("examples" = ["x-jwt-payload"])))]
    pub payload_to_header: Option<String>,
    /// The cache of verified tokens. An entry never outlives its token, its key or its configuration, and rules are
    /// evaluated for every request.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [{ "ttl": "0s" }])))]
    pub cache: Cache,
}

/// Preset for the kind of token and the names of its claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// No assumption.
    #[default]
    Generic,
    /// Amazon Cognito user pools.
    Cognito,
    /// JWT access tokens of RFC 9068.
    Rfc9068,
    /// Microsoft Entra ID, version 1 and 2 tokens.
    Entra,
    /// Okta authorization servers.
    Okta,
    /// Auth0.
    Auth0,
    /// Keycloak.
    Keycloak,
    /// Google ID tokens.
    Google,
}

/// The kind of token that a provider's rules are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenUse {
    /// Access tokens only.
    Access,
    /// ID tokens only.
    Id,
    /// Either.
    Any,
}

/// Where a provider's keys come from: exactly one of `uri`, `inline` and `discovery`.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = schema::key_source))]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    /// The key set's URL, `http` or `https`. Its host and path are asked of `cluster`, which decides where the request
    /// goes and whether with TLS.
    #[cfg_attr(feature = "schema", schemars(
        regex(pattern = schema::URL),
        extend("examples" = ["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_ABC123/.well-known/jwks.json"]),
    ))]
    pub uri: Option<String>,
    /// The Envoy cluster that reaches the issuer. Required with `uri` and with `discovery`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = ["cognito"])))]
    pub cluster: Option<String>,
    /// How long one fetch may take; more than `"0s"`, at most `"60s"`. Requests that need keys wait no longer.
    #[cfg_attr(feature = "schema", schemars(
        extend("default" = "5s", "pattern" = schema::MORE_THAN_ZERO, "examples" = ["2s"]),
    ))]
    pub timeout: Option<Period>,
    /// How long a key set is fresh; at least `"1s"`. It is fetched again before that time is over.
    #[cfg_attr(feature = "schema", schemars(
        extend("default" = "10m", "pattern" = schema::A_SECOND_OR_MORE, "examples" = ["1h"]),
    ))]
    pub refresh_interval: Option<Period>,
    /// How long the last good key set serves while the issuer can't be reached, counted from its fetch; at least
    /// `refresh_interval`. After that, requests with tokens get 503.
    #[cfg_attr(feature = "schema", schemars(
        extend("default" = "24h", "pattern" = schema::A_SECOND_OR_MORE, "examples" = ["6h"]),
    ))]
    pub max_stale: Option<Period>,
    /// Let `Cache-Control: max-age` of the issuer's answer stand for `refresh_interval`, within 60 seconds and 24
    /// hours.
    #[cfg_attr(feature = "schema", schemars(extend("default" = false, "examples" = [true])))]
    pub respect_cache_control: Option<bool>,
    /// The key set itself (RFC 7517 §5): at most 200 keys, of which public ones that can't be used are left out. Secrets
    /// (`oct`) must be listed in `algorithms`, and as long as their hash.
    #[cfg_attr(feature = "schema", schemars(with = "Option<schema::KeySet>", extend("examples" = [schema::key_set()])))]
    pub inline: Option<Json<'static>>,
    /// Find the key set through the issuer's OIDC discovery document, `ISSUER/.well-known/openid-configuration`. Its
    /// `issuer` must equal ours; its `jwks_uri` never changes the cluster.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub discovery: bool,
}

/// The cache of verified tokens.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// How long a verified token is remembered; `"0s"` turns the cache off.
    #[serde(default = "Period::five_minutes")]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["1m"])))]
    pub ttl: Period,
    /// How many tokens are remembered, in each worker; at most a million.
    #[serde(default = "ten_thousand")]
    #[cfg_attr(feature = "schema", schemars(range(max = 1_000_000), extend("examples" = [1000])))]
    pub max_tokens: u32,
}

impl Default for Cache {
    fn default() -> Self {
        Self { ttl: Period::five_minutes(), max_tokens: ten_thousand() }
    }
}

fn yes() -> bool {
    true
}

fn ten_thousand() -> u32 {
    10_000
}
