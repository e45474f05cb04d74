"""Ends the program on a plain kill or a closed terminal as on Ctrl-C: by an exception, so that child processes are stopped."""

import signal
import sys


def exit_on_signals():
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
