//! The filter, for any host: it reads a request, asks the engine, and acts on the decision or lets the request wait
//! for keys.
//!
//! [`Filter`] is one worker. `ProviderKeys` has everything about one provider: its keys, the fetcher that keeps them
//! fresh, the requests that wait for them, and its metrics. Workers share key sets through shared data, and wake each
//! other through shared queues.

mod counters;
mod event_log;
mod fetch_error;
mod fetch_request;
mod fetch_response;
mod filter_state;
pub mod host;
mod key_fetcher;
mod metrics;
mod pending;
mod provider_keys;
mod provider_metrics;
mod shared_data;
mod shared_keys;
mod telemetry;
mod tick;
mod token_counters;
mod worker;
mod worker_queues;

pub use fetch_response::{FetchResponse, MAX_BODY_BYTES};
pub use worker::{Filter, Outcome};
