//! Host calls that cost more in the SDK's form, or panic there:
//!
//! - Headers: the SDK copies each name and each value to the heap, which would be most of the cost of a request with a
//!   cached token. It also panics if a name is not UTF-8.
//! - Time: the SDK's `SystemTime` takes 128-bit arithmetic to convert.
//! - Property: the SDK copies the name twice.
//! - Local reply: the SDK passes no response code details.
//! - Effective context: the SDK panics where a host forbids the call.

#![expect(unsafe_code, reason = "host functions, and memory that the host fills")]

use proxy_wasm::types::MapType;

use crate::request::Headers;

unsafe extern "C" {
    // Each returns a proxy-wasm status; zero is `Ok`.
    fn proxy_get_header_map_pairs(map: MapType, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> u32;
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

/// Makes this context the one that host calls are about. `false` if there is no such context, or the host forbids it.
pub(super) fn enter(context: u32) -> bool {
    // SAFETY: only a number is passed.
    unsafe { proxy_set_effective_context(context) == 0 }
}

/// Sets a property. A property path separates its segments with NUL, so a path of one segment is the name itself.
pub(super) fn set_property(name: &str, value: &str) {
    // SAFETY: both pointers and lengths are of live strings, and the host only reads them, before it returns.
    unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
}

/// Whether there is a property of one segment, with any value.
pub(super) fn has_property(name: &str) -> bool {
    let (mut data, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: `name` is a live string that the host only reads, `data` and `size` are live local variables, and the host
    // writes one value to each before it returns.
    let status = unsafe { proxy_get_property(name.as_ptr(), name.len(), &raw mut data, &raw mut size) };
    // SAFETY: `data` and `size` are those of the host, and are used once.
    unsafe { owned(status, data, size) }.is_some()
}

/// Sends a local reply. Envoy chooses the status for gRPC.
pub(super) fn reply(status: u16, details: &str, headers: &Headers, body: &str) {
    const NO_GRPC_STATUS: i32 = -1;
    let headers = headers.as_host_bytes();
    // SAFETY: all pointers and lengths are of live values, and the host only reads them, before it returns.
    unsafe {
        proxy_send_local_response(
            u32::from(status),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            NO_GRPC_STATUS,
        )
    };
}

/// Nanoseconds since 1970.
pub(super) fn now() -> Option<u64> {
    let mut time = 0;
    // SAFETY: `time` is a live local variable, and the host writes one u64 to it before it returns.
    let status = unsafe { proxy_get_current_time_nanoseconds(&raw mut time) };
    (status == 0).then_some(time)
}

/// A header map, serialized as the host passes it. `None` if the host does not provide it.
pub(super) fn map(map: MapType) -> Option<Vec<u8>> {
    let (mut data, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: `data` and `size` are live local variables, and the host writes one value to each before it returns.
    let status = unsafe { proxy_get_header_map_pairs(map, &raw mut data, &raw mut size) };
    // SAFETY: `data` and `size` are those of the host, and are used once.
    unsafe { owned(status, data, size) }
}

/// The bytes that a host call has returned, with its status. `None` if it failed.
///
/// # Safety
///
/// `data` and `size` are what a host call with this status has written, or null and zero. They must be used once.
unsafe fn owned(status: u32, data: *mut u8, size: usize) -> Option<Vec<u8>> {
    match (status, data.is_null()) {
        (0, true) => Some(Vec::new()),
        // SAFETY: the host allocated the memory with the SDK's `proxy_on_memory_allocate`, which leaks a boxed slice of
        // `size` bytes, and has written all of it. Nothing else owns it. The SDK reclaims it in the same way.
        (0, false) => Some(unsafe { Vec::from_raw_parts(data, size, size) }),
        _ => None,
    }
}
