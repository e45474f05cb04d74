"""Fills in envoy.yaml and policy.json, and writes the files that Envoy reads.

The listener, and with it the policy, is in a file of its own, which Envoy watches. So a new policy is applied without a
restart, and a policy with a mistake leaves the previous one in force.
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


class PlaceholderError(Exception):
    """A ${NAME} without a value."""


class Configuration:
    """`addresses` has the "host:port" of gateway, admin, upstream, cognito and machines."""

    def __init__(self, directory, module, addresses, cognito):
        self.directory, self.module, self.addresses = Path(directory), module, addresses
        self.ids = {
            "USER_POOL_ID": cognito.pool_id,
            "WEB_CLIENT_ID": cognito.client_ids["web"],
            "MACHINE_CLIENT_ID": CLIENT_ID,
        }

    @property
    def bootstrap(self):
        return self.directory / BOOTSTRAP

    def is_outdated(self):
        """Whether policy.json has changed since it was last applied. Fails as reading the file does."""
        return POLICY.read_text() != self.policy

    def write(self):
        self.policy = POLICY.read_text()
        policy = fill_in(POLICY, self.policy, self.ids)
        write(self.directory, load(self.module, self.addresses, policy))


def load(module, addresses, policy):
    """envoy.yaml with this module, these addresses and this policy (JSON text)."""
    # A JSON string is also a YAML string.
    values = {"MODULE": str(module), "POLICY": json.dumps(policy)}
    for name, address in addresses.items():
        host, port = address.rsplit(":", 1)
        values |= {f"{name.upper()}_HOST": host, f"{name.upper()}_PORT": port}
    return yaml.safe_load(fill_in(TEMPLATE, TEMPLATE.read_text(), values))


def write(directory, bootstrap):
    """Writes both files, the listener last: Envoy applies it as soon as the file is there."""
    listeners = bootstrap["static_resources"].pop("listeners")
    bootstrap["dynamic_resources"] = {
        "lds_config": {
            "resource_api_version": "V3",
            "path_config_source": {"path": str(directory / LISTENERS)},
        }
    }
    replace(directory / BOOTSTRAP, bootstrap)
    publish(directory / LISTENERS, LISTENER, listeners)


def publish(path, kind, resources):
    """Writes resources of this type for a `path_config_source`."""
    replace(path, {"resources": [{"@type": kind, **resource} for resource in resources]})


def fill_in(path, text, values):
    def value(match):
        if match[1] not in values:
            raise PlaceholderError(f"{path.name}: {match[0]} is not a known placeholder")
        return values[match[1]]

    lines = text.splitlines(keepends=True)
    # Comments may mention ${NAMES}.
    return "".join(line if line.lstrip().startswith("#") else re.sub(r"\$\{(\w+)\}", value, line) for line in lines)


def replace(path, content):
    """Replaces the file in one step, since Envoy only notices a file that is moved into place."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content, indent=2) + "\n")
    new.chmod(0o644)
    os.replace(new, path)
