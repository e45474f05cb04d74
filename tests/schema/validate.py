"""Validate JSON values against a JSON Schema: `validate.py SCHEMA`, one value per line on standard input.

Prints one line for each value: empty if the value is valid, otherwise the best matching error.
"""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[0])
    schema = json.loads(Path(sys.argv[1]).read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for line in sys.stdin:
        error = best_match(validator.iter_errors(json.loads(line)))
        print(f"{error.json_path}: {' '.join(error.message.split())}" if error else "")


if __name__ == "__main__":
    main()
