//! Every example configuration in the repository is accepted, both by the filter's own code and by the JSON Schema. A
//! walk of the repository finds them, so that new examples are tested too: whole files, code blocks of JSON and YAML in
//! pages, fragments of a configuration, and single fields in the text.
//!
//! The JSON Schema is tested as well: its defaults are the filter's, and both reject the same configurations.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "these are tests"
)]

mod fields;
mod invalid;
mod pages;
mod walk;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jwt_authorizer::engine::Engine;
use jwt_authorizer_test_support::schema::schema_errors;
use serde_json::Value;

/// The filter's error.
fn filter_error(configuration: &Value) -> Option<String> {
    Engine::from_json(configuration.to_string().as_bytes()).err().map(|error| error.to_string())
}

/// The filter's error or warnings.
fn filter_complaints(configuration: &Value) -> Vec<String> {
    match Engine::from_json(configuration.to_string().as_bytes()) {
        Ok(authorizer) => authorizer.warnings().iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn every_configuration_in_the_repository_is_valid() {
    let examples = walk::examples();
    let files: BTreeSet<_> = examples.iter().map(|example| example.file.as_str()).collect();
    for file in ["envoy/policy.json", "docs/configuration.md", "docs/from-api-gateway.md", "docs/from-jwt-authn.md"] {
        assert!(files.contains(file), "the walk found no example in {file}");
    }
    let configurations: Vec<_> = examples.iter().map(|example| example.configuration.clone()).collect();
    let mut failures = Vec::new();
    for (example, schema_error) in examples.iter().zip(schema_errors(&configurations)) {
        for problem in filter_complaints(&example.configuration).into_iter().chain(schema_error) {
            failures.push(format!("{}: {problem}\n  {}", example.file, example.configuration));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_walk_reads_the_readme_and_every_page_of_docs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read: BTreeSet<_> = walk::files(&["md"]).into_iter().map(|(file, _)| file).collect();
    let entries = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let pages = entries.map(|name| format!("docs/{}", name.to_str().unwrap())).filter(|page| page.ends_with(".md"));
    for page in pages.chain(["README.md".to_owned()]) {
        assert!(read.contains(&page), "{page}");
    }
}

/// Such as `"clock_skew": "30s"`, in the configuration reference and elsewhere.
#[test]
fn every_field_in_the_text_of_a_page_is_valid() {
    let fields = pages::fields();
    assert!(fields.len() > 100, "only {} fields were found", fields.len());
    let variants: Vec<Vec<Value>> =
        fields.iter().map(|field| fields::in_each_object(&field.name, &field.value)).collect();
    let mut schema_errors = schema_errors(&variants.concat()).into_iter();
    let mut failures = Vec::new();
    for (pages::Field { file, name, value }, configurations) in fields.iter().zip(&variants) {
        let problems: Vec<_> = configurations
            .iter()
            .map(|configuration| {
                let schema_error = schema_errors.next().unwrap();
                filter_error(configuration).or(schema_error)
            })
            .collect();
        if problems.iter().all(Option::is_some) {
            failures.push(format!("{file}: \"{name}\": {value}: {problems:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn an_explicit_default_changes_nothing() {
    let mut count = 0;
    for (object, field, default) in fields::defaults() {
        let explicit = fields::configuration(&object, Some((&field, &default)));
        let compiled = |configuration: &Value| {
            format!(
                "{:?}",
                Engine::from_json(configuration.to_string().as_bytes())
                    .unwrap_or_else(|error| panic!("{object}.{field}: {error}"))
            )
        };
        assert_eq!(compiled(&explicit), compiled(&fields::configuration(&object, None)), "{object}.{field}");
        count += 1;
    }
    assert!(count > 25, "the schema has only {count} defaults");
}

#[test]
fn filter_and_schema_reject_the_same_configurations() {
    let invalid = invalid::configurations();
    let mut failures = Vec::new();
    for (configuration, schema_error) in invalid.iter().zip(schema_errors(&invalid)) {
        match (filter_error(configuration), schema_error) {
            (Some(_), Some(_)) => {}
            (filter, schema) => failures.push(format!("{configuration}: filter {filter:?}, schema {schema:?}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn filter_and_schema_accept_the_same_strings() {
    let strings = invalid::strings();
    let configurations: Vec<_> =
        strings.iter().map(|(object, field, value)| fields::configuration(object, Some((field, value)))).collect();
    let mut failures = Vec::new();
    for ((configuration, schema_error), (_, field, value)) in
        configurations.iter().zip(schema_errors(&configurations)).zip(&strings)
    {
        let filter_error = filter_error(configuration);
        if filter_error.is_some() != schema_error.is_some() {
            failures.push(format!("\"{field}\": {value}: filter {filter_error:?}, schema {schema_error:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
