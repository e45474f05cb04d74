//! Names and habits of the data that the workers of a process share.

use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use super::host::{Clock, SharedStore};
use crate::time::SteadyTime;

/// Every key in shared data begins with the version of the format of what is stored there.
pub(super) const PREFIX: &str = "jwt_authorizer/2";
/// A compare-and-swap that loses this often in a row is given up.
pub(super) const MAX_SWAPS: usize = 8;

/// All workers of a process configure a policy within this time. A policy that comes back later is a new event.
const CONFIGURE_WINDOW: Duration = Duration::from_secs(60);

/// Whether this worker is the first in its process to configure this policy. Each policy has an entry of its own, so that
/// two policies in one process do not hide each other.
pub(super) fn first_in_process(host: &(impl SharedStore + Clock), policy: &[u8]) -> bool {
    let mut hasher = DefaultHasher::new();
    hasher.write(policy);
    let key = format!("{PREFIX}/configured/{:x}", hasher.finish());
    let now = host.steady();
    let (last, version) = match host.load(&key) {
        Some((bytes, version)) => (bytes.try_into().ok().map(i64::from_le_bytes), Some(version)),
        None => (None, None),
    };
    let is_recent = last.is_some_and(|last| now.since(SteadyTime::from_millis(last)) < CONFIGURE_WINDOW);
    host.store(&key, &now.millis().to_le_bytes(), version) && !is_recent
}
