//! The engine of the filter as a command line tool.

#![forbid(unsafe_code)]

mod arguments;
mod reference;
mod schema;

use std::process::ExitCode;

fn main() -> ExitCode {
    arguments::run()
}
