//! The wall: nothing outside of it names `proxy_wasm`. Envoy's callbacks in, host calls out, no decision of its own.
//!
//! A panic would cost every request of the worker, so nothing here unwraps; host calls that fail count as not made, and
//! whoever needed them refuses. Headers are read as bytes: the SDK's other getters panic on what is not UTF-8.

mod contexts;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, RootContext};
use proxy_wasm::types::{BufferType, LogLevel, MapType, MetricType};

use super::host::{
    Answer, CalloutId, Callouts, Clock, Meter, MetricId, MetricKind, QueueId, SharedStore, Stream, StreamId, Version,
};
use super::{Filter, MAX_BODY_BYTES, envoy};
use crate::jwt::algorithm::Algorithm;
use crate::jwt::jwk::VerifyingKey;
use crate::jwt::signature::{PureRust, SignatureVerifier};
use crate::jwt::time::{SteadyTime, UnixTime};
use crate::request::Headers;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|id| {
        let filter = SharedFilter::default();
        contexts::admit(id, Rc::clone(&filter));
        Box::new(Root { id, filter })
    });
}}

/// The host calls that the SDK has in too dear a form. It copies every name and every value of a map to the heap, which
/// would be most of what a token that was seen before costs, makes 128 bits of the time to say it in another unit,
/// copies the name of a property twice, and panics where a host can't enter a context.
#[expect(unsafe_code, reason = "a foreign function, and memory that the host has filled")]
mod raw {
    use proxy_wasm::types::MapType;

    unsafe extern "C" {
        /// Zero if all went well.
        fn proxy_get_header_map_pairs(map: MapType, data: *mut *mut u8, size: *mut usize) -> u32;
        fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
        fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> u32;
        fn proxy_set_effective_context(context: u32) -> u32;
    }

    /// Makes this context the one that calls are about; `false` if there is none of this id.
    pub(super) fn enter(context: u32) -> bool {
        // SAFETY: nothing is passed but a number.
        unsafe { proxy_set_effective_context(context) == 0 }
    }

    /// A path of one segment is that segment.
    pub(super) fn set_property(name: &str, value: &str) {
        // SAFETY: the host reads both before it returns, and nothing beyond their lengths.
        unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
    }

    /// Nanoseconds since 1970.
    pub(super) fn now() -> Option<u64> {
        let mut time = 0;
        // SAFETY: the place is ours for the time of the call.
        let status = unsafe { proxy_get_current_time_nanoseconds(&raw mut time) };
        (status == 0).then_some(time)
    }

    /// A whole header map as the host passes it.
    pub(super) fn map(map: MapType) -> Option<Vec<u8>> {
        let (mut data, mut size) = (std::ptr::null_mut(), 0);
        // SAFETY: both places are ours for the time of the call.
        let status = unsafe { proxy_get_header_map_pairs(map, &raw mut data, &raw mut size) };
        match (status, data.is_null()) {
            (0, true) => Some(Vec::new()),
            // SAFETY: the host has the memory from the SDK's `proxy_on_memory_allocate`, a boxed slice of this length
            // that was given up, and has written all of it. The SDK takes it over in the same way.
            (0, false) => Some(unsafe { Vec::from_raw_parts(data, size, size) }),
            _ => None,
        }
    }
}

/// The name of the host's function for signatures.
const VERIFY_SIGNATURE: &str = "verify_signature";
/// Set to `off` in the plugin's environment, it leaves all cryptography to Rust.
const HOST_CRYPTO: &str = "JWT_AUTHORIZER_HOST_CRYPTO";

type SharedFilter = Rc<RefCell<Option<Filter<Envoy>>>>;

/// One configuration in one worker.
struct Root {
    id: u32,
    filter: SharedFilter,
}

/// `None` if there is none, or it is at work already.
fn with_filter<T>(filter: &SharedFilter, then: impl FnOnce(&mut Filter<Envoy>) -> T) -> Option<T> {
    filter.try_borrow_mut().ok()?.as_mut().map(then)
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body_size: usize, _trailers: usize) {
        let answer = if headers == 0 { Answer::default() } else { read_answer(body_size) };
        with_filter(&self.filter, |filter| filter.on_answer(CalloutId(token), answer));
    }
}

impl Drop for Root {
    /// Not in `on_done`: exported, Envoy would call that for every request too.
    fn drop(&mut self) {
        // Envoy's timer would go on for nobody.
        let _ = hostcalls::set_tick_period(Duration::ZERO);
        with_filter(&self.filter, Filter::on_end);
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        adopt_log_level();
        let json = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, size).ok().flatten().unwrap_or_default();
        let host = Envoy { root: self.id, verifies: Envoy::probe() };
        match (Filter::configure(host, &json), self.filter.try_borrow_mut()) {
            (Ok(configured), Ok(mut filter)) => {
                *filter = Some(configured);
                true
            }
            (Err(error), _) => {
                log::error!("jwt_authorizer: configuration refused: {error}");
                false
            }
            (Ok(_), Err(_)) => false,
        }
    }

    fn on_tick(&mut self) {
        adopt_log_level();
        with_filter(&self.filter, Filter::on_tick);
    }

    fn on_queue_ready(&mut self, _queue: u32) {
        with_filter(&self.filter, Filter::on_wake);
    }
}

