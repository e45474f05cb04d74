//! The JSON Schema of the configuration, read by an independent validator: Python's `jsonschema`.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

/// Validates each configuration; the result is `None` if it is valid, and otherwise the error.
pub fn schema_errors(configurations: &[Value]) -> Vec<Option<String>> {
    let mut validator = Command::new(python())
        .arg(root().join("tests/schema/validate.py"))
        .arg(root().join("envoy/config.schema.json"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut input = validator.stdin.take().unwrap();
    let lines: String = configurations.iter().map(|configuration| format!("{configuration}\n")).collect();
    // If `jsonschema` is not installed, Python exits without reading its input and prints the error to stderr.
    let writer = thread::spawn(move || input.write_all(lines.as_bytes()).ok());
    let output = validator.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "these tests need Python's jsonschema: run `make test`");
    let errors: Vec<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| (!line.is_empty()).then(|| line.to_owned()))
        .collect();
    assert_eq!(errors.len(), configurations.len());
    errors
}

fn python() -> PathBuf {
    let python = env::var_os("VENV_PYTHON").map_or_else(|| root().join("target/venv/bin/python"), PathBuf::from);
    assert!(python.exists(), "these tests need a Python with jsonschema: run `make test`, or set VENV_PYTHON");
    python
}

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
