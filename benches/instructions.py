"""Counts the instructions of each step of the hot path, and compares them with those recorded: `instructions.py
[--record]`.

Fails only if a step takes a fifth more than recorded, or is gone. Counting takes valgrind.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

RECORD = Path(__file__).with_name("instructions.json")
ALLOWANCE = 1.2
# The first does what is done once, such as filling the cache; the difference is the steps.
FEW, MANY = 10, 1010


def build():
    """The bench target `micro`, as Cargo says where it is."""
    command = ["cargo", "bench", "--locked", "--bench", "micro", "--no-run", "--message-format=json"]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    built = [json.loads(line) for line in run.stdout.splitlines()]
    [binary] = [each["executable"] for each in built if each.get("executable")]
    return binary


def count(binary, step, times):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", binary, step, str(times)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(re.search(r"Collected : (\d+)", run.stderr)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write what is counted over the record")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("Counting instructions takes valgrind, which is not there; Debian and Ubuntu have it as `valgrind`.")
    binary = build()
    recorded = json.loads(RECORD.read_text()) if RECORD.is_file() else {}
    counts, worse = {}, []
    for step in subprocess.run([binary], check=True, capture_output=True, text=True).stdout.splitlines():
        each = (count(binary, step, MANY) - count(binary, step, FEW)) / (MANY - FEW)
        counts[step] = round(each)
        before = recorded.get(step)
        change = f"{each / before - 1:+.1%}" if before else "new"
        print(f"{step:32} {counts[step]:>12,} instructions {change:>8}")
        if before and each > before * ALLOWANCE:
            worse.append(step)
    missing = sorted(set(recorded) - set(counts))
    if options.record:
        RECORD.write_text(json.dumps(counts, indent=2) + "\n")
    elif worse:
        sys.exit(f"more than a fifth up: {', '.join(worse)}")
    elif missing:
        sys.exit(f"recorded, and not there any more: {', '.join(missing)}; `make instructions ARGS=--record` writes what is.")


if __name__ == "__main__":
    main()
