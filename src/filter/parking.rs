//! Requests that wait for keys: a bounded number, for a bounded time, without their headers or bodies, which stay
//! where they are in the proxy.

use super::host::StreamId;
use crate::jwt::provider::ProviderIndex;
use crate::jwt::time::UnixTime;

/// More than this wait for nobody: a worker that has so many waiting refuses the next at once.
const MAX_WAITING: usize = 1024;

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) stream: StreamId,
    pub(super) provider: ProviderIndex,
    since: UnixTime,
    deadline: UnixTime,
}

impl Waiting {
    /// Whether it has waited long enough. A clock that was set back does not make it wait longer.
    fn is_over(&self, now: UnixTime) -> bool {
        now >= self.deadline || now < self.since
    }
}

/// The requests of one worker that wait.
#[derive(Debug, Default)]
pub(super) struct Parking(Vec<Waiting>);

impl Parking {
    /// Lets one wait; `false` if there is no room.
    pub(super) fn add(
        &mut self,
        stream: StreamId,
        provider: ProviderIndex,
        since: UnixTime,
        deadline: UnixTime,
    ) -> bool {
        let room = self.0.len() < MAX_WAITING;
        if room {
            self.0.push(Waiting { stream, provider, since, deadline });
        }
        room
    }

    /// Forgets one that ended by itself.
    pub(super) fn forget(&mut self, stream: StreamId) {
        self.0.retain(|waiting| waiting.stream != stream);
    }

    /// Takes out those that wait for this provider.
    pub(super) fn take(&mut self, provider: ProviderIndex) -> Vec<Waiting> {
        self.0.extract_if(.., |waiting| waiting.provider == provider).collect()
    }

    /// Takes out those that have waited long enough.
    pub(super) fn take_overdue(&mut self, now: UnixTime) -> Vec<Waiting> {
        self.0.extract_if(.., |waiting| waiting.is_over(now)).collect()
    }

    /// Whether any waits for this provider.
    pub(super) fn waits_for(&self, provider: ProviderIndex) -> bool {
        self.0.iter().any(|waiting| waiting.provider == provider)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    #[test]
    fn waiting_is_bounded_in_number_and_time() {
        let mut parking = Parking::default();
        for id in 0..1024 {
            assert!(parking.add(StreamId(id), ProviderIndex(0), at(10), at(15)));
        }
        assert!(!parking.add(StreamId(1024), ProviderIndex(0), at(10), at(15)));
        assert!(parking.take_overdue(at(14)).is_empty());
        assert_eq!(parking.take_overdue(at(15)).len(), 1024);
    }

    #[test]
    fn a_clock_set_back_ends_the_wait() {
        let mut parking = Parking::default();
        parking.add(StreamId(1), ProviderIndex(0), at(10), at(15));
        assert_eq!(parking.take_overdue(at(9)).len(), 1);
    }

    #[test]
    fn providers_wait_apart_and_the_gone_are_forgotten() {
        let mut parking = Parking::default();
        for (id, provider) in [(1, 0), (2, 1), (3, 0)] {
            parking.add(StreamId(id), ProviderIndex(provider), at(10), at(15));
        }
        parking.forget(StreamId(3));
        assert_eq!(parking.take(ProviderIndex(0)).iter().map(|waiting| waiting.stream.0).collect::<Vec<_>>(), [1]);
        assert!(parking.waits_for(ProviderIndex(1)) && !parking.waits_for(ProviderIndex(0)));
    }
}
