"""Optimizes the module with Binaryen's wasm-opt, which makes it smaller and quicker: `optimize.py IN OUT`.

Binaryen is a Python package with wheels for x86-64 Linux and for Macs. Where it is not installed, the module is copied
as it is, and works the same.
"""

import sys
from pathlib import Path

try:
    from icpp_binaryen import Module, ffi, lib
except ImportError:
    Module = None

# Binaryen inlines every function that has one caller. It would inline the verification in Rust, 37 KB that few requests
# need, into the code that every request runs through. The unit is Binaryen's own, about one instruction. With a smaller
# limit a request takes longer, because it makes more calls.
ONE_CALLER_INLINE_MAX_SIZE = 300


def optimized(path):
    # The package declares only the part of Binaryen's interface that it needs itself (binaryen-c.h).
    ffi.cdef("""
        void BinaryenSetOneCallerInlineMaxSize(BinaryenIndex size);
        void BinaryenModuleRunPasses(BinaryenModuleRef module, const char **passes, BinaryenIndex numPasses);
    """)
    with Module.load(path) as module:
        lib.BinaryenSetOneCallerInlineMaxSize(ONE_CALLER_INLINE_MAX_SIZE)
        module.optimize(shrink_level=0, optimize_level=3)
        # Nothing reads the section after this.
        passes = [ffi.new("char[]", b"strip-target-features")]
        lib.BinaryenModuleRunPasses(module.ref, passes, len(passes))
        if not module.validate():
            sys.exit(f"{path} is not valid any more after optimization; this is a fault of the optimizer")
        return module.emit()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    path, out = map(Path, sys.argv[1:])
    before = path.read_bytes()
    out.write_bytes(optimized(path) if Module else before)
    # In a container Envoy runs as another user, whatever the umask is here.
    out.chmod(0o644)
    print(f"{out}: {out.stat().st_size // 1000} KB, {len(before) // 1000} KB before wasm-opt")
    if not Module:
        print("wasm-opt was skipped, since its Python package is not installed: the module works, but is larger and slower.")


if __name__ == "__main__":
    main()
