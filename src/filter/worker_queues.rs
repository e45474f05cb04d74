//! How workers wake each other when a fetch has ended: each has a queue of its own, and all know the list.

use std::hash::{BuildHasher, RandomState};

use super::host::{QueueId, SharedStore};
use super::shared::{MAX_SWAPS, PREFIX};

/// Beyond this the longest known are not woken any more: they are gone, or find out at their next tick.
const MAX_QUEUES: usize = 64;

/// One worker's place among the others.
#[derive(Debug, Default)]
pub(super) struct WorkerQueues {
    own: Option<QueueId>,
    /// Whether the others know.
    listed: bool,
}

impl WorkerQueues {
    fn list_key() -> String {
        format!("{PREFIX}/queues")
    }

    /// Makes sure that there is a list to compare with, before workers join it side by side.
    pub(super) fn prepare(host: &impl SharedStore) {
        if host.load(&Self::list_key()).is_none() {
            host.store(&Self::list_key(), &[], None);
        }
    }

    /// Makes ourselves known to the others; where all come at once it may take another tick.
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

    /// Takes ourselves off the list: nobody would empty our queue any more.
    pub(super) fn leave(&mut self, host: &impl SharedStore) {
        if let Some(own) = self.own.filter(|_| self.listed) {
            rewrite(host, |queues| queues.retain(|queue| *queue != own));
            self.listed = false;
        }
    }

    /// Wakes everybody else.
    pub(super) fn wake_others(&self, host: &impl SharedStore) {
        let Some((bytes, _)) = host.load(&Self::list_key()) else { return };
        for queue in read(&bytes).into_iter().filter(|queue| self.own != Some(*queue)).take(MAX_QUEUES) {
            host.wake(queue);
        }
    }

    /// Empties our own queue; one look at the ledgers answers all that is in it.
    pub(super) fn drain(&self, host: &impl SharedStore) {
        if let Some(own) = self.own {
            host.drain(own);
        }
    }
}

/// Whether the list could be changed.
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
