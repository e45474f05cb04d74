//! The command line tool: prints the JSON Schema of the plugin configuration, or its reference.

#![forbid(unsafe_code)]

mod arguments;
mod reference;
mod schema;

use std::process::ExitCode;

fn main() -> ExitCode {
    arguments::run()
}
