//! The wire format: one struct for each object of the plugin JSON, field for field, with no behaviour.
//!
//! Unknown fields and repeated names are refused everywhere. What a field means, and whether its value makes
//! sense, is decided where it is compiled (`policy::compile`), which destructures these structs by name.
//!
//! What is written about a field here is what operators read in the JSON Schema and in the reference, both of which
//! `make schema` derives from this file.

mod message;
mod read;
#[cfg(feature = "cli")]
mod schema;
mod tree;
mod values;

use serde::Deserialize;

pub use read::parse;
pub use tree::Misread;
pub use values::{AnyOrAll, ClaimName, Entries, ListForm, OWN_HEADERS, Output, Period, Scalar, UNSETTABLE_HEADERS};

/// The whole plugin configuration.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Issuers whose tokens are accepted, by names of your choice; at least one. A name is made of letters, digits,
    /// `_` and `-`, and becomes part of metrics and logs. Two providers with one issuer are refused.
    #[cfg_attr(feature = "cli", schemars(
        extend(
            "minProperties" = 1,
            "propertyNames" = { "pattern": "^[A-Za-z0-9_-]+$" },
            "examples" = [schema::providers()],
        ),
    ))]
    pub providers: Entries<Provider>,
    /// Which request needs what. The most specific route wins; the order does not matter.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(
        extend("default" = [], "examples" = [[{ "route": "GET /items", "scopes": ["read"] }]]),
    ))]
    pub rules: Vec<Rule>,
    /// What happens to a request that no rule covers.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["authenticated"])))]
    pub default: Fallback,
    /// Whether a true CORS preflight (`OPTIONS` with `origin` and `access-control-request-method`) passes without a
    /// token. Any other `OPTIONS` is a request like every other.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["check"])))]
    pub cors_preflight: CorsPreflight,
    /// Format and details of refusals.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("default" = {}, "examples" = [{ "realm": "example" }])))]
    pub responses: Responses,
    /// Let Envoy choose the route again after identity headers were set, for routes that match on them.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [true])))]
    pub clear_route_cache: bool,
    /// Log one line for each refusal with reason, rule, provider, key and client, at most ten a second from each
    /// worker. Never a token.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [true])))]
    pub log_denials: bool,
    /// For which requests reason, provider, rule, subject and client are kept for access logs, as filter state. It
    /// costs up to five calls of the host for each request.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["refused"])))]
    pub filter_state: FilterState,
}

/// For which requests filter state is written, which costs up to five host calls each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FilterState {
    /// Every one.
    #[default]
    All,
    /// Those that are refused, or would be.
    Refused,
    /// None.
    None,
}

/// What happens to a request that no rule covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Refuse with 403.
    #[default]
    Deny,
    /// Let pass with any valid token.
    Authenticated,
    /// Let pass.
    Public,
}

/// How CORS preflights are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CorsPreflight {
    /// A true preflight needs no token.
    #[default]
    Bypass,
    /// A preflight is a request like any other.
    Check,
}

