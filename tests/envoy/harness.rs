//! The test bed: a real Envoy with the built module between a client and an upstream, and an issuer.
//!
//! Start with `Gateway`. It owns the other parts, and fails the test if Envoy's log shows a trap or a token. All servers
//! listen on ports that the system chooses, so tests run in parallel.

pub(crate) mod access_log;
pub(crate) mod admin;
pub(crate) mod bootstrap;
pub(crate) mod client;
pub(crate) mod collector;
pub(crate) mod envoy;
pub(crate) mod fault;
pub(crate) mod gateway;
pub(crate) mod http;
mod http2;
pub(crate) mod issuer;
pub(crate) mod policy;
pub(crate) mod server;
pub(crate) mod upstream;
pub(crate) mod wait;

pub(crate) use jwt_authorizer_test_support::token::now;
pub(crate) use jwt_authorizer_test_support::{Key, Token};

pub(crate) use client::{Connection, Reply, Request};
pub(crate) use fault::Answer;
pub(crate) use gateway::{ALLOWED, Gateway, Outcome, PUBLIC, Setup};
pub(crate) use issuer::Issuer;
pub(crate) use policy::{provider, with_provider, with_rules};
pub(crate) use wait::eventually;
