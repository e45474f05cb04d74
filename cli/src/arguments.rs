//! The command line: parses the arguments, and prints the result to standard output.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{reference, schema};

/// Prints the JSON Schema of the JWT authorizer's plugin configuration, or its reference.
#[derive(Parser)]
#[command(name = "envoy-jwt-authorizer", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the JSON Schema of the plugin configuration
    Schema {
        /// Print a reference of the fields as Markdown instead
        #[arg(long)]
        markdown: bool,
    },
}

/// Runs the command. For invalid arguments, it prints the error and the usage, and exits with status 2.
pub(crate) fn run() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let output = match command {
        Command::Schema { markdown: false } => schema::text(),
        Command::Schema { markdown: true } => reference::text(),
    };
    match io::stdout().lock().write_all(output.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write the output: {error}");
            ExitCode::FAILURE
        }
    }
}