/// What the host would drop need not be written first.
fn adopt_log_level() {
    if let Ok(level) = hostcalls::get_log_level() {
        proxy_wasm::set_log_level(level);
    }
}

/// What no request can do to the module that is shipped; `tests/envoy` asks what would come of it.
#[cfg(feature = "trap")]
fn trap_if_asked() {
    if let Ok(Some(_)) = hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, "x-trap") {
        std::process::abort();
    }
}

fn read_answer(body_size: usize) -> Answer {
    let header = |name: &str| hostcalls::get_map_value_bytes(MapType::HttpCallResponseHeaders, name).ok().flatten();
    let text = |name: &str| header(name).and_then(|value| String::from_utf8(value).ok());
    Answer {
        status: text(":status").and_then(|status| status.parse().ok()),
        cache_control: text("cache-control"),
        body: (body_size <= MAX_BODY_BYTES).then(|| {
            hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, body_size).ok().flatten().unwrap_or_default()
        }),
    }
}

/// Envoy, as seen from one root context.
#[derive(Debug)]
struct Envoy {
    root: u32,
    /// Whether its `verify_signature` can be relied on.
    verifies: bool,
}

impl Envoy {
    /// Whether the host answers a known question right, both ways, and takes no zeros for a signature (CVE-2022-21449).
    fn probe() -> bool {
        let wanted = std::env::var(HOST_CRYPTO).is_ok_and(|value| value == "off");
        if wanted {
            return false;
        }
        let Some((key, signed, signature)) = envoy::known_answer() else { return false };
        let ask = |message: &[u8], signature: &[u8]| Self::ask(&key, Algorithm::Es256, message, signature);
        ask(signed, &signature) == Some(true)
            && ask(b"something else", &signature) == Some(false)
            && ask(signed, &[0; 64]) == Some(false)
    }

    /// `None` if the host can't do the algorithm, hasn't the function, or could make nothing of such a signature.
    fn ask(key: &VerifyingKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Option<bool> {
        let arguments = envoy::arguments(algorithm, key.der(), message, signature)?;
        let result = hostcalls::call_foreign_function(VERIFY_SIGNATURE, Some(&arguments)).ok()?;
        Some(envoy::is_verified(&result.unwrap_or_default()))
    }
}

impl SignatureVerifier for Envoy {
    fn verify(&self, key: &VerifyingKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let by_host = if self.verifies { Self::ask(key, algorithm, message, signature) } else { None };
        by_host.unwrap_or_else(|| PureRust.verify(key, algorithm, message, signature))
    }
}

impl Clock for Envoy {
    fn now(&self) -> UnixTime {
        let millis = raw::now().and_then(|nanos| i64::try_from(nanos / 1_000_000).ok());
        UnixTime::from_millis(millis.unwrap_or(0))
    }

    fn steady(&self) -> SteadyTime {
        // Its zero is the host's, so the workers agree; where there is no such clock, this is the wall clock.
        let ticks = coarsetime::Instant::now_without_cache_update().as_ticks();
        let millis = coarsetime::Duration::from_ticks(ticks).as_millis();
        SteadyTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    fn tick_every(&self, period: Duration) {
        let _ = hostcalls::set_tick_period(period);
    }
}

impl Stream for Envoy {
    fn enter(&self, stream: StreamId) -> bool {
        raw::enter(stream.0)
    }

    fn leave(&self) {
        raw::enter(self.root);
    }

    fn headers(&self) -> Option<Headers> {
        Headers::from_host(raw::map(MapType::HttpRequestHeaders)?)
    }

    fn remove_header(&self, name: &str) {
        let _ = hostcalls::remove_map_value(MapType::HttpRequestHeaders, name);
    }

    fn set_header(&self, name: &str, value: &str) {
        let _ = hostcalls::set_map_value(MapType::HttpRequestHeaders, name, Some(value));
    }

    fn resume(&self) {
        let _ = hostcalls::resume_http_request();
    }

    fn reply(&self, status: u16, headers: Vec<(&str, &str)>, body: &str) {
        let _ = hostcalls::send_http_response(u32::from(status), headers, Some(body.as_bytes()));
    }

    fn annotate(&self, name: &str, value: &str) {
        raw::set_property(name, value);
    }

    fn clear_route_cache(&self) {
        let _ = hostcalls::call_foreign_function("clear_route_cache", None);
    }
}

impl SharedStore for Envoy {
    fn load(&self, key: &str) -> Option<(Vec<u8>, Version)> {
        // An empty value comes as none, but has a version.
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

impl Callouts for Envoy {
    fn get(&self, cluster: &str, authority: &str, path: &str, timeout: Duration) -> Option<CalloutId> {
        let headers = vec![
            (":method", "GET"),
            (":path", path),
            (":authority", authority),
            ("accept", "application/json"),
            ("user-agent", concat!("envoy-jwt-authorizer/", env!("CARGO_PKG_VERSION"))),
        ];
        hostcalls::dispatch_http_call(cluster, headers, None, Vec::new(), timeout).ok().map(CalloutId)
    }
}

impl Meter for Envoy {
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
