//! Requests that wait for keys: a bounded number, for a bounded time. Their headers and bodies stay in the proxy.

use std::collections::HashMap;

use super::host::StreamId;
use crate::time::SteadyTime;

/// How many requests of one worker may wait for one provider; more are refused at once. Each provider has its own
/// limit, so that a flood of requests for one does not refuse requests for another.
const MAX_PENDING: usize = 1024;

/// A request that waits for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PendingRequest {
    pub(super) stream: StreamId,
    pub(super) since: SteadyTime,
    pub(super) deadline: SteadyTime,
}

/// The requests of one worker that wait for one provider's keys.
#[derive(Debug, Default)]
pub(super) struct PendingRequests(HashMap<StreamId, PendingRequest>);

impl PendingRequests {
    /// Adds a request. Returns `false` if the limit is reached.
    pub(super) fn add(&mut self, request: PendingRequest) -> bool {
        let has_room = self.0.len() < MAX_PENDING;
        if has_room {
            self.0.insert(request.stream, request);
        }
        has_room
    }

    /// Whether the request of this stream waits.
    pub(super) fn contains(&self, stream: StreamId) -> bool {
        self.0.contains_key(&stream)
    }

    /// Drops a request whose stream was closed.
    pub(super) fn on_stream_closed(&mut self, stream: StreamId) {
        // Every paused stream that ends comes here, and nearly always nothing waits. Hashing would cost more than the
        // rest.
        if !self.0.is_empty() {
            self.0.remove(&stream);
        }
    }

    /// Removes and returns all requests.
    pub(super) fn take_all(&mut self) -> Vec<PendingRequest> {
        self.0.drain().map(|(_, request)| request).collect()
    }

    /// Removes and returns the requests whose deadline has passed.
    pub(super) fn take_overdue(&mut self, now: SteadyTime) -> Vec<PendingRequest> {
        self.0.extract_if(|_, request| now >= request.deadline).map(|(_, request)| request).collect()
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

    fn pending(id: u32) -> PendingRequest {
        PendingRequest { stream: StreamId(id), since: at(10), deadline: at(15) }
    }

    #[test]
    fn requests_wait_in_a_bounded_number_for_a_bounded_time() {
        let mut requests = PendingRequests::default();
        for id in 0..1024 {
            assert!(requests.add(pending(id)));
        }
        assert!(!requests.add(pending(1024)));
        assert!(requests.take_overdue(at(14)).is_empty());
        assert_eq!(requests.take_overdue(at(15)).len(), 1024);
        assert!(requests.is_empty());
    }

    #[test]
    fn a_closed_stream_no_longer_waits() {
        let mut requests = PendingRequests::default();
        for id in 1..=3 {
            requests.add(pending(id));
        }
        assert!(requests.contains(StreamId(2)));
        requests.on_stream_closed(StreamId(2));
        assert!(!requests.contains(StreamId(2)));
        let mut streams: Vec<_> = requests.take_all().iter().map(|request| request.stream.0).collect();
        streams.sort_unstable();
        assert_eq!(streams, [1, 3]);
        assert!(!requests.contains(StreamId(1)));
        assert!(requests.is_empty());
    }
}
