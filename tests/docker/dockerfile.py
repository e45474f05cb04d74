"""envoy/Dockerfile: it builds the same module as `make build`, and an image that control planes can load."""

import io
import json
import re
import subprocess
import tarfile

from demo import terminal
from tools import BIN, ROOT, Failed, run

DOCKERFILE = ROOT / "envoy" / "Dockerfile"
MODULE = ROOT / "dist" / "jwt-authorizer.wasm"
# DL3008: a distribution removes old package versions, so they cannot be pinned. DL3029: the optimizer exists for one
# platform only.
IGNORED_RULES = ["--ignore", "DL3008", "--ignore", "DL3029"]


def rust_image():
    return re.search(r"^ARG RUST_IMAGE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)[1]


def lint():
    run(BIN / "hadolint", *IGNORED_RULES, DOCKERFILE, *sorted((ROOT / "tests" / "docker" / "standins").glob("*.Dockerfile")))


def check(images):
    built = MODULE.read_bytes()
    # The build stage has a tag only so that it can be removed at the end.
    build(images, "build")
    for target, name in (("module", "jwt-authorizer.wasm"), ("image", "plugin.wasm")):
        layers = [files(layer) for layer in layers_of(build(images, target))]
        if (names := [sorted(layer) for layer in layers]) != [[name]]:
            raise Failed(f"The target {target} should be one layer with only {name}, but its layers have {names}.")
        if layers[0][name] != built:
            raise Failed(
                f"The module of the target {target} differs from the one in dist/. Either {rust_image()} has another Rust"
                " than this machine, or the build is not reproducible."
            )
        terminal.say(f"  {terminal.green('✔')} {target}: one layer, {name}, {len(built):,} bytes, the same as `make build`")


def build(images, target):
    tag = f"jwt-authorizer-test:{target}"
    run("docker", "build", "--network", "host", "--file", DOCKERFILE, "--target", target, "--tag", tag, ".")
    images.built.append(tag)
    return tag


def layers_of(tag):
    saved = subprocess.run(["docker", "save", tag], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as image:
        manifest = json.load(image.extractfile("manifest.json"))
        return [image.extractfile(layer).read() for layer in manifest[0]["Layers"]]


def files(layer):
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive if entry.isfile()}
