//! What the filter logs: one line when it is configured, and one when a fetch changes the keys, fails, or succeeds
//! again after a failure. Refusals are logged at debug level. With `log_denials`, and for rules in dry run, they are
//! logged at info level and rate-limited. No line has a token or a signature. The only claim in a line is the client's id.

use log::Level;

use super::host::{Clock, SharedStore};
use super::key_fetcher::FetchEvent;
use super::provider_keys::ProviderKeys;
use super::shared_data::first_in_process;
use crate::engine::Engine;
use crate::engine::decision::Decision;
use crate::keys::set_change::SetChange;
use crate::time::UnixTime;

/// How many lines about refusals one worker writes in a second.
const LINES_PER_SECOND: u32 = 10;
/// Attackers choose these ids. This many characters are enough to recognise one.
const MAX_ID_CHARS: usize = 64;
/// How many warnings about one configuration are logged.
const MAX_WARNINGS: usize = 20;
const MAX_WARNING_CHARS: usize = 500;

/// The rate limit of lines about refusals.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    second: i64,
    written: u32,
    suppressed: u64,
}

impl EventLog {
    /// Logs that a configuration was accepted. Envoy configures the main thread and every worker, and only the first
    /// of them logs at info level.
    pub(super) fn configured(host: &(impl SharedStore + Clock), json: &[u8], engine: &Engine) {
        let names: Vec<_> = engine.authenticator().providers().iter().map(|provider| &*provider.name).collect();
        let (info, warn) = match first_in_process(host, json) {
            true => (Level::Info, Level::Warn),
            false => (Level::Debug, Level::Debug),
        };
        log::log!(
            info,
            "jwt_authorizer {}: {}{} rules, {} providers: {}",
            env!("CARGO_PKG_VERSION"),
            engine.name().map_or_else(String::new, |name| format!("policy `{name}`, ")),
            // The list includes the default.
            engine.authorizer().rules().len().saturating_sub(1),
            names.len(),
            shorten(&names.join(", "), 1000),
        );
        let warnings = engine.warnings();
        for warning in warnings.iter().take(MAX_WARNINGS) {
            let line = warning.to_string();
            let end = line.char_indices().nth(MAX_WARNING_CHARS).map_or(line.len(), |(end, _)| end);
            log::log!(warn, "jwt_authorizer: {}", line.get(..end).unwrap_or_default());
        }
        if warnings.len() > MAX_WARNINGS {
            log::log!(warn, "jwt_authorizer: {} more warnings", warnings.len() - MAX_WARNINGS);
        }
    }

    /// Logs the end of a fetch, unless nothing changed.
    pub(super) fn fetched(provider: &str, event: &FetchEvent, keys: &ProviderKeys, now: UnixTime) {
        let cluster = keys.cluster().unwrap_or_default();
        let set = keys.current();
        match event {
            FetchEvent::Succeeded { change, failure: Some(failure) } => log::info!(
                "provider `{provider}`: keys can be fetched again after `{}`: {}",
                failure.label(),
                change.as_ref().map_or_else(|| set.set().count(), |change| change.summary.clone())
            ),
            FetchEvent::Succeeded { change: Some(SetChange { is_first, summary }), failure: None } => log::info!(
                "provider `{provider}`: {} cluster `{cluster}`: {summary}",
                if *is_first { "keys from" } else { "new keys from" }
            ),
            FetchEvent::Succeeded { change: None, failure: None } | FetchEvent::Failed { first: false, .. } => {}
            FetchEvent::Failed { error, first: true } => {
                let state = if set.is_usable(now) {
                    "serving the last good set, retrying"
                } else {
                    "no keys to serve, retrying"
                };
                log::warn!(
                    "provider `{provider}`: keys could not be fetched from cluster `{}`: `{}` ({error}); {state}",
                    error.cluster,
                    error.class.label(),
                );
            }
        }
    }

    /// Logs a refusal, or what a rule in dry run would have refused.
    pub(super) fn refused(&mut self, engine: &Engine, decision: &Decision, now: UnixTime) {
        let is_dry_run = decision.is_dry_run();
        let at_info = (engine.logs_denials() || is_dry_run) && self.may_write(now);
        let level = if at_info { Level::Info } else { Level::Debug };
        if !log::log_enabled!(level) {
            return;
        }
        let caller = &decision.diagnostics.caller;
        let token = caller.token.as_deref();
        log::log!(
            level,
            "{}: reason={} rule=\"{}\" provider={} kid=\"{}\" client=\"{}\"{}",
            if is_dry_run { "would refuse" } else { "refused" },
            decision.reason(),
            engine.authorizer().rules()[decision.diagnostics.rule].name,
            caller.provider.map_or("-", |provider| &engine.authenticator().providers()[provider].name),
            caller.key_id().map_or_else(String::new, |id| shorten(id.as_str(), MAX_ID_CHARS)),
            token.and_then(|token| token.client()).map_or_else(String::new, |client| shorten(client, MAX_ID_CHARS)),
            if at_info { self.suppressed_suffix() } else { String::new() },
        );
    }

    fn may_write(&mut self, now: UnixTime) -> bool {
        let second = now.millis().div_euclid(1000);
        if self.second != second {
            self.second = second;
            self.written = 0;
        }
        let may = self.written < LINES_PER_SECOND;
        if may {
            self.written += 1;
        } else {
            self.suppressed = self.suppressed.saturating_add(1);
        }
        may
    }

    fn suppressed_suffix(&mut self) -> String {
        match std::mem::take(&mut self.suppressed) {
            0 => String::new(),
            n => format!(" ({n} similar lines suppressed)"),
        }
    }
}

/// Cuts a text, and escapes what would not be printable in one line.
fn shorten(text: &str, max_chars: usize) -> String {
    let mut short: String = text.chars().take(max_chars).flat_map(char::escape_debug).collect();
    if text.chars().nth(max_chars).is_some() {
        short.push('…');
    }
    short
}
