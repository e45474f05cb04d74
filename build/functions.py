"""The functions of a module: laid side by side where a request runs through them, or made to tell when that is.

V8 keeps the module's order for the code that it compiles. A request with a new token runs through a tenth of the module,
which the linker strews over 91 pages of that code; side by side they are 65 (`make profile`). Envoy's own code for a request
is on 460, and a processor remembers the addresses of 512 or so: each that it has to look up again takes time.
"""

import re
from pathlib import Path

from icpp_binaryen import ffi, lib

# In the order in which they are come to; `make layout` writes it.
LAYOUT = Path(__file__).with_name("layout.txt")

# What differs from one compiler to the next, or with the version of a crate.
HASHES = re.compile(r"17h[0-9a-f]{16}(?=E$)|(?<=C)s[0-9A-Za-z]*_(?=[0-9])")

# Below Rust's stack, which begins at the first byte and grows towards it.
SCRATCH = 0
CRITICAL = 5

ffi.cdef("""
    typedef uintptr_t BinaryenType;
    typedef struct BinaryenFunction *BinaryenFunctionRef;
    typedef struct BinaryenExpression *BinaryenExpressionRef;
    struct BinaryenLiteral { BinaryenType type; int32_t i32; int64_t rest_of_a_union; };

    BinaryenIndex BinaryenGetNumFunctions(BinaryenModuleRef module);
    BinaryenFunctionRef BinaryenGetFunctionByIndex(BinaryenModuleRef module, BinaryenIndex index);
    const char *BinaryenFunctionGetName(BinaryenFunctionRef function);
    const char *BinaryenFunctionImportGetBase(BinaryenFunctionRef function);
    BinaryenType BinaryenFunctionGetParams(BinaryenFunctionRef function);
    BinaryenType BinaryenFunctionGetResults(BinaryenFunctionRef function);
    BinaryenIndex BinaryenFunctionGetNumVars(BinaryenFunctionRef function);
    BinaryenType BinaryenFunctionGetVar(BinaryenFunctionRef function, BinaryenIndex index);
    BinaryenExpressionRef BinaryenFunctionGetBody(BinaryenFunctionRef function);
    void BinaryenFunctionSetBody(BinaryenFunctionRef function, BinaryenExpressionRef body);
    void BinaryenRemoveFunction(BinaryenModuleRef module, const char *name);
    BinaryenFunctionRef BinaryenAddFunction(
        BinaryenModuleRef module, const char *name, BinaryenType params, BinaryenType results,
        BinaryenType *varTypes, BinaryenIndex numVarTypes, BinaryenExpressionRef body);

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
    void BinaryenModuleRunPasses(BinaryenModuleRef module, const char **passes, BinaryenIndex numPasses);
""")


def lay_side_by_side(module):
    """Those of the layout first: a low number is short to call. How many names of the layout no function has."""
    places = {name: place for place, name in enumerate(LAYOUT.read_text().split())}
    functions = own(module)
    for name, function in sorted(functions, key=lambda each: places.get(stable(each[0]), len(places))):
        move_to_the_end(module, name, function)
    return len(places.keys() - {stable(name) for name, _ in functions})


def make_tell(module):
    """Has each function log its number when it is entered, in four hexadecimal digits. Their names, by number."""
    [log] = [name for name, function in every(module) if imported(function) == b"proxy_log"]
    functions = own(module)
    for number, (_, function) in enumerate(functions):
        digits = int.from_bytes(b"%04x" % number, "little")
        place, value = constant(module, SCRATCH), constant(module, digits)
        i32 = lib.BinaryenTypeInt32()
        store = lib.BinaryenStore(module.ref, 4, 0, 4, place, value, i32, ffi.NULL)
        arguments = [constant(module, argument) for argument in (CRITICAL, SCRATCH, 4)]
        call = lib.BinaryenCall(module.ref, log, arguments, len(arguments), i32)
        steps = [store, lib.BinaryenDrop(module.ref, call), lib.BinaryenFunctionGetBody(function)]
        block = lib.BinaryenBlock(module.ref, ffi.NULL, steps, len(steps), lib.BinaryenTypeAuto())
        lib.BinaryenFunctionSetBody(function, block)
    # What is written is not the body, but what was last made of it for writing.
    again = ffi.new("char[]", b"generate-stack-ir")
    lib.BinaryenModuleRunPasses(module.ref, [again], 1)
    return [stable(name) for name, _ in functions]


def every(module):
    for index in range(lib.BinaryenGetNumFunctions(module.ref)):
        function = lib.BinaryenGetFunctionByIndex(module.ref, index)
        yield ffi.string(lib.BinaryenFunctionGetName(function)), function


def own(module):
    return [(name, function) for name, function in every(module) if not imported(function)]


def imported(function):
    """What the host calls it; nothing if it is the module's own."""
    return ffi.string(lib.BinaryenFunctionImportGetBase(function))


def stable(name):
    return HASHES.sub("", name.decode())


def move_to_the_end(module, name, function):
    params, results = lib.BinaryenFunctionGetParams(function), lib.BinaryenFunctionGetResults(function)
    count = lib.BinaryenFunctionGetNumVars(function)
    variables = [lib.BinaryenFunctionGetVar(function, index) for index in range(count)]
    body = lib.BinaryenFunctionGetBody(function)
    lib.BinaryenRemoveFunction(module.ref, name)
    lib.BinaryenAddFunction(module.ref, name, params, results, variables, count, body)


def constant(module, value):
    return lib.BinaryenConst(module.ref, lib.BinaryenLiteralInt32(value))
