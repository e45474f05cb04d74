//! API Gateway's JWT authorizer for everyone who runs Envoy: a WebAssembly filter that decides inside the request path.
//!
//! Three rings, each of which may use the ones after it and never the reverse (`tests/architecture.rs` holds that):
//!
//! - [`filter`] tells Envoy. It reads the request, asks the policy, and acts: edits, one reply, or a wait for keys.
//!   Behind it is the wall: `filter/wasm`, where alone `proxy_wasm` is named.
//! - [`policy`] knows who may. It compiles the plugin JSON once and decides about one request at a time:
//!   [`policy::Authorizer::authorize`] is total and synchronous, and its effects are values ([`policy::decision`]).
//! - [`jwt`] knows who is asking. An [`jwt::token::UnverifiedToken`] is consumed by verifying it; whatever the policy
//!   sees of a caller comes from a [`jwt::token::VerifiedToken`]. [`jwt::ledger`] is the life of the keys.
//!
//! [`request`], [`config`] and [`json`] are what comes from outside: a request's head, borrowed, with one reading or none;
//! the wire format of the configuration; and JSON that says nothing twice.
//!
//! # The life of a request
//!
//! 1. `filter/wasm/contexts.rs`: Envoy calls `proxy_on_request_headers`. 2. [`filter`] reads the clock once, and all
//!    headers as bytes. 3. [`request`]: method, host, path; two readings are a 400. 4. [`policy::table`]: the rule, or the default.
//! 5. [`jwt::credential`]: one credential, or 401, or 400. 6. [`jwt::cache`]: seen and still valid? Go to 10.
//! 7. [`jwt::token`]: bounds, three parts, header, `iss`. 8. The provider by `iss`; what its claims say; its keys by
//!    `kid` and `alg`. Keys that are missing make the request wait. 9. The signature, by the host's cryptography where
//!    it has some. 10. [`policy::requirement`]: what is unmet first is a 403. 11. Identity headers: whatever came under
//!    their names is removed from every request, then the verified values are set. 12. [`filter`] makes the edits or
//!    sends the one reply, counts, and annotates the request for access logs.
//!
//! Nobody below the filter owns a clock, and no panic is reachable: attackers choose the bytes of the request and much
//! of the key set, and a trap costs every request of a worker.

pub mod config;
pub mod engine;
pub mod filter;
pub mod forward;
pub mod indexed;
pub mod json;
pub mod keys;
pub mod policy;
pub mod reason;
pub mod reply;
pub mod request;
pub mod time;
pub mod token;
pub mod url;
#[cfg(any(target_arch = "wasm32", test))]
mod wasm;
