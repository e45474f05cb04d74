//! A fake proxy process that implements the filter's host traits. Its state is a plain value that tests read and
//! change.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use jwt_authorizer::filter::Filter;
use jwt_authorizer::filter::host::{
    CalloutError, CalloutId, Callouts, Clock, Log, Meter, MetricId, MetricKind, QueueId, SharedStore, Stream, StreamId,
    Version,
};
use jwt_authorizer::keys::algorithm::Algorithm;
use jwt_authorizer::keys::jwk::VerifyingKey;
use jwt_authorizer::keys::signature::{PureRust, SignatureVerifier};
use jwt_authorizer::reply::Reply;
use jwt_authorizer::request::Headers;
use jwt_authorizer::time::{SteadyTime, UnixTime};

/// The filter of one worker; empty while the worker is restarted.
pub(crate) type FilterSlot = Rc<RefCell<Option<Filter<Worker>>>>;

/// The process, with everything that its workers share.
#[derive(Debug, Default)]
pub(crate) struct Process {
    pub wall: i64,
    pub steady: i64,
    pub shared: BTreeMap<String, (Vec<u8>, u32)>,
    pub versions: u32,
    pub queues: Vec<Queue>,
    pub callouts: Vec<Callout>,
    /// The path of every fetch so far.
    pub sent: Vec<String>,
    /// The cluster and the URL of every fetch.
    pub targets: Vec<String>,
    /// When every fetch was sent.
    pub sent_at: Vec<i64>,
    /// How many signatures were checked.
    pub verified: usize,
    pub streams: BTreeMap<u32, Request>,
    pub metrics: Vec<(String, u64)>,
    /// The filter state of all requests so far.
    pub filter_state: BTreeMap<String, String>,
    pub filters: Vec<FilterSlot>,
    pub workers: Vec<WorkerState>,
    /// After this many accesses to shared data, the worker with this index ticks in between.
    pub interleaved: Option<(u32, usize)>,
    /// Whether callouts fail because their cluster does not exist.
    pub cluster_is_missing: bool,
}

/// What the proxy knows about one worker.
#[derive(Debug, Default)]
pub(crate) struct WorkerState {
    /// How many instances this worker has had.
    pub instance: usize,
    pub effective: Option<u32>,
    pub period: i64,
    pub next_tick: i64,
}

#[derive(Debug)]
pub(crate) struct Queue {
    pub owner: usize,
    pub instance: usize,
    pub items: usize,
}

/// A fetch in flight.
#[derive(Debug)]
pub(crate) struct Callout {
    pub id: u32,
    pub worker: usize,
    pub path: String,
    pub deadline: i64,
}

#[derive(Debug)]
pub(crate) struct Request {
    pub worker: usize,
    pub received_at: i64,
    pub token: String,
    /// The status of its reply, 200 if the request continued; `None` while it waits.
    pub status: Option<u16>,
    /// By the steady clock and the wall clock.
    pub decided_at: (i64, i64),
}

/// One worker, as its filter sees it.
#[derive(Debug)]
pub(crate) struct Worker {
    pub process: Rc<RefCell<Process>>,
    pub index: usize,
}

impl Worker {
    /// Between two accesses to shared data, another worker may do anything.
    fn interleave(&self) {
        let other = {
            let mut process = self.process.borrow_mut();
            match process.interleaved.take() {
                Some((0, index)) => {
                    process.steady += 2;
                    Some(Rc::clone(&process.filters[index]))
                }
                later => {
                    process.interleaved = later.map(|(calls, index)| (calls - 1, index));
                    None
                }
            }
        };
        if let Some(slot) = other
            && let Ok(mut filter) = slot.try_borrow_mut()
            && let Some(filter) = filter.as_mut()
        {
            filter.on_tick();
        }
    }

    fn stream(&self) -> u32 {
        self.process.borrow().workers[self.index].effective.expect("the filter acts on a request")
    }
}

impl Clock for Worker {
    fn now(&self) -> UnixTime {
        UnixTime::from_millis(self.process.borrow().wall)
    }

    fn steady(&self) -> SteadyTime {
        SteadyTime::from_millis(self.process.borrow().steady)
    }

    fn tick_every(&self, period: Duration) {
        let mut process = self.process.borrow_mut();
        let (now, period) = (process.steady, i64::try_from(period.as_millis()).unwrap());
        let worker = &mut process.workers[self.index];
        (worker.period, worker.next_tick) = (period, now + period);
    }
}

impl Log for Worker {
    fn adopt_level(&self) {}
}

impl Stream for Worker {
    fn enter(&self, stream: StreamId) -> bool {
        let mut process = self.process.borrow_mut();
        let is_open = process.streams.contains_key(&stream.0);
        process.workers[self.index].effective = is_open.then_some(stream.0);
        is_open
    }

