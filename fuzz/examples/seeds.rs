//! Writes the seeds of every target into a folder: `seeds FOLDER`.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: seeds FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", Path::new(&folder).display());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> io::Result<()> {
    let repository = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    for (index, (target, seed)) in fuzz::seeds::all(repository)?.iter().enumerate() {
        let target = folder.join(target.name());
        fs::create_dir_all(&target)?;
        fs::write(target.join(format!("seed-{index:03}")), seed)?;
    }
    Ok(())
}
