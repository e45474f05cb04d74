//! wip
pub mod config;
pub mod filter;
pub mod jwt;
pub mod policy;
pub mod request;
