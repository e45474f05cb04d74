//! The filter, for any host: read a request, ask the engine, act on the decision, or wait for keys.

mod counters;
mod event_log;
mod fetch_response;
pub mod host;
mod key_fetcher;
mod metrics;
mod pending;
mod provider_keys;
mod provider_metrics;
mod shared;
mod worker;
mod worker_queues;

pub use fetch_response::MAX_BODY_BYTES;
pub use worker::{Filter, Outcome};
