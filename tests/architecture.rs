//! The direction of imports, read from the source: layers use lower layers only, and files do not import each other in a
//! circle. A violation is cheap to fix when it is introduced, and expensive later.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The modules of the crate root. Each may use those after it.
const LAYERS: [&str; 15] = [
    "wasm", "filter", "engine", "reply", "forward", "reason", "policy", "token", "keys", "request", "config", "time",
    "url", "indexed", "json",
];

/// What only these modules may name, by the beginning of their paths.
const RESERVED: [(&str, &[&str]); 13] = [
    ("proxy_wasm", &["wasm"]),
    ("SystemTime::now", &["wasm::host"]),
    ("Instant::now", &["wasm::host"]),
    ("unsafe {", &["wasm::host_calls"]),
    ("log::", &["filter", "wasm"]),
    ("jwt_simple", &["keys::material"]),
    ("ed25519_compact", &["keys::signature"]),
    ("p256::", &["keys::signature", "wasm::ecdsa_der"]),
    ("p384::", &["keys::signature", "wasm::ecdsa_der"]),
    ("p521::", &["keys::certificate", "keys::material", "keys::signature", "wasm::ecdsa_der"]),
    ("rsa::", &["keys::material", "keys::signature"]),
    ("sha2::", &["keys::signature"]),
    ("schemars", &["config"]),
];

/// One file, which is one module.
struct Module {
    /// Its path without `crate`; empty for the crate root.
    path: String,
    /// Its text without comments, and without tests at its end.
    code: String,
    text: String,
}

impl Module {
    fn new(path: &str, text: &str) -> Self {
        let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code = shipped.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
        // A restricted visibility names a module and imports nothing.
        let code = code.replace("pub(in crate::", "pub(in ");
        Self { path: path.to_owned(), code, text: text.to_owned() }
    }

    fn is_within(&self, path: &str) -> bool {
        self.path == path || self.path.starts_with(&format!("{path}::"))
    }

    /// The paths that the code names, without `crate`. A path may end in an item of the module that it leads to.
    fn names(&self) -> BTreeSet<String> {
        let parent = |path: &str| path.rsplit_once("::").map_or(String::new(), |(parent, _)| parent.to_owned());
        let mut starts =
            vec![("crate::", String::new()), ("super::", parent(&self.path)), ("self::", self.path.clone())];
        // A path may begin with a child module.
        let children: Vec<String> = self
            .code
            .lines()
            .filter_map(|line| line.trim().strip_suffix(';')?.split_once("mod ").map(|(_, name)| format!("{name}::")))
            .collect();
        starts.extend(children.iter().map(|child| (child.as_str(), join(&self.path, child.trim_end_matches("::")))));
        let mut names = BTreeSet::new();
        for (prefix, base) in starts {
            for (at, _) in self.code.match_indices(prefix) {
                let before = self.code.split_at(at).0.chars().next_back();
                if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    continue;
                }
                let mut rest = self.code.split_at(at + prefix.len()).1;
                let mut base = base.clone();
                while let Some(further) = rest.strip_prefix("super::") {
                    base = parent(&base);
                    rest = further;
                }
                names.extend(tails(rest).into_iter().map(|tail| join(&base, &tail)));
            }
        }
        names
    }
}

fn join(base: &str, tail: &str) -> String {
    if base.is_empty() { tail.to_owned() } else { format!("{base}::{tail}") }
}

/// The paths that a text begins with: one, or several in braces.
fn tails(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':').unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    let head = head.trim_end_matches("::");
    let Some(group) = rest.strip_prefix('{') else { return vec![head.to_owned()] };
    let (mut depth, mut start, mut members) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                members.push(group.get(start..at).unwrap());
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                members.push(group.get(start..at).unwrap());
                start = at + 1;
            }
            _ => {}
        }
    }
    let members = members.into_iter().map(str::trim).filter(|member| !member.is_empty());
    members
        .flat_map(|member| tails(member).into_iter().map(|tail| if head.is_empty() { tail } else { join(head, &tail) }))
        .collect()
}

