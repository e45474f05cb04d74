"""The module's bill of materials, CycloneDX: what cargo-cyclonedx finds, held against what Cargo really builds.

cargo-cyclonedx asks `cargo metadata`, whose features are those of all targets and tests together, so it lists crates
that the module has not. `cargo tree` resolves as the build does.
"""

import hashlib
import json
import subprocess
from pathlib import Path

TARGET = "wasm32-wasip1"
NAME = "sbom"  # cargo-cyclonedx writes beside Cargo.toml


def write(out, module, cargo_cyclonedx, environment):
    options = ["--target", TARGET, "--no-build-deps", "--format", "json", "--spec-version", "1.5", "--quiet"]
    subprocess.run([cargo_cyclonedx, "cyclonedx", *options, "--override-filename", NAME], check=True, env=environment)
    made = Path(f"{NAME}.json")
    bill = json.loads(made.read_text())
    made.unlink()
    describe(bill, module)
    keep(bill, crates("normal"), crates("normal,no-proc-macro"))
    out.write_text(json.dumps(bill, indent=2, ensure_ascii=False) + "\n")


def describe(bill, module):
    """The bill is about this file; the folder that it was built in is nobody's business."""
    subject = bill["metadata"]["component"]
    folder, subject["bom-ref"] = subject["bom-ref"], f"{subject['name']}@{subject['version']}"
    subject["purl"] = f"pkg:cargo/{subject['bom-ref']}"
    subject["hashes"] = [{"alg": "SHA-256", "content": hashlib.sha256(module.read_bytes()).hexdigest()}]
    del subject["components"]
    for dependency in bill["dependencies"]:
        if dependency["ref"] == folder:
            dependency["ref"] = subject["bom-ref"]


def keep(bill, needed, linked):
    """Leaves what is needed, and says of macros and what they need that they only take part in the build."""
    bill["components"] = [component for component in bill["components"] if key(component) in needed]
    for component in bill["components"]:
        component["scope"] = "required" if key(component) in linked else "excluded"
    known = {component["bom-ref"] for component in (bill["metadata"]["component"], *bill["components"])}
    bill["dependencies"] = [
        {**one, "dependsOn": [ref for ref in one.get("dependsOn", []) if ref in known]}
        for one in bill["dependencies"]
        if one["ref"] in known
    ]


def key(component):
    return component["name"], component["version"]


def crates(edges):
    """Name and version of each crate that the module is built from."""
    command = ["cargo", "tree", "--locked", "--target", TARGET, "--edges", edges, "--prefix", "none", "--no-dedupe"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    words = [line.split() for line in listed.splitlines() if line]
    return {(name, version.removeprefix("v")) for name, version, *_ in words}
