//! The wire format: one struct for each object of the plugin JSON, field for field, with no behaviour.
//!
//! Unknown fields and repeated names are refused everywhere. What a field means, and whether its value makes
//! sense, is decided where it is compiled (`policy::compile`), which destructures these structs by name.

mod message;
mod read;
mod values;

use serde::Deserialize;

pub use read::{Misread, parse};
pub use values::{AnyOrAll, ClaimName, Entries, ListForm, Output, Period, Scalar};

/// The whole plugin configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Issuers whose tokens are accepted, by a name of your choice.
    pub providers: Entries<Provider>,
    /// Which request needs what. The most specific route wins; the order does not matter.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What happens to a request that no rule covers.
    #[serde(default)]
    pub default: Fallback,
    /// Whether a true CORS preflight passes without a token.
    #[serde(default)]
    pub cors_preflight: CorsPreflight,
    /// Format and details of refusals.
    #[serde(default)]
    pub responses: Responses,
    /// Let Envoy choose the route again after identity headers were set.
    #[serde(default)]
    pub clear_route_cache: bool,
    /// Log one line for each refusal, rate-limited.
    #[serde(default)]
    pub log_denials: bool,
    /// For which requests reason, provider, rule, subject and client are kept for access logs.
    #[serde(default)]
    pub filter_state: FilterState,
}

/// For which requests filter state is written, which costs up to five host calls each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Preset for token kind and claim names; any field given explicitly wins.
    #[serde(default)]
    pub profile: Profile,
    /// Compared with `iss` byte for byte. May hold `{tenantid}` together with `tenants`.
    pub issuer: String,
    /// Tenants for which `{tenantid}` in `issuer` may stand; `tid` must be the same one.
    pub tenants: Option<Vec<String>>,
    /// Any of these must be in `aud`, or in the client claim of a token without `aud`.
    pub audiences: Option<Vec<String>>,
    /// Accept tokens for any audience; the alternative to `audiences`.
    #[serde(default)]
    pub any_audience: bool,
    /// If given, the client claim must be one of these as well.
    pub clients: Option<Vec<String>>,
    /// Where the keys come from.
    pub jwks: Jwks,
    /// Algorithms that tokens may be signed with.
    pub algorithms: Option<Vec<String>>,
    /// The kind of token accepted.
    pub token_use: Option<TokenUse>,
    /// Tolerance for `exp`, `nbf` and `iat`.
    #[serde(default = "Period::minute")]
    pub clock_skew: Period,
    /// Refuse a token without `exp`.
    #[serde(default = "yes")]
    pub require_expiration: bool,
    /// Refuse tokens whose `exp - iat` is longer.
    pub max_token_lifetime: Option<Period>,
    /// Where in the request the token may be.
    pub identity_sources: Option<Vec<String>>,
    /// Claims that hold scopes.
    pub scope_claims: Option<Vec<ClaimName>>,
    /// Claims that hold groups.
    pub group_claims: Option<Vec<ClaimName>>,
    /// Leave the token in the request that goes upstream.
    #[serde(default = "yes")]
    pub forward_token: bool,
    /// Request headers set from verified claims.
    #[serde(default)]
    pub claims_to_headers: Entries<Output>,
    /// Request header that carries the whole verified payload, base64url.
    pub payload_to_header: Option<String>,
    /// The cache of verified tokens.
    #[serde(default)]
    pub cache: Cache,
}

/// Preset for the kind of token and the names of its claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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
#[serde(deny_unknown_fields)]
pub struct Jwks {
    /// The key set's URL; its host and path are asked of `cluster`.
    pub uri: Option<String>,
    /// The Envoy cluster that serves the key set.
    pub cluster: Option<String>,
    /// How long one fetch may take.
    pub timeout: Option<Period>,
    /// How long a key set is fresh.
    pub refresh_interval: Option<Period>,
    /// How long the last good key set serves while the issuer can't be reached.
    pub max_stale: Option<Period>,
    /// Let `Cache-Control: max-age` of the issuer stand for `refresh_interval`.
    pub respect_cache_control: Option<bool>,
    /// The key set itself.
    #[serde(default, deserialize_with = "values::strict")]
    pub inline: Option<serde_json::Value>,
    /// Find the key set through the issuer's OIDC discovery document.
    #[serde(default)]
    pub discovery: bool,
}

/// The cache of verified tokens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// How long a verified token is remembered; `"0s"` turns the cache off.
    #[serde(default = "Period::five_minutes")]
    pub ttl: Period,
    /// How many tokens are remembered.
    #[serde(default = "ten_thousand")]
    pub max_tokens: u32,
}

/// One rule: a route and what its requests need.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// API Gateway's route key: `METHOD /path`, `ANY /path` or `$default`.
    pub route: String,
    /// Host names that the rule is for; `*.example.com` for one or more labels.
    pub hosts: Option<Vec<String>>,
    /// Who may pass before scopes, groups and claims are looked at.
    #[serde(default)]
    pub access: Access,
    /// Names of the providers whose tokens are accepted.
    pub providers: Option<Vec<String>>,
    /// Scopes: any of a list, or `{"all": […]}`.
    pub scopes: Option<AnyOrAll>,
    /// Groups: any of a list, or `{"all": […]}`.
    pub groups: Option<AnyOrAll>,
    /// A requirement tree.
    pub require: Option<Requirement>,
    /// Label for logs and metrics; the route if not given.
    pub name: Option<String>,
    /// Whether the rule refuses or only reports.
    #[serde(default)]
    pub mode: Mode,
}

/// Who may pass a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Refuse what the rule does not allow.
    #[default]
    Enforce,
    /// Count and log what would have been refused, and let it pass.
    DryRun,
}

/// A node of a requirement tree: exactly one of `scope`, `group`, `claim`, `all_of`, `any_of` and `not`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// A scope that the token must have.
    pub scope: Option<String>,
    /// A group that the token must have.
    pub group: Option<String>,
    /// A claim, tested by exactly one of the operands below.
    pub claim: Option<ClaimName>,
    /// The claim is this value.
    pub equals: Option<Scalar>,
    /// The claim is one of these values.
    #[serde(rename = "in")]
    pub one_of: Option<Vec<Scalar>>,
    /// The claim is a list with this value.
    pub contains: Option<Scalar>,
    /// The claim is there, or is not.
    pub exists: Option<bool>,
    /// The claim is the value of this path variable.
    pub equals_path: Option<String>,
    /// The claim is the value of this request header.
    pub equals_header: Option<String>,
    /// The claim matches this pattern; `*` stands for any number of characters.
    pub matches: Option<String>,
    /// Every one must hold.
    pub all_of: Option<Vec<Self>>,
    /// At least one must hold.
    pub any_of: Option<Vec<Self>>,
    /// Must not hold.
    pub not: Option<Box<Self>>,
}

/// Format and details of refusals.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Responses {
    /// `realm` of the challenge.
    pub realm: Option<String>,
    /// Add the reason to the challenge as `error_description`.
    #[serde(default)]
    pub expose_reason: bool,
    /// The body's format.
    #[serde(default)]
    pub format: Format,
    /// Extra headers by status: `{"401": {"name": "value"}}`.
    #[serde(default)]
    pub headers: Entries<Entries<String>>,
    /// `retry-after` of a 503.
    #[serde(default = "Period::five_seconds")]
    pub retry_after: Period,
}

/// The format of a refusal's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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
