"""Who calls the API: two users of the user pool, and a machine."""

from dataclasses import dataclass

GROUP = "admin"
# The groups of each user.
USERS = {"alice": [GROUP], "bob": []}
PASSWORD = "Correct-Horse-7"

MACHINE = "stock-sync"


@dataclass(frozen=True)
class Caller:
    name: str
    role: str
    # A path that this caller may GET.
    path: str


CALLERS = [
    Caller("alice", "in the group admin", "/admin/reports"),
    Caller("bob", "in no group", "/users/bob"),
    Caller(MACHINE, "a machine", "/items"),
]
