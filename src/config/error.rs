//! Errors and warnings about the configuration: one line each, which says where the mistake is and what to do.

use std::fmt;

use super::deserialize::ReadError;

/// An error in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    path: String,
    problem: String,
}

impl ConfigError {
    /// `problem` is what is wrong at `path`, like `providers.cognito.jwks.cluster`. The empty path is the whole
    /// configuration.
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
        // Text of the configuration may have line breaks; a log message must stay on one line.
        let clean = |text: &str| text.replace(|c: char| c.is_control(), " ");
        write!(f, "{}: {}", clean(path), clean(&self.problem))
    }
}

impl std::error::Error for ConfigError {}

/// Something that is valid, but probably not intended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(ConfigError);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A path in the configuration, like `rules[0].scopes`.
#[derive(Clone, Debug)]
pub struct ConfigPath(String);

impl ConfigPath {
    /// A top-level field.
    pub fn root(field: &str) -> Self {
        Self(field.to_owned())
    }

    /// The whole configuration.
    pub const fn top() -> Self {
        Self(String::new())
    }

    /// A field of the object at this path.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        if self.0.is_empty() { Self::root(name) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// An item of the list at this path.
    #[must_use]
    pub fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// An error at this path.
    pub fn error(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError::new(self.0.clone(), problem)
    }

    /// A warning at this path.
    pub fn warning(&self, problem: impl Into<String>) -> Warning {
        Warning(self.error(problem))
    }
}

impl fmt::Display for ConfigPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
