//! Wasm filters that decide next to nothing: what Envoy's Wasm host costs every other filter at least. Without an SDK,
//! with only what Envoy requires of a module before it loads it.
//!
//! Without features the filter returns at once. `contexts` adds the callbacks at the beginning and end of a request, which
//! a filter needs that serves two configurations or lets requests wait. `host-calls` adds a read of the headers and the
//! clock and, as its configuration says, a check of a signature by the host or a refusal. `tokens` parses the token first
//! and caches it, as a filter must that does not verify a token each time.
#![cfg(target_arch = "wasm32")]
#![expect(unsafe_code, reason = "exports, and memory that the host writes to")]

#[cfg(feature = "host-calls")]
mod host_calls;
#[cfg(feature = "tokens")]
mod tokens;

use std::alloc::{Layout, alloc};

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// What the host passes to the module, a configuration for one, it writes into memory that it gets here.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    match Layout::array::<u8>(size) {
        // SAFETY: the layout is not empty.
        Ok(layout) if size > 0 => unsafe { alloc(layout) },
        _ => std::ptr::null_mut(),
    }
}

#[cfg(feature = "contexts")]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(_context: u32, _parent: u32) {}

#[cfg(feature = "contexts")]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(_context: u32) {}

#[cfg(not(feature = "host-calls"))]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(_context: u32, _headers: u32, _end_of_stream: u32) -> u32 {
    0
}
