//! Where contexts begin and end, and requests come in, past the SDK: that would keep an object for each request in a table
//! of three, which is a tenth of what a token that was seen before costs. `build/optimize.py` exports these functions in
//! place of the SDK's.
//!
//! Nothing is kept of requests but whose the newest is, because Envoy tells of one right before it asks about its headers
//! (`source/extensions/common/wasm/context.cc`, `decodeHeaders`). Where that were not so, none would pass. Of ends we are
//! not told: Envoy would tell of each request's, too, for another twentieth. What has ended is found at ticks, by asking.

use std::cell::{Cell, RefCell};

use proxy_wasm::hostcalls;
use proxy_wasm::types::Action;

use super::{SharedFilter, raw, with_filter};
use crate::filter::Outcome;
use crate::filter::host::StreamId;

thread_local! {
    /// Who decides, by the id of a root context; the oldest first.
    static FILTERS: RefCell<Vec<(u32, SharedFilter)>> = const { RefCell::new(Vec::new()) };
    /// The context that was created last, and its root.
    static NEWEST: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// From now on, requests of this root context are decided here.
pub(super) fn admit(root: u32, filter: SharedFilter) {
    change(|filters| filters.push((root, filter)));
}

fn change<T>(how: impl FnOnce(&mut Vec<(u32, SharedFilter)>) -> T) -> Option<T> {
    FILTERS.with(|filters| filters.try_borrow_mut().ok().map(|mut filters| how(&mut filters)))
}

#[expect(unsafe_code, reason = "what Envoy calls, and what the SDK would have been called with")]
mod exports {
    use proxy_wasm::types::Action;

    pub(super) mod sdk {
        unsafe extern "C" {
            pub(in super::super) safe fn proxy_on_context_create(context: u32, parent: u32);
            pub(in super::super) safe fn proxy_on_delete(context: u32);
            pub(in super::super) safe fn proxy_on_tick(root: u32);
        }
    }

    #[unsafe(no_mangle)]
    extern "C" fn authorizer_on_context_create(context: u32, parent: u32) {
        super::NEWEST.set((context, parent));
        if parent == 0 {
            sdk::proxy_on_context_create(context, parent);
        }
    }

    #[unsafe(no_mangle)]
    extern "C" fn authorizer_on_request_headers(context: u32, _headers: usize, _end_of_stream: u32) -> Action {
        super::on_request_headers(context)
    }

    #[unsafe(no_mangle)]
    extern "C" fn authorizer_on_tick(root: u32) {
        sdk::proxy_on_tick(root);
        super::end_those_before(root);
    }
}

fn on_request_headers(context: u32) -> Action {
    #[cfg(feature = "trap")]
    super::trap_if_asked();
    let (newest, root) = NEWEST.get();
    let outcome = FILTERS.with(|filters| {
        let filters = filters.try_borrow().ok()?;
        let (_, filter) = filters.iter().find(|(id, _)| *id == root && newest == context)?;
        with_filter(filter, |filter| filter.on_request(StreamId(context)))
    });
    match outcome {
        Some(Outcome::Continue) => Action::Continue,
        Some(Outcome::Pause) => Action::Pause,
        None => {
            // No configuration, no decision: fail closed.
            let _ = hostcalls::send_http_response(503, Vec::new(), None);
            Action::Pause
        }
    }
}

/// Each root looks after the one before it, the first after the last: so one that is there finds all that are not.
fn end_those_before(root: u32) {
    while let Some(other) = one_before(root)
        && !raw::enter(other)
        && raw::enter(root)
        && dismiss(other)
    {
        exports::sdk::proxy_on_delete(other);
    }
    raw::enter(root);
}

/// Whether it was one of them.
fn dismiss(root: u32) -> bool {
    change(|filters| filters.extract_if(.., |(id, _)| *id == root).count() > 0).unwrap_or(false)
}

fn one_before(root: u32) -> Option<u32> {
    FILTERS.with(|filters| {
        let filters = filters.try_borrow().ok()?;
        let place = filters.iter().position(|(id, _)| *id == root)?;
        let before = place.checked_sub(1).unwrap_or(filters.len().saturating_sub(1));
        filters.get(before).map(|(id, _)| *id).filter(|id| *id != root)
    })
}
