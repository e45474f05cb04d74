//! Envoy's access log, with the filter state of each request.

use std::fs;
use std::path::Path;

use serde::Deserialize;

/// One line of the log. Filter state that is not set is `None`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Entry {
    pub probe: Option<String>,
    pub reason: Option<String>,
    pub provider: Option<String>,
    pub rule: Option<String>,
    pub sub: Option<String>,
    pub client_id: Option<String>,
    pub dry_run: Option<String>,
    pub tenant: Option<String>,
    pub roles: Option<String>,
    pub path: Option<String>,
    pub original_path: Option<String>,
    /// Envoy's response code details.
    pub details: Option<String>,
    pub omitted_headers: Option<String>,
}

/// Every complete line so far.
pub(crate) fn read(path: &Path) -> Vec<Entry> {
    let log = fs::read_to_string(path).unwrap_or_default();
    let complete = log.rsplit_once('\n').map_or("", |(complete, _)| complete);
    complete.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
