//! Counts the instructions of each step of the hot path. Counts, unlike times, are the same on a busy machine.
//!
//! The number beside a step is its count when it was last recorded; a fifth more fails the run. After a change that is
//! meant to cost more, or saves much, record the count that `make instructions` prints.

#![expect(missing_docs, reason = "gungraun's macros write public items")]

use std::error::Error;
use std::hint::black_box;

use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use micro::{Engine, Headers, Request, configuration, headers, parses_token, reads_head, token};

const FEW_RULES: usize = 50;
const MANY_RULES: usize = 5_000;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Fails from a fifth more on. Caches of the processor are not simulated, so only instructions are printed.
fn recorded(instructions: u64) -> LibraryBenchmarkConfig {
    let limit = instructions + instructions / 5;
    let callgrind = Callgrind::with_args(["--cache-sim=no"]).hard_limits([(EventKind::Ir, limit)]).clone();
    LibraryBenchmarkConfig::default().tool(callgrind).clone()
}

fn succeeded(result: bool) {
    assert!(result, "the step did not do what it should");
}

#[library_benchmark]
#[bench::few_rules(args = (FEW_RULES), setup = configuration, config = recorded(1_047_053))]
fn configure(configuration: Vec<u8>) -> Fallible<Engine> {
    Engine::compile(black_box(&configuration))
}

#[library_benchmark(teardown = succeeded)]
#[bench::usual(args = ("/authenticated", &token()), setup = headers, config = recorded(1_622))]
fn read_head(headers: Headers) -> bool {
    reads_head(black_box(&headers))
}

#[library_benchmark(teardown = succeeded)]
#[bench::usual(setup = token, config = recorded(31_595))]
fn parse_token(token: String) -> bool {
    parses_token(black_box(token.as_bytes()))
}

fn decided((_, result): (Fallible<Request>, bool)) {
    succeeded(result);
}

#[library_benchmark(teardown = decided)]
#[bench::public(args = (FEW_RULES, "/public"), setup = Request::seen, config = recorded(2_399))]
#[bench::seen(args = (FEW_RULES, "/authenticated"), setup = Request::seen, config = recorded(4_429))]
#[bench::seen_scope(args = (FEW_RULES, "/scope"), setup = Request::seen, config = recorded(4_277))]
#[bench::seen_requirements(args = (FEW_RULES, "/users/user-1"), setup = Request::seen, config = recorded(5_574))]
#[bench::seen_many_rules(args = (MANY_RULES, "/resources/49/items"), setup = Request::seen, config = recorded(4_819))]
#[bench::unseen(args = (FEW_RULES, "/scope"), setup = Request::unseen, config = recorded(43_513))]
#[bench::expired(args = (FEW_RULES, "/scope"), setup = Request::expired, config = recorded(37_403))]
#[bench::garbage(args = (FEW_RULES, "/authenticated"), setup = Request::garbage, config = recorded(6_449))]
fn decide(mut request: Fallible<Request>) -> (Fallible<Request>, bool) {
    let result = request.as_mut().is_ok_and(|request| black_box(request).decide());
    (request, result)
}

library_benchmark_group!(name = hot_path, benchmarks = [configure, read_head, parse_token, decide]);
main!(library_benchmark_groups = hot_path);
