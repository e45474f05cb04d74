"""Prints the demo's output: colours on a terminal, plain text in a pipe or where NO_COLOR is set."""

import os
import re
import shutil
import sys


def uses_colour(stream):
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painter(code):
    def paint(text):
        return f"\x1b[{code}m{text}\x1b[0m" if uses_colour(sys.stdout) else text

    return paint


bold, dim = painter("1"), painter("2")
red, green, yellow, cyan = painter("31"), painter("32"), painter("33"), painter("36")


def say(text=""):
    print(text, flush=True)


def heading(text):
    say(f"\n{bold(text)}\n")


def entry(label, parts, between=" "):
    """A label and its parts. If the terminal is too narrow for one line, the parts are wrapped, aligned and never split."""
    lines, indent = [""], width(label) + 1
    for part in parts:
        longer = f"{lines[-1]}{between}{part}" if lines[-1] else part
        if lines[-1] and indent + width(longer) > columns():
            lines.append(part)
        else:
            lines[-1] = longer
    say(f"{label} " + f"\n{' ' * indent}".join(lines))


def columns():
    # A program that reads a pipe expects one entry a line.
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize


def width(text):
    return len(re.sub(r"\x1b\[\d+m", "", text))
