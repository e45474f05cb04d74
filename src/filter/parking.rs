//! Requests that wait for keys: a bounded number, for a bounded time, without their headers or bodies, which stay
//! where they are in the proxy.

use std::collections::HashMap;

use super::host::StreamId;
use crate::jwt::provider::ProviderIndex;
use crate::jwt::time::SteadyTime;

/// More than this wait for no provider: a worker that has so many waiting for one refuses the next at once. The room
/// of each is its own, so that a flood at one does not turn away who waits for another.
const MAX_WAITING: usize = 1024;

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) stream: StreamId,
    pub(super) provider: ProviderIndex,
    pub(super) since: SteadyTime,
    pub(super) deadline: SteadyTime,
}

/// The requests of one worker that wait. Every request that ends is looked for here.
#[derive(Debug, Default)]
pub(super) struct Parking(HashMap<StreamId, Waiting>);

impl Parking {
    /// Lets one wait; `false` if there is no room.
    pub(super) fn add(&mut self, waiting: Waiting) -> bool {
        let others = self.0.values().filter(|other| other.provider == waiting.provider).count();
        let room = others < MAX_WAITING;
        if room {
            self.0.insert(waiting.stream, waiting);
        }
        room
    }

    /// Forgets one that ended by itself.
    pub(super) fn forget(&mut self, stream: StreamId) {
        // Mostly nobody waits, and hashing would be dearer than all the rest of a request's end.
        if !self.0.is_empty() {
            self.0.remove(&stream);
        }
    }

    /// Takes out those that wait for this provider.
    pub(super) fn take(&mut self, provider: ProviderIndex) -> Vec<Waiting> {
        self.0.extract_if(|_, waiting| waiting.provider == provider).map(|(_, waiting)| waiting).collect()
    }

    /// Takes out those that have waited long enough.
    pub(super) fn take_overdue(&mut self, now: SteadyTime) -> Vec<Waiting> {
        self.0.extract_if(|_, waiting| now >= waiting.deadline).map(|(_, waiting)| waiting).collect()
    }

    /// Whether any waits for this provider.
    pub(super) fn waits_for(&self, provider: ProviderIndex) -> bool {
        self.0.values().any(|waiting| waiting.provider == provider)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> SteadyTime {
        SteadyTime::from_millis(secs * 1000)
    }

    fn waiting(id: u32, provider: usize) -> Waiting {
        Waiting { stream: StreamId(id), provider: ProviderIndex(provider), since: at(10), deadline: at(15) }
    }

    #[test]
    fn waiting_is_bounded_in_number_and_time() {
        let mut parking = Parking::default();
        for id in 0..1024 {
            assert!(parking.add(waiting(id, 0)));
        }
        assert!(!parking.add(waiting(1024, 0)));
        assert!(parking.add(waiting(1025, 1)), "room for who waits for another");
        assert!(parking.take_overdue(at(14)).is_empty());
        assert_eq!(parking.take_overdue(at(15)).len(), 1025);
    }

    #[test]
    fn providers_wait_apart_and_the_gone_are_forgotten() {
        let mut parking = Parking::default();
        for (id, provider) in [(1, 0), (2, 1), (3, 0)] {
            parking.add(waiting(id, provider));
        }
        parking.forget(StreamId(3));
        assert_eq!(parking.take(ProviderIndex(0)).iter().map(|waiting| waiting.stream.0).collect::<Vec<_>>(), [1]);
        assert!(parking.waits_for(ProviderIndex(1)) && !parking.waits_for(ProviderIndex(0)));
    }
}
