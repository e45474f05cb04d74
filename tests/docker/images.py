"""The official images: already there, pulled, or, without access to a registry, replaced by stand-ins with their names."""

import os
import re
import shutil
import subprocess
import tarfile
from importlib.metadata import version
from pathlib import Path

from demo import terminal
from demo.envoy import binary
from tools import Failed, need, run, tail

DOCKERFILES = Path(__file__).parent / "standins"
DEBIAN = "debian:bookworm-slim"
# The registry was reached but refused. A tag that does not exist is a mistake, which a stand-in must not hide.
REFUSALS = re.compile(r"not found|manifest unknown|denied|unauthorized|invalid reference", re.IGNORECASE)
MEMORY, MEMORY_NEEDED = Path("/dev/shm"), 2**30
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


class Images:
    """Removes the images that it built at the end, unless `keep`: the test's own daemon deletes its whole store."""

    def __init__(self, keep):
        self.keep = keep
        self.built = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.keep:
            return
        for name in reversed(self.built):
            run("docker", "image", "rm", "--force", name, check=False)

    def ensure(self, image):
        if run("docker", "image", "inspect", image, check=False) not in ("", "[]\n"):
            return
        terminal.say(f"  {image}")
        pulled = subprocess.run(["docker", "pull", "--quiet", image], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if pulled.returncode == 0:
            return
        if REFUSALS.search(pulled.stderr) and "lookup" not in pulled.stderr:
            raise Failed(f"{image} cannot be pulled: {pulled.stderr.strip()}")
        repository, _, tag = image.partition(":")
        if repository not in STANDINS:
            raise Failed(f"{image} cannot be pulled, and there is no stand-in for it: {pulled.stderr.strip()}")
        terminal.say(terminal.dim("    cannot be pulled; building a stand-in"))
        STANDINS[repository](self, image, tag)
        self.built.append(image)

    def build(self, tag, dockerfile, contents, **arguments):
        """Builds an image from files in different directories of this machine: `contents` maps the name of each in the build
        context to its path."""
        command = ["docker", "build", "--quiet", "--network", "host", "--tag", tag]
        command += [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
        with subprocess.Popen([*command, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as build:
            try:
                with tarfile.open(fileobj=build.stdin, mode="w|", format=tarfile.GNU_FORMAT) as context:
                    context.add(dockerfile, "Dockerfile")
                    for name, path in contents.items():
                        context.add(path, name)
                build.stdin.close()
            except BrokenPipeError:
                pass
            output = build.stdout.read().decode(errors="replace")
        if build.returncode:
            raise Failed(f"The image {tag} cannot be built.\n{tail(output)}")

    def debian(self, image, _):
        need("mmdebstrap", "mmdebstrap", "creates the minimal Debian that the stand-ins are built on")
        options = ["--variant=minbase", "--include=ca-certificates", "--dpkgopt=force-unsafe-io", "--quiet"]
        # The authorities that this machine trusts, so that the package registries can be reached in the same way.
        options.append(f"--customize-hook=copy-in {CERTIFICATES} {Path(CERTIFICATES).parent}")
        # dpkg syncs each package to the disk, which is much faster in memory.
        in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED
        environment = os.environ | ({"TMPDIR": str(MEMORY)} if in_memory else {})
        command = ["mmdebstrap", *options, "bookworm", "-"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as root:
            run("docker", "import", "--change", f"ENV PIP_CERT={CERTIFICATES}", "-", image, stdin=root.stdout)
            output = root.stderr.read().decode(errors="replace")
        if root.returncode:
            raise Failed(f"mmdebstrap cannot create a minimal Debian.\n{tail(output)}")

    def envoy(self, image, tag):
        # The output is: PATH  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL
        _, _, output = run(binary(), "--version").partition("version: ")
        if tag != (installed := f"v{output.split('/')[1]}"):
            raise Failed(f"There is no stand-in for {image}: make demo's Envoy is {installed}; the two must be the same.")
        self.ensure(DEBIAN)
        self.build(image, DOCKERFILES / "envoy.Dockerfile", {"envoy": binary()})

    def moto(self, image, tag):
        if tag != (installed := version("moto")):
            raise Failed(f"There is no stand-in for {image}: make demo's moto is {installed}; the two must be the same.")
        self.ensure(DEBIAN)
        self.build(image, DOCKERFILES / "moto.Dockerfile", {}, VERSION=tag)

    def rust(self, image, _):
        if not (rustup := shutil.which("rustup")):
            raise Failed(f"There is no stand-in for {image} without rustup and its toolchain.")
        self.ensure(DEBIAN)
        toolchain = Path(run("rustc", "--print", "sysroot").strip())
        contents = {f"toolchain/{name}": toolchain / name for name in ("bin", "lib")} | {"rustup": Path(rustup).resolve()}
        self.build(image, DOCKERFILES / "rust.Dockerfile", contents, TOOLCHAIN=toolchain.name)


STANDINS = {"debian": Images.debian, "envoyproxy/envoy": Images.envoy, "motoserver/moto": Images.moto, "rust": Images.rust}
