//! The providers of the plugin JSON: issuers, the sources of their keys, and the conditions on their tokens.

use serde::Deserialize;

use super::claim::{ClaimName, NamesClaim, Output};
use super::entries::Entries;
use super::identity_source::IdentitySource;
use super::period::Period;
#[cfg(feature = "schema")]
use super::schema;
use super::size::Size;
use crate::json::Json;

/// One issuer, its keys, and the conditions on its tokens.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = schema::provider))]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The vendor. It decides which kind of token is accepted, how access tokens differ from ID tokens, and which claims
    /// have client, scopes and groups. A field that is given overrides the profile.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["cognito"])))]
    pub profile: Profile,
    /// Compared with `iss` byte for byte: with a trailing slash it is another issuer. It may contain `{tenantid}`, which
    /// stands for each of the `tenants`. Required, unless `without_issuer` is `true`.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        extend("examples" = ["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_ABC123"]),
    ))]
    pub issuer: Option<String>,
    /// Whether the tokens have no `iss`, such as SPIFFE JWT-SVIDs. Use it instead of `issuer`, with `subjects`. A token
    /// that has an `iss` never belongs to this provider.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub without_issuer: bool,
    /// The subjects (`sub`) of the tokens without `iss` that belong to this provider: each in full, or its beginning with
    /// `*` behind it. Required with `without_issuer`, not allowed otherwise.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        inner(regex(pattern = r"^[^*]+\*?$")),
        extend("examples" = [["spiffe://example.org/*"]]),
    ))]
    pub subjects: Option<Vec<String>>,
    /// The values that are accepted for `{tenantid}` in `issuer`. The token's `tenant_claim` must have the same value.
    /// Required if the issuer has `{tenantid}`, not allowed otherwise.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        inner(length(min = 1)),
        extend("examples" = [["9122040d-6c67-4c5b-b112-36a304b66dad"]]),
    ))]
    pub tenants: Option<Vec<String>>,
    /// The claim that must have the same value as `{tenantid}` in the token's `iss`; `tid` if not given. Not allowed
    /// without `{tenantid}`.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["zid"])))]
    pub tenant_claim: Option<ClaimName>,
    /// The accepted audiences. One of them must be in `aud`, or, if the token has no `aud`, be its `client_id`, as in API
    /// Gateway. For Cognito's access tokens, list the client ids. Required, unless `any_audience` is `true`.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        inner(length(min = 1)),
        extend("examples" = [["web-client-id", "m2m-client-id"]]),
    ))]
    pub audiences: Option<Vec<String>>,
    /// Whether tokens for any audience are accepted. Use it instead of `audiences`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub any_audience: bool,
    /// If given, the token's client must be one of these. `profile` decides which claim has the client.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        inner(length(min = 1)),
        extend("examples" = [["web-client-id"]]),
    ))]
    pub clients: Option<Vec<String>>,
    /// The source of the keys.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [schema::jwks()])))]
    pub jwks: Jwks,
    /// The accepted signature algorithms (RFC 7518 §3.1, RFC 8037, RFC 9864): `RS256`, `RS384`, `RS512`, `PS256`, `PS384`,
    /// `PS512`, `ES256`, `ES384`, `ES512`, and `EdDSA` or `Ed25519`, which are the same; if not given, all of these. List the
    /// issuer's: PS* and EdDSA are verified in the filter itself, which costs several times as much, and any forged token
    /// can cause that cost. `HS256`, `HS384` and `HS512` each need a secret in `jwks.inline`.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        extend("items" = { "type": "string", "enum": schema::ALGORITHMS }, "examples" = [["RS256", "ES256"]]),
    ))]
    pub algorithms: Option<Vec<String>>,
    /// The kind of token that is accepted; if not given, the profile's.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["access"])))]
    pub token_use: Option<TokenUse>,
    /// Tolerance for `exp`, `nbf` and `iat` (RFC 7519 §4.1); at most `"300s"`. `"0s"` allows none.
    #[serde(default = "Period::minute")]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["10s"])))]
    pub clock_skew: Period,
    /// Whether a token without `exp` is refused (RFC 7519 §4.1.4).
    #[serde(default = "yes")]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [false])))]
    pub require_expiration: bool,
    /// The longest accepted lifetime of a token, from `iat` to `exp`; more than `"0s"`. No limit if not given.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = schema::MORE_THAN_ZERO, "examples" = ["1h"])))]
    pub max_token_lifetime: Option<Period>,
    /// Where the token may be in the request: `$request.header.NAME`, `$request.querystring.NAME`,
    /// `$request.cookie.NAME` or `$request.websocket` (the subprotocol after `bearer`). The scheme `Bearer` is required in
    /// `Authorization` and optional elsewhere; an object sets another `scheme`. Values of query parameters and cookies are
    /// decoded, and a cookie may be in quotes. A request with two different tokens is refused with 400 (RFC 6750 §2).
    /// Spellings that a server may accept for the same source count too: the header `x_token` for `x-token`, a parameter
    /// after `;`. All providers together may have 64 sources.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        extend(
            "default" = ["$request.header.Authorization"],
            "examples" = [[
                { "source": "$request.header.Authorization", "scheme": "optional" },
                "$request.cookie.session",
            ]],
        ),
    ))]
    pub identity_sources: Option<Vec<IdentitySource>>,
    /// The largest accepted token, in KiB (1,024 bytes); at least `"1KiB"` and at most `"60KiB"`. Envoy refuses requests
    /// whose headers have more than 60 KiB together, unless `max_request_headers_kb` allows more.
    #[serde(default = "Size::sixteen_kib")]
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = schema::TOKEN_SIZE, "examples" = ["32KiB"])))]
    pub max_token_size: Size,
    /// The claims that have scopes, as text with spaces or as a list; if not given, the profile's. Text in brackets is read
    /// as for `group_claims`. A list that has a member of another type than text counts for nothing.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = [["scope"]])))]
    pub scope_claims: Option<Vec<NamesClaim>>,
    /// The claims that have groups, as a list or as one name; if not given, the profile's. Text in brackets stands for a
    /// list: `[admin user]` (API Gateway's), `[Users, Billing admin]` (a comma separates; Cognito's, whose profile also
    /// undoes its form-encoding), `["admin","user"]` (JSON). A list that has a member of another type than text, such as
    /// `["admin",123]`, counts for nothing, so do not rely on `not` with `group` to keep such tokens out.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = [["groups", { "claim": "roles", "separator": "," }]])))]
    pub group_claims: Option<Vec<NamesClaim>>,
    /// Whether the upstream receives the token. `false` removes it from where it was accepted: header, query or cookie.
    /// Where no token is accepted (public routes, preflights, requests that a dry run would have refused), the request is
    /// forwarded with whatever it has, except tokens of this issuer in the query: access logs and traces would show them.
    /// From refused requests they are removed in any case.
    #[serde(default = "yes")]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [false])))]
    pub forward_token: bool,
    /// The request headers that are set from verified claims: header → claim. Every header that any provider names here
    /// is first removed from every incoming request and from its trailers, also on public routes and preflights. A header
    /// whose claim cannot be written is left out, unless it is `required`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(
        with = "schema::ByHeader<Output>",
        extend("default" = {}, "examples" = [{ "x-jwt-sub": "sub", "x-tenant": ["org", "id"] }]),
    ))]
    pub claims_to_headers: Entries<Output>,
    /// Claims of verified tokens for access logs: name → claim. An access log reads each as
    /// `%FILTER_STATE(wasm.jwt_authorizer.claim.NAME:PLAIN)%`, also if a rule refuses the token. The upstream does not
    /// receive them. Text is written as it is, anything else as JSON.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(
        extend(
            "default" = {},
            "propertyNames" = { "pattern": schema::LABEL },
            "examples" = [{ "tenant": ["org", "id"] }],
        ),
    ))]
    pub claims_to_filter_state: Entries<ClaimName>,
    /// The request header that is set to the whole verified payload, base64url-encoded (RFC 7515 §2). It is also removed
    /// from every incoming request and from its trailers.
    #[cfg_attr(feature = "schema", schemars(with = "Option<schema::SettableHeaderName>", extend("examples" = ["x-jwt-payload"])))]
    pub payload_to_header: Option<String>,
    /// The cache of verified tokens. An entry is never used after its token expired, its key was withdrawn or the
    /// configuration changed. Rules are evaluated for every request.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [{ "ttl": "0s" }])))]
    pub cache: Cache,
}

