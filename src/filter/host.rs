//! What the filter needs of a proxy, in small ports: each with the fewest methods that its caller needs.

use std::time::Duration;

use crate::keys::signature::SignatureVerifier;
use crate::request::Headers;
use crate::time::{SteadyTime, UnixTime};

/// A request that Envoy is processing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamId(pub u32);

/// A fetch under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalloutId(pub u32);

/// A queue through which a worker can be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueId(pub u32);

/// A counter or gauge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricId(pub u32);

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It is set.
    Gauge,
}

/// The version of a shared value, for compare-and-swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// Tells the time.
pub trait Clock {
    /// The wall clock.
    fn now(&self) -> UnixTime;
    /// The clock that nobody sets, the same for all workers.
    fn steady(&self) -> SteadyTime;
    /// Asks for ticks this far apart.
    fn tick_every(&self, period: Duration);
}

/// The request in whose name we are called, or that was entered.
pub trait Stream {
    /// Makes this request the one that the other methods are about; `false` if it is gone.
    fn enter(&self, stream: StreamId) -> bool;
    /// Goes back to the filter's own affairs.
    fn leave(&self);
    /// Names and values of all headers, pseudo-headers among them. `None` if the proxy won't tell.
    fn headers(&self) -> Option<Headers>;
    /// Removes a header, however often it is there.
    fn remove_header(&self, name: &str);
    /// Sets a header that may be there once.
    fn set_header(&self, name: &str, value: &str);
    /// Lets a request that waited go on.
    fn resume(&self);
    /// Answers the request.
    fn reply(&self, status: u16, headers: Vec<(&str, &str)>, body: &str);
    /// Sets a value in the filter state of the request, for access logs.
    fn set_filter_state(&self, name: &str, value: &str);
    /// Lets the proxy choose the route again, if it can.
    fn clear_route_cache(&self);
}

/// Values that the workers of a process share. Anybody may have written them.
pub trait SharedStore {
    /// The value and its version.
    fn load(&self, key: &str) -> Option<(Vec<u8>, Version)>;
    /// Writes a value, if `version` is given only in its place; `false` if that was replaced meanwhile.
    fn store(&self, key: &str, value: &[u8], version: Option<Version>) -> bool;
    /// Makes a queue of our own.
    fn open_queue(&self, name: &str) -> Option<QueueId>;
    /// Wakes whoever owns the queue.
    fn wake(&self, queue: QueueId);
    /// Empties a queue of our own.
    fn drain(&self, queue: QueueId);
}

/// HTTP requests of our own, through the proxy's clusters.
pub trait Callouts {
    /// Starts a GET. `None` if the proxy won't, as when it has no such cluster.
    fn get(&self, cluster: &str, authority: &str, path: &str, timeout: Duration) -> Option<CalloutId>;
}

/// Counters and gauges of the proxy.
pub trait Meter {
    /// Makes a metric known, or finds it.
    fn define(&self, kind: MetricKind, name: &str) -> Option<MetricId>;
    /// Adds to a counter.
    fn add(&self, metric: MetricId, by: u64);
    /// Sets a gauge.
    fn set(&self, metric: MetricId, value: u64);
}

/// All of it.
pub trait Host: Clock + Stream + SharedStore + Callouts + Meter + SignatureVerifier {}

impl<T: Clock + Stream + SharedStore + Callouts + Meter + SignatureVerifier> Host for T {}

/// What came of a callout.
#[derive(Debug, Default)]
pub struct FetchResponse {
    /// The status; `None` if there was no answer at all.
    pub status: Option<u16>,
    /// `cache-control`.
    pub cache_control: Option<String>,
    /// The body; `None` if it is longer than we read.
    pub body: Option<Vec<u8>>,
}
