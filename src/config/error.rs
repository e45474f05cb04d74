//! A mistake in the configuration, or what is probably one: where it is, and what to do. One line each.

use std::fmt;

use super::deserialize::ReadError;

/// A mistake in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    path: String,
    problem: String,
}

impl ConfigError {
    /// At `path` (like `providers.cognito.jwks.cluster`; empty for the whole), something is wrong.
    pub fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }
}

impl From<ReadError> for ConfigError {
    fn from(ReadError { path, problem }: ReadError) -> Self {
        Self { path, problem }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "configuration" } else { &self.path };
        // User text may hold line breaks, and a log line must stay one.
        let clean = |text: &str| text.replace(|c: char| c.is_control(), " ");
        write!(f, "{}: {}", clean(path), clean(&self.problem))
    }
}

impl std::error::Error for ConfigError {}

/// What is legal, and surely not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(ConfigError);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where we are in the configuration while it is compiled.
#[derive(Clone, Debug)]
pub struct ConfigPath(String);

impl ConfigPath {
    /// A field of the whole.
    pub fn root(field: &str) -> Self {
        Self(field.to_owned())
    }

    /// The whole.
    pub const fn top() -> Self {
        Self(String::new())
    }

    /// A field of the object here.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        if self.0.is_empty() { Self::root(name) } else { Self(format!("{}.{name}", self.0)) }
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

    /// What is probably wrong here.
    pub fn warning(&self, problem: impl Into<String>) -> Warning {
        Warning(self.error(problem))
    }
}

impl fmt::Display for ConfigPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
