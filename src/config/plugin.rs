//! The top level of the plugin JSON.

use serde::Deserialize;

use super::entries::Entries;
use super::provider::Provider;
use super::responses::Responses;
use super::rule::Rule;
#[cfg(feature = "schema")]
use super::schema;

/// The plugin configuration.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The path or the URL of the JSON Schema, for editors. The filter ignores it.
    #[serde(rename = "$schema", default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["./config.schema.json"])))]
    pub schema: Option<String>,
    /// The name of this policy in metrics and logs. It may have letters, digits, `_` and `-`. If one Envoy has several
    /// policies, name each of them. Without names they share metrics: counters are added up, gauges overwrite each other.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = schema::LABEL, "examples" = ["public-api"])))]
    pub name: Option<String>,
    /// Whether the policy is enforced, or only tried.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["dry_run"])))]
    pub mode: PolicyMode,
    /// The issuers whose tokens are accepted, by names of your choice; at least one. A name may have letters, digits,
    /// `_` and `-`, and becomes part of the names of metrics. Two providers must not have the same issuer.
    #[cfg_attr(feature = "schema", schemars(
        extend(
            "minProperties" = 1,
            "propertyNames" = { "pattern": schema::LABEL },
            "examples" = [schema::providers()],
        ),
    ))]
    pub providers: Entries<Provider>,
    /// What each request needs. The most specific route wins, whatever the order of the rules.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(
        extend("default" = [], "examples" = [[{ "route": "GET /items", "scopes": ["read"] }]]),
    ))]
    pub rules: Vec<Rule>,
    /// What happens to a request that no rule covers.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["authenticated"])))]
    pub default: Fallback,
    /// Whether a CORS preflight (`OPTIONS` with one `origin` and one `access-control-request-method`) is allowed without
    /// a token. Any other `OPTIONS` request is decided by the rules.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["check"])))]
    pub cors_preflight: CorsPreflight,
    /// Format, realm and headers of refusals.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("default" = {}, "examples" = [{ "realm": "example" }])))]
    pub responses: Responses,
    /// Whether Envoy chooses the route again after the filter has set identity headers. Set it if routes match on
    /// them.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub clear_route_cache: bool,
    /// Whether each refusal is logged, with reason, rule, provider, key and client, but never the token. At most ten
    /// lines a second from each worker.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub log_denials: bool,
    /// The requests for which the filter state has reason, provider, rule, subject, client and the claims of
    /// `claims_to_filter_state`, for access logs. This costs one host call for each value and one more for each request.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["refused"])))]
    pub filter_state: FilterState,
}

/// Whether a policy is enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PolicyMode {
    /// Refuse what the policy does not allow.
    #[default]
    Enforce,
    /// Decide, count and log, but refuse nothing and change no header: every request is forwarded as it came. No request
    /// waits for keys; before the first fetch has ended, requests with a token count as `keys_unavailable`.
    DryRun,
}

/// The requests for which filter state is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FilterState {
    /// All requests.
    #[default]
    All,
    /// Requests that are refused, or that a dry run would have refused.
    Refused,
    /// No requests.
    None,
}

/// What happens to a request that no rule covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Refuse with 403.
    #[default]
    Deny,
    /// Allow with any valid token.
    Authenticated,
    /// Allow.
    Public,
}

/// How CORS preflights are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CorsPreflight {
    /// A preflight needs no token.
    #[default]
    Bypass,
    /// A preflight is decided by the rules, like any other request.
    Check,
}
