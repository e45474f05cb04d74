"""The tokens that the scenarios name, each requested from its issuer when it is first needed."""

from .cognito import OTHER_APP
from .exchange import post_form
from .machines import CLIENT_ID, CLIENT_SECRET, LIFETIME, READ, WRITE
from .users import MACHINE

ALICE, BOB = "alice's access token", "bob's access token"
ALICE_ID = "alice's ID token"
ALICE_OTHER_APP = "alice's access token for another app"
READER, WRITER = "stock-sync's token for reading", "stock-sync's token for writing"
EXPIRED = "stock-sync's token, expired an hour ago"
NOT_A_JWT = "text that is not a JWT"

# The token that each caller of users.py is given to try.
OF_CALLER = {"alice": ALICE, "bob": BOB, MACHINE: WRITER}


class Tokens:
    def __init__(self, cognito, machines):
        self.issued = {}
        self.issue = {
            ALICE: lambda: cognito.sign_in("alice").access,
            ALICE_ID: lambda: cognito.sign_in("alice").id,
            ALICE_OTHER_APP: lambda: cognito.sign_in("alice", OTHER_APP).access,
            BOB: lambda: cognito.sign_in("bob").access,
            READER: lambda: machine_token(machines, READ),
            WRITER: lambda: machine_token(machines, f"{READ} {WRITE}"),
            EXPIRED: lambda: machine_token(machines, READ, age=2 * LIFETIME),
            NOT_A_JWT: lambda: "nonsense",
        }

    def __getitem__(self, name):
        if name not in self.issued:
            self.issued[name] = self.issue[name]()
        return self.issued[name]

    def renew(self, name):
        self.issued.pop(name, None)
        return self[name]


def machine_token(machines, scope, age=0):
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": scope,
        "age": age,
    }
    return post_form(f"{machines}/oauth2/token", form)["access_token"]
