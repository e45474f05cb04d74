//! The filter state of a request, from which access logs read.

use std::borrow::Cow;

use super::host::Stream;
use crate::engine::Engine;
use crate::engine::decision::Decision;

/// Writes what access logs may show about a decision.
pub(super) fn set_filter_state(decision: &Decision, engine: &Engine, host: &impl Stream) {
    let caller = &decision.diagnostics.caller;
    host.set_filter_state("jwt_authorizer.reason", decision.reason());
    if let Some(provider) = caller.provider {
        let name = &engine.authenticator().providers()[provider].name;
        host.set_filter_state("jwt_authorizer.provider", name);
    }
    let rule = &engine.authorizer().rules()[decision.diagnostics.rule];
    host.set_filter_state("jwt_authorizer.rule", &rule.name);
    if let Some(token) = &caller.token {
        if let Some(subject) = token.subject() {
            host.set_filter_state("jwt_authorizer.sub", &in_one_line(subject));
        }
        if let Some(client) = token.client() {
            host.set_filter_state("jwt_authorizer.client_id", &in_one_line(client));
        }
    }
    if let Some(names) = engine.omitted_headers(decision) {
        host.set_filter_state("jwt_authorizer.omitted_headers", &names);
    }
    if decision.is_dry_run() {
        host.set_filter_state("jwt_authorizer.dry_run", "true");
    }
}

/// Some identity providers let users choose the value of a claim, and an entry of an access log must stay one line.
fn in_one_line(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) { Cow::Owned(text.replace(char::is_control, " ")) } else { Cow::Borrowed(text) }
}
