//! The adapter for proxy-wasm: Envoy's callbacks in, host calls out, no decision of its own. Only here is `proxy_wasm` named.
//!
//! A panic would cost every request of the worker, so nothing here unwraps. A host call that fails counts as not made, and
//! the filter refuses where it needed the answer. Headers are read as bytes: the SDK's other getters panic on what is
//! not UTF-8.

#[cfg(target_arch = "wasm32")]
mod contexts;
mod ecdsa_der;
#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
mod host_calls;
mod verify_signature;
