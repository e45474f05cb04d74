"""Builds the module a second time in other directories, and checks that the bytes are the same and contain no local path.

Checkout, Cargo's home and target directory have other paths of other lengths the second time, since compilers write such
paths into their output.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MODULE = Path("dist/jwt-authorizer.wasm")


def main():
    here = Path.cwd()
    cargo_home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    with tempfile.TemporaryDirectory(prefix="jwt-authorizer-") as directory:
        there = Path(directory, "a-checkout-in-another-directory")
        copy_sources(here, there)
        other_home = Path(directory, "cargo")
        link_home(cargo_home, other_home)
        environment = {**os.environ, "CARGO_HOME": str(other_home), "CARGO_TARGET_DIR": str(Path(directory, "out"))}
        make = ["make", "--no-print-directory", "-C", there, "build", f"VENV={here / 'target/venv'}"]
        subprocess.run(make, check=True, env=environment)
        first, second = MODULE.read_bytes(), (there / MODULE).read_bytes()
        other = MODULE.with_suffix(".other.wasm")
        other.unlink(missing_ok=True)
        if first != second:
            other.write_bytes(second)
            sys.exit(f"{MODULE} and {other}, built from the same source in two directories, differ.")
        local_paths = {here, there, cargo_home, other_home, Path(directory), Path.home(), sysroot()}
        if found := sorted(str(path) for path in local_paths if str(path).encode() in first):
            sys.exit(f"{MODULE} contains local paths: {', '.join(found)}")
    print(f"{hashlib.sha256(first).hexdigest()}  {MODULE}, in both directories")


def copy_sources(here, there):
    """Copies the files that git does not ignore, with their times, so that make does not rebuild the Python environment."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (here / name).exists():
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(here / name, there / name)


def link_home(cargo_home, other_home):
    """Links Cargo's home into another directory, to reuse its downloads and its configuration of registries."""
    other_home.mkdir()
    for entry in cargo_home.iterdir():
        (other_home / entry.name).symlink_to(entry)


def sysroot():
    command = ["rustc", "--print", "sysroot"]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


if __name__ == "__main__":
    main()
