//! A module with the exports that Envoy needs, and nothing that only the others needed.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::ops::Range;

use wasm_encoder::{CodeSection, ExportKind, ExportSection, Function, Instruction, RawSection};
use wasmparser::{
    BinaryReaderError, ElementItems, Export, FunctionBody, KnownCustom, Operator, Parser, Payload, TypeRef,
};

/// What Envoy needs of the module: its memory, its ABI version, and the callbacks that the filter acts on.
pub(crate) const EXPORTS: [&str; 14] = [
    "_initialize",
    "memory",
    "proxy_abi_version_0_2_1",
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_http_call_response",
    "proxy_on_memory_allocate",
    "proxy_on_queue_ready",
    "proxy_on_request_body",
    "proxy_on_request_headers",
    "proxy_on_request_trailers",
    "proxy_on_tick",
    "proxy_on_vm_start",
];

#[derive(Debug)]
pub(crate) enum FinishError {
    /// The bytes are not a module that can be read.
    Unreadable(BinaryReaderError),
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

impl From<BinaryReaderError> for FinishError {
    fn from(error: BinaryReaderError) -> Self {
        Self::Unreadable(error)
    }
}

/// The module without its other exports and without the sections `name` and `producers`. Other custom sections stay:
/// wasm-opt reads `target_features`.
///
/// Functions that nothing refers to any more are emptied and keep their place: functions that call each other lie close
/// together as linked, and a request takes longer when they don't.
pub(crate) fn finish(linked: &[u8]) -> Result<Vec<u8>, FinishError> {
    let module = Module::parse(linked)?;
    let missing = module.missing();
    if !missing.is_empty() {
        return Err(FinishError::MissingExports(missing));
    }
    let reachable = module.reachable()?;
    let mut finished = wasm_encoder::Module::new();
    for (id, range) in &module.sections {
        match *id {
            EXPORTS_ID => finished.section(&module.exports()),
            CODE_ID => finished.section(&module.code(linked, &reachable)),
            id => finished.section(&RawSection { id, data: linked.get(range.clone()).unwrap_or_default() }),
        };
    }
    Ok(finished.finish())
}

const EXPORTS_ID: u8 = wasm_encoder::SectionId::Export as u8;
const CODE_ID: u8 = wasm_encoder::SectionId::Code as u8;

#[derive(Default)]
struct Module<'a> {
    sections: Vec<(u8, Range<usize>)>,
    exports: Vec<Export<'a>>,
    /// Functions that the module refers to outside of its code: what it starts with, and what its tables hold.
    referred: Vec<u32>,
    imported_functions: u32,
    bodies: Vec<FunctionBody<'a>>,
}

impl<'a> Module<'a> {
    fn parse(linked: &'a [u8]) -> Result<Self, BinaryReaderError> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(linked) {
            let payload = payload?;
            if let Payload::CustomSection(section) = &payload
                && matches!(section.as_known(), KnownCustom::Name(_) | KnownCustom::Producers(_))
            {
                continue;
            }
            module.sections.extend(payload.as_section());
            match payload {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        module.imported_functions += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::ExportSection(exports) => module.exports = exports.into_iter().collect::<Result<_, _>>()?,
                Payload::StartSection { func, .. } => module.referred.push(func),
                Payload::ElementSection(elements) => {
                    for element in elements {
                        match element?.items {
                            ElementItems::Functions(functions) => {
                                for function in functions {
                                    module.referred.push(function?);
                                }
                            }
                            ElementItems::Expressions(_, expressions) => {
                                for expression in expressions {
                                    refer(expression?.get_operators_reader(), &mut module.referred)?;
                                }
                            }
                        }
                    }
                }
                Payload::GlobalSection(globals) => {
                    for global in globals {
                        refer(global?.init_expr.get_operators_reader(), &mut module.referred)?;
                    }
                }
                Payload::CodeSectionEntry(body) => module.bodies.push(body),
                _ => {}
            }
        }
        Ok(module)
    }

    fn missing(&self) -> Vec<&'static str> {
        EXPORTS.into_iter().filter(|name| self.exports.iter().all(|export| export.name != *name)).collect()
    }

    fn kept(&self) -> impl Iterator<Item = &Export<'a>> {
        self.exports.iter().filter(|export| EXPORTS.contains(&export.name))
    }

    fn exports(&self) -> ExportSection {
        let mut section = ExportSection::new();
        for export in self.kept() {
            section.export(export.name, ExportKind::from(export.kind), export.index);
        }
        section
    }

    /// The functions that the kept exports and the tables lead to.
    fn reachable(&self) -> Result<HashSet<u32>, BinaryReaderError> {
        let exported = self.kept().filter(|export| export.kind == wasmparser::ExternalKind::Func);
        let mut upcoming: Vec<_> = exported.map(|export| export.index).chain(self.referred.iter().copied()).collect();
        let mut reachable = HashSet::new();
        while let Some(function) = upcoming.pop() {
            let body = function.checked_sub(self.imported_functions).and_then(|index| self.bodies.get(index as usize));
            if reachable.insert(function)
                && let Some(body) = body
            {
                refer(body.get_operators_reader()?, &mut upcoming)?;
            }
        }
        Ok(reachable)
    }

    fn code(&self, linked: &[u8], reachable: &HashSet<u32>) -> CodeSection {
        let mut empty = Function::new([]);
        empty.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
        let mut section = CodeSection::new();
        for (function, body) in (self.imported_functions..).zip(&self.bodies) {
            match linked.get(body.range()) {
                Some(bytes) if reachable.contains(&function) => section.raw(bytes),
                _ => section.function(&empty),
            };
        }
        section
    }
}

