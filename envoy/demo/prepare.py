"""Makes the user pool, writes Envoy's configuration, and prints curl lines to try. With a name: a fresh token, no more.

compose.yaml's one-shot service.
"""

import argparse
import os
import sys
from pathlib import Path

from . import terminal
from .cognito import Cognito
from .configuration import Blank, Configuration
from .trial import CALLERS
from .wallet import Wallet

# Where the services of compose.yaml find each other, and where its volumes are in them.
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
dist/jwt-authorizer.wasm is not there; `make build` makes it.
Docker may just have made a folder in its place, and as root: remove that first."""

CREDENTIALS = {name: credential for name, credential, *_ in CALLERS}
AGAIN = "docker compose -f envoy/compose.yaml run --rm prepare"


def main():
    who = arguments().who
    if not MODULE.is_file():
        return NO_MODULE
    cognito = Cognito(f"http://{ADDRESSES['cognito']}")
    wallet = Wallet(cognito, f"http://{ADDRESSES['machines']}")
    if who:
        terminal.say(wallet[CREDENTIALS[who]])
        return 0
    try:
        Configuration(DIRECTORY, MODULE, ADDRESSES, cognito).write()
    except Blank as blank:
        return str(blank)
    invite(wallet)
    return 0


def arguments():
    parser = argparse.ArgumentParser(prog="prepare", description=__doc__.splitlines()[0])
    parser.add_argument("who", nargs="?", choices=CREDENTIALS, help="whose token to print")
    return parser.parse_args()


def invite(wallet):
    gateway = published("GATEWAY_PORT")
    terminal.heading("Yours to try, as soon as Envoy is up")
    terminal.say(f"  {terminal.cyan('In a browser')}, as any of them: {published('PAGE_PORT')}\n")
    for name, credential, role, path in CALLERS:
        terminal.say(f"  {terminal.cyan(name)}, {role}:")
        terminal.say(f"    curl -i -H 'authorization: Bearer {wallet[credential]}' {gateway}{path}")
    terminal.say(f"\n  The tokens are good for an hour. `{AGAIN}` makes fresh ones, and")
    terminal.say("  gives Envoy the rules in envoy/policy.json, so change them first: it takes them up without a restart.")
    terminal.say(f"  Metrics for Prometheus: {published('ADMIN_PORT')}/stats/prometheus")
    terminal.say(f"  The emulated Cognito: {published('COGNITO_PORT')}, the machines' issuer: {published('MACHINES_PORT')}\n")


def published(port):
    return f"http://127.0.0.1:{os.environ[port]}"


if __name__ == "__main__":
    sys.exit(main())
