"""The order of a module's functions: side by side where a request runs through them.

V8 compiles each once, when it loads the module, and keeps their order (Envoy has it run with --no-liftoff). What a request
with a new token runs through is a tenth of the module, which the linker strews over 91 pages of compiled code; laid side by
side it is on 65 (`make profile`). Envoy's own code for a request is on more than 400, and AMD's Zen 4, for one, remembers the
addresses of 512: each that has to be looked up again takes time.
"""

import re
from pathlib import Path

from icpp_binaryen import ffi, lib

# In the order in which they are come to; `make layout ARGS=--record` writes it.
LAYOUT = Path(__file__).with_name("layout.txt")

# What differs from one compiler to the next, or with the version of a crate: hashes, and numbers of namesakes.
UNSTABLE = re.compile(r"17h[0-9a-f]{16}(?=E)|\.[0-9]+$|(?<=C)s[0-9A-Za-z]*_(?=[0-9])")

ffi.cdef("""
    typedef uintptr_t BinaryenType;
    typedef struct BinaryenFunction *BinaryenFunctionRef;
    typedef struct BinaryenExpression *BinaryenExpressionRef;

    BinaryenIndex BinaryenGetNumFunctions(BinaryenModuleRef module);
    BinaryenFunctionRef BinaryenGetFunctionByIndex(BinaryenModuleRef module, BinaryenIndex index);
    const char *BinaryenFunctionGetName(BinaryenFunctionRef function);
    const char *BinaryenFunctionImportGetBase(BinaryenFunctionRef function);
    BinaryenType BinaryenFunctionGetParams(BinaryenFunctionRef function);
    BinaryenType BinaryenFunctionGetResults(BinaryenFunctionRef function);
    BinaryenIndex BinaryenFunctionGetNumVars(BinaryenFunctionRef function);
    BinaryenType BinaryenFunctionGetVar(BinaryenFunctionRef function, BinaryenIndex index);
    BinaryenExpressionRef BinaryenFunctionGetBody(BinaryenFunctionRef function);
    void BinaryenRemoveFunction(BinaryenModuleRef module, const char *name);
    BinaryenFunctionRef BinaryenAddFunction(
        BinaryenModuleRef module, const char *name, BinaryenType params, BinaryenType results,
        BinaryenType *varTypes, BinaryenIndex numVarTypes, BinaryenExpressionRef body);
""")


def lay_side_by_side(module):
    """Those of the layout come first. All of a name do: what is generic has one for several functions."""
    places = {name: place for place, name in enumerate(LAYOUT.read_text().split())}
    for name, function in sorted(own(module), key=lambda each: places.get(stable(each[0]), len(places))):
        move_to_the_end(module, name, function)


def own(module):
    """The functions that are not the host's, by their names."""
    return [(name, function) for name, function in every(module) if not import_name(function)]


def every(module):
    for index in range(lib.BinaryenGetNumFunctions(module.ref)):
        function = lib.BinaryenGetFunctionByIndex(module.ref, index)
        yield ffi.string(lib.BinaryenFunctionGetName(function)), function


def import_name(function):
    """What the host calls it; empty if it is the module's own."""
    return ffi.string(lib.BinaryenFunctionImportGetBase(function))


def stable(name):
    """The name as another compiler would have it, but for references back (`B5_`), which count the bytes of hashes."""
    return UNSTABLE.sub("", name.decode())


def move_to_the_end(module, name, function):
    params, results = lib.BinaryenFunctionGetParams(function), lib.BinaryenFunctionGetResults(function)
    count = lib.BinaryenFunctionGetNumVars(function)
    variables = [lib.BinaryenFunctionGetVar(function, index) for index in range(count)]
    body = lib.BinaryenFunctionGetBody(function)
    lib.BinaryenRemoveFunction(module.ref, name)
    lib.BinaryenAddFunction(module.ref, name, params, results, variables, count, body)
