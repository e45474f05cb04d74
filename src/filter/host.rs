//! What the filter needs from its host, the proxy: one small trait for each need.

use std::time::Duration;

use crate::keys::signature::SignatureVerifier;
use crate::reply::Reply;
use crate::request::Headers;
use crate::time::{Moment, SteadyTime, UnixTime};

/// The stream of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamId(pub u32);

/// An HTTP callout in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalloutId(pub u32);

/// A shared queue, through which other workers wake the one that registered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueId(pub u32);

/// A counter or gauge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricId(pub u32);

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// A value that only grows.
    Counter,
    /// A value that is set.
    Gauge,
}

/// The version of a shared value, for compare-and-swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// The host's clocks.
pub trait Clock {
    /// The wall clock.
    fn now(&self) -> UnixTime;
    /// A monotonic clock, the same for all workers.
    fn steady(&self) -> SteadyTime;
    /// Both clocks. A request that does not wait reads the wall clock only.
    fn moment(&self) -> Moment {
        Moment { wall: self.now(), steady: self.steady() }
    }
    /// Sets the tick period.
    fn tick_every(&self, period: Duration);
}

/// The host's log.
pub trait Log {
    /// Takes over the host's log level, so that no line is formatted that the host would drop.
    fn adopt_level(&self);
}

/// The request that the host is processing: the one of the current callback, or the one entered last.
pub trait Stream {
    /// Makes this request the one that the other methods are about. Returns `false` if its stream was closed.
    fn enter(&self, stream: StreamId) -> bool;
    /// Makes the root context the current one again.
    fn leave(&self);
    /// All headers, pseudo-headers included. `None` if the proxy does not provide them.
    fn headers(&self) -> Option<Headers>;
    /// Removes all headers of this name.
    fn remove_header(&self, name: &str);
    /// Sets a header to this one value.
    fn set_header(&self, name: &str, value: &[u8]);
    /// All trailers, in the callback for trailers. `None` if the proxy does not provide them.
    fn trailers(&self) -> Option<Headers>;
    /// Removes all trailers of this name.
    fn remove_trailer(&self, name: &str);
    /// Continues a request that was paused.
    fn resume(&self);
    /// Sends a local reply.
    fn reply(&self, reply: &Reply);
    /// Whether the filter state of the request has a value of this name.
    fn has_filter_state(&self, name: &str) -> bool;
    /// Sets a value in the filter state of the request, for access logs.
    fn set_filter_state(&self, name: &str, value: &str);
    /// Lets the proxy select the route again, if it supports that.
    fn clear_route_cache(&self);
}

/// Shared data and shared queues. All plugins with the same `vm_id` can write them, so no value can be trusted.
pub trait SharedStore {
    /// A value and its version.
    fn load(&self, key: &str) -> Option<(Vec<u8>, Version)>;
    /// Stores a value. With a `version` this is a compare-and-swap: it returns `false` if the stored version is
    /// another.
    fn store(&self, key: &str, value: &[u8], version: Option<Version>) -> bool;
    /// Registers a queue of this worker.
    fn open_queue(&self, name: &str) -> Option<QueueId>;
    /// Wakes the worker that registered the queue.
    fn wake(&self, queue: QueueId);
    /// Empties a queue of this worker.
    fn drain(&self, queue: QueueId);
}

/// Why the proxy did not send a callout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalloutError {
    /// It has no such cluster.
    ClusterUnknown,
    /// Another reason.
    Refused,
}

/// HTTP callouts through the proxy's clusters.
pub trait Callouts {
    /// Sends a GET request for a document that is not compressed.
    ///
    /// # Errors
    ///
    /// Why the proxy did not send it.
    fn get(&self, cluster: &str, authority: &str, path: &str, timeout: Duration) -> Result<CalloutId, CalloutError>;
}

/// The proxy's counters and gauges.
pub trait Meter {
    /// Defines a metric, or finds the one of this name.
    fn define(&self, kind: MetricKind, name: &str) -> Option<MetricId>;
    /// Adds to a counter.
    fn add(&self, metric: MetricId, by: u64);
    /// Sets a gauge.
    fn set(&self, metric: MetricId, value: u64);
}

/// Everything that the filter needs from a proxy.
pub trait Host: Clock + Log + Stream + SharedStore + Callouts + Meter + SignatureVerifier {}

impl<T: Clock + Log + Stream + SharedStore + Callouts + Meter + SignatureVerifier> Host for T {}
