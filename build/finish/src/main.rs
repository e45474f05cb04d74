//! Makes the linked module smaller: `finish LINKED OUT`.
//!
//! `cargo build` leaves a module that works in Envoy, and that exports every callback the SDK knows. Envoy calls each
//! exported callback for every stream, also one that does nothing; without the unused ones a request takes about half a
//! microsecond less. What only they need goes with them, and so do names. `build/optimize.py` does the rest.

mod module;

use std::error::Error;
use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [linked, out] = arguments.as_slice() else {
        eprintln!("usage: finish LINKED OUT");
        return ExitCode::from(2);
    };
    match run(linked, out) {
        Ok(message) => {
            println!("{message}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{linked}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(linked: &str, out: &str) -> Result<String, Box<dyn Error>> {
    let before = fs::read(linked)?;
    let after = module::finish(&before)?;
    fs::write(out, &after)?;
    Ok(format!("{out}: {} KB, {} KB as linked", after.len() / 1000, before.len() / 1000))
}
