"""The official images: there, pulled, or where no registry can be reached, stood in for under their names."""

import os
import re
import shutil
import subprocess
import tarfile
from importlib.metadata import version
from pathlib import Path

from demo import terminal
from demo.envoy import binary
from tools import ROOT, Failed, need, run, tail

STANDINS = Path(__file__).parent / "standins"
DEBIAN = "debian:bookworm-slim"
# What a registry says that was reached. A tag that does not exist is a mistake, and no stand-in may hide it.
REFUSALS = re.compile(r"not found|manifest unknown|denied|unauthorized|invalid reference", re.IGNORECASE)
MEMORY, ROOM = Path("/dev/shm"), 2**30
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


class Images:
    """`kept` in a store that goes as a whole; in another, what was made is taken away at the end."""

    def __init__(self, kept):
        self.kept = kept
        self.made = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.kept:
            return
        for name in reversed(self.made):
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
        if repository not in MAKERS:
            raise Failed(f"{image} cannot be pulled, and nothing stands in for it: {pulled.stderr.strip()}")
        terminal.say(terminal.dim("    cannot be pulled; building a stand-in"))
        MAKERS[repository](self, image, tag)
        self.made.append(image)

    def build(self, tag, dockerfile, contents, **arguments):
        """Builds from files of this machine that are in no folder together: `contents` has the name of each there."""
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
            said = build.stdout.read().decode(errors="replace")
        if build.returncode:
            raise Failed(f"The image {tag} cannot be built.\n{tail(said)}")

    def debian(self, image, _):
        need("mmdebstrap", "mmdebstrap", "makes a minimal Debian, which the stand-ins are built on")
        options = ["--variant=minbase", "--include=ca-certificates", "--dpkgopt=force-unsafe-io", "--quiet"]
        # What this machine trusts, so that the package registries are reached as from here.
        options.append(f"--customize-hook=copy-in {CERTIFICATES} {Path(CERTIFICATES).parent}")
        # Packages are synced to the disk one by one, which memory is much quicker at.
        roomy = shutil.disk_usage(MEMORY).free > ROOM if MEMORY.is_dir() else False
        environment = os.environ | ({"TMPDIR": str(MEMORY)} if roomy else {})
        command = ["mmdebstrap", *options, "bookworm", "-"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as root:
            run("docker", "import", "--change", f"ENV PIP_CERT={CERTIFICATES}", "-", image, stdin=root.stdout)
            said = root.stderr.read().decode(errors="replace")
        if root.returncode:
            raise Failed(f"mmdebstrap cannot make a minimal Debian.\n{tail(said)}")

    def envoy(self, image, tag):
        # It says: PATH  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL
        _, _, said = run(binary(), "--version").partition("version: ")
        if tag != (ours := f"v{said.split('/')[1]}"):
            raise Failed(f"{image} cannot be stood in for: make demo's Envoy is {ours}, and the two should be the same.")
        self.ensure(DEBIAN)
        self.build(image, STANDINS / "envoy.Dockerfile", {"envoy": binary()})

    def moto(self, image, tag):
        if tag != (ours := version("moto")):
            raise Failed(f"{image} cannot be stood in for: make demo's moto is {ours}, and the two should be the same.")
        self.ensure(DEBIAN)
        self.build(image, STANDINS / "moto.Dockerfile", {}, VERSION=tag)

    def rust(self, image, _):
        if not (rustup := shutil.which("rustup")):
            raise Failed(f"{image} cannot be stood in for: that takes rustup and its toolchain.")
        self.ensure(DEBIAN)
        toolchain = Path(run("rustc", "--print", "sysroot").strip())
        contents = {f"toolchain/{name}": toolchain / name for name in ("bin", "lib")} | {"rustup": Path(rustup).resolve()}
        self.build(image, STANDINS / "rust.Dockerfile", contents, TOOLCHAIN=toolchain.name)


MAKERS = {"debian": Images.debian, "envoyproxy/envoy": Images.envoy, "motoserver/moto": Images.moto, "rust": Images.rust}