/// The vendor of the tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// No assumptions.
    #[default]
    Generic,
    /// Amazon Cognito user pools.
    Cognito,
    /// JWT access tokens (RFC 9068).
    Rfc9068,
    /// Microsoft Entra ID, tokens of version 1 and 2.
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

/// The kind of token that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenUse {
    /// Access tokens only.
    Access,
    /// ID tokens only.
    Id,
    /// Both.
    Any,
}

/// The source of a provider's keys: exactly one of `uri`, `inline` and `discovery`.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = schema::key_source))]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    /// The URL of the key set (RFC 7517 §5, or certificates by `kid`), `http` or `https`. It gives the host and path of the request; `cluster` decides where the
    /// request goes, and whether it uses TLS.
    #[cfg_attr(feature = "schema", schemars(
        regex(pattern = schema::URL),
        extend("examples" = ["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_ABC123/.well-known/jwks.json"]),
    ))]
    pub uri: Option<String>,
    /// The Envoy cluster that reaches the issuer. Required with `uri` and with `discovery`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = ["cognito"])))]
    pub cluster: Option<String>,
    /// How long a fetch may take, and how long a request waits for keys; more than `"0s"`, at most `"60s"`.
    #[cfg_attr(feature = "schema", schemars(
        extend("default" = "5s", "pattern" = schema::MORE_THAN_ZERO, "examples" = ["2s"]),
    ))]
    pub timeout: Option<Period>,
    /// How long a key set is fresh; at least `"1s"`. The next fetch begins before this time is over.
    #[cfg_attr(feature = "schema", schemars(
        extend("default" = "10m", "pattern" = schema::A_SECOND_OR_MORE, "examples" = ["1h"]),
    ))]
    pub refresh_interval: Option<Period>,
    /// How long the last good key set is used if the issuer cannot be reached, counted from its fetch; at least
    /// `refresh_interval`. After that, requests with tokens get 503.
    #[cfg_attr(feature = "schema", schemars(
        extend("default" = "24h", "pattern" = schema::A_SECOND_OR_MORE, "examples" = ["6h"]),
    ))]
    pub max_stale: Option<Period>,
    /// Whether `Cache-Control: max-age` of the issuer's response replaces `refresh_interval` (RFC 9111 §5.2.2.1). It
    /// counts as at least 60 seconds and at most 24 hours.
    #[cfg_attr(feature = "schema", schemars(extend("default" = false, "examples" = [true])))]
    pub respect_cache_control: Option<bool>,
    /// The key set itself (RFC 7517 §5), at most 200 keys. Public keys that cannot be used are left out. The algorithm of
    /// a secret (`oct`) must be listed in `algorithms`, and the secret must be at least as long as its hash (RFC 7518
    /// §3.2).
    #[cfg_attr(feature = "schema", schemars(with = "Option<schema::KeySet>", extend("examples" = [schema::key_set()])))]
    pub inline: Option<Json<'static>>,
    /// Find the key set with the issuer's OpenID Connect discovery document, `ISSUER/.well-known/openid-configuration`, or
    /// if there is none, with `/.well-known/oauth-authorization-server` (RFC 8414 §3). The document's `issuer` must equal
    /// the provider's. Its `jwks_uri` never changes the cluster.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub discovery: bool,
    /// The Envoy cluster that reaches the host of the discovery document's `jwks_uri`, if that is another host than the
    /// issuer's: the keys are then requested there, with that host. Otherwise they are requested from `cluster`, with the
    /// issuer's host. Only with `discovery`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = ["googleapis"])))]
    pub jwks_uri_cluster: Option<String>,
}

/// The cache of verified tokens.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// How long a verified token is kept; `"0s"` turns the cache off.
    #[serde(default = "Period::five_minutes")]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["1m"])))]
    pub ttl: Period,
    /// How many verified tokens each worker keeps; at most 1,000,000. All providers share one cache, for the sum of their
    /// numbers.
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
