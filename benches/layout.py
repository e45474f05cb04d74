"""Holds build/layout.txt against what requests run through: `layout.py LINKED [--record]`.

In a real Envoy, with a module whose functions log that they are entered. What the most usual requests run through comes
first, then what others need besides. Fails only if a fifth of it is not in the layout.
"""

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import functions
from comparison import programs, say, subjects
from comparison.envoy import Envoy
from comparison.load import Load
from comparison.subjects import AUTHORIZER
from comparison.tokens import Issuers
from comparison.workloads import WORKLOADS
from icpp_binaryen import ffi, lib
from optimize import optimized

WATCHED = (
    "seen",
    "seen, for access logs",
    "seen, scope",
    "seen, claims to headers",
    "unseen, RS256",
    "unseen, ES256",
    "refused: expired",
    "refused: garbage",
)
# As many before them fill the cache, so that a token is forgotten for each that is new.
REQUESTS = 50
FIRST = "authorizer_on_request_headers"
ENTERED = re.compile(r"wasm log.*: ([0-9a-f]{4})$", re.MULTILINE)
CRITICAL = 5
# The far end of Rust's stack, to which no request comes.
SCRATCH = 0
ALLOWANCE = 0.2

ffi.cdef("""
    struct BinaryenLiteral { BinaryenType type; int32_t i32; int64_t rest_of_a_union; };

    BinaryenType BinaryenTypeInt32(void);
    BinaryenType BinaryenTypeAuto(void);
    struct BinaryenLiteral BinaryenLiteralInt32(int32_t value);
    BinaryenExpressionRef BinaryenConst(BinaryenModuleRef module, struct BinaryenLiteral value);
    BinaryenExpressionRef BinaryenStore(
        BinaryenModuleRef module, uint32_t bytes, uint32_t offset, uint32_t align, BinaryenExpressionRef pointer,
        BinaryenExpressionRef value, BinaryenType type, const char *memoryName);
    BinaryenExpressionRef BinaryenCall(
        BinaryenModuleRef module, const char *target, BinaryenExpressionRef *operands, BinaryenIndex numOperands,
        BinaryenType returnType);
    BinaryenExpressionRef BinaryenDrop(BinaryenModuleRef module, BinaryenExpressionRef value);
    BinaryenExpressionRef BinaryenBlock(
        BinaryenModuleRef module, const char *name, BinaryenExpressionRef *children, BinaryenIndex numChildren,
        BinaryenType type);
    void BinaryenFunctionSetBody(BinaryenFunctionRef function, BinaryenExpressionRef body);
    void BinaryenModuleRunPasses(BinaryenModuleRef module, const char **passes, BinaryenIndex numPasses);
""")


def log_entries(module):
    """Has each function log its number when it is entered, in four hexadecimal digits. Their names, by number."""
    [log] = [name for name, function in functions.every(module) if functions.import_name(function) == b"proxy_log"]
    names = []
    for name, function in functions.own(module):
        digits = int.from_bytes(b"%04x" % len(names), "little")
        names.append(functions.stable(name))
        i32 = lib.BinaryenTypeInt32()
        place, value = constant(module, SCRATCH), constant(module, digits)
        store = lib.BinaryenStore(module.ref, 4, 0, 4, place, value, i32, ffi.NULL)
        arguments = [constant(module, argument) for argument in (CRITICAL, SCRATCH, 4)]
        call = lib.BinaryenCall(module.ref, log, arguments, len(arguments), i32)
        steps = [store, lib.BinaryenDrop(module.ref, call), lib.BinaryenFunctionGetBody(function)]
        block = lib.BinaryenBlock(module.ref, ffi.NULL, steps, len(steps), lib.BinaryenTypeAuto())
        lib.BinaryenFunctionSetBody(function, block)
    # What is written is not the body, but what was last made of it for writing.
    again = ffi.new("char[]", b"generate-stack-ir")
    lib.BinaryenModuleRunPasses(module.ref, [again], 1)
    return names


def constant(module, value):
    return lib.BinaryenConst(module.ref, lib.BinaryenLiteralInt32(value))


def entered(workload, names, logging, program, issuers, directory):
    """The functions that most requests run through, in order."""
    tokens = Path(directory, "tokens")
    tokens.write_text("\n".join(replace(workload.tokens, count=min(workload.tokens.count, 2 * REQUESTS)).mint(issuers)))
    configuration = subjects.authorizer(workload.policy, issuers)
    for provider in configuration["providers"].values():
        provider["cache"] = {"max_tokens": REQUESTS}
    chains = {AUTHORIZER: [subjects.wasm(AUTHORIZER, logging, json.dumps(configuration).encode())]}
    with Envoy(chains) as envoy:
        path = workload.policy.last_path()
        load = Load(program, envoy.addresses()[AUTHORIZER], path, tokens, workload.status)
        load.run(envoy, "--requests", str(2 * REQUESTS))
        # Only then is all of its log written.
        envoy.process.terminate()
        envoy.process.wait(60)
        order = [names[int(number, 16)] for number in ENTERED.findall(envoy.log_path.read_text())]
    starts = [place for place, name in enumerate(order) if name == FIRST][REQUESTS:]
    requests = [order[start:end] for start, end in pairwise(starts)]
    if not requests:
        sys.exit(f"Envoy's log does not say that {FIRST} was entered; is it written in another way now?")
    # Not what happened to come between two, such as a tick.
    times = Counter(name for request in requests for name in set(request))
    return [name for request in requests for name in request if times[name] > len(requests) / 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("linked", type=Path)
    parser.add_argument("--record", action="store_true", help="write what is seen over the layout")
    options = parser.parse_args()
    workloads = {workload.name: workload for workload in WORKLOADS}
    with tempfile.TemporaryDirectory(prefix="jwt-authorizer-layout-") as directory:
        logging = Path(directory, "logging.wasm")
        with optimized(options.linked) as module:
            names = log_entries(module)
            logging.write_bytes(module.emit())
        program, issuers, seen = programs.build_load(directory), Issuers(), {}
        for name in WATCHED:
            say(name)
            seen |= dict.fromkeys(entered(workloads[name], names, logging, program, issuers, directory))
    if options.record:
        functions.LAYOUT.write_text("\n".join(seen) + "\n")
    missing = sorted(seen.keys() - set(functions.LAYOUT.read_text().split()))
    print(f"Requests run through functions of {len(seen)} names, of which the layout has all but {len(missing)}.")
    for name in missing:
        print(name)
    if len(missing) > len(seen) * ALLOWANCE:
        sys.exit("That is more than a fifth: look what changed, then make layout ARGS=--record")


if __name__ == "__main__":
    main()
