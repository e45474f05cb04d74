//! The command line: its arguments in, the answer on standard output.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{reference, schema};

/// Works on plugin configurations of the JWT authorizer as the filter in Envoy does.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the JSON Schema of the plugin configuration
    Schema {
        /// Print the reference of its fields instead, as Markdown
        #[arg(long)]
        markdown: bool,
    },
}

/// Does what the command line says. A wrong one ends with what is wrong, the usage, and status 2.
pub(crate) fn run() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let answer = match command {
        Command::Schema { markdown: false } => schema::text(),
        Command::Schema { markdown: true } => reference::text(),
    };
    match io::stdout().lock().write_all(answer.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The answer could not be written: {error}");
            ExitCode::FAILURE
        }
    }
}
