//! A Wasm filter that does nothing: the floor that Envoy's Wasm host sets for every other one. Without an SDK, only what
//! Envoy asks of a module before it loads it.

use std::alloc::{Layout, alloc};

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// The host writes what it passes to the module, a configuration for one, into memory that it gets here.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    match Layout::array::<u8>(size) {
        // SAFETY: the layout is not empty.
        Ok(layout) if size > 0 => unsafe { alloc(layout) },
        _ => std::ptr::null_mut(),
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(_context: u32, _headers: u32, _end_of_stream: u32) -> u32 {
    0
}
