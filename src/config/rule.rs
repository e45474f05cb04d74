//! The rules of the plugin JSON: routes, and what their requests need.

use serde::Deserialize;

use super::any_or_all::AnyOrAll;
use super::claim::ClaimName;
use super::scalar::Scalar;
#[cfg(feature = "schema")]
use super::schema;

/// One route, and what its requests need.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = schema::rule))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A route key, as in API Gateway: `METHOD /path`, `ANY /path` or `$default`. `{name}` matches one segment, `{name+}`
    /// at the end one or more. A literal may stand behind `{name}`, as in `{id}:cancel`. A literal segment wins over
    /// `{name}` with a literal, that over `{name}`, that over `{name+}`, that over `$default`; a method wins over `ANY`. `HEAD` is decided by the rule for `GET` unless the same route has a rule for `HEAD` or `ANY`. The
    /// query is not compared. Two rules must not have the same route and host.
    #[cfg_attr(feature = "schema", schemars(
        extend(
            "pattern" = schema::route(),
            "examples" = ["GET /items/{id}", "POST /orders/{id}:cancel", "ANY /admin/{proxy+}", "$default"],
        ),
    ))]
    pub route: String,
    /// The hosts of the rule, without ports; all hosts if not given. In `*.example.com`, `*` stands for one or more
    /// labels. A rule with a matching host wins over a rule for all hosts.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        inner(regex(pattern = schema::HOST)),
        extend("examples" = [["api.example.com", "*.tenants.example.com"]]),
    ))]
    pub hosts: Option<Vec<String>>,
    /// Who may send such a request. Scopes, groups and claims are conditions in addition.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["public"])))]
    pub access: Access,
    /// The providers whose tokens are accepted; all if not given. A token of another provider is refused with 403.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = [["cognito"]])))]
    pub providers: Option<Vec<String>>,
    /// The scopes that the token must have: any of a list, as in API Gateway, or `{"all": […]}`. Missing scopes are named
    /// in the challenge (RFC 6750 §3.1).
    #[cfg_attr(feature = "schema", schemars(
        with = "Option<schema::Scopes>",
        extend("examples" = [["https://api.example.com/read"]]),
    ))]
    pub scopes: Option<AnyOrAll>,
    /// The groups that the token must have: any of a list, or `{"all": […]}`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<schema::Groups>", extend("examples" = [["admin"]])))]
    pub groups: Option<AnyOrAll>,
    /// A tree of requirements, in addition to `scopes` and `groups`.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [{ "claim": "org_tier", "in": ["pro", "enterprise"] }])))]
    pub require: Option<Requirement>,
    /// The name of the rule in logs and metrics; the route if not given.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        extend("not" = schema::without_controls(), "examples" = ["read-items"]),
    ))]
    pub name: Option<String>,
    /// Whether the rule refuses or only reports.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["dry_run"])))]
    pub mode: Mode,
}

/// Who may send a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everybody. Tokens are not checked.
    Public,
    /// Everybody. A token that is sent must be valid.
    Optional,
    /// Clients with a valid token.
    #[default]
    Authenticated,
    /// Nobody.
    Deny,
}

/// Whether a rule refuses or only reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Refuse what the rule does not allow.
    #[default]
    Enforce,
    /// Count and log requests that would have been refused, and forward them without identity headers.
    DryRun,
}

/// A node of a requirement tree: exactly one of `scope`, `group`, `claim`, `all_of`, `any_of` and `not`. A `claim` needs
/// exactly one operand: `equals`, `in`, `contains`, `exists`, `equals_path`, `equals_header` or `matches`. Values are
/// compared by type: `true` is not `"true"`. If the claim is missing, no operand holds, not even under `not`; only
/// `exists` can test for that. If the claim's path has a `*`, one of the values that it leads to must pass the test; under
/// `not`, none of them.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = schema::requirement))]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// A scope that the token must have.
    #[cfg_attr(feature = "schema", schemars(
        regex(pattern = schema::SCOPE),
        extend("examples" = ["https://api.example.com/read"]),
    ))]
    pub scope: Option<String>,
    /// A group that the token must have.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = ["admin"])))]
    pub group: Option<String>,
    /// A claim, which exactly one operand tests.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["sub"])))]
    pub claim: Option<ClaimName>,
    /// The claim has this value.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["enterprise"])))]
    pub equals: Option<Scalar>,
    /// The claim has one of these values.
    #[serde(rename = "in")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = [["pro", "enterprise"]])))]
    pub one_of: Option<Vec<Scalar>>,
    /// The claim is a list that contains this value.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["beta"])))]
    pub contains: Option<Scalar>,
    /// The token has the claim (`true`), or does not have it (`false`).
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub exists: Option<bool>,
    /// The claim equals this variable of the route, percent-decoded once: it is this text, a whole number that JSON writes
    /// so (`42` is neither `042` nor `42.0`), or a list with one of them. It is never equal where servers may read
    /// different values, as from `a%2Fb` or `a;b`.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = schema::VARIABLE), extend("examples" = ["id"])))]
    pub equals_path: Option<String>,
    /// The claim equals this request header, byte for byte: it is this text, a whole number that JSON writes so, or a list
    /// with one of them. The request must have the header once, and no other that a
    /// server may take for it (`x_tenant` for `x-tenant`). `host` is Envoy's `:authority`, with the port if the client
    /// sends one.
    #[cfg_attr(feature = "schema", schemars(with = "Option<schema::HeaderName>", extend("examples" = ["x-tenant"])))]
    pub equals_header: Option<String>,
    /// The claim is text that matches this pattern. `*` stands for any number of characters.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["*@example.com"])))]
    pub matches: Option<String>,
    /// All of these must hold.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        extend("examples" = [[{ "scope": "read" }, { "group": "staff" }]]),
    ))]
    pub all_of: Option<Vec<Self>>,
    /// At least one of these must hold.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        extend("examples" = [[{ "claim": "sub", "equals_path": "id" }, { "group": "admin" }]]),
    ))]
    pub any_of: Option<Vec<Self>>,
    /// This must not hold.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [{ "group": "suspended" }])))]
    pub not: Option<Box<Self>>,
}
