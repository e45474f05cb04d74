//! The contexts that Envoy calls: one root for each configuration in each worker, and one for each request.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType, LogLevel, MapType};

use super::host::EnvoyHost;
use crate::filter::host::{CalloutId, StreamId};
use crate::filter::{FetchResponse, Filter, MAX_BODY_BYTES, Outcome};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|id| Box::new(Root { id, filter: SharedFilter::default() }));
}}

/// `None` until a configuration was accepted.
type SharedFilter = Rc<RefCell<Option<Filter<EnvoyHost>>>>;

/// One configuration in one worker.
struct Root {
    id: u32,
    filter: SharedFilter,
}

/// One request.
struct Request {
    stream: StreamId,
    filter: SharedFilter,
    /// Whether the request was stopped, and may wait for keys.
    paused: bool,
}

/// `None` if there is no filter, or if it is running already.
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
        adopt_log_level();
        let json = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, size).ok().flatten().unwrap_or_default();
        match (Filter::configure(EnvoyHost::new(self.id), &json), self.filter.try_borrow_mut()) {
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
    /// Not in `on_done`: a module that exports it is called for the end of every request too.
    fn drop(&mut self) {
        // Envoy's timer would go on.
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
            // No configuration, no decision: fail closed.
            let _ = hostcalls::send_http_response(503, Vec::new(), None);
        }
        if self.paused { Action::Pause } else { Action::Continue }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.paused {
            with_filter(&self.filter, |filter| filter.on_stream_closed(self.stream));
        }
    }
}

/// Lines below the host's level need not be written.
fn adopt_log_level() {
    if let Ok(level) = hostcalls::get_log_level() {
        proxy_wasm::set_log_level(level);
    }
}

fn read_response(body_size: usize) -> FetchResponse {
    let header = |name: &str| hostcalls::get_map_value_bytes(MapType::HttpCallResponseHeaders, name).ok().flatten();
    let text = |name: &str| header(name).and_then(|value| String::from_utf8(value).ok());
    FetchResponse {
        status: text(":status").and_then(|status| status.parse().ok()),
        cache_control: text("cache-control"),
        body: (body_size <= MAX_BODY_BYTES).then(|| {
            hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, body_size).ok().flatten().unwrap_or_default()
        }),
    }
}

/// The released module has no such header; tests/envoy has a module in which a request can trap the worker.
#[cfg(feature = "trap")]
fn trap_if_asked() {
    if let Ok(Some(_)) = hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, "x-trap") {
        std::process::abort();
    }
}
