"""Envoy's access log, one JSON object a line."""

import json
import time


class AccessLog:
    """`read` returns everything written so far."""

    def __init__(self, read):
        self.read = read
        self.seen = 0

    def entries(self):
        # Docker's log has other lines too, and the last line may be incomplete.
        lines = [line for line in self.read().splitlines(keepends=True) if line.startswith("{") and line.endswith("}\n")]
        return [json.loads(line) for line in lines]

    def entry(self, request_id, timeout=15):
        """The entry of one request, or an empty one if none is written in time."""
        deadline = time.monotonic() + timeout
        while True:
            found = [entry for entry in self.entries() if entry.get("request_id") == request_id]
            if found or time.monotonic() > deadline:
                return found[0] if found else {}
            time.sleep(0.05)

    def new_entries(self):
        """The entries since the last call."""
        entries = self.entries()
        new, self.seen = entries[self.seen :], len(entries)
        return new
