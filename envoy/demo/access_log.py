"""Envoy's access log, one JSON object a line."""

import json
import time


class AccessLog:
    """`read` gives all that is written so far."""

    def __init__(self, read):
        self.read = read
        self.told = 0

    def entries(self):
        # Docker's log has other lines too, and the last line may be half written.
        lines = [line for line in self.read().splitlines(keepends=True) if line.startswith("{") and line.endswith("}\n")]
        return [json.loads(line) for line in lines]

    def entry(self, request_id, timeout=15):
        """What is said of one request, or nothing."""
        deadline = time.monotonic() + timeout
        while True:
            found = [entry for entry in self.entries() if entry.get("request_id") == request_id]
            if found or time.monotonic() > deadline:
                return found[0] if found else {}
            time.sleep(0.05)

    def news(self):
        """The entries since this was asked last."""
        entries = self.entries()
        new, self.told = entries[self.told :], len(entries)
        return new
