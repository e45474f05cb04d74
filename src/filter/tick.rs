//! The tick period of a worker: short if a fetch is to be sent or requests wait, otherwise a second.

use std::time::Duration;

use super::host::Clock;
use super::provider_keys::ProviderKeys;
use crate::token::provider::ByProvider;

/// Envoy configures a first instance only to validate the configuration, and callouts of that instance fail. By the
/// first tick that instance is gone, and no request has waited long. The main thread keeps an instance too; it ticks,
/// and may fetch for all workers.
const FIRST: Duration = Duration::from_millis(5);
/// While this worker has the lease on a fetch that it has not sent yet.
const NEXT: Duration = Duration::from_millis(1);
/// While requests wait, so that none waits much longer than its deadline.
const BUSY: Duration = Duration::from_millis(50);
const IDLE: Duration = Duration::from_secs(1);

/// The period that the host was last asked for.
#[derive(Debug)]
pub(super) struct TickPeriod(Duration);

impl TickPeriod {
    /// Asks for the first tick after a configuration.
    pub(super) fn start(host: &impl Clock) -> Self {
        host.tick_every(FIRST);
        Self(FIRST)
    }

    /// Asks for the period that fits what the providers have to do. Without a change, it saves the host call.
    pub(super) fn adjust(&mut self, providers: &ByProvider<ProviderKeys>, host: &impl Clock) {
        let wanted = if providers.iter().any(ProviderKeys::is_leased) {
            NEXT
        } else if providers.iter().all(|keys| keys.pending.is_empty()) {
            IDLE
        } else {
            BUSY
        };
        if self.0 != wanted {
            self.0 = wanted;
            host.tick_every(wanted);
        }
    }
}