/// One issuer, its keys, and what its tokens must look like.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(transform = schema::provider))]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Preset for the kind of token and for the claims that name client, scopes and groups; any field given explicitly
    /// wins.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["cognito"])))]
    pub profile: Profile,
    /// Compared with `iss` byte for byte: a trailing slash makes another issuer. May hold `{tenantid}`, together with
    /// `tenants`.
    #[cfg_attr(feature = "cli", schemars(
        length(min = 1),
        extend("examples" = ["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_ABC123"]),
    ))]
    pub issuer: String,
    /// Tenants that may stand in the place of `{tenantid}` in `issuer`; the token's `tid` must be the same one.
    /// Required where the issuer has `{tenantid}`, and only there.
    #[cfg_attr(feature = "cli", schemars(
        length(min = 1),
        inner(length(min = 1)),
        extend("examples" = [["9122040d-6c67-4c5b-b112-36a304b66dad"]]),
    ))]
    pub tenants: Option<Vec<String>>,
    /// Any of these must be in `aud`, or, for a token without `aud`, be its client claim: API Gateway's order. For
    /// Cognito's access tokens these are the client ids. Required, unless `any_audience` is `true`.
    #[cfg_attr(feature = "cli", schemars(
        length(min = 1),
        inner(length(min = 1)),
        extend("examples" = [["web-client-id", "m2m-client-id"]]),
    ))]
    pub audiences: Option<Vec<String>>,
    /// Accept tokens for any audience; the alternative to `audiences`.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [true])))]
    pub any_audience: bool,
    /// If given, the token's client must be one of these as well. Which claim names the client depends on `profile`.
    #[cfg_attr(feature = "cli", schemars(
        length(min = 1),
        inner(length(min = 1)),
        extend("examples" = [["web-client-id"]]),
    ))]
    pub clients: Option<Vec<String>>,
    /// Where the keys come from.
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [schema::jwks()])))]
    pub jwks: Jwks,
    /// Algorithms that tokens may be signed with; every one with public keys if not given. `HS256`, `HS384` and `HS512`
    /// need a secret for them in `jwks.inline`.
    #[cfg_attr(feature = "cli", schemars(
        length(min = 1),
        extend("items" = { "type": "string", "enum": schema::ALGORITHMS }, "examples" = [["RS256", "ES256"]]),
    ))]
    pub algorithms: Option<Vec<String>>,
    /// The kind of token that is accepted; `profile` decides if not given.
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["access"])))]
    pub token_use: Option<TokenUse>,
    /// Tolerance for `exp`, `nbf` and `iat`; `"0s"` for none, at most `"300s"`.
    #[serde(default = "Period::minute")]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["10s"])))]
    pub clock_skew: Period,
    /// Refuse a token without `exp`.
    #[serde(default = "yes")]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [false])))]
    pub require_expiration: bool,
    /// Refuse tokens that live longer, from `iat` to `exp`; more than `"0s"`. No limit if not given.
    #[cfg_attr(feature = "cli", schemars(extend("pattern" = schema::MORE_THAN_ZERO, "examples" = ["1h"])))]
    pub max_token_lifetime: Option<Period>,
    /// Where in the request the token may be: `$request.header.NAME`, `$request.querystring.NAME`,
    /// `$request.cookie.NAME` or `$request.websocket` (the sub-protocol after `bearer`). In `Authorization` the scheme
    /// `Bearer` is required, elsewhere it is allowed. A request with two tokens is refused with 400.
    #[cfg_attr(feature = "cli", schemars(
        length(min = 1),
        inner(regex(pattern = schema::IDENTITY_SOURCE)),
        extend(
            "default" = ["$request.header.Authorization"],
            "examples" = [["$request.header.Authorization", "$request.cookie.session"]],
        ),
    ))]
    pub identity_sources: Option<Vec<String>>,
    /// Claims that hold scopes, as text with spaces or as a list; `profile` decides if not given.
    #[cfg_attr(feature = "cli", schemars(length(min = 1), extend("examples" = [["scope"]])))]
    pub scope_claims: Option<Vec<ClaimName>>,
    /// Claims that hold groups, as a list, as one name, or as API Gateway's bracketed text (`[admin user]`); `profile`
    /// decides if not given.
    #[cfg_attr(feature = "cli", schemars(length(min = 1), extend("examples" = [["roles", ["realm_access", "roles"]]])))]
    pub group_claims: Option<Vec<ClaimName>>,
    /// Leave the token in the request that goes upstream. `false` takes it out of wherever it was: header, query or
    /// cookie.
    #[serde(default = "yes")]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [false])))]
    pub forward_token: bool,
    /// Request headers that are set from verified claims: header → claim. Every header that any provider names here is
    /// removed from every incoming request first, on public routes and preflights too. A value that no header can
    /// carry refuses the token.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(
        with = "schema::ByHeader<Output>",
        extend("default" = {}, "examples" = [{ "x-jwt-sub": "sub", "x-tenant": ["org", "id"] }]),
    ))]
    pub claims_to_headers: Entries<Output>,
    /// Request header that carries the whole verified payload, base64url. Removed from every incoming request as well.
    #[cfg_attr(feature = "cli", schemars(with = "Option<schema::HeaderName>", extend("examples" = ["x-jwt-payload"])))]
    pub payload_to_header: Option<String>,
    /// The cache of verified tokens. An entry never outlives its token, its key or its configuration, and rules are
    /// evaluated for every request.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [{ "ttl": "0s" }])))]
    pub cache: Cache,
}

