//! What the steps of the hot path start from: inputs, a compiled configuration, a cache that has the token or doesn't.

#![expect(missing_docs, reason = "nothing but the benchmark uses it")]

mod engine;
mod inputs;

use std::error::Error;

use inputs::NOW;

pub use engine::{Engine, Headers, Outcome, parses_token, reads_head};
pub use inputs::{configuration, headers, token};

/// A day later, when the token has expired.
const LATER: i64 = NOW + 24 * 3600;

/// A request that is about to be decided, and what the decision must be.
#[expect(missing_debug_implementations, reason = "the engine has none")]
pub struct Request {
    engine: Engine,
    headers: Headers,
    now: i64,
    expected: Outcome,
}

impl Request {
    /// One that is decided for the second time: what is done once is done, and the token is in the cache.
    fn repeated(rules: usize, path: &str, token: &str, now: i64, expected: Outcome) -> Result<Self, Box<dyn Error>> {
        let engine = Engine::compile(&configuration(rules))?;
        let mut request = Self { engine, headers: headers(path, token), now, expected };
        request.decide();
        Ok(request)
    }

    /// The token is in the cache.
    pub fn seen(rules: usize, path: &str) -> Result<Self, Box<dyn Error>> {
        Self::repeated(rules, path, &token(), NOW, Outcome::Allowed)
    }

    /// The token was never seen. Its signature is not checked: that is the host's work.
    pub fn unseen(rules: usize, path: &str) -> Result<Self, Box<dyn Error>> {
        let mut request = Self::seen(rules, path)?;
        request.engine.clear_cache();
        Ok(request)
    }

    pub fn expired(rules: usize, path: &str) -> Result<Self, Box<dyn Error>> {
        Self::repeated(rules, path, &token(), LATER, Outcome::Expired)
    }

    /// As many bytes as a token has, and no dot among them.
    pub fn garbage(rules: usize, path: &str) -> Result<Self, Box<dyn Error>> {
        let garbage: String = token().chars().rev().filter(|character| *character != '.').collect();
        Self::repeated(rules, path, &garbage, NOW, Outcome::Malformed)
    }

    /// Whether the decision is the expected one.
    pub fn decide(&mut self) -> bool {
        self.engine.decide(&self.headers, self.now) == self.expected
    }
}
