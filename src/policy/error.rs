//! A mistake in the configuration: where it is, and what to do. One line each.

use std::fmt;

use crate::config::Misread;

/// A mistake in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    place: String,
    problem: String,
}

impl ConfigError {
    /// At `place` (a path like `providers.cognito.jwks.cluster`; empty for the whole), something is wrong.
    pub fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

impl From<Misread> for ConfigError {
    fn from(Misread { place, problem }: Misread) -> Self {
        Self { place, problem }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() { "configuration" } else { &self.place };
        // User text may hold line breaks, and a log line must stay one.
        let clean = |text: &str| text.replace(|c: char| c.is_control(), " ");
        write!(f, "{}: {}", clean(place), clean(&self.problem))
    }
}

impl std::error::Error for ConfigError {}

/// Where we are in the configuration while it is compiled.
#[derive(Clone, Debug)]
pub struct Place(String);

impl Place {
    /// A field of the whole.
    pub fn root(field: &str) -> Self {
        Self(field.to_owned())
    }

    /// A field of the object here.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        Self(format!("{}.{name}", self.0))
    }

    /// A member of the list here.
    #[must_use]
    pub fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// What is wrong here.
    pub fn error(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError::new(self.0.clone(), problem)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
