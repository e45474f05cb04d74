//! What the filter logs: one line when it is configured, and one when a fetch changes the keys, fails, or succeeds
//! again after a failure. Refusals are logged at debug level. With `log_denials`, and for rules in dry run, they are
//! logged at info level and rate-limited. No line has a token or a signature. The only claims in a line name a client, or the
//! issuer or audience that is not accepted.

use std::fmt;

use log::Level;

use super::host::{Clock, SharedStore};
use super::key_fetcher::FetchEvent;
use super::provider_keys::ProviderKeys;
use super::shared_data::first_in_process;
use crate::engine::Engine;
use crate::engine::decision::Decision;
use crate::keys::jwk::KeyId;
use crate::keys::set_change::SetChange;
use crate::time::UnixTime;
use crate::token::refused_claim::RefusedClaim;
use crate::token::verified::VerifiedToken;

/// How many lines about refusals one worker writes in a second.
const LINES_PER_SECOND: u32 = 10;
/// Attackers choose these ids, and some bytes take ten in a line. This much is enough to recognise one.
const KEY_ID: Length = Length { chars: 64, bytes: 128 };
const CLIENT: Length = Length { chars: 64, bytes: 256 };
const CLAIM: Length = Length { chars: 150, bytes: 256 };
/// The names of rules and providers in lines about refusals.
const RULE: Length = Length { chars: 200, bytes: 200 };
const PROVIDER: Length = Length { chars: 64, bytes: 64 };
const PROVIDERS: Length = Length { chars: 1000, bytes: 1000 };
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
            "jwt_authorizer {}: {}{}, {}: {}",
            env!("CARGO_PKG_VERSION"),
            engine.name().map_or_else(String::new, |name| format!("policy `{name}`, ")),
            // The list includes the default.
            count(engine.authorizer().rules().len().saturating_sub(1), "rule"),
            count(names.len(), "provider"),
            shorten(&names.join(", "), PROVIDERS),
        );
        let warnings = engine.warnings();
        for warning in warnings.iter().take(MAX_WARNINGS) {
            let line = warning.to_string();
            let end = line.char_indices().nth(MAX_WARNING_CHARS).map_or(line.len(), |(end, _)| end);
            log::log!(warn, "jwt_authorizer: {}", line.get(..end).unwrap_or_default());
        }
        if warnings.len() > MAX_WARNINGS {
            log::log!(warn, "jwt_authorizer: {}", count(warnings.len() - MAX_WARNINGS, "more warning"));
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

    /// Logs a refusal, or what a dry run would have refused.
    pub(super) fn refused(&mut self, engine: &Engine, decision: &Decision, now: UnixTime) {
        let is_dry_run = decision.is_dry_run();
        let at_info = (engine.logs_denials() || is_dry_run) && self.may_write(now);
        let level = if at_info { Level::Info } else { Level::Debug };
        if !log::log_enabled!(level) {
            return;
        }
        let caller = &decision.diagnostics.caller;
        let line = RefusalLine {
            what: if is_dry_run { "would refuse" } else { "refused" },
            reason: decision.reason(),
            rule: &engine.authorizer().rules()[decision.diagnostics.rule].name,
            provider: caller.provider.map(|provider| &*engine.authenticator().providers()[provider].name),
            key_id: caller.key_id().map(KeyId::as_str),
            client: caller.token.as_deref().and_then(VerifiedToken::client),
            refused_claim: caller.refused_claim.as_deref(),
        };
        log::log!(level, "{line}{}", if at_info { self.suppressed_suffix() } else { String::new() });
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

/// A line about a refusal. It has less than 1 KiB, whatever the token and the configuration contain.
struct RefusalLine<'l> {
    what: &'static str,
    reason: &'static str,
    rule: &'l str,
    provider: Option<&'l str>,
    key_id: Option<&'l str>,
    client: Option<&'l str>,
    /// Only of a token that is not verified, so without `client`.
    refused_claim: Option<&'l RefusedClaim>,
}

impl fmt::Display for RefusalLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, reason, .. } = self;
        let rule = shorten(self.rule, RULE);
        let provider = shorten(self.provider.unwrap_or("-"), PROVIDER);
        let key_id = shorten(self.key_id.unwrap_or_default(), KEY_ID);
        write!(f, "{what}: reason={reason} rule=\"{rule}\" provider={provider} kid=\"{key_id}\"")?;
        match self.refused_claim {
            Some(RefusedClaim { name, value }) => write!(f, " unverified_{name}=\"{}\"", shorten(value, CLAIM)),
            None => write!(f, " client=\"{}\"", shorten(self.client.unwrap_or_default(), CLIENT)),
        }
    }
}

/// A number of things, in words.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// How much of a text a line may have.
#[derive(Clone, Copy)]
struct Length {
    chars: usize,
    /// With escapes.
    bytes: usize,
}

/// Cuts a text, and escapes what would not be printable in one line.
fn shorten(text: &str, max: Length) -> String {
    let mut short = String::new();
    for (index, char) in text.chars().enumerate() {
        let escaped = char.escape_debug();
        let bytes: usize = escaped.clone().map(char::len_utf8).sum();
        if index == max.chars || short.len() + bytes > max.bytes {
            short.push('…');
            break;
        }
        short.extend(escaped);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_a_refusal_has_less_than_1_kib() {
        // The character with the longest escape, and those with the most bytes.
        for text in ["\u{10ffff}", "\u{e0001}", "😀", "\n", "\"", "a"].map(|text| text.repeat(20_000)) {
            let claim = RefusedClaim { name: "client_id", value: text.as_str().into() };
            for refused_claim in [None, Some(&claim)] {
                let line = RefusalLine {
                    what: "would refuse",
                    reason: "identity_source_mismatch",
                    rule: &text,
                    provider: Some(&text),
                    key_id: Some(&text),
                    client: Some(&text),
                    refused_claim,
                };
                let mut log = EventLog { suppressed: u64::MAX, ..EventLog::default() };
                let line = format!("{line}{}", log.suppressed_suffix());
                // Envoy writes the names of plugin and VM before it.
                assert!(line.len() < 1024 - 100, "{} bytes: {line}", line.len());
                assert!(!line.contains(char::is_control), "{line}");
            }
        }
    }

    #[test]
    fn one_thing_is_told_in_the_singular() {
        for (number, expected) in [(0, "0 keys"), (1, "1 key"), (2, "2 keys")] {
            assert_eq!(count(number, "key"), expected);
        }
    }

    #[test]
    fn a_text_is_cut_at_a_number_of_characters_and_of_bytes() {
        let max = Length { chars: 4, bytes: 6 };
        for (text, expected) in [
            ("", ""),
            ("abcd", "abcd"),
            ("abcde", "abcd…"),
            ("a\nbc", "a\\nbc"),
            ("\n\n\n", "\\n\\n\\n"),
            ("\n\n\na", "\\n\\n\\n…"),
            ("é é", "é é"),
            ("ééé\n", "ééé…"),
            ("\u{10ffff}", "…"),
        ] {
            assert_eq!(shorten(text, max), expected, "{text:?}");
        }
    }
}
