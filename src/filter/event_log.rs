//! What the filter logs: one line when it is configured, and when keys change, fail or recover. Refusals are logged at
//! debug, or at info and rate-limited where the operator asked for them. Never a token, a signature or claims.

use log::Level;

use super::host::{Clock, SharedStore};
use super::key_fetcher::FetchEvent;
use super::provider_keys::ProviderKeys;
use super::shared::first_in_process;
use crate::engine::Engine;
use crate::engine::decision::Decision;
use crate::time::UnixTime;

/// Lines about refusals that one worker writes in a second.
const LINES_PER_SECOND: u32 = 10;
/// Ids come from attackers; so much of them is enough to recognise one.
const LONGEST_ID: usize = 64;

/// Warnings about one configuration.
const MOST_WARNINGS: usize = 20;
const LONGEST_WARNING: usize = 500;

/// Writes lines, and counts those that it suppresses.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    second: i64,
    written: u32,
    suppressed: u64,
}

impl EventLog {
    /// Envoy configures its main thread and every worker; only the first of them logs.
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
            // The default is not counted.
            engine.authorizer().rules().len().saturating_sub(1),
            names.len(),
            shorten(&names.join(", "), 1000),
        );
        let warnings = engine.warnings();
        for warning in warnings.iter().take(MOST_WARNINGS) {
            let line = warning.to_string();
            let end = line.char_indices().nth(LONGEST_WARNING).map_or(line.len(), |(end, _)| end);
            log::log!(warn, "jwt_authorizer: {}", line.get(..end).unwrap_or_default());
        }
        if warnings.len() > MOST_WARNINGS {
            log::log!(warn, "jwt_authorizer: {} more warnings", warnings.len() - MOST_WARNINGS);
        }
    }

    /// Logs the end of a fetch, unless it changed nothing.
    pub(super) fn fetched(provider: &str, event: FetchEvent, keys: &ProviderKeys, now: UnixTime) {
        let cluster = keys.fetcher().map_or("", |fetcher| fetcher.cluster());
        let set = keys.current();
        match event {
            FetchEvent::Succeeded { changed, failure: Some(failure) } => log::info!(
                "provider `{provider}`: keys fetched again after `{}`: {} keys{}",
                failure.label(),
                set.set().len(),
                if changed { ", changed" } else { "" }
            ),
            FetchEvent::Succeeded { changed: true, failure: None } => {
                log::info!("provider `{provider}`: {} keys from cluster `{cluster}`", set.set().len());
            }
            FetchEvent::Succeeded { changed: false, failure: None } | FetchEvent::Failed { first: false, .. } => {}
            FetchEvent::Failed { failure, first: true } => {
                let state =
                    if set.is_usable(now) { "serving the last good set, retrying" } else { "no usable keys, retrying" };
                log::warn!(
                    "provider `{provider}`: cannot fetch keys from cluster `{cluster}`: `{}`; {state}",
                    failure.label()
                );
            }
        }
    }

    /// Logs a refusal, also one that a rule in dry run only reports.
    pub(super) fn refused(&mut self, engine: &Engine, decision: &Decision, now: UnixTime) {
        let is_dry_run = decision.is_dry_run();
        let wanted = (engine.logs_denials() || is_dry_run) && self.may_write(now);
        let level = if wanted { Level::Info } else { Level::Debug };
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
            caller.key_id().map_or_else(String::new, |id| shorten(id.as_str(), LONGEST_ID)),
            token.and_then(|token| token.client()).map_or_else(String::new, |client| shorten(client, LONGEST_ID)),
            if wanted { self.suppressed_suffix() } else { String::new() },
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

/// Printable, in one line, and not longer than that.
fn shorten(text: &str, longest: usize) -> String {
    let mut short: String = text.chars().take(longest).flat_map(char::escape_debug).collect();
    if text.chars().nth(longest).is_some() {
        short.push('…');
    }
    short
}
