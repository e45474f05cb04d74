//! The filter state of a request, from which access logs read.

use std::borrow::Cow;

use super::host::Stream;
use crate::engine::Engine;
use crate::engine::decision::Decision;

const REASON: &str = "jwt_authorizer.reason";

/// Writes what access logs may show about a decision.
pub(super) fn set_filter_state(decision: &Decision, engine: &Engine, host: &impl Stream) {
    // Another filter of the chain may have decided about the same request. Values are cleared that only its decision has.
    let is_second = host.has_filter_state(REASON);
    let set = |name: &str, value: Option<&str>| match value {
        Some(value) => host.set_filter_state(name, value),
        None if is_second => host.set_filter_state(name, ""),
        None => {}
    };
    let caller = &decision.diagnostics.caller;
    let token = caller.token.as_deref();
    let provider = caller.provider.map(|provider| &engine.authenticator().providers()[provider]);
    let rule = &engine.authorizer().rules()[decision.diagnostics.rule];
    set(REASON, Some(decision.reason()));
    set("jwt_authorizer.provider", provider.map(|provider| &*provider.name));
    set("jwt_authorizer.rule", Some(&rule.name));
    set("jwt_authorizer.sub", token.and_then(|token| token.subject()).map(in_one_line).as_deref());
    set("jwt_authorizer.client_id", token.and_then(|token| token.client()).map(in_one_line).as_deref());
    set("jwt_authorizer.omitted_headers", engine.omitted_headers(decision).as_deref());
    set("jwt_authorizer.dry_run", decision.is_dry_run().then_some("true"));
    if is_second {
        for provider in engine.authenticator().providers().iter() {
            provider.logged_claims.iter().for_each(|logged| set(&logged.name, None));
        }
    }
    if let (Some(provider), Some(token)) = (provider, token) {
        for (logged, value) in provider.logged_claims.iter().zip(token.logged_claims()) {
            if let Some(value) = value {
                host.set_filter_state(&logged.name, value);
            }
        }
    }
}

/// Some identity providers let users choose the value of a claim, and an entry of an access log must stay one line.
fn in_one_line(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) { Cow::Owned(text.replace(char::is_control, " ")) } else { Cow::Borrowed(text) }
}