/// Preset for the kind of token and the names of its claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, schemars::JsonSchema))]
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
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(transform = schema::key_source))]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    /// The key set's URL, `http` or `https`. Its host and path are asked of `cluster`, which decides where the request
    /// goes and whether with TLS.
    #[cfg_attr(feature = "cli", schemars(
        regex(pattern = schema::URL),
        extend("examples" = ["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_ABC123/.well-known/jwks.json"]),
    ))]
    pub uri: Option<String>,
    /// The Envoy cluster that reaches the issuer. Required with `uri` and with `discovery`.
    #[cfg_attr(feature = "cli", schemars(length(min = 1), extend("examples" = ["cognito"])))]
    pub cluster: Option<String>,
    /// How long one fetch may take; more than `"0s"`, at most `"60s"`. Requests that need keys wait no longer.
    #[cfg_attr(feature = "cli", schemars(
        extend("default" = "5s", "pattern" = schema::MORE_THAN_ZERO, "examples" = ["2s"]),
    ))]
    pub timeout: Option<Period>,
    /// How long a key set is fresh; at least `"1s"`. It is fetched again before that time is over.
    #[cfg_attr(feature = "cli", schemars(
        extend("default" = "10m", "pattern" = schema::A_SECOND_OR_MORE, "examples" = ["1h"]),
    ))]
    pub refresh_interval: Option<Period>,
    /// How long the last good key set serves while the issuer can't be reached, counted from its fetch; at least
    /// `refresh_interval`. After that, requests with tokens get 503.
    #[cfg_attr(feature = "cli", schemars(
        extend("default" = "24h", "pattern" = schema::A_SECOND_OR_MORE, "examples" = ["6h"]),
    ))]
    pub max_stale: Option<Period>,
    /// Let `Cache-Control: max-age` of the issuer's answer stand for `refresh_interval`, within 60 seconds and 24
    /// hours.
    #[cfg_attr(feature = "cli", schemars(extend("default" = false, "examples" = [true])))]
    pub respect_cache_control: Option<bool>,
    /// The key set itself (RFC 7517 §5): at most 200 keys, of which public ones that can't be used are left out. Secrets
    /// (`oct`) must be listed in `algorithms`, and as long as their hash.
    #[cfg_attr(feature = "cli", schemars(with = "Option<schema::KeySet>", extend("examples" = [schema::key_set()])))]
    pub inline: Option<serde_json::Value>,
    /// Find the key set through the issuer's OIDC discovery document, `ISSUER/.well-known/openid-configuration`. Its
    /// `issuer` must equal ours; its `jwks_uri` never changes the cluster.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [true])))]
    pub discovery: bool,
}

/// The cache of verified tokens.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// How long a verified token is remembered; `"0s"` turns the cache off.
    #[serde(default = "Period::five_minutes")]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["1m"])))]
    pub ttl: Period,
    /// How many tokens are remembered, in each worker; at most a million.
    #[serde(default = "ten_thousand")]
    #[cfg_attr(feature = "cli", schemars(range(max = 1_000_000), extend("examples" = [1000])))]
    pub max_tokens: u32,
}

/// One rule: a route, and what its requests need.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(transform = schema::rule))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// API Gateway's route key: `METHOD /path`, `ANY /path` or `$default`. `{name}` is one segment, `{name+}` at the
    /// end one or more. A literal segment goes before `{name}`, that before `{name+}`, that before `$default`; a named
    /// method before `ANY`. The query takes no part. Two rules for the same route and host are refused.
    #[cfg_attr(feature = "cli", schemars(
        extend("pattern" = schema::route(), "examples" = ["GET /items/{id}", "ANY /admin/{proxy+}", "$default"]),
    ))]
    pub route: String,
    /// Host names that the rule is for, without ports; `*.example.com` for one or more labels. Every host if not
    /// given; a rule for the host goes before one for every host.
    #[cfg_attr(feature = "cli", schemars(
        length(min = 1),
        inner(regex(pattern = schema::HOST)),
        extend("examples" = [["api.example.com", "*.tenants.example.com"]]),
    ))]
    pub hosts: Option<Vec<String>>,
    /// Who may pass before scopes, groups and claims are looked at.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["public"])))]
    pub access: Access,
    /// Names of the providers whose tokens are accepted; all if not given. Another provider's token is refused with
    /// 403.
    #[cfg_attr(feature = "cli", schemars(length(min = 1), extend("examples" = [["cognito"]])))]
    pub providers: Option<Vec<String>>,
    /// Scopes: any of a list, as in API Gateway, or `{"all": […]}`. Those that are missing are named in the challenge.
    #[cfg_attr(feature = "cli", schemars(
        with = "Option<schema::Scopes>",
        extend("examples" = [["https://api.example.com/read"]]),
    ))]
    pub scopes: Option<AnyOrAll>,
    /// Groups: any of a list, or `{"all": […]}`.
    #[cfg_attr(feature = "cli", schemars(with = "Option<schema::Groups>", extend("examples" = [["admin"]])))]
    pub groups: Option<AnyOrAll>,
    /// A tree of requirements. It must hold together with `scopes` and `groups`.
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [{ "claim": "org_tier", "in": ["pro", "enterprise"] }])))]
    pub require: Option<Requirement>,
    /// Label for logs and metrics; the route if not given.
    #[cfg_attr(feature = "cli", schemars(
        length(min = 1),
        extend("not" = schema::without_controls(), "examples" = ["read-items"]),
    ))]
    pub name: Option<String>,
    /// Whether the rule refuses or only reports.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["dry_run"])))]
    pub mode: Mode,
}

