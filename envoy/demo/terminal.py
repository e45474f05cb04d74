"""How the demo speaks: colour on a terminal, plain text in a pipe or where NO_COLOR is set."""

import os
import sys


def colourful(stream):
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painter(code):
    def paint(text):
        return f"\x1b[{code}m{text}\x1b[0m" if colourful(sys.stdout) else text

    return paint


bold, dim = painter("1"), painter("2")
red, green, yellow, cyan = painter("31"), painter("32"), painter("33"), painter("36")


def say(text=""):
    print(text, flush=True)


def heading(text):
    say(f"\n{bold(text)}\n")
