//! The direction of use that `src/lib.rs` draws, read from the source: whoever breaks it learns here, and not years later
//! when something must be taken apart.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::Path;

/// Who may use whom: itself, and what stands here.
const MAY_USE: [(&str, &[&str]); 8] = [
    ("wasm", &["filter", "policy", "jwt", "request", "config", "json"]),
    ("filter", &["policy", "jwt", "request", "config", "json"]),
    ("cli", &["policy", "jwt", "request", "config", "json"]),
    ("policy", &["jwt", "request", "config", "json"]),
    ("jwt", &["request", "config", "json"]),
    ("request", &[]),
    ("config", &["json"]),
    ("json", &[]),
];

/// What only these files, or rings, may name.
const RESERVED: [(&str, &[&str]); 12] = [
    ("proxy_wasm", &["wasm"]),
    ("SystemTime::now", &["filter/wasm.rs"]),
    ("Instant::now", &["filter/wasm.rs"]),
    ("log::", &["filter", "wasm"]),
    ("jwt_simple", &["jwt/material.rs"]),
    ("ed25519_compact", &["jwt/signature.rs"]),
    ("p256::", &["jwt/signature.rs"]),
    ("p384::", &["jwt/signature.rs"]),
    ("p521::", &["jwt/material.rs", "jwt/signature.rs"]),
    ("rsa::", &["jwt/material.rs", "jwt/signature.rs"]),
    ("sha2::", &["jwt/signature.rs"]),
    ("schemars", &["config", "cli"]),
];

struct Source {
    /// Below `src`.
    file: String,
    text: String,
}

impl Source {
    /// The lines without comments.
    fn code(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code))
    }

    /// The ring, or the wall, that the file belongs to; the crate's root to none.
    fn ring(&self) -> Option<&str> {
        match self.file.as_str() {
            "lib.rs" => None,
            "main.rs" => Some("cli"),
            "filter/wasm.rs" | "filter/wasm/contexts.rs" => Some("wasm"),
            file => file.split(['/', '.']).next(),
        }
    }

    /// The rings that it names.
    fn uses(&self) -> Vec<&'static str> {
        let code: String = self.code().collect::<Vec<_>>().join(" ");
        let mut used = Vec::new();
        for prefix in ["crate::", "super::", "jwt_authorizer::"] {
            for (_, path) in code.match_indices(prefix).map(|(at, found)| code.split_at(at + found.len())) {
                let names: Vec<&str> = match path.strip_prefix('{') {
                    Some(group) => first_names(group),
                    None => vec![name(path)],
                };
                used.extend(MAY_USE.iter().map(|(ring, _)| *ring).filter(|ring| names.contains(ring)));
            }
        }
        used
    }
}

/// The names at the beginning of a path.
fn name(path: &str) -> &str {
    path.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The names that the members of `{a::b, c::{d, e}}` begin with; the opening brace is gone already.
fn first_names(group: &str) -> Vec<&str> {
    let mut names = vec![name(group.trim_start())];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(name(group.split_at(at + 1).1.trim_start())),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let file = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                sources.push(Source { file, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    assert!(sources.len() > 30, "these are all: {}", sources.len());
    sources
}

#[test]
fn the_rings_use_each_other_in_one_direction() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(ring) = source.ring() else { continue };
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(known, _)| *known == ring)
            .unwrap_or_else(|| panic!("src/{} is in no ring; src/lib.rs has the map", source.file));
        for used in source.uses() {
            if used != ring && !allowed.contains(&used) {
                wrong.push(format!("src/{}, in `{ring}`, uses `{used}`", source.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_has_one_place_is_named_nowhere_else() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (word, homes) in RESERVED {
            let at_home =
                homes.contains(&source.file.as_str()) || source.ring().is_some_and(|ring| homes.contains(&ring));
            if !at_home && source.code().any(|line| line.contains(word)) {
                wrong.push(format!("src/{} names {word}, which belongs to {}", source.file, homes.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_first_what_lives_there() {
    let silent: Vec<_> =
        sources().into_iter().filter(|source| !source.text.starts_with("//! ")).map(|source| source.file).collect();
    assert!(silent.is_empty(), "no `//!` at the beginning of {}", silent.join(", "));
}

#[test]
fn a_use_is_found_however_it_is_written() {
    for (text, expected) in [
        ("use crate::filter::Filter;", &["filter"][..]),
        ("use crate::{jwt::{keys, token}, policy};", &["policy", "jwt"]),
        ("fn f(x: crate::config::Rule) {}", &["config"]),
        ("use super::super::request::RequestHead;", &["request"]),
        ("use super::wasm;", &["wasm"]),
        ("// crate::filter is not used", &[]),
        ("use super::route::Route;", &[]),
    ] {
        let source = Source { file: "jwt/token.rs".to_owned(), text: text.to_owned() };
        assert_eq!(source.uses(), expected, "{text}");
    }
}
