//! The encoding of a fetch state in shared data.

use super::failure::FetchFailures;
use super::{FetchFailure, FetchState, Generation};
use crate::time::SteadyTime;

impl FetchState {
    const FIELDS: usize = 11;

    /// Encodes the fetch state.
    pub fn to_bytes(self) -> Vec<u8> {
        let failure = self.failure.map_or(0, |failure| 1 + failure as u8);
        [
            self.generation.map_or(0, Generation::get).to_le_bytes(),
            self.fetched_at.millis().to_le_bytes(),
            self.changed_at.millis().to_le_bytes(),
            self.due_at.millis().to_le_bytes(),
            self.leased_at.millis().to_le_bytes(),
            self.lease_until.millis().to_le_bytes(),
            self.demanded_at.millis().to_le_bytes(),
            self.failed_at.millis().to_le_bytes(),
            u64::from(self.failures).to_le_bytes(),
            u64::from(failure).to_le_bytes(),
            u64::from(self.reported.bits()).to_le_bytes(),
        ]
        .concat()
    }

    /// Decodes a fetch state; `None` if the bytes are not one. Any plugin can write to the shared data.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (fields, []) = bytes.as_chunks::<8>() else { return None };
        let fields: [[u8; 8]; Self::FIELDS] = fields.try_into().ok()?;
        let [
            generation,
            fetched_at,
            changed_at,
            due_at,
            leased_at,
            lease_until,
            demanded_at,
            failed_at,
            failures,
            failure,
            reported,
        ] = fields.map(u64::from_le_bytes);
        let time = |millis: u64| SteadyTime::from_millis(millis.cast_signed());
        Some(Self {
            generation: Generation::new(generation),
            fetched_at: time(fetched_at),
            changed_at: time(changed_at),
            due_at: time(due_at),
            leased_at: time(leased_at),
            lease_until: time(lease_until),
            demanded_at: time(demanded_at),
            failed_at: time(failed_at),
            failures: u32::try_from(failures).ok()?,
            failure: match failure {
                0 => None,
                number => Some(*FetchFailure::ALL.get(usize::try_from(number - 1).ok()?)?),
            },
            reported: FetchFailures::from_bits(u16::try_from(reported).ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::fetch_state::tests::{at, fetched};

    #[test]
    fn bytes_that_are_not_a_fetch_state_are_rejected() {
        let state = fetched(0).fail(at(3), FetchFailure::IssuerMismatch, 0.3);
        let bytes = state.to_bytes();
        assert_eq!(FetchState::from_bytes(&bytes), Some(state));
        for length in 0..bytes.len() {
            assert_eq!(FetchState::from_bytes(&bytes[..length]), None, "{length}");
        }
        assert_eq!(FetchState::from_bytes(&[0xff; 88]), None);
        assert_eq!(FetchState::from_bytes(&[0; 96]), None);
    }
}
