//! A JWT authorizer for Envoy, as Amazon API Gateway has one: a WebAssembly filter that decides inside the request path.
//!
//! The crate is the engine and the Wasm filter. The command line tool (`cli/`) uses the engine as a library.
//!
//! # The way of a request
//!
//! 1. [`filter`] is called by the host. It reads the clock once and takes all headers as bytes; without either, the
//!    request gets 503.
//! 2. [`request`] reads method, host and path. A request that servers could read in two ways gets 400.
//! 3. **Route.** [`policy::authorizer`] finds the [rule](policy::rule) of the request, or the default.
//! 4. **Authenticate.** [`token::credential`] finds the one credential: none is 401, two are 400.
//! 5. [`token::cache`] may know the token from before; then the way goes on at step 9.
//! 6. [`token::jws`] decodes the token, and [`token::unverified`] reads header and claims.
//! 7. [`token::authenticator`] finds the [provider](token::provider) by `iss`. The provider checks times, audience, client
//!    and [kind](token::kind) of the token; what fails is 401.
//! 8. [`keys::current`] has the provider's keys, and [`keys::signature`] verifies the signature, by Envoy's BoringSSL where
//!    it can. If the keys are not here, the request waits (see below).
//! 9. **Authorize.** [`policy::rule`] and [`policy::requirement`] check scopes, groups and claims; what is missing is 403.
//! 10. **Forward.** [`mod@forward`] removes the identity headers that the client sent and sets those of the verified token.
//! 11. [`filter`] makes the edits, or sends the one [`reply`]; it counts, logs, and sets filter state for access logs.
//!
//! Steps 3 to 10 are [`engine::Engine::decide`]: a total, synchronous function of request, keys, cache and time. Its effects
//! are values, so the same engine runs in Envoy, in the command line tool and in tests.
//!
//! # When keys are missing
//!
//! 1. `decide` returns [`NeedsKeys`](engine::decision::NeedsKeys): the provider, and which key.
//! 2. The filter lets the request wait, and one worker of the process fetches ([`keys::fetch_state`] says who and when).
//! 3. When the fetch ends, every worker decides its waiting requests again, or gives up: 401 if the issuer does not have
//!    the key, 503 if nobody knows.
//!
//! # Where to add things
//!
//! - An operand for claims: the field in `config/rule.rs`, the test in [`policy::requirement`], between them
//!   `engine/compile/rule.rs`.
//! - A reply format: [`reply`]. A reason: [`reason`], and its row in [`reply`]; docs/operating.md lists them.
//! - A field of the configuration: its struct in [`config`]. `engine/compile` destructures it and will not compile until
//!   the field has a meaning.
//! - Another host: the ports in [`filter::host`], and an adapter like `wasm/`.
//!
//! # Rules
//!
//! - Modules use lower layers only, and files do not import each other in a circle (`tests/architecture.rs`).
//! - Nothing below the filter reads a clock, calls the host or logs.
//! - No panic is reachable. Attackers choose the bytes of the request and much of the key set, and a trap costs every
//!   request of a worker.
//! - Only a [`VerifiedToken`](token::verified::VerifiedToken) reaches requirements and identity headers.

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
