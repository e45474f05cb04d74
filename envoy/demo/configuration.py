"""envoy.yaml and policy.json, filled in: what Envoy reads.

Envoy takes its listener, and with it the rules, from a file of its own, which it watches: new rules are taken up
without a restart, and rules with a mistake leave the old ones in force.
"""

import json
import os
import re
from pathlib import Path

import yaml

from .machines import CLIENT_ID

HERE = Path(__file__).resolve().parent.parent
TEMPLATE = HERE / "envoy.yaml"
POLICY = HERE / "policy.json"

BOOTSTRAP = "bootstrap.json"
LISTENERS = "listeners.json"
LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"


class Blank(Exception):
    """A ${NAME} that nobody knows."""


class Configuration:
    """`addresses` has a "host:port" for each of gateway, admin, upstream, cognito and machines."""

    def __init__(self, directory, module, addresses, cognito):
        self.directory = Path(directory)
        self.values = {"MODULE": str(module)}
        for name, address in addresses.items():
            host, port = address.rsplit(":", 1)
            self.values |= {f"{name.upper()}_HOST": host, f"{name.upper()}_PORT": port}
        self.identities = {
            "USER_POOL_ID": cognito.pool_id,
            "WEB_CLIENT_ID": cognito.client_ids["web"],
            "MACHINE_CLIENT_ID": CLIENT_ID,
        }

    @property
    def bootstrap(self):
        return self.directory / BOOTSTRAP

    def is_outdated(self):
        """Whether the policy has other rules than when it was last written."""
        try:
            return POLICY.read_text() != self.policy
        except OSError:
            # An editor may be in the midst of putting a new file in its place.
            return False

    def write(self):
        write(self.directory, self.filled_in())

    def filled_in(self):
        self.policy = POLICY.read_text()
        policy = fill_in(POLICY, self.policy, self.identities)
        # A JSON string is a YAML string.
        return yaml.safe_load(fill_in(TEMPLATE, TEMPLATE.read_text(), {**self.values, "POLICY": json.dumps(policy)}))


def write(directory, bootstrap):
    """Both files; the listener last, since Envoy takes it up as soon as it is there."""
    listeners = bootstrap["static_resources"].pop("listeners")
    bootstrap["dynamic_resources"] = {
        "lds_config": {
            "resource_api_version": "V3",
            "path_config_source": {"path": str(directory / LISTENERS)},
        }
    }
    replace(directory / BOOTSTRAP, bootstrap)
    replace(directory / LISTENERS, {"resources": [{"@type": LISTENER, **one} for one in listeners]})


def fill_in(path, text, values):
    def value(match):
        if match[1] not in values:
            raise Blank(f"{path.name}: nothing is known to put in the place of {match[0]}")
        return values[match[1]]

    lines = text.splitlines(keepends=True)
    # Comments may speak of ${NAMES}.
    return "".join(line if line.lstrip().startswith("#") else re.sub(r"\$\{(\w+)\}", value, line) for line in lines)


def replace(path, content):
    """In one move, as Envoy's watch on the file expects it."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content, indent=2) + "\n")
    new.chmod(0o644)
    os.replace(new, path)
