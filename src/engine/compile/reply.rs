//! `responses` of the plugin JSON → [`ReplyStyle`].

use std::time::Duration;

use super::context::settable_header;
use crate::config;
use crate::config::error::{ConfigError, ConfigPath};
use crate::reply::{Format, ReplyStyle};

pub(super) fn style(path: &ConfigPath, responses: config::Responses) -> Result<ReplyStyle, ConfigError> {
    let config::Responses { realm, expose_reason, format, headers, retry_after } = responses;
    let realm = realm.unwrap_or_else(|| "api".to_owned());
    if realm.chars().any(|c| c.is_control() || matches!(c, '"' | '\\') || !c.is_ascii()) {
        return Err(path.field("realm").error("must be ASCII without quotes and backslashes"));
    }
    let mut extra = Vec::new();
    for (status, entries) in headers {
        let path = path.field("headers").field(&status);
        let status = match status.as_str() {
            "400" => 400,
            "401" => 401,
            "403" => 403,
            "503" => 503,
            _ => return Err(path.error("is not a status that the filter replies with; write 400, 401, 403 or 503")),
        };
        for (name, value) in entries {
            let path = path.field(&name);
            let header = settable_header(&path, &name)?;
            if config::OWN_HEADERS.contains(&header.as_str()) {
                return Err(path.error("is set by the filter itself; remove it"));
            }
            if value.chars().any(char::is_control) {
                return Err(path.error("has control characters, which a header value must not have"));
            }
            extra.push((status, header, value.into_boxed_str()));
        }
    }
    Ok(ReplyStyle {
        realm: (!realm.is_empty()).then(|| realm.into_boxed_str()),
        expose_reason,
        format: match format {
            config::Format::Aws => Format::Aws,
            config::Format::Problem => Format::Problem,
            config::Format::Envoy => Format::Envoy,
        },
        headers: extra.into(),
        retry_after: whole_seconds(retry_after.duration()),
    })
}

/// `retry-after` has whole seconds (RFC 9110 §10.2.3). It is never zero, because clients would retry at once.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}