    fn leave(&self) {
        self.process.borrow_mut().workers[self.index].effective = None;
    }

    fn headers(&self) -> Option<Headers> {
        let authorization = format!("Bearer {}", self.process.borrow().streams[&self.stream()].token);
        let headers =
            [(":method", "GET"), (":path", "/"), (":authority", "api.example"), ("authorization", &authorization)];
        Some(headers.into_iter().collect())
    }

    fn remove_header(&self, _name: &str) {}

    fn set_header(&self, _name: &str, _value: &[u8]) {}

    fn trailers(&self) -> Option<Headers> {
        Some(Headers::default())
    }

    fn remove_trailer(&self, _name: &str) {}

    fn resume(&self) {
        let stream = self.stream();
        self.process.borrow_mut().decide(stream, 200);
    }

    fn reply(&self, reply: &Reply) {
        let stream = self.stream();
        self.process.borrow_mut().decide(stream, reply.status);
    }

    fn has_filter_state(&self, _name: &str) -> bool {
        false
    }

    fn set_filter_state(&self, name: &str, value: &str) {
        self.process.borrow_mut().filter_state.insert(name.to_owned(), value.to_owned());
    }

    fn clear_route_cache(&self) {}
}

impl SharedStore for Worker {
    fn load(&self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.interleave();
        self.process.borrow().shared.get(key).map(|(value, version)| (value.clone(), Version(*version)))
    }

    fn store(&self, key: &str, value: &[u8], version: Option<Version>) -> bool {
        self.interleave();
        let mut process = self.process.borrow_mut();
        let current = process.shared.get(key).map(|(_, version)| Version(*version));
        let is_current = version.is_none() || version == current;
        if is_current {
            process.write(key, value);
        }
        is_current
    }

    fn open_queue(&self, _name: &str) -> Option<QueueId> {
        let mut process = self.process.borrow_mut();
        let instance = process.workers[self.index].instance;
        process.queues.push(Queue { owner: self.index, instance, items: 0 });
        u32::try_from(process.queues.len() - 1).ok().map(QueueId)
    }

    fn wake(&self, queue: QueueId) {
        if let Some(queue) = self.process.borrow_mut().queues.get_mut(queue.0 as usize) {
            queue.items += 1;
        }
    }

    fn drain(&self, queue: QueueId) {
        self.process.borrow_mut().queues[queue.0 as usize].items = 0;
    }
}

impl Process {
    pub(crate) fn decide(&mut self, stream: u32, status: u16) {
        let now = (self.steady, self.wall);
        let request = self.streams.get_mut(&stream).expect("the filter acts on open streams only");
        assert_eq!(request.status, None, "a request is decided once");
        (request.status, request.decided_at) = (Some(status), now);
    }

    pub(crate) fn write(&mut self, key: &str, value: &[u8]) {
        self.versions += 1;
        self.shared.insert(key.to_owned(), (value.to_vec(), self.versions));
    }
}

impl Callouts for Worker {
    fn get(&self, cluster: &str, authority: &str, path: &str, timeout: Duration) -> Result<CalloutId, CalloutError> {
        let mut process = self.process.borrow_mut();
        if process.cluster_is_missing {
            return Err(CalloutError::ClusterUnknown);
        }
        let (id, at) = (u32::try_from(process.sent.len()).unwrap(), process.steady);
        let deadline = at + i64::try_from(timeout.as_millis()).unwrap();
        process.sent.push(path.to_owned());
        process.targets.push(format!("{cluster} {authority}{path}"));
        process.sent_at.push(at);
        process.callouts.push(Callout { id, worker: self.index, path: path.to_owned(), deadline });
        Ok(CalloutId(id))
    }
}

impl Meter for Worker {
    fn define(&self, _kind: MetricKind, name: &str) -> Option<MetricId> {
        let mut process = self.process.borrow_mut();
        let known = process.metrics.iter().position(|(known, _)| known == name);
        let index = known.unwrap_or_else(|| {
            process.metrics.push((name.to_owned(), 0));
            process.metrics.len() - 1
        });
        u32::try_from(index).ok().map(MetricId)
    }

    fn add(&self, metric: MetricId, by: u64) {
        self.process.borrow_mut().metrics[metric.0 as usize].1 += by;
    }

    fn set(&self, metric: MetricId, value: u64) {
        self.process.borrow_mut().metrics[metric.0 as usize].1 = value;
    }
}

impl SignatureVerifier for Worker {
    fn verify(&self, key: &VerifyingKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.process.borrow_mut().verified += 1;
        PureRust.verify(key, algorithm, message, signature)
    }
}
