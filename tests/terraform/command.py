"""Runs terraform in one directory, each command with a time limit and without interactive input."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

# A provider takes seconds to start, and much longer on a slow machine.
TIMEOUT = 300

MISSING = """\
terraform is not installed. Install version 1.9 or newer: https://developer.hashicorp.com/terraform/install. It downloads
the AWS provider from Terraform's registry, or from the mirror in the file that TF_CLI_CONFIG_FILE names."""

NO_PROVIDER = """\
Terraform could not download its AWS provider. It uses Terraform's registry, unless the file that TF_CLI_CONFIG_FILE names
has a `provider_installation` with a mirror: https://developer.hashicorp.com/terraform/cli/config/config-file"""


class CommandError(Exception):
    """A command failed; the text is its output."""


class Terraform:
    def __init__(self, directory, environment):
        if not shutil.which("terraform"):
            raise CommandError(MISSING)
        self.directory = directory
        # The environment may name workspaces, variables and accounts; the test must not use them.
        kept = {name: value for name, value in os.environ.items() if not re.match("AWS_|TF_(?!CLI_CONFIG_FILE$)", name)}
        self.environment = kept | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"} | environment

    def init(self):
        try:
            self.run("init", "-no-color")
        except CommandError as error:
            raise CommandError(f"{error}\n\n{NO_PROVIDER}") from None

    def run(self, *arguments, allowed=(0,)):
        """Returns the exit code, which is one of `allowed`, and the output."""
        process = subprocess.Popen(
            ["terraform", *arguments],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Providers are child processes; their own process group makes it possible to kill them together.
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=TIMEOUT)
        except BaseException as reason:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            if isinstance(reason, subprocess.TimeoutExpired):
                raise CommandError(f"terraform {' '.join(arguments)} did not end within {TIMEOUT} seconds:\n{output}") from None
            raise
        if process.returncode not in allowed:
            raise CommandError(f"terraform {' '.join(arguments)} exited with code {process.returncode}:\n{output}")
        return process.returncode, output

    def outputs(self):
        _, output = self.run("output", "-json")
        return {name: entry["value"] for name, entry in json.loads(output).items()}


def provider_source(directory):
    """Environment variables that tell Terraform where its provider is: its own configuration, a mirror or the registry."""
    if Path(os.environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc").is_file():
        return {}
    # Machine images for closed networks often have a filesystem mirror below /opt.
    mirrors = sorted(Path("/opt").glob("*/*/hashicorp/aws"))
    if not mirrors:
        return {}
    path = directory / "terraform.rc"
    path.write_text(MIRROR % json.dumps(str(mirrors[0].parents[2])))
    return {"TF_CLI_CONFIG_FILE": str(path)}


MIRROR = """\
provider_installation {
  filesystem_mirror {
    path = %s
  }
}
"""
