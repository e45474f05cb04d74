//! Host calls that the SDK has in a costlier form. It copies every name and every value of a map to the heap, which would
//! be most of what a cached token costs; converts the time with 128-bit arithmetic; copies the name of a property
//! twice; and panics where a host cannot enter a context.

#![expect(unsafe_code, reason = "foreign functions, and memory that the host has filled")]

use proxy_wasm::types::MapType;

unsafe extern "C" {
    /// Zero if all went well.
    fn proxy_get_header_map_pairs(map: MapType, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
}

/// Makes this context the one that calls are about; `false` if there is none of this id.
pub(super) fn enter(context: u32) -> bool {
    // SAFETY: nothing is passed but a number.
    unsafe { proxy_set_effective_context(context) == 0 }
}

/// A path of one segment is that segment.
pub(super) fn set_property(name: &str, value: &str) {
    // SAFETY: the host reads both before it returns, and nothing beyond their lengths.
    unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
}

/// Nanoseconds since 1970.
pub(super) fn now() -> Option<u64> {
    let mut time = 0;
    // SAFETY: the place is ours for the time of the call.
    let status = unsafe { proxy_get_current_time_nanoseconds(&raw mut time) };
    (status == 0).then_some(time)
}

/// A whole header map as the host passes it.
pub(super) fn map(map: MapType) -> Option<Vec<u8>> {
    let (mut data, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: both places are ours for the time of the call.
    let status = unsafe { proxy_get_header_map_pairs(map, &raw mut data, &raw mut size) };
    match (status, data.is_null()) {
        (0, true) => Some(Vec::new()),
        // SAFETY: the host has the memory from the SDK's `proxy_on_memory_allocate`, a boxed slice of this length
        // that was given up, and has written all of it. The SDK takes it over in the same way.
        (0, false) => Some(unsafe { Vec::from_raw_parts(data, size, size) }),
        _ => None,
    }
}
