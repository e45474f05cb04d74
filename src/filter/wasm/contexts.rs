//! Where contexts begin and end, and requests come in, past the SDK: that would keep an object for each request in a table
//! of three, which is a tenth of what a token that was seen before costs. `build/optimize.py` exports these functions in
//! place of the SDK's.
//!
//! Nothing is kept of a request but whose it is, from when Envoy tells of it until it asks about its headers, which is
//! right after (`source/extensions/common/wasm/context.cc`, `decodeHeaders`), unless what we let go on reaches another
//! filter of this module in between.

use std::cell::RefCell;

use proxy_wasm::hostcalls;
use proxy_wasm::types::Action;

use super::{SharedFilter, with_filter};
use crate::filter::Outcome;
use crate::filter::host::StreamId;

thread_local! {
    /// Who decides, by the id of a root context.
    static FILTERS: RefCell<Vec<(u32, SharedFilter)>> = const { RefCell::new(Vec::new()) };
    /// Requests that Envoy has told of, and their root contexts.
    static ANNOUNCED: RefCell<Vec<(u32, u32)>> = const { RefCell::new(Vec::new()) };
}

/// From now on, requests of this root context are decided here.
pub(super) fn admit(root: u32, filter: SharedFilter) {
    change(&FILTERS, |filters| filters.push((root, filter)));
}

fn change<E, T>(
    list: &'static std::thread::LocalKey<RefCell<Vec<E>>>,
    how: impl FnOnce(&mut Vec<E>) -> T,
) -> Option<T> {
    list.with(|list| list.try_borrow_mut().ok().map(|mut list| how(&mut list)))
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
        if parent == 0 {
            sdk::proxy_on_context_create(context, parent);
        } else {
            super::announce(context, parent);
        }
    }

    #[unsafe(no_mangle)]
    extern "C" fn authorizer_on_request_headers(context: u32, _headers: usize, _end_of_stream: u32) -> Action {
        super::on_request_headers(context)
    }

    #[unsafe(no_mangle)]
    extern "C" fn authorizer_on_delete(context: u32) {
        if super::dismiss(context) {
            sdk::proxy_on_delete(context);
        } else {
            super::on_gone(context);
        }
    }
}

fn announce(context: u32, root: u32) {
    change(&ANNOUNCED, |announced| announced.push((context, root)));
}

/// Whose request this is; once.
fn recall(context: u32) -> Option<u32> {
    change(&ANNOUNCED, |announced| {
        let place = announced.iter().rposition(|(known, _)| *known == context)?;
        Some(announced.swap_remove(place).1)
    })?
}

fn on_request_headers(context: u32) -> Action {
    #[cfg(feature = "trap")]
    super::trap_if_asked();
    let outcome = recall(context).and_then(|root| {
        FILTERS.with(|filters| {
            let filters = filters.try_borrow().ok()?;
            let (_, filter) = filters.iter().find(|(id, _)| *id == root)?;
            with_filter(filter, |filter| filter.on_request(StreamId(context)))
        })
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

/// Whether this was a root context; from now on, it is not.
fn dismiss(context: u32) -> bool {
    change(&FILTERS, |filters| filters.extract_if(.., |(id, _)| *id == context).count() > 0).unwrap_or(false)
}

/// Who was answered before we were asked was announced in vain; whether it waited is known to who let it.
fn on_gone(context: u32) {
    recall(context);
    FILTERS.with(|filters| {
        for (_, filter) in filters.try_borrow().iter().flat_map(|filters| filters.iter()) {
            with_filter(filter, |filter| filter.on_gone(StreamId(context)));
        }
    });
}
