//! A filter that asks the host for what every filter of this kind asks for, and acts on its configuration: nothing,
//! `refuse`, or signatures to check.

use std::alloc::{Layout, dealloc};
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::OnceLock;

const PLUGIN_CONFIGURATION: u32 = 7;
const REQUEST_HEADERS: u32 = 0;
const CONTINUE: u32 = 0;
const PAUSE: u32 = 1;
/// A protobuf message whose first field is `true`.
const VALID: [u8; 2] = [8, 1];

unsafe extern "C" {
    fn proxy_get_buffer_bytes(kind: u32, start: usize, limit: usize, data: *mut *mut u8, size: *mut usize) -> u32;
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

/// The bytes that a host call leaves in the module's memory, copied and freed as an SDK would.
fn returned(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Vec<u8> {
    let (mut data, mut size) = (null_mut(), 0);
    if call(&raw mut data, &raw mut size) != 0 || data.is_null() {
        return Vec::new();
    }
    // SAFETY: the host has the memory from `proxy_on_memory_allocate`, with this size, and has written all of it.
    unsafe {
        let bytes = std::slice::from_raw_parts(data, size).to_vec();
        dealloc(data, Layout::from_size_align_unchecked(size, 1));
        bytes
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(_context: u32, size: usize) -> u32 {
    CONFIGURATION.get_or_init(|| {
        // SAFETY: both places are valid during the call, here and below.
        returned(|data, length| unsafe { proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, data, length) })
    });
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(_context: u32, _headers: u32, _end_of_stream: u32) -> u32 {
    // SAFETY: see `proxy_on_configure`.
    let headers = returned(|data, size| unsafe { proxy_get_header_map_pairs(REQUEST_HEADERS, data, size) });
    let mut time = 0;
    // SAFETY: the place is valid during the call.
    unsafe { proxy_get_current_time_nanoseconds(&raw mut time) };
    if !is_credible(&headers, time) {
        return reply(401);
    }
    match CONFIGURATION.get().map_or(&[][..], Vec::as_slice) {
        [] => CONTINUE,
        b"refuse" => reply(401),
        messages => match next(messages) {
            Some(message) if verifies(message) => CONTINUE,
            _ => reply(500),
        },
    }
}

#[cfg(feature = "tokens")]
use super::tokens::is_credible;

#[cfg(not(feature = "tokens"))]
fn is_credible(_headers: &[u8], _nanoseconds: u64) -> bool {
    true
}

/// One message after the other, each behind its length in 32 bits; after the last comes the first again.
fn next(messages: &[u8]) -> Option<&[u8]> {
    thread_local!(static POSITION: Cell<usize> = const { Cell::new(0) });
    let (length, rest) = messages.get(POSITION.get()..)?.split_first_chunk()?;
    let length = u32::from_le_bytes(*length) as usize;
    POSITION.set((POSITION.get() + 4 + length) % messages.len());
    rest.get(..length)
}

fn verifies(message: &[u8]) -> bool {
    let name = "verify_signature";
    // SAFETY: see `proxy_on_configure`.
    returned(|data, size| unsafe {
        proxy_call_foreign_function(name.as_ptr(), name.len(), message.as_ptr(), message.len(), data, size)
    }) == VALID
}

fn reply(status: u32) -> u32 {
    let no_headers = 0_u32.to_le_bytes();
    // SAFETY: the host reads nothing behind a null pointer with a size of 0.
    unsafe { proxy_send_local_response(status, null_mut(), 0, null_mut(), 0, no_headers.as_ptr(), 4, -1) };
    PAUSE
}
