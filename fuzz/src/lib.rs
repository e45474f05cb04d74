//! What is fuzzed, and what must hold for every input. A violated invariant is a panic, as libFuzzer expects.

#![allow(clippy::panic, reason = "a violated invariant must end the run")]

mod configuration;
mod decision;
mod engine;
mod key_set;
mod policies;
mod removal;
mod request;
mod request_head;
pub mod seeds;
mod structure;
mod token;
mod tokens;

/// What is fuzzed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Reading the head of a request.
    RequestHead,
    /// A token whose signature is taken as valid: reading it, checking it, requirements and identity headers.
    Token,
    /// Reading a key set, and verifying with its keys.
    KeySet,
    /// Reading and compiling a configuration as JSON, and as a `google.protobuf.Struct` of the same content.
    ConfigurationJson,
    /// Reading a configuration as the bytes of a `google.protobuf.Struct`.
    ConfigurationStruct,
    /// Removing the token from header, query and cookie.
    Removal,
    /// The whole decision about a request.
    Decision,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 7] = [
        Self::RequestHead,
        Self::Token,
        Self::KeySet,
        Self::ConfigurationJson,
        Self::ConfigurationStruct,
        Self::Removal,
        Self::Decision,
    ];

    /// The name of its binary.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestHead => "request_head",
            Self::Token => "token",
            Self::KeySet => "key_set",
            Self::ConfigurationJson => "configuration_json",
            Self::ConfigurationStruct => "configuration_struct",
            Self::Removal => "removal",
            Self::Decision => "decision",
        }
    }

    /// Runs one input.
    ///
    /// # Panics
    ///
    /// If an invariant is violated.
    pub fn run(self, data: &[u8]) {
        match self {
            Self::RequestHead => request_head::run(data),
            Self::Token => token::run(data),
            Self::KeySet => key_set::run(data),
            Self::ConfigurationJson => configuration::run_json(data),
            Self::ConfigurationStruct => configuration::run_struct(data),
            Self::Removal => removal::run(data),
            Self::Decision => decision::run(data),
        }
    }
}
