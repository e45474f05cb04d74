//! Wasm filters that decide next to nothing: the floors that Envoy's Wasm host sets for every other one. Without an SDK,
//! only what Envoy asks of a module before it loads it.
//!
//! With `--cfg empty` it returns at once. With `--cfg told` it is also told where a request begins and ends, as a filter
//! must be that serves two configurations, or lets requests wait. With `--cfg asks` it then asks for headers and clock,
//! and, as its configuration says, has the host check a signature or refuses. With `--cfg reads` beside that it first
//! reads the token as well, and keeps it, as every filter must that does not want to verify it each time; for that it is
//! built by Cargo.
#![cfg(any(empty, told, asks))]

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

#[cfg(any(told, asks))]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(_context: u32, _parent: u32) {}

#[cfg(any(told, asks))]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(_context: u32) {}

#[cfg(any(empty, told))]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(_context: u32, _headers: u32, _end_of_stream: u32) -> u32 {
    0
}

#[cfg(reads)]
mod reads;

#[cfg(asks)]
mod asks {
    use std::alloc::{Layout, dealloc};
    use std::cell::Cell;
    use std::ptr::null_mut;
    use std::sync::OnceLock;

    const PLUGIN_CONFIGURATION: u32 = 7;
    const REQUEST_HEADERS: u32 = 0;
    const CONTINUE: u32 = 0;
    const PAUSE: u32 = 1;
    /// The bytes of a field of protobuf that is one: `true`.
    const YES: [u8; 2] = [8, 1];

    unsafe extern "C" {
        fn proxy_get_buffer_bytes(kind: u32, start: usize, most: usize, data: *mut *mut u8, size: *mut usize) -> u32;
        fn proxy_get_header_map_pairs(kind: u32, data: *mut *mut u8, size: *mut usize) -> u32;
        fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
        fn proxy_call_foreign_function(
            name: *const u8,
            name_size: usize,
            arguments: *const u8,
            arguments_size: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        fn proxy_send_local_response(
            status: u32,
            details: *const u8,
            details_size: usize,
            body: *const u8,
            body_size: usize,
            headers: *const u8,
            headers_size: usize,
            grpc_status: i32,
        ) -> u32;
    }

    static CONFIGURATION: OnceLock<Vec<u8>> = OnceLock::new();

    /// What a host call leaves in memory of ours, copied and freed as an SDK would.
    fn given(ask: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Vec<u8> {
        let (mut data, mut size) = (null_mut(), 0);
        if ask(&raw mut data, &raw mut size) != 0 || data.is_null() {
            return Vec::new();
        }
        // SAFETY: the host has the memory from `proxy_on_memory_allocate`, with this size, and has written all of it.
        unsafe {
            let bytes = std::slice::from_raw_parts(data, size).to_vec();
            dealloc(data, Layout::array::<u8>(size).unwrap());
            bytes
        }
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_configure(_context: u32, size: usize) -> u32 {
        // SAFETY: both places are ours for the time of the call, here and below.
        CONFIGURATION.get_or_init(|| {
            given(|data, length| unsafe { proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, data, length) })
        });
        1
    }

    #[unsafe(no_mangle)]
    extern "C" fn proxy_on_request_headers(_context: u32, _headers: u32, _end_of_stream: u32) -> u32 {
        #[cfg_attr(not(reads), expect(unused_variables, reason = "asked for, as by who reads them"))]
        let headers = given(|data, size| unsafe { proxy_get_header_map_pairs(REQUEST_HEADERS, data, size) });
        let mut time = 0;
        unsafe { proxy_get_current_time_nanoseconds(&raw mut time) };
        #[cfg(reads)]
        if !super::reads::is_credible(&headers, time) {
            return reply(401);
        }
        match CONFIGURATION.get().map_or(&[][..], Vec::as_slice) {
            [] => CONTINUE,
            b"refuse" => reply(401),
            questions if verifies(next(questions)) => CONTINUE,
            _ => reply(500),
        }
    }

    /// One after the other; each has its length before it, in 32 bits.
    fn next(questions: &[u8]) -> &[u8] {
        thread_local!(static PLACE: Cell<usize> = const { Cell::new(0) });
        let start = PLACE.get() + 4;
        let length = u32::from_le_bytes(questions[start - 4..start].try_into().unwrap());
        let end = start + length as usize;
        PLACE.set(end % questions.len());
        &questions[start..end]
    }

    fn verifies(question: &[u8]) -> bool {
        let name = "verify_signature";
        given(|data, size| unsafe {
            proxy_call_foreign_function(name.as_ptr(), name.len(), question.as_ptr(), question.len(), data, size)
        }) == YES
    }

    fn reply(status: u32) -> u32 {
        let no_headers = 0_u32.to_le_bytes();
        unsafe { proxy_send_local_response(status, null_mut(), 0, null_mut(), 0, no_headers.as_ptr(), 4, -1) };
        PAUSE
    }
}
