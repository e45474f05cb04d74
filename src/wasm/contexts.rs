//! The contexts that Envoy calls: one root context for each configuration in each worker, and one HTTP context for each
//! request. The SDK finds the context of a callback.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType, LogLevel, MapType};

use super::host::EnvoyHost;
use super::host_calls;
use crate::filter::host::{CalloutId, Log, StreamId};
use crate::filter::{FetchResponse, Filter, MAX_BODY_BYTES, Outcome};
use crate::request::Headers;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|id| Box::new(Root { id, filter: SharedFilter::default() }));
}}

/// The response code details of requests that come without a filter.
const NOT_CONFIGURED: &str = "jwt_authorizer_not_configured";

/// The filter of a root context, which its HTTP contexts use. `None` until a configuration is accepted.
type SharedFilter = Rc<RefCell<Option<Filter<EnvoyHost>>>>;

/// The root context: one configuration in one worker.
struct Root {
    id: u32,
    filter: SharedFilter,
}

/// The HTTP context: one request.
struct Request {
    stream: StreamId,
    filter: SharedFilter,
    /// Whether the request was paused for keys, or had a local reply.
    paused: bool,
}

/// `None` if there is no filter, or if the filter is already running.
fn with_filter<T>(filter: &SharedFilter, then: impl FnOnce(&mut Filter<EnvoyHost>) -> T) -> Option<T> {
    filter.try_borrow_mut().ok()?.as_mut().map(then)
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body_size: usize, _trailers: usize) {
        let response = if headers == 0 { FetchResponse::default() } else { read_response(body_size) };
        with_filter(&self.filter, |filter| filter.on_fetch_response(CalloutId(token), response));
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        let host = EnvoyHost::new(self.id);
        host.adopt_level();
        let json = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, size).ok().flatten().unwrap_or_default();
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
        with_filter(&self.filter, Filter::on_tick);
    }

    fn on_queue_ready(&mut self, _queue: u32) {
        with_filter(&self.filter, Filter::on_queue_ready);
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request { stream: StreamId(id), filter: Rc::clone(&self.filter), paused: false }))
    }
}

impl Drop for Root {
    /// Not in `on_done`: Envoy calls that for the end of every request too.
    fn drop(&mut self) {
        // Otherwise Envoy's timer would keep running.
        let _ = hostcalls::set_tick_period(Duration::ZERO);
        with_filter(&self.filter, Filter::shutdown);
    }
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _headers: usize, _end_of_stream: bool) -> Action {
        #[cfg(feature = "trap")]
        trap_if_asked();
        let outcome = with_filter(&self.filter, |filter| filter.on_request(self.stream));
        self.paused = outcome != Some(Outcome::Continue);
        if outcome.is_none() {
            // Fail closed: without a filter there is no decision.
            host_calls::reply(503, NOT_CONFIGURED, &Headers::default(), "");
        }
        if self.paused { Action::Pause } else { Action::Continue }
    }

    /// Envoy calls this for a request that waits only if the plugin has `allow_on_headers_stop_iteration`. To continue
    /// would release the request.
    fn on_http_request_body(&mut self, _size: usize, _end_of_stream: bool) -> Action {
        if self.may_wait() { Action::Pause } else { Action::Continue }
    }

    /// Envoy calls this for a request with trailers, after the body.
    fn on_http_request_trailers(&mut self, _trailers: usize) -> Action {
        // Stripped before a pause: once the request continues, this is not called again.
        let stripped = with_filter(&self.filter, |filter| filter.strip_trailers());
        if stripped != Some(true) || self.may_wait() { Action::Pause } else { Action::Continue }
    }
}

impl Request {
    /// Whether the request waits for keys, as far as that can be told.
    fn may_wait(&self) -> bool {
        self.paused && with_filter(&self.filter, |filter| filter.is_pending(self.stream)) != Some(false)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.paused {
            with_filter(&self.filter, |filter| filter.on_stream_closed(self.stream));
        }
    }
}

fn read_response(body_size: usize) -> FetchResponse {
    let header = |name: &str| hostcalls::get_map_value_bytes(MapType::HttpCallResponseHeaders, name).ok().flatten();
    let text = |name: &str| header(name).and_then(|value| String::from_utf8(value).ok());
    FetchResponse {
        status: text(":status").and_then(|status| status.parse().ok()),
        cache_control: text("cache-control"),
        content_encoding: text("content-encoding"),
        body: (body_size <= MAX_BODY_BYTES).then(|| {
            hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, body_size).ok().flatten().unwrap_or_default()
        }),
    }
}

/// In a module that only tests/envoy builds, a request can trap the worker. No release reads this header.
#[cfg(feature = "trap")]
fn trap_if_asked() {
    if let Ok(Some(_)) = hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, "x-trap") {
        std::process::abort();
    }
}
