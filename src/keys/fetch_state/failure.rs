//! The ways in which a fetch fails, each with a name and a counter.

/// Why a fetch brought no keys, in classes with a counter each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// A status other than 200, redirects included.
    Status,
    /// No connection.
    Connect,
    /// The connection ended before the answer did.
    Reset,
    /// No answer in time.
    Timeout,
    /// More than 1 MiB.
    TooLarge,
    /// Not a key set, or not a discovery document.
    Malformed,
    /// More than 200 keys.
    TooManyKeys,
    /// Not one key that can be used.
    NoUsableKey,
    /// The discovery document is another issuer's.
    IssuerMismatch,
}

impl FetchFailure {
    /// Every class there is.
    pub const ALL: [Self; 9] = [
        Self::Status,
        Self::Connect,
        Self::Reset,
        Self::Timeout,
        Self::TooLarge,
        Self::Malformed,
        Self::TooManyKeys,
        Self::NoUsableKey,
        Self::IssuerMismatch,
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
        }
    }
}

/// Classes, each at most once.
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
