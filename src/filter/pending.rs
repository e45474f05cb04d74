//! Requests that wait for keys: a bounded number, for a bounded time. Their headers and bodies stay in the proxy.

use std::collections::HashMap;

use super::host::StreamId;
use crate::engine::decision::NeedsKeys;
use crate::keys::fetch_state::Generation;
use crate::time::SteadyTime;

/// How many requests of one worker may wait for one provider; more are refused at once. Each provider has its own
/// limit, so that a flood of requests for one does not refuse requests for another.
const MAX_PENDING: usize = 1024;

/// A request that waits for keys.
#[derive(Debug)]
pub(super) struct PendingRequest {
    pub(super) stream: StreamId,
    pub(super) since: SteadyTime,
    pub(super) deadline: SteadyTime,
    /// What it waits for.
    pub(super) needs: NeedsKeys,
    /// The set that it was decided with last.
    pub(super) tried: Option<Generation>,
}

/// The requests of one worker that wait for one provider's keys.
#[derive(Debug, Default)]
pub(super) struct PendingRequests(HashMap<StreamId, PendingRequest>);

impl PendingRequests {
    /// Adds a request.
    ///
    /// # Errors
    ///
    /// The request, if the limit is reached.
    pub(super) fn add(&mut self, request: PendingRequest) -> Result<(), PendingRequest> {
        if self.0.len() >= MAX_PENDING {
            return Err(request);
        }
        self.0.insert(request.stream, request);
        Ok(())
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
    use crate::engine::Engine;
    use crate::keys::current::CurrentKeys;
    use crate::keys::signature::PureRust;
    use crate::request::{Headers, RequestHead};
    use crate::time::UnixTime;
    use crate::token::authenticator::AuthContext;

    fn at(secs: i64) -> SteadyTime {
        SteadyTime::from_millis(secs * 1000)
    }

    fn pending(id: u32) -> PendingRequest {
        PendingRequest { stream: StreamId(id), since: at(10), deadline: at(15), needs: needs(), tried: None }
    }

    /// What a request with a token needs before the first fetch.
    fn needs() -> NeedsKeys {
        let policy = br#"{
            "providers": { "main": { "issuer": "https://i.example", "any_audience": true, "jwks": { "uri": "https://i.example/keys", "cluster": "i" } } },
            "default": "authenticated"
        }"#;
        let engine = Engine::from_json(policy).unwrap();
        // `{"alg":"ES256"}` and `{"iss":"https://i.example","exp":4000000000}`.
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2kuZXhhbXBsZSIsImV4cCI6NDAwMDAwMDAwMH0.AAAA";
        let authorization = format!("Bearer {token}");
        let headers = [(":method", "GET"), (":path", "/"), (":authority", "a"), ("authorization", &authorization)];
        let headers: Headers = headers.into_iter().collect();
        let mut context = AuthContext {
            keys: &engine.key_sources().map(|_, _| CurrentKeys::none()),
            cache: &mut engine.new_cache(),
            verifier: &PureRust,
            now: UnixTime::from_secs(1_900_000_000),
        };
        engine.decide(&RequestHead::new(&headers).unwrap(), &mut context).unwrap_err()
    }

    #[test]
    fn requests_wait_in_a_bounded_number_for_a_bounded_time() {
        let mut requests = PendingRequests::default();
        for id in 0..1024 {
            assert!(requests.add(pending(id)).is_ok());
        }
        assert_eq!(requests.add(pending(1024)).unwrap_err().stream, StreamId(1024));
        assert!(requests.take_overdue(at(14)).is_empty());
        assert_eq!(requests.take_overdue(at(15)).len(), 1024);
        assert!(requests.is_empty());
    }

    #[test]
    fn a_closed_stream_no_longer_waits() {
        let mut requests = PendingRequests::default();
        for id in 1..=3 {
            requests.add(pending(id)).unwrap();
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
