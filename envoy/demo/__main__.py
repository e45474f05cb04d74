"""Send requests with real tokens through a real Envoy on this machine, then leave everything running to try."""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from . import terminal
from .checks import run_checks
from .configuration import PlaceholderError
from .envoy import EnvoyError
from .interactive import Interactive, print_warnings
from .scenarios import SCENARIOS
from .services import ROLES, Services
from .signals import exit_on_signals

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "dist" / "jwt-authorizer.wasm"


def main():
    options = arguments()
    if not options.module.is_file():
        return f"{options.module} does not exist; build it with `make build`"
    exit_on_signals()
    try:
        with ExitStack() as stack:
            return demonstrate(options, stack)
    except EnvoyError as error:
        return f"Envoy does not run with this module and this policy:\n\n{error}\n\n{ADVICE}"
    except PlaceholderError as error:
        return str(error)
    except KeyboardInterrupt:
        terminal.say("\nStopped.")
        # With --once, an interrupted walk-through is a failure.
        return 130 if options.once else 0


ADVICE = """\
If a line names a field of the policy, correct it in envoy/policy.json. If it is about the module, run `make clean build`.
If an address is in use, leave out --port: the demo then chooses a free one. Then run `make demo` again."""


def arguments():
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__, usage="make demo [ARGS='--once --port N']")
    parser.add_argument("--once", action="store_true", help="stop after the walk-through; fail if a check failed")
    parser.add_argument("--port", type=int, default=0, help="the gateway's port (default: a free one)")
    parser.add_argument("--module", type=Path, default=MODULE, help="another build of the filter")
    return parser.parse_args()


def demonstrate(options, stack):
    (ROOT / "target").mkdir(exist_ok=True)
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-", dir=ROOT / "target")))
    terminal.say(terminal.dim("Starting Envoy, a Cognito emulator, an API and a page …"))
    services = Services(directory, options.module, stack, options.port)
    terminal.heading("What runs")
    for name, role in ROLES.items():
        terminal.say(f"  {terminal.cyan(f'{name:9}')} {services.url(name):23} {role}")
    print_warnings(services.envoy)
    terminal.heading("The walk-through")
    failed = run_checks(services.url("gateway"), services.tokens, services.access_log)
    terminal.heading("The last request in the access log")
    terminal.say(json.dumps(services.access_log.entries()[-1], indent=2))
    terminal.say()
    if failed:
        terminal.say(terminal.red(f"{len(failed)} of {len(SCENARIOS)} requests had another result: {', '.join(failed)}"))
    else:
        terminal.say(terminal.green(f"All {len(SCENARIOS)} requests had the expected result."))
    if not options.once:
        Interactive(services).run()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
