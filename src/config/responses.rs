//! The refusals of the plugin JSON: what they say, and in which format.

use serde::Deserialize;

#[cfg(feature = "schema")]
use super::schema;
use super::values::{Entries, Period};

/// Format and details of refusals.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Responses {
    /// `realm` of the challenge in `www-authenticate`, ASCII without quotes and backslashes; none if it is empty.
    #[cfg_attr(feature = "schema", schemars(
        regex(pattern = schema::REALM),
        extend("default" = "api", "examples" = ["example"]),
    ))]
    pub realm: Option<String>,
    /// Tell the client the reason's code, as `error_description` of the challenge and `detail` of `problem` bodies.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub expose_reason: bool,
    /// The body's format.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["problem"])))]
    pub format: Format,
    /// Extra headers by status: 400, 401, 403 or 503. Not `content-type`, `www-authenticate` and `retry-after`, which the
    /// filter sets itself.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(
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
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["30s"])))]
    pub retry_after: Period,
}

/// The format of a refusal's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// API Gateway's `{"message": …}`.
    #[default]
    Aws,
    /// RFC 9457 problem details.
    Problem,
    /// Plain text as Envoy's own `jwt_authn` writes it, which tells the reason, whatever `expose_reason` says.
    Envoy,
}
