"""Counts the instructions of each step of the hot path, and compares them with those recorded: `instructions.py BINARY
[--record]`, BINARY being the bench target `micro`.

Fails only if a step takes a fifth more than recorded. Counting takes valgrind; without it nothing is compared.
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


def count(binary, step, times):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", binary, step, str(times)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(re.search(r"Collected : (\d+)", run.stderr)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("--record", action="store_true", help="write what is counted over the record")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        print("valgrind is not there: instructions not counted")
        return
    recorded = json.loads(RECORD.read_text()) if RECORD.is_file() else {}
    counts, worse = {}, []
    for step in subprocess.run([options.binary], check=True, capture_output=True, text=True).stdout.splitlines():
        each = (count(options.binary, step, MANY) - count(options.binary, step, FEW)) / (MANY - FEW)
        counts[step] = round(each)
        before = recorded.get(step)
        change = f"{each / before - 1:+.1%}" if before else "new"
        print(f"{step:32} {counts[step]:>12,} instructions {change:>8}")
        if before and each > before * ALLOWANCE:
            worse.append(step)
    if options.record:
        RECORD.write_text(json.dumps(counts, indent=2) + "\n")
    elif worse:
        sys.exit(f"more than a fifth up: {', '.join(worse)}")


if __name__ == "__main__":
    main()
