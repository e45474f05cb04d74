"""The module's bill of materials (CycloneDX): the output of cargo-cyclonedx without the crates that Cargo does not build.

cargo-cyclonedx reads `cargo metadata`, which unites the features of all targets and tests, so it lists crates that the
module does not have. `cargo tree` resolves features as the build does.
"""

import hashlib
import json
import subprocess
from pathlib import Path

TARGET = "wasm32-wasip1"
NAME = "sbom"  # cargo-cyclonedx writes a file beside every Cargo.toml of the workspace


def write(out, module, cargo_cyclonedx, environment):
    options = ["--target", TARGET, "--no-build-deps", "--format", "json", "--spec-version", "1.5", "--quiet"]
    subprocess.run([cargo_cyclonedx, "cyclonedx", *options, "--override-filename", NAME], check=True, env=environment)
    bill = json.loads(Path(f"{NAME}.json").read_text())
    for directory in package_directories():
        (directory / f"{NAME}.json").unlink(missing_ok=True)
    describe(bill, module)
    keep(bill, crates("normal"), crates("normal,no-proc-macro"))
    out.write_text(json.dumps(bill, indent=2, ensure_ascii=False) + "\n")


def package_directories():
    command = ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [Path(package["manifest_path"]).parent for package in metadata["packages"]]


def describe(bill, module):
    """Makes the module file the subject, and removes the path of the build directory."""
    subject = bill["metadata"]["component"]
    directory, subject["bom-ref"] = subject["bom-ref"], f"{subject['name']}@{subject['version']}"
    subject["purl"] = f"pkg:cargo/{subject['bom-ref']}"
    subject["hashes"] = [{"alg": "SHA-256", "content": hashlib.sha256(module.read_bytes()).hexdigest()}]
    del subject["components"]
    for dependency in bill["dependencies"]:
        if dependency["ref"] == directory:
            dependency["ref"] = subject["bom-ref"]


def keep(bill, needed, linked):
    """Keeps the needed crates. Macros and their dependencies only take part in the build: they get the scope `excluded`."""
    bill["components"] = [component for component in bill["components"] if key(component) in needed]
    for component in bill["components"]:
        component["scope"] = "required" if key(component) in linked else "excluded"
    known = {component["bom-ref"] for component in (bill["metadata"]["component"], *bill["components"])}
    bill["dependencies"] = [
        {**dependency, "dependsOn": [ref for ref in dependency.get("dependsOn", []) if ref in known]}
        for dependency in bill["dependencies"]
        if dependency["ref"] in known
    ]


def key(component):
    return component["name"], component["version"]


def crates(edges):
    """Name and version of each crate that the module is built from."""
    command = ["cargo", "tree", "--locked", "--target", TARGET, "--edges", edges, "--prefix", "none", "--no-dedupe"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line.split() for line in output.splitlines() if line]
    return {(name, version.removeprefix("v")) for name, version, *_ in lines}
