"""Requests with real tokens through a real Envoy, on this machine alone: a walk-through, then yours to try."""

import argparse
import json
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from . import terminal
from .cast import ROLES, Cast
from .configuration import Blank
from .envoy import Refused
from .steps import STEPS
from .trial import Trial
from .walk import walk

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "dist" / "jwt-authorizer.wasm"


def main():
    options = arguments()
    if not options.module.is_file():
        return f"{options.module} is not there; `make build` makes it"
    # The terminal's hanging up and a plain kill end the demo as Ctrl-C does: through the handles of what it started.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        with ExitStack() as stack:
            return demonstrate(options, stack)
    except Refused as refusal:
        return f"Envoy does not run with this module and these rules. It says:\n\n{refusal}\n\n{ADVICE}"
    except Blank as blank:
        return str(blank)
    except KeyboardInterrupt:
        terminal.say("\nEnded.")
        # A walk that was not walked to its end shows nothing.
        return 130 if options.once else 0


ADVICE = """\
If a line names a place in the policy, mend envoy/policy.json there. If it speaks of the module, run `make clean build`.
If it speaks of an address in use, leave out --port, and a free one is chosen. Then run `make demo` again."""


def arguments():
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__, usage="make demo [ARGS='--once --port N']")
    parser.add_argument("--once", action="store_true", help="end after the walk-through; fail if a step came out otherwise")
    parser.add_argument("--port", type=int, default=0, help="the gateway's port (default: one that is free)")
    parser.add_argument("--module", type=Path, default=MODULE, help="another build of the filter")
    return parser.parse_args()


def demonstrate(options, stack):
    (ROOT / "target").mkdir(exist_ok=True)
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-", dir=ROOT / "target")))
    terminal.say(terminal.dim("Starting Envoy, a Cognito emulator, an API and a page …"))
    cast = Cast(directory, options.module, stack, options.port)
    terminal.heading("What runs")
    for name, what in ROLES.items():
        terminal.say(f"  {terminal.cyan(f'{name:9}')} {cast.url(name):23} {what}")
    terminal.heading("The walk-through")
    surprising = walk(cast.url("gateway"), cast.wallet, cast.log)
    terminal.heading("The last of them, as the access log has it")
    terminal.say(json.dumps(cast.log.entries()[-1], indent=2))
    terminal.say()
    if surprising:
        terminal.say(terminal.red(f"{len(surprising)} of {len(STEPS)} steps came out otherwise: {', '.join(surprising)}"))
    else:
        terminal.say(terminal.green(f"All {len(STEPS)} steps came out as they should."))
    if not options.once:
        Trial(cast).run()
    return 1 if surprising else 0


if __name__ == "__main__":
    sys.exit(main())
