//! The command line.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What to send, to whom, and for how long.
pub(crate) struct Options {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    /// A file with one token on each line.
    pub(crate) tokens: PathBuf,
    /// The first token to send: a later run continues where an earlier one stopped.
    pub(crate) from: usize,
    pub(crate) connections: usize,
    pub(crate) seconds: f64,
    pub(crate) requests: u64,
}

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut options = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 80)),
            path: "/".to_owned(),
            tokens: PathBuf::new(),
            from: 0,
            connections: 8,
            seconds: f64::from(u16::MAX),
            requests: u64::MAX,
        };
        let mut arguments = arguments;
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--address" => options.address = value.parse()?,
                "--path" => options.path = value,
                "--tokens" => options.tokens = value.into(),
                "--from" => options.from = value.parse()?,
                "--connections" => options.connections = value.parse()?,
                "--seconds" => options.seconds = value.parse()?,
                "--requests" => options.requests = value.parse()?,
                _ => return Err(format!("unknown option {name}").into()),
            }
        }
        Ok(options)
    }
}
