"""Create the user pool, write Envoy's configuration and print curl lines to try; with a name, only print a new token.

A one-shot service of compose.yaml.
"""

import argparse
import os
import sys
from pathlib import Path

from . import terminal
from .cognito import Cognito
from .configuration import Configuration, PlaceholderError
from .tokens import OF_CALLER, Tokens
from .users import CALLERS

# The addresses of compose.yaml's services in its network, and the paths of its volumes.
ADDRESSES = {
    "gateway": "0.0.0.0:8080",
    "admin": "0.0.0.0:9901",
    "upstream": "upstream:8080",
    "cognito": "cognito:8080",
    "machines": "machines:8080",
}
DIRECTORY = "/configuration"
MODULE = Path("/module/jwt-authorizer.wasm")
NO_MODULE = """\
dist/jwt-authorizer.wasm does not exist; build it with `make build`.
Docker may have created a directory of that name, owned by root: remove it first."""

RUN_AGAIN = "docker compose -f envoy/compose.yaml run --rm prepare"


def main():
    caller = arguments().caller
    if not MODULE.is_file():
        return NO_MODULE
    cognito = Cognito(f"http://{ADDRESSES['cognito']}")
    tokens = Tokens(cognito, f"http://{ADDRESSES['machines']}")
    if caller:
        terminal.say(tokens[OF_CALLER[caller]])
        return 0
    try:
        Configuration(DIRECTORY, MODULE, ADDRESSES, cognito).write()
    except PlaceholderError as error:
        return str(error)
    print_instructions(tokens)
    return 0


def arguments():
    parser = argparse.ArgumentParser(prog="prepare", description=__doc__.splitlines()[0])
    parser.add_argument("caller", nargs="?", choices=OF_CALLER, help="whose token to print")
    return parser.parse_args()


def print_instructions(tokens):
    gateway = published("GATEWAY_PORT")
    terminal.heading("Try it, as soon as Envoy is up")
    terminal.say(f"  {terminal.cyan('In a browser')}, as any of these callers: {published('PAGE_PORT')}\n")
    for caller in CALLERS:
        terminal.say(f"  {terminal.cyan(caller.name)}, {caller.role}:")
        terminal.say(f"    curl -i -H 'authorization: Bearer {tokens[OF_CALLER[caller.name]]}' {gateway}{caller.path}")
    terminal.say(f"\n  The tokens are valid for an hour. `{RUN_AGAIN}` prints new ones.")
    terminal.say("  It also applies changes to the rules in envoy/policy.json, without a restart of Envoy.")
    terminal.say(f"  Metrics for Prometheus: {published('ADMIN_PORT')}/stats/prometheus")
    terminal.say(f"  The Cognito emulator: {published('COGNITO_PORT')}, the machines' issuer: {published('MACHINES_PORT')}\n")


def published(port):
    return f"http://127.0.0.1:{os.environ[port]}"


if __name__ == "__main__":
    sys.exit(main())