fn modules() -> Vec<Module> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().with_extension("").to_str().unwrap().replace('/', "::");
            // A file of tests belongs to no build that is shipped.
            if !name.ends_with("::tests") {
                let name = if name == "lib" { String::new() } else { name };
                modules.push(Module::new(&name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(modules.len() > 50, "the walk found only {} files", modules.len());
    modules
}

/// The modules that each module imports.
fn imports(modules: &[Module]) -> BTreeMap<&str, BTreeSet<&str>> {
    let known: BTreeSet<&str> = modules.iter().map(|module| module.path.as_str()).collect();
    let mut imports = BTreeMap::new();
    for module in modules.iter().filter(|module| !module.path.is_empty()) {
        let mut targets = BTreeSet::new();
        for name in module.names() {
            let mut path = name.as_str();
            while !known.contains(path) {
                path = path.rsplit_once("::").map_or("", |(parent, _)| parent);
            }
            if path != module.path && !path.is_empty() {
                targets.insert(*known.get(path).unwrap());
            }
        }
        imports.insert(module.path.as_str(), targets);
    }
    imports
}

/// A circle of modules, if there is one.
fn circle<'m>(imports: &BTreeMap<&'m str, BTreeSet<&'m str>>) -> Option<Vec<&'m str>> {
    fn visit<'m>(
        module: &'m str,
        imports: &BTreeMap<&'m str, BTreeSet<&'m str>>,
        way: &mut Vec<&'m str>,
        done: &mut BTreeSet<&'m str>,
    ) -> Option<Vec<&'m str>> {
        if let Some(start) = way.iter().position(|passed| *passed == module) {
            return Some(way.iter().skip(start).copied().chain([module]).collect());
        }
        if done.contains(module) {
            return None;
        }
        way.push(module);
        let found = imports.get(module).into_iter().flatten().find_map(|next| visit(next, imports, way, done));
        way.pop();
        done.insert(module);
        found
    }
    let mut done = BTreeSet::new();
    imports.keys().find_map(|module| visit(module, imports, &mut Vec::new(), &mut done))
}

#[test]
fn a_layer_uses_lower_layers_only() {
    let position = |layer: &str| {
        LAYERS.iter().position(|known| *known == layer).unwrap_or_else(|| panic!("src/{layer} is in no layer"))
    };
    let modules = modules();
    let mut wrong = Vec::new();
    for (module, targets) in imports(&modules) {
        let layer = |path: &str| position(path.split("::").next().unwrap());
        wrong.extend(
            targets
                .iter()
                .filter(|target| layer(target) < layer(module))
                .map(|target| format!("{module} uses {target}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let modules = modules();
    assert_eq!(circle(&imports(&modules)), None);
}

#[test]
fn what_has_one_place_is_named_nowhere_else() {
    let mut wrong = Vec::new();
    for module in modules() {
        for (word, homes) in RESERVED {
            let at_home = homes.iter().any(|home| module.is_within(home));
            if !at_home && module.code.contains(word) {
                wrong.push(format!("{} names {word}, which belongs to {}", module.path, homes.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    let silent: Vec<_> =
        modules().into_iter().filter(|module| !module.text.starts_with("//! ")).map(|module| module.path).collect();
    assert!(silent.is_empty(), "no `//!` at the beginning of {}", silent.join(", "));
}

#[test]
fn an_import_is_found_in_every_notation() {
    for (text, expected) in [
        ("use crate::filter::Filter;", &["filter::Filter"][..]),
        ("use crate::{keys::{jwk, key_set::KeySet}, policy};", &["keys::jwk", "keys::key_set::KeySet", "policy"]),
        ("fn f(x: crate::config::Rule) {}", &["config::Rule"]),
        ("use super::super::request::RequestHead;", &["request::RequestHead"]),
        ("use super::cache;", &["token::cache"]),
        ("mod child;\nuse child::Thing;", &["token::jws::child::Thing"]),
        ("// crate::filter is not used", &[]),
        ("pub(in crate::token) struct X;", &[]),
        ("#[cfg(test)]\nmod tests {\n    use crate::filter::Filter;\n}", &[]),
    ] {
        let names = Module::new("token::jws", text).names();
        assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text}");
    }
}

#[test]
fn a_circle_is_found() {
    let module = Module::new;
    let modules =
        [module("a", "use crate::a::b::X;"), module("a::b", "use super::c::Y;"), module("a::c", "use super::Z;")];
    assert_eq!(circle(&imports(&modules)), Some(vec!["a", "a::b", "a::c", "a"]));
    let straight = [module("a", "use crate::a::b::X;"), module("a::b", "use super::super::d::Y;"), module("d", "")];
    assert_eq!(circle(&imports(&straight)), None);
}
