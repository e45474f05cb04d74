"""Creates a release in dist/ from the module that is there: `python -m release [--tag v1.2.3]`."""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from release import image, notes, sbom

PACKAGE = "envoy-jwt-authorizer"
DIST = Path("dist")
MODULE = DIST / "jwt-authorizer.wasm"


def main():
    arguments = argparse.ArgumentParser(prog="release")
    arguments.add_argument("--tag", help="the release's tag; without it this is a dry run of the next release")
    arguments.add_argument("--cargo-cyclonedx", required=True)
    arguments.add_argument("--schema", required=True, type=Path)
    options = arguments.parse_args()
    package = metadata()
    if options.tag not in (None, f"v{package['version']}"):
        sys.exit(f"The tag is {options.tag}, but the version in Cargo.toml is {package['version']}.")

    time, revision = git("log", "-1", "--format=%ct"), git("rev-parse", "HEAD")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": time}
    bill, release_notes, schema = (DIST / name for name in ("jwt-authorizer.cdx.json", "RELEASE_NOTES.md", options.schema.name))
    sbom.write(bill, MODULE, options.cargo_cyclonedx, environment)
    layout = DIST / "oci"
    shutil.rmtree(layout, ignore_errors=True)
    digest = image.write(layout, MODULE, package, package["version"], revision, int(time))
    names = [package["version"]] if options.tag else [package["version"], "Unreleased"]
    release_notes.write_text(
        notes.excerpt(Path("CHANGELOG.md").read_text(), *names)
        + f"\nBuilt with {output('rustc', '--version')} from {revision}; the image is {digest}.\n"
    )
    shutil.copyfile(options.schema, schema)
    (DIST / "SHA256SUMS").write_text("".join(map(checksum, sorted((MODULE, bill, release_notes, schema)))))
    print(f"{DIST}/: {', '.join(sorted(path.name for path in DIST.iterdir()))}")


def metadata():
    """Cargo's metadata of the root package."""
    found = json.loads(output("cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"))
    (package,) = (package for package in found["packages"] if package["name"] == PACKAGE)
    return package


def git(*arguments):
    return output("git", *arguments)


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def checksum(path):
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"


if __name__ == "__main__":
    try:
        main()
    except notes.MissingNotes as error:
        sys.exit(str(error))
