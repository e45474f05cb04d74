//! The adapter for proxy-wasm: it passes Envoy's callbacks to the filter, and the filter's calls to Envoy. It decides
//! nothing, and no other module uses `proxy_wasm`.
//!
//! A panic would end every request of the worker, so nothing here unwraps. The error of a host call is ignored where
//! the filter needs no result; where it needs one, it gets `None`, and refuses the request. Headers are read as
//! bytes, because the SDK's other getters panic if a value is not UTF-8.

#[cfg(target_arch = "wasm32")]
mod contexts;
mod ecdsa_der;
#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
mod host_calls;
mod verify_signature;
