"""The terraform program, in one directory: each command within a time limit, and none that waits for an answer."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

# A provider takes seconds to start; this is for the slowest of machines.
PATIENCE = 300

MISSING = """\
There is no terraform here. https://developer.hashicorp.com/terraform/install has it for every system; version 1.9 or
newer will do. It gets the AWS provider by itself, from Terraform's registry or from the mirror that the file named by
TF_CLI_CONFIG_FILE tells of."""

NO_PROVIDER = """\
Terraform could not get its AWS provider. It asks Terraform's registry, unless the file named by TF_CLI_CONFIG_FILE has a
`provider_installation` with a mirror: https://developer.hashicorp.com/terraform/cli/config/config-file"""


class Failed(Exception):
    """A command that ended otherwise than it should; the text is what it said."""


class Terraform:
    def __init__(self, directory, environment):
        if not shutil.which("terraform"):
            raise Failed(MISSING)
        self.directory = directory
        # Whoever runs this may have workspaces, variables and accounts of their own; none is meant.
        kept = {name: value for name, value in os.environ.items() if not re.match("AWS_|TF_(?!CLI_CONFIG_FILE$)", name)}
        self.environment = kept | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"} | environment

    def init(self):
        try:
            self.run("init", "-no-color")
        except Failed as failure:
            raise Failed(f"{failure}\n\n{NO_PROVIDER}") from None

    def run(self, *arguments, allowed=(0,)):
        """The exit code, which is one of `allowed`, and what was said."""
        process = subprocess.Popen(
            ["terraform", *arguments],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Its providers are processes of their own; the group is theirs together.
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=PATIENCE)
        except BaseException as reason:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
            if isinstance(reason, subprocess.TimeoutExpired):
                raise Failed(f"terraform {' '.join(arguments)} did not end within {PATIENCE} seconds:\n{said}") from None
            raise
        if process.returncode not in allowed:
            raise Failed(f"terraform {' '.join(arguments)} ended with exit code {process.returncode}:\n{said}")
        return process.returncode, said

    def outputs(self):
        _, said = self.run("output", "-json")
        return {name: output["value"] for name, output in json.loads(said).items()}


def installation(directory):
    """Where Terraform finds its provider, as environment: its configuration, else a mirror, else the registry."""
    if Path(os.environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc").is_file():
        return {}
    # Images for closed networks have their mirror below /opt, laid out as Terraform wants it.
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
