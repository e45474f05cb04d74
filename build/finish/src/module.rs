//! A module with the exports that Envoy needs, and nothing that only the others needed.

use std::error::Error;
use std::fmt;

use walrus::{Module, ModuleConfig};

/// What Envoy needs of the module: its memory, its ABI version, and the callbacks that the filter acts on.
pub(crate) const EXPORTS: [&str; 12] = [
    "_initialize",
    "memory",
    "proxy_abi_version_0_2_1",
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_http_call_response",
    "proxy_on_memory_allocate",
    "proxy_on_queue_ready",
    "proxy_on_request_headers",
    "proxy_on_tick",
    "proxy_on_vm_start",
];

#[derive(Debug)]
pub(crate) enum FinishError {
    /// The bytes are not a module that can be read.
    Unreadable(Box<dyn Error>),
    MissingExports(Vec<&'static str>),
}

impl fmt::Display for FinishError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(formatter, "cannot be read as a WebAssembly module: {error}"),
            Self::MissingExports(names) => {
                write!(formatter, "does not export {}; was it renamed, here or in the SDK?", names.join(", "))
            }
        }
    }
}

impl Error for FinishError {}

/// The module without its other exports, without what only they refer to, and without the sections `name` and
/// `producers`. Other custom sections stay: wasm-opt reads `target_features`.
pub(crate) fn finish(linked: &[u8]) -> Result<Vec<u8>, FinishError> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false).generate_dwarf(false);
    let mut module = config.parse(linked).map_err(|error| FinishError::Unreadable(error.into()))?;
    let missing = missing(&module);
    if !missing.is_empty() {
        return Err(FinishError::MissingExports(missing));
    }
    let unused: Vec<_> = module
        .exports
        .iter()
        .filter(|export| !EXPORTS.contains(&export.name.as_str()))
        .map(walrus::Export::id)
        .collect();
    for export in unused {
        module.exports.delete(export);
    }
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

fn missing(module: &Module) -> Vec<&'static str> {
    EXPORTS.into_iter().filter(|name| module.exports.iter().all(|export| export.name != *name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module that exports these names, and for each a function that calls one of its own.
    fn module(exports: &[&str]) -> Vec<u8> {
        let functions: String = exports
            .iter()
            .filter(|name| **name != "memory")
            .map(|name| {
                format!(
                    r#"(func $inner_{name} (call $log (i32.const 0)))
                       (func $outer_{name} (export "{name}") (call $inner_{name}))"#
                )
            })
            .collect();
        let memory = if exports.contains(&"memory") { r#"(export "memory")"# } else { "" };
        let text = format!(
            r#"(module $named
                 (import "env" "log" (func $log (param i32)))
                 (memory {memory} 1)
                 (data (i32.const 0) "kept")
                 {functions}
                 (@custom "producers" "\00")
                 (@custom "target_features" "\01\2b\08sign-ext"))"#
        );
        wat::parse_str(text).unwrap()
    }

    fn parse(bytes: &[u8]) -> Module {
        Module::from_buffer(bytes).unwrap()
    }

    fn exports(bytes: &[u8]) -> Vec<String> {
        let mut names: Vec<_> = parse(bytes).exports.iter().map(|export| export.name.clone()).collect();
        names.sort();
        names
    }

    fn with_unused(unused: &[&'static str]) -> Vec<u8> {
        module(&[&EXPORTS[..], unused].concat())
    }

    #[test]
    fn only_the_exports_that_envoy_needs_stay() {
        let linked = with_unused(&["proxy_on_response_headers", "proxy_on_log", "__heap_base"]);
        assert_eq!(exports(&finish(&linked).unwrap()), EXPORTS);
    }

    #[test]
    fn what_only_an_unused_export_refers_to_is_removed() {
        let finished = finish(&with_unused(&["proxy_on_response_headers", "proxy_on_log"])).unwrap();
        assert_eq!(finished, finish(&with_unused(&[])).unwrap());
        // Of each export but the memory the function itself and the one that it calls; and what is imported.
        assert_eq!(parse(&finished).funcs.iter().count(), (EXPORTS.len() - 1) * 2 + 1);
    }

    #[test]
    fn data_stays() {
        let finished = finish(&with_unused(&[])).unwrap();
        assert_eq!(parse(&finished).data.iter().map(|data| data.value.clone()).collect::<Vec<_>>(), [b"kept"]);
    }

    #[test]
    fn names_and_producers_are_removed_and_target_features_stay() {
        let linked = with_unused(&[]);
        let contains = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        for word in ["producers", "outer_proxy_on_tick", "target_features"] {
            assert!(contains(&linked, word), "{word}");
        }
        let finished = finish(&linked).unwrap();
        assert!(!contains(&finished, "producers"));
        assert!(!contains(&finished, "outer_proxy_on_tick"));
        assert!(contains(&finished, "target_features"));
    }

    #[test]
    fn the_same_module_gives_the_same_bytes() {
        let linked = with_unused(&["proxy_on_log"]);
        assert_eq!(finish(&linked).unwrap(), finish(&linked).unwrap());
    }

    #[test]
    fn a_finished_module_stays_as_it_is() {
        let finished = finish(&with_unused(&["proxy_on_log"])).unwrap();
        assert_eq!(finish(&finished).unwrap(), finished);
    }

    #[test]
    fn each_missing_export_is_named() {
        for absent in EXPORTS {
            let others: Vec<_> = EXPORTS.into_iter().filter(|name| *name != absent).collect();
            let message = finish(&module(&others)).unwrap_err().to_string();
            assert_eq!(message, format!("does not export {absent}; was it renamed, here or in the SDK?"));
        }
        let message = finish(&module(&EXPORTS[..10])).unwrap_err().to_string();
        assert!(message.starts_with("does not export proxy_on_tick, proxy_on_vm_start;"), "{message}");
    }

    #[test]
    fn what_is_no_module_is_an_error() {
        let message = finish(b"no module").unwrap_err().to_string();
        assert!(message.starts_with("cannot be read as a WebAssembly module: "), "{message}");
    }
}
