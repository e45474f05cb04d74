//! A JWT authorizer for Envoy, modelled on that of Amazon API Gateway: a WebAssembly filter that decides inside the request
//! path.
//!
//! The crate is the engine and the Wasm filter. The command line tool (`cli/`) prints the JSON Schema of [`config`].
//!
//! # How a request is decided
//!
//! 1. [`filter`] is called by the host. It reads the clock once and takes all headers as bytes; without either, the
//!    request gets 503.
//! 2. [`request`] reads method, host and path. A request that servers could read in two ways gets 400.
//! 3. **Route.** A CORS preflight goes to step 10, if the configuration says so. [`policy::authorizer`] finds the
//!    [rule](policy::rule) of the request, or the default. A public rule goes to step 10; `deny` is 403.
//! 4. **Authenticate.** [`token::credential`] finds the one credential: none is 401, unless it is optional; two are 400.
//! 5. [`token::cache`] may have the token already; then step 9 is next.
//! 6. [`token::jws`] decodes the token, and [`token::unverified`] reads header and claims.
//! 7. [`token::authenticator`] finds the [provider](token::provider) by `iss`. The provider checks times, audience, client
//!    and [kind](token::kind) of the token; what fails is 401.
//! 8. [`keys::current`] has the provider's keys, and [`keys::signature`] verifies the signature, by Envoy's BoringSSL where
//!    it can. If keys are missing, the request waits (see below).
//! 9. **Authorize.** [`policy::rule`] and [`policy::requirement`] check scopes, groups and claims; what is missing is 403.
//! 10. **Forward.** [`mod@forward`] removes the identity headers that the client sent and sets those of the verified token.
//! 11. [`filter`] makes the edits, or sends the one [`reply`]; it counts, logs, and sets filter state for access logs.
//!
//! Steps 3 to 10 are [`engine::Engine::decide`]: a total, synchronous function of request, keys, cache and time. Its effects
//! are values, so the same engine runs in Envoy and in native tests.
//!
//! # When keys are missing
//!
//! 1. `decide` returns [`NeedsKeys`](engine::decision::NeedsKeys): the provider, and which keys. A signature that no key
//!    verifies is a reason too, since the issuer may have replaced the key.
//! 2. The filter lets the request wait, and one worker of the process fetches ([`keys::fetch_state`] says who and when).
//!    If no fetch is due, or too many requests wait, it gives up at once.
//! 3. When the fetch ends, every worker decides its waiting requests again, or gives up: 401 if a fetched key set does
//!    not have the key, or if the signature is invalid; 503 if there is no usable key set, or if the key is unknown and
//!    the last fetch failed.
//!
//! # Where to add things
//!
//! - An operand for claims: the field in `config/rule.rs`, its name in `config/schema/objects.rs`, the test in
//!   `policy/requirement/claim_test.rs`, and between them `Operands` in `engine/compile/requirement.rs`.
//! - A reply format: `Format` in `config/responses.rs` and in [`reply`], and between them `engine/compile/reply.rs`.
//! - A reason: [`reason`], and its status and challenge in [`reply`]; docs/operating.md lists them.
//! - A field of the configuration: its struct in [`config`]. `engine/compile` destructures it and will not compile until
//!   the field has a meaning.
//! - Another proxy: implement the traits in [`filter::host`], in an adapter like `wasm/`; `tests/filter/fake_proxy.rs` is
//!   a small one.
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