/// Who may pass a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everybody; no token is looked at.
    Public,
    /// Everybody without a token; a token that is sent must be valid.
    Optional,
    /// Holders of a valid token.
    #[default]
    Authenticated,
    /// Nobody.
    Deny,
}

/// Whether a rule refuses or only reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Refuse what the rule does not allow.
    #[default]
    Enforce,
    /// Count and log what would have been refused, and let it pass without identity headers.
    DryRun,
}

/// A node of a requirement tree: exactly one of `scope`, `group`, `claim`, `all_of`, `any_of` and `not`. Beside
/// `claim` stands exactly one of `equals`, `in`, `contains`, `exists`, `equals_path`, `equals_header` and `matches`.
/// Values are compared by type: `true` is not `"true"`. A claim that is missing satisfies none of them, not even under
/// `not`; `exists` asks whether it is there.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(transform = schema::requirement))]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// A scope that the token must have.
    #[cfg_attr(feature = "cli", schemars(
        regex(pattern = schema::SCOPE),
        extend("examples" = ["https://api.example.com/read"]),
    ))]
    pub scope: Option<String>,
    /// A group that the token must have.
    #[cfg_attr(feature = "cli", schemars(length(min = 1), extend("examples" = ["admin"])))]
    pub group: Option<String>,
    /// A claim, tested by exactly one of the operands.
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["sub"])))]
    pub claim: Option<ClaimName>,
    /// The claim is this value.
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["enterprise"])))]
    pub equals: Option<Scalar>,
    /// The claim is one of these values.
    #[serde(rename = "in")]
    #[cfg_attr(feature = "cli", schemars(length(min = 1), extend("examples" = [["pro", "enterprise"]])))]
    pub one_of: Option<Vec<Scalar>>,
    /// The claim is a list with this value in it.
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["beta"])))]
    pub contains: Option<Scalar>,
    /// The claim is there (`true`), or is not (`false`).
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [true])))]
    pub exists: Option<bool>,
    /// The claim is the value of this variable of the route, percent-decoded once.
    #[cfg_attr(feature = "cli", schemars(regex(pattern = schema::VARIABLE), extend("examples" = ["id"])))]
    pub equals_path: Option<String>,
    /// The claim is the value of this request header, which must be there once.
    #[cfg_attr(feature = "cli", schemars(with = "Option<schema::HeaderName>", extend("examples" = ["x-tenant"])))]
    pub equals_header: Option<String>,
    /// The claim is text of this form; `*` stands for any number of characters.
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["*@example.com"])))]
    pub matches: Option<String>,
    /// Every one must hold.
    #[cfg_attr(feature = "cli", schemars(
        length(min = 1),
        extend("examples" = [[{ "scope": "read" }, { "group": "staff" }]]),
    ))]
    pub all_of: Option<Vec<Self>>,
    /// At least one must hold.
    #[cfg_attr(feature = "cli", schemars(
        length(min = 1),
        extend("examples" = [[{ "claim": "sub", "equals_path": "id" }, { "group": "admin" }]]),
    ))]
    pub any_of: Option<Vec<Self>>,
    /// Must not hold.
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [{ "group": "suspended" }])))]
    pub not: Option<Box<Self>>,
}

/// Format and details of refusals.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Responses {
    /// `realm` of the challenge in `www-authenticate`, ASCII without quotes and backslashes; none if it is empty.
    #[cfg_attr(feature = "cli", schemars(
        regex(pattern = schema::REALM),
        extend("default" = "api", "examples" = ["example"]),
    ))]
    pub realm: Option<String>,
    /// Tell the client the reason's code, as `error_description` of the challenge and `detail` of `problem` bodies.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = [true])))]
    pub expose_reason: bool,
    /// The body's format.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["problem"])))]
    pub format: Format,
    /// Extra headers by status: 400, 401, 403 or 503. Not `content-type`, `www-authenticate` and `retry-after`, which the
    /// filter sets itself.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(
        with = "Entries<schema::ExtraHeaders>",
        extend(
            "default" = {},
            "propertyNames" = { "enum": ["400", "401", "403", "503"] },
            "examples" = [{ "401": { "access-control-allow-origin": "*" } }],
        ),
    ))]
    pub headers: Entries<Entries<String>>,
    /// `retry-after` of a 503, in whole seconds, at least one.
    #[serde(default = "Period::five_seconds")]
    #[cfg_attr(feature = "cli", schemars(extend("examples" = ["30s"])))]
    pub retry_after: Period,
}

/// The format of a refusal's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// API Gateway's `{"message": …}`.
    #[default]
    Aws,
    /// RFC 9457 problem details.
    Problem,
    /// Plain text as Envoy's own `jwt_authn` writes it.
    Envoy,
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
