//! Where requests come in, past the SDK: that would keep an object for each of them in a table of three, which is a tenth
//! of what a token that was seen before costs. `build/optimize.py` exports these functions in place of the SDK's.
//!
//! Nothing is kept here but whose the newest request is, because Envoy tells of one right before it asks about its
//! headers (`source/extensions/common/wasm/context.cc`, `decodeHeaders`). Where that were not so, none would pass.

use std::cell::{Cell, RefCell};

use proxy_wasm::hostcalls;
use proxy_wasm::types::Action;

use super::{SharedFilter, with_filter};
use crate::filter::Outcome;
use crate::filter::host::StreamId;

thread_local! {
    /// Who decides, by the id of a root context.
    static FILTERS: RefCell<Vec<(u32, SharedFilter)>> = const { RefCell::new(Vec::new()) };
    /// The context that was created last, and its root.
    static NEWEST: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// From now on, requests of this root context are decided here.
pub(super) fn admit(root: u32, filter: SharedFilter) {
    change(|filters| filters.push((root, filter)));
}

/// From now on, no longer.
pub(super) fn dismiss(root: u32) {
    change(|filters| filters.retain(|(id, _)| *id != root));
}

fn change(how: impl FnOnce(&mut Vec<(u32, SharedFilter)>)) {
    FILTERS.with(|filters| {
        if let Ok(mut filters) = filters.try_borrow_mut() {
            how(&mut filters);
        }
    });
}

#[expect(unsafe_code, reason = "what Envoy calls, and what the SDK would have been called with")]
mod exports {
    use proxy_wasm::types::Action;

    mod sdk {
        unsafe extern "C" {
            pub(super) safe fn proxy_on_context_create(context: u32, parent: u32);
            pub(super) safe fn proxy_on_delete(context: u32);
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
    extern "C" fn authorizer_on_delete(context: u32) {
        if super::is_root(context) {
            sdk::proxy_on_delete(context);
        } else {
            super::on_gone(context);
        }
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

fn is_root(context: u32) -> bool {
    FILTERS.with(|filters| filters.try_borrow().is_ok_and(|filters| filters.iter().any(|(root, _)| *root == context)))
}

/// Whether it waited is known to who let it.
fn on_gone(context: u32) {
    FILTERS.with(|filters| {
        for (_, filter) in filters.try_borrow().iter().flat_map(|filters| filters.iter()) {
            with_filter(filter, |filter| filter.on_gone(StreamId(context)));
        }
    });
}
