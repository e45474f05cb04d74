"""Makes the linked module smaller: `optimize.py LINKED OUT`.

Two things that rustc does not do. The SDK exports every callback that there is, and Envoy calls each that a module
exports for every request, so those that do nothing are taken out: about half a microsecond a request. Then Binaryen
optimizes the whole, which is a seventh of its size.
"""

import sys
from pathlib import Path

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


def exports(module):
    for index in range(module.num_exports):
        export = lib.BinaryenGetExportByIndex(module.ref, index)
        yield ffi.string(lib.BinaryenExportGetName(export)).decode()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    linked, out = map(Path, sys.argv[1:])
    with Module.load(linked) as module:
        found = set(exports(module))
        if missing := USED - found:
            sys.exit(f"{linked} does not export {', '.join(sorted(missing))}; did the SDK rename it?")
        for name in sorted(found - USED):
            module.remove_export(name)
        module.optimize(shrink_level=0, optimize_level=3)
        if not module.validate():
            sys.exit(f"{linked} is not valid any more after optimization; this is a fault of the optimizer")
        out.write_bytes(module.emit())
    # In a container Envoy is another user, whatever the umask is here.
    out.chmod(0o644)
    print(f"{out}: {out.stat().st_size:,} bytes, {linked.stat().st_size:,} before")


if __name__ == "__main__":
    main()
