//! Why a fetch failed, in classes that logs and counters name.

/// Why a fetch failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// A status other than 200; redirects are not followed.
    Status,
    /// No connection.
    Connect,
    /// The connection was closed before the response ended.
    Reset,
    /// No response within the timeout.
    Timeout,
    /// A response of more than 1 MiB.
    TooLarge,
    /// The response is not a key set, or not a discovery document.
    Malformed,
    /// More than 200 keys.
    TooManyKeys,
    /// No usable key.
    NoUsableKey,
    /// The discovery document has another `issuer`.
    IssuerMismatch,
    /// The response is compressed.
    Encoded,
    /// The discovery document names another host for the keys than the one that was asked, and that one has none.
    HostMismatch,
    /// Envoy has no such cluster.
    ClusterUnknown,
}

impl FetchFailure {
    /// Every class.
    pub const ALL: [Self; 12] = [
        Self::Status,
        Self::Connect,
        Self::Reset,
        Self::Timeout,
        Self::TooLarge,
        Self::Malformed,
        Self::TooManyKeys,
        Self::NoUsableKey,
        Self::IssuerMismatch,
        Self::Encoded,
        Self::HostMismatch,
        Self::ClusterUnknown,
    ];

    /// Its name in logs and counters.
    pub fn label(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::TooManyKeys => "too_many_keys",
            Self::NoUsableKey => "no_usable_key",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::Encoded => "encoded",
            Self::HostMismatch => "host_mismatch",
            Self::ClusterUnknown => "cluster_unknown",
        }
    }
}

/// A set of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FetchFailures(u16);

impl FetchFailures {
    pub(super) const NONE: Self = Self(0);

    pub(super) fn contains(self, failure: FetchFailure) -> bool {
        self.0 & Self::bit(failure) != 0
    }

    pub(super) fn with(self, failure: FetchFailure) -> Self {
        Self(self.0 | Self::bit(failure))
    }

    pub(super) fn bits(self) -> u16 {
        self.0
    }

    pub(super) fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    fn bit(failure: FetchFailure) -> u16 {
        1 << failure as u16
    }
}
