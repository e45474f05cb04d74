//! Keys: JSON Web Keys and key sets, signatures, and the life of a provider's remote keys.

pub mod algorithm;
pub mod current;
pub mod fetch_state;
pub mod jwk;
pub mod key_set;
pub mod material;
pub mod negative_cache;
pub mod remote;
pub mod signature;
