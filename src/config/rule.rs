//! The rules of the plugin JSON: routes, and the trees of requirements of those who may use them.

use serde::Deserialize;

#[cfg(feature = "schema")]
use super::schema;
use super::values::{AnyOrAll, ClaimName, Scalar};

/// One rule: a route, and what its requests need.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = schema::rule))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// API Gateway's route key: `METHOD /path`, `ANY /path` or `$default`. `{name}` is one segment, `{name+}` at the
    /// end one or more. A literal segment goes before `{name}`, that before `{name+}`, that before `$default`; a named
    /// method before `ANY`. The query takes no part. Two rules for the same route and host are refused.
    #[cfg_attr(feature = "schema", schemars(
        extend("pattern" = schema::route(), "examples" = ["GET /items/{id}", "ANY /admin/{proxy+}", "$default"]),
    ))]
    pub route: String,
    /// Host names that the rule is for, without ports; `*.example.com` for one or more labels. Every host if not
    /// given; a rule for the host goes before one for every host.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        inner(regex(pattern = schema::HOST)),
        extend("examples" = [["api.example.com", "*.tenants.example.com"]]),
    ))]
    pub hosts: Option<Vec<String>>,
    /// Who may pass before scopes, groups and claims are looked at.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["public"])))]
    pub access: Access,
    /// Names of the providers whose tokens are accepted; all if not given. Another provider's token is refused with
    /// 403.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = [["cognito"]])))]
    pub providers: Option<Vec<String>>,
    /// Scopes: any of a list, as in API Gateway, or `{"all": […]}`. Those that are missing are named in the challenge.
    #[cfg_attr(feature = "schema", schemars(
        with = "Option<schema::Scopes>",
        extend("examples" = [["https://api.example.com/read"]]),
    ))]
    pub scopes: Option<AnyOrAll>,
    /// Groups: any of a list, or `{"all": […]}`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<schema::Groups>", extend("examples" = [["admin"]])))]
    pub groups: Option<AnyOrAll>,
    /// A tree of requirements. It must hold together with `scopes` and `groups`.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [{ "claim": "org_tier", "in": ["pro", "enterprise"] }])))]
    pub require: Option<Requirement>,
    /// Label for logs and metrics; the route if not given.
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

/// Who may pass a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
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
    /// A claim, tested by exactly one of the operands.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["sub"])))]
    pub claim: Option<ClaimName>,
    /// The claim is this value.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["enterprise"])))]
    pub equals: Option<Scalar>,
    /// The claim is one of these values.
    #[serde(rename = "in")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = [["pro", "enterprise"]])))]
    pub one_of: Option<Vec<Scalar>>,
    /// The claim is a list with this value in it.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["beta"])))]
    pub contains: Option<Scalar>,
    /// The claim is there (`true`), or is not (`false`).
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub exists: Option<bool>,
    /// The claim is the value of this variable of the route, percent-decoded once. A value with `;` in it is nobody's: some
    /// servers drop what follows.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = schema::VARIABLE), extend("examples" = ["id"])))]
    pub equals_path: Option<String>,
    /// The claim is the value of this request header, which must be there once, and no other that a server may take for it
    /// (`x_tenant` for `x-tenant`).
    #[cfg_attr(feature = "schema", schemars(with = "Option<schema::HeaderName>", extend("examples" = ["x-tenant"])))]
    pub equals_header: Option<String>,
    /// The claim is text of this form; `*` stands for any number of characters.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["*@example.com"])))]
    pub matches: Option<String>,
    /// Every one must hold.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        extend("examples" = [[{ "scope": "read" }, { "group": "staff" }]]),
    ))]
    pub all_of: Option<Vec<Self>>,
    /// At least one must hold.
    #[cfg_attr(feature = "schema", schemars(
        length(min = 1),
        extend("examples" = [[{ "claim": "sub", "equals_path": "id" }, { "group": "admin" }]]),
    ))]
    pub any_of: Option<Vec<Self>>,
    /// Must not hold.
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [{ "group": "suspended" }])))]
    pub not: Option<Box<Self>>,
}
