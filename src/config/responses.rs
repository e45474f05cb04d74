//! The responses to refused requests, in the plugin JSON.

use serde::Deserialize;

use super::entries::Entries;
use super::period::Period;
#[cfg(feature = "schema")]
use super::schema;

/// Format, realm and headers of refusals.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Responses {
    /// `realm` of the challenge in `www-authenticate` (RFC 6750 §3): ASCII without quotes and backslashes. If it is empty,
    /// the challenge has none.
    #[cfg_attr(feature = "schema", schemars(
        regex(pattern = schema::REALM),
        extend("default" = "api", "examples" = ["example"]),
    ))]
    pub realm: Option<String>,
    /// Whether the client gets the reason code, as `error_description` of the challenge, `detail` of `problem` bodies and
    /// in `grpc-message`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = [true])))]
    pub expose_reason: bool,
    /// The format of the body.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["problem"])))]
    pub format: Format,
    /// Additional response headers for each status: 400, 401, 403 or 503. Not `content-type`, `www-authenticate` and
    /// `retry-after`, which the filter sets itself.
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
    /// `retry-after` of a 503. It is rounded up to whole seconds, and is at least one second.
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
    /// Plain text, as Envoy's `jwt_authn` writes it. It includes the reason, even if `expose_reason` is `false`.
    Envoy,
}
