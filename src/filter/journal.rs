//! What the log says. One line when the filter is configured, when keys change, fail or come back; refusals at debug,
//! or at info and rate-limited where the operator asked for it, as with a dry run. Never a token, a signature or a claim set.

use std::hash::{DefaultHasher, Hasher};

use log::Level;

use super::fetches::{Event, PREFIX};
use super::host::SharedStore;
use super::meters::DEFAULT_RULE;
use crate::jwt::keys::KeyRing;
use crate::jwt::provider::ProviderIndex;
use crate::jwt::time::UnixTime;
use crate::policy::decision::Verdict;
use crate::policy::{Authorizer, KeySource};

/// Lines about refusals that one worker writes in a second.
const LINES_PER_SECOND: u32 = 10;
/// Ids come from attackers; so much of them is enough to recognise one.
const LONGEST_ID: usize = 64;

/// Warnings about one configuration.
const MOST_WARNINGS: usize = 20;
const LONGEST_WARNING: usize = 500;

/// Writes lines, and keeps count of those it left out.
#[derive(Debug, Default)]
pub(super) struct Journal {
    second: i64,
    written: u32,
    left_out: u64,
}

impl Journal {
    /// Envoy configures every worker, and its main thread before them: the first one says so for all.
    pub(super) fn configured(host: &impl SharedStore, json: &[u8], authorizer: &Authorizer) {
        let names: Vec<_> = authorizer.providers().iter().map(|provider| &*provider.name).collect();
        let (told, warned) =
            if is_news(host, json) { (Level::Info, Level::Warn) } else { (Level::Debug, Level::Debug) };
        log::log!(
            told,
            "jwt_authorizer {}: {} rules, {} providers: {}",
            env!("CARGO_PKG_VERSION"),
            authorizer.rules().len(),
            names.len(),
            shorten(&names.join(", "), 1000),
        );
        let warnings = authorizer.warnings();
        for warning in warnings.iter().take(MOST_WARNINGS) {
            let line = warning.to_string();
            let end = line.char_indices().nth(LONGEST_WARNING).map_or(line.len(), |(end, _)| end);
            log::log!(warned, "jwt_authorizer: {}", line.get(..end).unwrap_or_default());
        }
        if warnings.len() > MOST_WARNINGS {
            log::log!(warned, "jwt_authorizer: {} more warnings are left out", warnings.len() - MOST_WARNINGS);
        }
    }

    pub(super) fn keys(authorizer: &Authorizer, provider: ProviderIndex, event: Event, ring: &KeyRing, now: UnixTime) {
        let name = authorizer.providers().get(provider.0).map_or("?", |provider| &provider.name);
        let cluster = match authorizer.key_sources().get(provider.0) {
            Some(KeySource::Remote(remote)) => &remote.cluster,
            Some(KeySource::Inline(_)) | None => "",
        };
        match event {
            Event::Succeeded { news, failure: Some(failure) } => log::info!(
                "provider `{name}`: keys can be fetched again after `{}`: {} keys{}",
                failure.label(),
                ring.set().len(),
                if news { ", changed" } else { "" }
            ),
            Event::Succeeded { news: true, failure: None } => {
                log::info!("provider `{name}`: {} keys from cluster `{cluster}`", ring.set().len());
            }
            Event::Succeeded { news: false, failure: None } | Event::Failed { first: false, .. } => {}
            Event::Failed { failure, first: true } => {
                let state =
                    if ring.is_usable(now) { "the last good set serves on" } else { "there are no keys to serve with" };
                log::warn!(
                    "provider `{name}`: keys could not be fetched from cluster `{cluster}`: `{}`; {state}, tries go on",
                    failure.label()
                );
            }
        }
    }

    pub(super) fn refused(&mut self, authorizer: &Authorizer, verdict: &Verdict, now: UnixTime) {
        // Whoever tries a rule wants to read about it.
        let wanted = (authorizer.logs_denials() || verdict.dry_run) && self.may_write(now);
        let level = if wanted { Level::Info } else { Level::Debug };
        if !log::log_enabled!(level) {
            return;
        }
        let about = &verdict.about;
        let token = about.token.as_deref();
        log::log!(
            level,
            "{}: reason={} rule=\"{}\" provider={} kid=\"{}\" client=\"{}\"{}",
            if verdict.dry_run { "would refuse" } else { "refused" },
            verdict.reason.label(),
            about.rule.and_then(|index| authorizer.rules().get(index.0)).map_or(DEFAULT_RULE, |rule| rule.name()),
            about.provider.and_then(|index| authorizer.providers().get(index.0)).map_or("-", |provider| &provider.name),
            about.key_id().map_or_else(String::new, |id| shorten(id.as_str(), LONGEST_ID)),
            token.and_then(|token| token.client()).map_or_else(String::new, |client| shorten(client, LONGEST_ID)),
            if wanted { self.confess() } else { String::new() },
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
            self.left_out = self.left_out.saturating_add(1);
        }
        may
    }

    fn confess(&mut self) -> String {
        match std::mem::take(&mut self.left_out) {
            0 => String::new(),
            n => format!(" ({n} lines like this left out)"),
        }
    }
}

/// Whether nobody in this process has said yet that this is the configuration now.
fn is_news(host: &impl SharedStore, json: &[u8]) -> bool {
    let key = format!("{PREFIX}/configured");
    let mut hasher = DefaultHasher::new();
    hasher.write(json);
    let fingerprint = hasher.finish().to_le_bytes();
    match host.load(&key) {
        Some((known, _)) if known == fingerprint => false,
        Some((_, version)) => host.store(&key, &fingerprint, Some(version)),
        None => host.store(&key, &fingerprint, None),
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
