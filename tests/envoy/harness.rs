//! What every test stands on: a real Envoy with the built module between a client and an upstream, and an issuer.
//!
//! `Gateway` is the one to start with: it owns the other parts, and refuses to end well if Envoy's log shows a trap
//! or a token. All servers listen on ports that the system chose, so tests run side by side.

pub(crate) mod access_log;
pub(crate) mod admin;
pub(crate) mod bootstrap;
pub(crate) mod client;
pub(crate) mod envoy;
pub(crate) mod fault;
pub(crate) mod gateway;
pub(crate) mod http;
pub(crate) mod issuer;
pub(crate) mod keys;
pub(crate) mod policy;
pub(crate) mod server;
pub(crate) mod token;
pub(crate) mod upstream;
pub(crate) mod validator;
pub(crate) mod wait;

pub(crate) use client::{Connection, Reply, Request};
pub(crate) use fault::Answer;
pub(crate) use gateway::{ALLOWED, Gateway, Outcome, PUBLIC, Setup};
pub(crate) use issuer::Issuer;
pub(crate) use keys::Key;
pub(crate) use policy::{provider, with_provider, with_rules};
pub(crate) use token::{Token, now};
pub(crate) use wait::eventually;
