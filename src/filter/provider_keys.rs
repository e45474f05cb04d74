//! One provider at runtime: its keys, the fetcher that keeps them fresh, the requests that wait for them, its metrics.

use std::fmt::Display;

use super::fetch_response::FetchResponse;
use super::host::{CalloutId, Host};
use super::key_fetcher::{FetchEvent, KeyFetcher, Lease};
use super::pending::PendingRequests;
use super::provider_metrics::ProviderMetrics;
use crate::keys::current::CurrentKeys;
use crate::keys::fetch_state::{Generation, Trigger};
use crate::keys::remote::KeySource;
use crate::time::{Moment, SteadyTime};
use crate::token::authenticator::WantedKeys;

/// The keys of one provider in one worker.
#[derive(Debug)]
pub(super) struct ProviderKeys {
    current: CurrentKeys,
    /// `None` for keys from the configuration.
    fetcher: Option<KeyFetcher>,
    pub(super) pending: PendingRequests,
    pub(super) metrics: ProviderMetrics,
}

impl ProviderKeys {
    /// Keys that another worker of this process has fetched are used from the first request on.
    pub(super) fn new(source: &KeySource, host: &impl Host, now: Moment) -> Self {
        let (mut current, mut fetcher) = match source {
            KeySource::Inline(set) => (CurrentKeys::inline(set.clone()), None),
            KeySource::Remote(remote) => (CurrentKeys::none(), Some(KeyFetcher::new(remote.clone()))),
        };
        if let Some(fetcher) = &mut fetcher {
            fetcher.prepare(host, now.steady);
            fetcher.sync(host, &mut current, now);
        }
        Self { current, fetcher, pending: PendingRequests::default(), metrics: ProviderMetrics::default() }
    }

    /// The keys to verify with.
    pub(super) fn current(&self) -> &CurrentKeys {
        &self.current
    }

    /// The Envoy cluster that the keys come from; `None` for keys from the configuration.
    pub(super) fn cluster(&self) -> Option<&str> {
        self.fetcher.as_ref().map(KeyFetcher::cluster)
    }

    /// Loads what other workers have fetched. Returns whether the usable keys changed.
    pub(super) fn sync(&mut self, host: &impl Host, now: Moment) -> bool {
        self.with_fetcher(|fetcher, keys| fetcher.sync(host, keys, now))
    }

    /// Starts a fetch if one is due. Returns an event only if it failed at once.
    pub(super) fn refresh_if_due(&mut self, host: &impl Host, now: Moment) -> Option<FetchEvent> {
        self.with_fetcher(|fetcher, keys| {
            fetcher.expire(now);
            fetcher.acquire(host, keys, Trigger::Schedule, now);
            fetcher.send(host, keys, now)
        })
    }

    /// Whether the fetcher sent this callout.
    pub(super) fn owns(&self, callout: CalloutId) -> bool {
        self.fetcher.as_ref().is_some_and(|fetcher| fetcher.owns(callout))
    }

    /// Reads the response to the fetcher's callout. Returns an event if the fetch has ended with it.
    pub(super) fn receive(&mut self, response: FetchResponse, host: &impl Host, now: Moment) -> Option<FetchEvent> {
        self.with_fetcher(|fetcher, keys| fetcher.receive(host, keys, response, now))
    }

    /// Releases the lease on a fetch, if this worker has it. Returns whether it had.
    pub(super) fn release_lease(&mut self, host: &impl Host, now: Moment) -> bool {
        self.with_fetcher(|fetcher, _| fetcher.release_lease(host, now))
    }

    /// Until when a request that begins to wait now may wait.
    pub(super) fn deadline(&self, now: SteadyTime) -> SteadyTime {
        now.plus(self.fetcher.as_ref().map(KeyFetcher::timeout).unwrap_or_default())
    }

    /// Whether a fetch may bring these keys: one in flight, or one that is due. If the state that this worker read last
    /// forbids it, it is forbidden, so that a flood of tokens that no key verifies does not read shared data.
    pub(super) fn may_fetch(&self, wanted: WantedKeys, now: SteadyTime) -> bool {
        self.fetcher.as_ref().is_some_and(|fetcher| match wanted {
            WantedKeys::Any => true,
            WantedKeys::Unknown | WantedKeys::Replacement => fetcher.permits_demand(now),
        })
    }

    /// Whether a fetch that began after `since` has succeeded.
    pub(super) fn has_fetched_since(&self, since: SteadyTime) -> bool {
        self.fetcher.as_ref().is_some_and(|fetcher| fetcher.has_fetched_since(since))
    }

    /// The generation of the keys; `None` before the first set, and for keys from the configuration.
    pub(super) fn generation(&self) -> Option<Generation> {
        self.fetcher.as_ref().and_then(KeyFetcher::installed)
    }

    /// Whether it is unknown which keys the issuer has now: the last fetch failed, or has not ended.
    pub(super) fn last_fetch_unresolved(&self) -> bool {
        self.fetcher.as_ref().is_some_and(|fetcher| fetcher.state().last_fetch_unresolved())
    }

    /// Whether a worker is fetching.
    pub(super) fn is_in_flight(&self, now: SteadyTime) -> bool {
        self.fetcher.as_ref().is_some_and(|fetcher| fetcher.is_in_flight(now))
    }

    /// Hands the counts to the host. `scope` is the prefix of the provider's metrics.
    pub(super) fn flush_metrics(&mut self, host: &impl Host, scope: impl Display + Copy, now: SteadyTime) {
        let state = self.fetcher.as_ref().map(KeyFetcher::state);
        self.metrics.flush(host, scope, self.current.set(), state, now);
    }

    /// Whether this worker has the lease on a fetch that it has not sent yet.
    pub(super) fn is_leased(&self) -> bool {
        self.fetcher.as_ref().is_some_and(KeyFetcher::is_leased)
    }

    /// Acquires the lease on a fetch for a request, unless a fetch is in flight already.
    pub(super) fn ask(&mut self, wanted: WantedKeys, host: &impl Host, now: Moment) -> Lease {
        let trigger = match wanted {
            WantedKeys::Any => Trigger::Request,
            WantedKeys::Unknown | WantedKeys::Replacement => Trigger::Token,
        };
        match &mut self.fetcher {
            None => Lease::NotDue,
            Some(fetcher) if fetcher.is_in_flight(now.steady) => Lease::Acquired,
            Some(fetcher) => fetcher.acquire(host, &mut self.current, trigger, now),
        }
    }

    /// Keys from the configuration have no fetcher, and then nothing is done.
    fn with_fetcher<T: Default>(&mut self, act: impl FnOnce(&mut KeyFetcher, &mut CurrentKeys) -> T) -> T {
        self.fetcher.as_mut().map(|fetcher| act(fetcher, &mut self.current)).unwrap_or_default()
    }
}

impl AsRef<CurrentKeys> for ProviderKeys {
    fn as_ref(&self) -> &CurrentKeys {
        &self.current
    }
}
