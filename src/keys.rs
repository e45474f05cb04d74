//! Keys: JSON Web Keys and key sets, signature checks, and when a provider's remote keys are fetched.

pub mod algorithm;
mod certificate;
pub mod current;
pub mod fetch_state;
pub mod jwk;
pub mod jwk_error;
pub mod key_hint;
pub mod key_set;
pub mod material;
pub mod remote;
pub mod set_change;
pub mod signature;