/// The functions that the code calls or takes the address of.
fn refer(code: wasmparser::OperatorsReader<'_>, functions: &mut Vec<u32>) -> Result<(), BinaryReaderError> {
    for operator in code {
        if let Operator::Call { function_index }
        | Operator::ReturnCall { function_index }
        | Operator::RefFunc { function_index } = operator?
        {
            functions.push(function_index);
        }
    }
    Ok(())
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

    fn exports(bytes: &[u8]) -> Vec<String> {
        wasmparser::validate(bytes).unwrap();
        let mut names: Vec<_> =
            Module::parse(bytes).unwrap().exports.iter().map(|export| export.name.to_owned()).collect();
        names.sort();
        names
    }

    /// The size of each function's body.
    fn sizes(bytes: &[u8]) -> Vec<usize> {
        Module::parse(bytes).unwrap().bodies.iter().map(|body| body.range().len()).collect()
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
    fn what_only_an_unused_export_refers_to_is_emptied_and_the_rest_keeps_its_place() {
        let unused = ["proxy_on_response_headers", "proxy_on_log"];
        let linked = with_unused(&unused);
        let (before, after) = (sizes(&linked), sizes(&finish(&linked).unwrap()));
        // Two functions for each export but the memory, the unused ones last.
        let (kept, emptied) = after.split_at((EXPORTS.len() - 1) * 2);
        assert_eq!(kept, &before[..kept.len()]);
        assert_eq!(emptied, [3; 4]);
        assert!(before[kept.len()] > 3);
    }

    #[test]
    fn what_a_table_or_a_global_refers_to_stays() {
        let functions: String = EXPORTS
            .iter()
            .filter(|name| **name != "memory")
            .map(|name| format!("(func (export \"{name}\"))"))
            .collect();
        let text = format!(
            r#"(module (memory (export "memory") 1) (table 1 funcref) (elem (i32.const 0) func $listed)
                 (elem $items funcref (ref.func $item)) (global funcref (ref.func $global)) (start $start) {functions}
                 (func $listed (call $called)) (func $called nop nop) (func $item nop nop) (func $global nop nop)
                 (func $start nop nop) (func $alone nop nop))"#
        );
        let linked = wat::parse_str(text).unwrap();
        let finished = finish(&linked).unwrap();
        assert_eq!(exports(&finished), EXPORTS);
        let (before, after) = (sizes(&linked), sizes(&finished));
        let [unchanged @ .., alone] = after.as_slice() else { panic!("no functions") };
        assert_eq!(unchanged, &before[..unchanged.len()]);
        assert_eq!(*alone, 3);
    }

    #[test]
    fn data_stays() {
        let finished = finish(&with_unused(&[])).unwrap();
        assert!(finished.windows(4).any(|window| window == b"kept"));
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
        let message = finish(&module(&EXPORTS[..12])).unwrap_err().to_string();
        assert!(message.starts_with("does not export proxy_on_tick, proxy_on_vm_start;"), "{message}");
    }

    #[test]
    fn what_is_no_module_is_an_error() {
        let message = finish(b"no module").unwrap_err().to_string();
        assert!(message.starts_with("cannot be read as a WebAssembly module: "), "{message}");
    }
}
