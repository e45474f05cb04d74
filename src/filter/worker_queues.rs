//! How workers wake each other when a fetch has ended: each registers a shared queue, and shared data has the list of
//! them.

use std::hash::{BuildHasher, RandomState};

use super::host::{QueueId, SharedStore};
use super::shared_data::{MAX_SWAPS, PREFIX};

/// How many queues the list has. Above that, the oldest are dropped: their workers have ended, or see the keys at
/// their next tick.
const MAX_QUEUES: usize = 64;

/// The shared queue of one worker, and the list of all.
#[derive(Debug, Default)]
pub(super) struct WorkerQueues {
    own: Option<QueueId>,
    /// Whether the list has it.
    listed: bool,
}

impl WorkerQueues {
    fn list_key() -> String {
        format!("{PREFIX}/queues")
    }

    /// Stores an empty list if there is none, so that workers that join at once have a version to compare with.
    pub(super) fn prepare(host: &impl SharedStore) {
        if host.load(&Self::list_key()).is_none() {
            host.store(&Self::list_key(), &[], None);
        }
    }

    /// Adds this worker's queue to the list. If too many workers join at once, the next tick tries again.
    pub(super) fn join(&mut self, host: &impl SharedStore) {
        if self.listed {
            return;
        }
        self.own = self.own.or_else(|| {
            let unique = RandomState::new().hash_one("queue");
            host.open_queue(&format!("{PREFIX}/wake/{unique:x}"))
        });
        if let Some(own) = self.own {
            self.listed = rewrite(host, |queues| {
                queues.push(own);
                queues.drain(..queues.len().saturating_sub(MAX_QUEUES));
            });
        }
    }

    /// Removes this worker's queue from the list, because nothing empties it any more.
    pub(super) fn leave(&mut self, host: &impl SharedStore) {
        if let Some(own) = self.own.filter(|_| self.listed) {
            rewrite(host, |queues| queues.retain(|queue| *queue != own));
            self.listed = false;
        }
    }

    /// Wakes all other workers.
    pub(super) fn wake_others(&self, host: &impl SharedStore) {
        let Some((bytes, _)) = host.load(&Self::list_key()) else { return };
        for queue in read(&bytes).into_iter().filter(|queue| self.own != Some(*queue)).take(MAX_QUEUES) {
            host.wake(queue);
        }
    }

    /// Empties this worker's queue. Its messages have no content: one sync serves them all.
    pub(super) fn drain(&self, host: &impl SharedStore) {
        if let Some(own) = self.own {
            host.drain(own);
        }
    }
}

/// Changes the list by compare-and-swap. Returns whether that succeeded.
fn rewrite(host: &impl SharedStore, change: impl Fn(&mut Vec<QueueId>)) -> bool {
    (0..MAX_SWAPS).any(|_| {
        let Some((bytes, version)) = host.load(&WorkerQueues::list_key()) else { return false };
        let mut queues = read(&bytes);
        change(&mut queues);
        let bytes: Vec<u8> = queues.iter().flat_map(|queue| queue.0.to_le_bytes()).collect();
        host.store(&WorkerQueues::list_key(), &bytes, Some(version))
    })
}

fn read(bytes: &[u8]) -> Vec<QueueId> {
    bytes.chunks(4).filter_map(|id| id.try_into().ok().map(u32::from_le_bytes)).map(QueueId).collect()
}
