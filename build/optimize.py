"""Makes of the linked module the one that is deployed: `optimize.py LINKED OUT`.

Four things that rustc does not do. The SDK exports every callback that there is, and Envoy calls each that a module
exports for every request, so those that do nothing are taken out: about half a microsecond a request. Those through
which requests come are exported under the names that the SDK's have, which can't be had twice when linking. Functions
that a request runs through come to stand side by side. Then Binaryen optimizes the whole, which is a seventh of its size.
"""

import sys
from pathlib import Path

import functions
from icpp_binaryen import Module, ffi, lib

USED = {
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
}

# Those of them that are not the SDK's, by their names when linked (src/filter/wasm/contexts.rs).
OURS = {
    "proxy_on_context_create": "authorizer_on_context_create",
    "proxy_on_delete": "authorizer_on_delete",
    "proxy_on_request_headers": "authorizer_on_request_headers",
}

# The package itself knows only what it needs of Binaryen's interface (binaryen-c.h).
ffi.cdef("""
    const char *BinaryenExportGetValue(BinaryenExportRef export_);
    BinaryenExportRef BinaryenAddFunctionExport(
        BinaryenModuleRef module, const char *internalName, const char *externalName);
    void BinaryenSetOneCallerInlineMaxSize(BinaryenIndex size);
""")

# Binaryen would put whatever has one caller into that, and so the fallback to Rust, 37 KB that hardly any request needs,
# into the midst of what every request runs through. In Binaryen's own measure, which is about an instruction; what is
# smaller costs more to call.
ONE_CALLER_INLINE_MAX_SIZE = 300


def exports(module):
    """The names of what is exported, and the names that this has inside."""
    found = [lib.BinaryenGetExportByIndex(module.ref, index) for index in range(module.num_exports)]
    return {
        ffi.string(lib.BinaryenExportGetName(export)).decode(): ffi.string(lib.BinaryenExportGetValue(export))
        for export in found
    }


def optimized(linked):
    module = Module.load(linked)
    found = exports(module)
    if missing := (USED | set(OURS.values())) - set(found):
        sys.exit(f"{linked} does not export {', '.join(sorted(missing))}; was it renamed, here or in the SDK?")
    for name in sorted(set(found) - USED | set(OURS)):
        module.remove_export(name)
    for name, linked_name in OURS.items():
        lib.BinaryenAddFunctionExport(module.ref, found[linked_name], name.encode())
    functions.lay_side_by_side(module)
    lib.BinaryenSetOneCallerInlineMaxSize(ONE_CALLER_INLINE_MAX_SIZE)
    module.optimize(shrink_level=0, optimize_level=3)
    if not module.validate():
        sys.exit(f"{linked} is not valid any more after optimization; this is a fault of the optimizer")
    return module


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    linked, out = map(Path, sys.argv[1:])
    with optimized(linked) as module:
        out.write_bytes(module.emit())
    # In a container Envoy is another user, whatever the umask is here.
    out.chmod(0o644)
    print(f"{out}: {out.stat().st_size:,} bytes, {linked.stat().st_size:,} before")


if __name__ == "__main__":
    main()
