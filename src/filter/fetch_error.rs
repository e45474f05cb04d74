//! Why a fetch failed, with the values that a log line names.

use std::fmt;

use super::host::CalloutError;
use crate::keys::fetch_state::FetchFailure;

/// How long a value from a response or a URL may be in a log line.
const MAX_VALUE_BYTES: usize = 200;

/// Why a fetch failed. Displayed, it says what the class does not: values and URLs, cut and escaped, for one log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FetchError {
    /// Its class.
    pub(super) class: FetchFailure,
    /// The Envoy cluster of the request.
    pub(super) cluster: Box<str>,
    status: Option<u16>,
    detail: String,
}

impl FetchError {
    pub(super) fn new(class: FetchFailure, detail: &str) -> Self {
        Self { class, cluster: Box::default(), status: None, detail: detail.to_owned() }
    }

    /// A status other than 200.
    pub(super) fn status(status: u16) -> Self {
        Self { status: Some(status), ..Self::new(FetchFailure::Status, &status.to_string()) }
    }

    /// A request that the proxy did not send.
    pub(super) fn not_sent(error: CalloutError, cluster: &str) -> Self {
        let (class, detail) = match error {
            CalloutError::ClusterUnknown => (FetchFailure::ClusterUnknown, "Envoy has no cluster of this name"),
            CalloutError::Refused => (FetchFailure::Connect, "Envoy did not send the request"),
        };
        Self { cluster: cluster.into(), ..Self::new(class, detail) }
    }

    /// Whether the document may be at another path: the server has answered, but not with a discovery document.
    pub(super) fn is_not_found(&self) -> bool {
        match self.class {
            FetchFailure::Status => self.status.is_some_and(|status| status < 500),
            class => class == FetchFailure::Malformed,
        }
    }

    /// The same error, with the request that it is about.
    pub(super) fn at(mut self, cluster: &str, authority: &str, path: &str) -> Self {
        self.cluster = cluster.into();
        let separator = if self.detail.is_empty() { "" } else { " " };
        self.detail.push_str(&format!("{separator}from `{}{}`", printable(authority), printable(path)));
        self
    }

    /// Both errors. The class is that of the second, unless that only says that there is no such document.
    pub(super) fn and(self, second: Self) -> Self {
        let class = if second.class == FetchFailure::Status { self.class } else { second.class };
        Self { class, detail: format!("{}; {}", self.detail, second.detail), ..second }
    }

    /// The error of a host that answered in place of the one that the discovery document names.
    pub(super) fn on_another_host(mut self, host: &str) -> Self {
        if let FetchFailure::Status | FetchFailure::Malformed | FetchFailure::NoUsableKey = self.class {
            self.class = FetchFailure::HostMismatch;
            let host = printable(host);
            self.detail
                .push_str(&format!("; `jwks_uri` is on `{host}`: name the cluster for it in `jwks_uri_cluster`"));
        }
        self
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl From<FetchFailure> for FetchError {
    fn from(class: FetchFailure) -> Self {
        Self::new(class, "")
    }
}

/// A value as part of one log line: escaped, then cut.
pub(super) fn printable(text: &str) -> String {
    let mut short = String::new();
    for escaped in text.chars().map(char::escape_debug) {
        if short.len() >= MAX_VALUE_BYTES {
            short.push('…');
            break;
        }
        short.extend(escaped);
    }
    short
}
