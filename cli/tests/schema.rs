//! The documentation of the configuration matches the code: the JSON Schema and the reference are up to date, and the
//! tables of `docs/configuration.md` name every field.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "these are tests")]

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

fn cli(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_envoy-jwt-authorizer")).args(arguments).output().unwrap()
}

fn output_of(arguments: &[&str]) -> String {
    let output = cli(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn file(name: &str) -> String {
    fs::read_to_string(format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn the_schema_is_up_to_date() {
    assert!(file("envoy/config.schema.json") == output_of(&["schema"]), "run `make schema`");
}

#[test]
fn the_reference_is_up_to_date() {
    let page = file("docs/configuration.md");
    let (_, reference) = page.split_once("by `make schema`. -->\n").expect("the page has a line before the reference");
    assert!(reference == output_of(&["schema", "--markdown"]), "run `make schema`");
}

/// The fields of the top level, of a provider and of a rule.
#[test]
fn the_tables_at_a_glance_name_every_field() {
    let page = file("docs/configuration.md");
    let (_, section) = page.split_once("\n## Fields at a glance\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let first_cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    let named: BTreeSet<_> = first_cells.flat_map(|cell| cell.split('`').step_by(2)).collect();
    let schema: Value = serde_json::from_str(&file("envoy/config.schema.json")).unwrap();
    let objects = [&schema, &schema["$defs"]["Provider"], &schema["$defs"]["Rule"]];
    let fields: BTreeSet<_> = objects
        .iter()
        .flat_map(|object| object["properties"].as_object().unwrap().keys().map(String::as_str))
        .collect();
    assert_eq!(named, fields);
}

#[test]
fn invalid_arguments_end_with_the_error_and_the_usage() {
    for (arguments, error) in [
        (&[][..], "Usage: envoy-jwt-authorizer <COMMAND>"),
        (&["scheme"], "unrecognized subcommand 'scheme'"),
        (&["schema", "--markdwon"], "unexpected argument '--markdwon' found"),
        (&["schema", "policy.json"], "unexpected argument 'policy.json' found"),
    ] {
        let Output { status, stdout, stderr } = cli(arguments);
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{arguments:?}");
        assert!(stdout.is_empty(), "{arguments:?}");
        assert!(stderr.contains(error) && stderr.contains("Usage: "), "{arguments:?}: {stderr}");
    }
}

#[test]
fn help_and_version_are_printed() {
    for (arguments, expected) in [
        (&["--help"][..], "Print the JSON Schema of the plugin configuration"),
        (&["schema", "--help"], "--markdown"),
        (&["--version"], concat!("envoy-jwt-authorizer ", env!("CARGO_PKG_VERSION"))),
    ] {
        assert!(output_of(arguments).contains(expected), "{arguments:?}");
    }
}
