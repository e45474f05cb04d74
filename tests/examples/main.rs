//! Every example configuration of the repo compiles in the filter's own code, and its JSON Schema takes it. They are
//! found by a walk, so that a new one is held to that as well: whole files, blocks of JSON and YAML in pages, parts of a
//! configuration, and single fields in the text.
//!
//! Defaults that the schema tells are the filter's, and a configuration that either refuses, both refuse.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "these are tests"
)]

mod broken;
mod fields;
mod pages;
#[path = "../envoy/harness/validator.rs"]
mod validator;
mod walk;

use std::collections::BTreeSet;

use jwt_authorizer::policy::Authorizer;
use serde_json::Value;

use validator::verdicts;

/// What the filter says of a configuration: nothing, or why not.
fn refusal(configuration: &Value) -> Option<String> {
    Authorizer::from_json(configuration.to_string().as_bytes()).err().map(|error| error.to_string())
}

/// The same, and what it warns of.
fn complaints(configuration: &Value) -> Vec<String> {
    match Authorizer::from_json(configuration.to_string().as_bytes()) {
        Ok(authorizer) => authorizer.warnings().iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn every_configuration_in_the_repo_is_taken() {
    let examples = walk::examples();
    let files: BTreeSet<_> = examples.iter().map(|example| example.file.as_str()).collect();
    for file in ["envoy/policy.json", "docs/configuration.md", "docs/from-api-gateway.md", "docs/from-jwt-authn.md"] {
        assert!(files.contains(file), "the walk came by {file} and saw no example");
    }
    let configurations: Vec<_> = examples.iter().map(|example| example.configuration.clone()).collect();
    let mut wrong = Vec::new();
    for (example, verdict) in examples.iter().zip(verdicts(&configurations)) {
        for problem in complaints(&example.configuration).into_iter().chain(verdict) {
            wrong.push(format!("{}: {problem}\n  {}", example.file, example.configuration));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `"clock_skew": "30s"` in a page, those of the reference among them.
#[test]
fn every_field_in_a_page_is_taken() {
    let fields = pages::fields();
    assert!(fields.len() > 100, "the pages have more fields than these {}", fields.len());
    let places: Vec<Vec<Value>> = fields.iter().map(|field| fields::in_place(&field.name, &field.value)).collect();
    let mut verdicts = verdicts(&places.concat()).into_iter();
    let mut wrong = Vec::new();
    for (pages::Field { file, name, value }, configurations) in fields.iter().zip(&places) {
        let problems: Vec<_> = configurations
            .iter()
            .map(|configuration| {
                let verdict = verdicts.next().unwrap();
                refusal(configuration).or(verdict)
            })
            .collect();
        if problems.iter().all(Option::is_some) {
            wrong.push(format!("{file}: \"{name}\": {value}: {problems:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_default_that_is_written_out_changes_nothing() {
    let mut seen = 0;
    for (object, field, default) in fields::defaults() {
        let written = fields::configuration(&object, Some((&field, &default)));
        let compiled = |configuration: &Value| {
            format!(
                "{:?}",
                Authorizer::from_json(configuration.to_string().as_bytes())
                    .unwrap_or_else(|error| panic!("{object}.{field}: {error}"))
            )
        };
        assert_eq!(compiled(&written), compiled(&fields::configuration(&object, None)), "{object}.{field}");
        seen += 1;
    }
    assert!(seen > 25, "the schema tells more defaults than these {seen}");
}

#[test]
fn what_is_broken_is_refused_by_both() {
    let broken = broken::configurations();
    let mut wrong = Vec::new();
    for (configuration, verdict) in broken.iter().zip(verdicts(&broken)) {
        match (refusal(configuration), verdict) {
            (Some(_), Some(_)) => {}
            (filter, schema) => wrong.push(format!("{configuration}: filter {filter:?}, schema {schema:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the schema has a pattern, it draws the line where the filter does.
#[test]
fn texts_of_a_certain_form_are_told_apart_alike() {
    let texts = broken::texts();
    let configurations: Vec<_> =
        texts.iter().map(|(object, field, value)| fields::configuration(object, Some((field, value)))).collect();
    let mut wrong = Vec::new();
    for ((configuration, verdict), (_, field, value)) in
        configurations.iter().zip(verdicts(&configurations)).zip(&texts)
    {
        let refusal = refusal(configuration);
        if refusal.is_some() != verdict.is_some() {
            wrong.push(format!("\"{field}\": {value}: filter {refusal:?}, schema {verdict:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
