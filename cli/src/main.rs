//! A command line tool around the engine of the filter.

#![forbid(unsafe_code)]

mod arguments;
mod reference;
mod schema;

use std::process::ExitCode;

fn main() -> ExitCode {
    arguments::run()
}
