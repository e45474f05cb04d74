//! The whole of the plugin JSON.

use serde::Deserialize;

use super::provider::Provider;
use super::responses::Responses;
use super::rule::Rule;
#[cfg(feature = "schema")]
use super::schema;
use super::values::Entries;

/// The whole plugin configuration.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The URI of the JSON Schema, for editors. The filter ignores it.
    #[serde(rename = "$schema", default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["./config.schema.json"])))]
    pub schema: Option<String>,
    /// The name of this policy in metrics and logs, made of letters, digits, `_` and `-`. Give one to each policy where
    /// one Envoy has several: without names, metrics of providers and rules with the same name are added up.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^[A-Za-z0-9_-]+$", "examples" = ["public-api"])))]
    pub name: Option<String>,
    /// Issuers whose tokens are accepted, by names of your choice; at least one. A name is made of letters, digits,
    /// `_` and `-`, and becomes part of metrics and logs. Two providers with one issuer are refused.
    #[cfg_attr(feature = "schema", schemars(
        extend(
            "minProperties" = 1,
            "propertyNames" = { "pattern": "^[A-Za-z0-9_-]+$" },
            "examples" = [schema::providers()],
        ),
    ))]
    pub providers: Entries<Provider>,
    /// Which request needs what. The most specific route wins; the order does not matter.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(
        extend("default" = [], "examples" = [[{ "route": "GET /items", "scopes": ["read"] }]]),
    ))]
    pub rules: Vec<Rule>,
    /// What happens to a request that no rule covers.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["authenticated"])))]
    pub default: Fallback,
    /// Whether a true CORS preflight (`OPTIONS` with `origin` and `access-control-request-method`) passes without a
    /// token. Any other `OPTIONS` is a request like every other.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["check"])))]
    pub cors_preflight: CorsPreflight,
    /// Format and details of refusals.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("default" = {}, "examples" = [{ "realm": "example" }])))]
    pub responses: Responses,
    /// Let Envoy choose the route again after identity headers were set, for routes that match on them.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub clear_route_cache: bool,
    /// Log one line for each refusal with reason, rule, provider, key and client, at most ten a second from each
    /// worker. Never a token.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub log_denials: bool,
    /// For which requests reason, provider, rule, subject and client are kept for access logs, as filter state. It
    /// costs up to five calls of the host for each request, and one more in a dry run.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["refused"])))]
    pub filter_state: FilterState,
}

/// For which requests filter state is written, which costs up to six host calls each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CorsPreflight {
    /// A true preflight needs no token.
    #[default]
    Bypass,
    /// A preflight is a request like any other.
    Check,
}
