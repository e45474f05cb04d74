//! Envoy as the host of the filter.

use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::types::{MapType, MetricType, Status};

use super::{host_calls, verify_signature};
use crate::filter::host::{
    CalloutError, CalloutId, Callouts, Clock, Log, Meter, MetricId, MetricKind, QueueId, SharedStore, Stream, StreamId,
    Version,
};
use crate::keys::algorithm::Algorithm;
use crate::keys::jwk::VerifyingKey;
use crate::keys::signature::{PureRust, SignatureVerifier};
use crate::reply::Reply;
use crate::request::Headers;
use crate::time::{SteadyTime, UnixTime};

/// Envoy's foreign function that verifies signatures.
const VERIFY_SIGNATURE: &str = "verify_signature";
/// If this variable of the plugin's environment is `off`, all signatures are verified in Rust.
const HOST_CRYPTO: &str = "JWT_AUTHORIZER_HOST_CRYPTO";

/// Envoy, for one root context.
#[derive(Debug)]
pub(super) struct EnvoyHost {
    root: u32,
    /// Whether Envoy's `verify_signature` has passed the probe.
    verifies: bool,
}

impl EnvoyHost {
    /// The host for the root context with this id.
    pub(super) fn new(root: u32) -> Self {
        Self { root, verifies: Self::probe() }
    }

    /// Whether the host accepts a known signature, rejects it for another message, and rejects one of zeros
    /// (CVE-2022-21449).
    fn probe() -> bool {
        let is_off = std::env::var(HOST_CRYPTO).is_ok_and(|value| value == "off");
        if is_off {
            return false;
        }
        let Some((key, signed, signature)) = verify_signature::known_answer() else { return false };
        let verify =
            |message: &[u8], signature: &[u8]| Self::verify_by_host(&key, Algorithm::Es256, message, signature);
        verify(signed, &signature) == Some(true)
            && verify(b"something else", &signature) == Some(false)
            && verify(signed, &[0; 64]) == Some(false)
    }

    /// `None` if the host lacks the function or the algorithm, or cannot parse the signature.
    fn verify_by_host(key: &VerifyingKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Option<bool> {
        let arguments = verify_signature::arguments(algorithm, key.der(), message, signature)?;
        let result = hostcalls::call_foreign_function(VERIFY_SIGNATURE, Some(&arguments)).ok()?;
        Some(verify_signature::is_verified(&result.unwrap_or_default()))
    }
}

impl SignatureVerifier for EnvoyHost {
    fn verify(&self, key: &VerifyingKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let by_host = if self.verifies { Self::verify_by_host(key, algorithm, message, signature) } else { None };
        by_host.unwrap_or_else(|| PureRust.verify(key, algorithm, message, signature))
    }
}

impl Clock for EnvoyHost {
    fn now(&self) -> UnixTime {
        let millis = host_calls::now().and_then(|nanos| i64::try_from(nanos / 1_000_000).ok());
        UnixTime::from_millis(millis.unwrap_or(0))
    }

    fn steady(&self) -> SteadyTime {
        // All workers read the host's monotonic clock. On a host without one, this is the wall clock.
        let ticks = coarsetime::Instant::now_without_cache_update().as_ticks();
        let millis = coarsetime::Duration::from_ticks(ticks).as_millis();
        SteadyTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    fn tick_every(&self, period: Duration) {
        let _ = hostcalls::set_tick_period(period);
    }
}

impl Log for EnvoyHost {
    fn adopt_level(&self) {
        if let Ok(level) = hostcalls::get_log_level() {
            proxy_wasm::set_log_level(level);
        }
    }
}

impl Stream for EnvoyHost {
    fn enter(&self, stream: StreamId) -> bool {
        host_calls::enter(stream.0)
    }

    fn leave(&self) {
        host_calls::enter(self.root);
    }

    fn headers(&self) -> Option<Headers> {
        Headers::from_host(host_calls::map(MapType::HttpRequestHeaders)?)
    }

    fn remove_header(&self, name: &str) {
        let _ = hostcalls::remove_map_value(MapType::HttpRequestHeaders, name);
    }

    fn set_header(&self, name: &str, value: &[u8]) {
        let _ = hostcalls::set_map_value_bytes(MapType::HttpRequestHeaders, name, Some(value));
    }

    fn trailers(&self) -> Option<Headers> {
        Headers::from_host(host_calls::map(MapType::HttpRequestTrailers)?)
    }

    fn remove_trailer(&self, name: &str) {
        let _ = hostcalls::remove_map_value(MapType::HttpRequestTrailers, name);
    }

    fn resume(&self) {
        let _ = hostcalls::resume_http_request();
    }

    fn reply(&self, reply: &Reply) {
        let headers = reply.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        host_calls::reply(reply.status, &reply.details, &headers, &reply.body);
    }

    fn has_filter_state(&self, name: &str) -> bool {
        host_calls::has_property(name)
    }

    fn set_filter_state(&self, name: &str, value: &str) {
        host_calls::set_property(name, value);
    }

    fn clear_route_cache(&self) {
        let _ = hostcalls::call_foreign_function("clear_route_cache", None);
    }
}

impl SharedStore for EnvoyHost {
    fn load(&self, key: &str) -> Option<(Vec<u8>, Version)> {
        // The SDK returns an empty value as `None`, with a version.
        let (value, version) = hostcalls::get_shared_data(key).ok()?;
        Some((value.unwrap_or_default(), Version(version?)))
    }

    fn store(&self, key: &str, value: &[u8], version: Option<Version>) -> bool {
        hostcalls::set_shared_data(key, Some(value), version.map(|version| version.0)).is_ok()
    }

    fn open_queue(&self, name: &str) -> Option<QueueId> {
        hostcalls::register_shared_queue(name).ok().map(QueueId)
    }

    fn wake(&self, queue: QueueId) {
        let _ = hostcalls::enqueue_shared_queue(queue.0, Some(b"1"));
    }

    fn drain(&self, queue: QueueId) {
        while let Ok(Some(_)) = hostcalls::dequeue_shared_queue(queue.0) {}
    }
}

impl Callouts for EnvoyHost {
    fn get(&self, cluster: &str, authority: &str, path: &str, timeout: Duration) -> Result<CalloutId, CalloutError> {
        let headers = vec![
            (":method", "GET"),
            (":path", path),
            (":authority", authority),
            ("accept", "application/json"),
            ("accept-encoding", "identity"),
            ("user-agent", concat!("envoy-jwt-authorizer/", env!("CARGO_PKG_VERSION"))),
        ];
        let sent = hostcalls::dispatch_http_call(cluster, headers, None, Vec::new(), timeout);
        sent.map(CalloutId).map_err(|status| match status {
            Status::BadArgument => CalloutError::ClusterUnknown,
            _ => CalloutError::Refused,
        })
    }
}

impl Meter for EnvoyHost {
    fn define(&self, kind: MetricKind, name: &str) -> Option<MetricId> {
        let kind = match kind {
            MetricKind::Counter => MetricType::Counter,
            MetricKind::Gauge => MetricType::Gauge,
        };
        hostcalls::define_metric(kind, name).ok().map(MetricId)
    }

    fn add(&self, metric: MetricId, by: u64) {
        let _ = hostcalls::increment_metric(metric.0, i64::try_from(by).unwrap_or(i64::MAX));
    }

    fn set(&self, metric: MetricId, value: u64) {
        let _ = hostcalls::record_metric(metric.0, value);
    }
}
