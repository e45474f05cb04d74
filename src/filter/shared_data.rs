//! Shared data: the prefix of its keys, the limit of retries, and which worker is the first to configure a policy.

use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use super::host::{Clock, SharedStore};
use crate::time::SteadyTime;

/// The prefix of every key. Its number is the version of the format of the stored values.
pub(super) const PREFIX: &str = "jwt_authorizer/3";
/// How often a compare-and-swap is tried.
pub(super) const MAX_SWAPS: usize = 8;

/// All workers of a process configure a policy within this time. After it, configuring the same policy is logged again.
const CONFIGURE_WINDOW: Duration = Duration::from_secs(60);

/// Whether this worker is the first in its process to configure this policy. Each policy has an entry of its own, so
/// that two policies in one process do not hide each other.
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
    !is_recent && host.store(&key, &now.millis().to_le_bytes(), version)
}
