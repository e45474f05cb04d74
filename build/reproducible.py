"""Builds the module again in other folders and compares: same bytes, and no path of the machine in them.

The checkout, Cargo's home and its target directory are all elsewhere the second time, each at a path of another
length, since those are what a compiler writes into what it makes.
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
        there = Path(directory, "a-checkout-in-another-folder")
        copy_sources(here, there)
        other_home = Path(directory, "cargo")
        borrow(cargo_home, other_home)
        environment = {**os.environ, "CARGO_HOME": str(other_home), "CARGO_TARGET_DIR": str(Path(directory, "out"))}
        make = ["make", "--no-print-directory", "-C", there, "build", f"VENV={here / 'target/venv'}"]
        subprocess.run(make, check=True, env=environment)
        first, second = MODULE.read_bytes(), (there / MODULE).read_bytes()
        kept = MODULE.with_suffix(".other.wasm")
        kept.unlink(missing_ok=True)
        if first != second:
            kept.write_bytes(second)
            sys.exit(f"{MODULE} and {kept}, built from the same source in two folders, differ.")
        builder = {here, there, cargo_home, other_home, Path(directory), Path.home(), sysroot()}
        if told := sorted(str(path) for path in builder if str(path).encode() in first):
            sys.exit(f"{MODULE} tells where it was built: {', '.join(told)}")
    print(f"{hashlib.sha256(first).hexdigest()}  {MODULE}, in both folders")


def copy_sources(here, there):
    """What is in the checkout and not ignored, with its times, so that the Python environment counts as fresh."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (here / name).exists():
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(here / name, there / name)


def borrow(cargo_home, other_home):
    """Cargo's home under another name, with what was downloaded already and how to reach a registry."""
    other_home.mkdir()
    for entry in cargo_home.iterdir():
        (other_home / entry.name).symlink_to(entry)


def sysroot():
    found = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True)
    return Path(found.stdout.strip())


if __name__ == "__main__":
    main()
