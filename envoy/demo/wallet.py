"""The credentials that the steps name, each fetched when it is first asked for."""

from .cognito import OTHER_APP
from .machines import CLIENT_ID, CLIENT_SECRET, LIFETIME, READ, WRITE
from .exchange import post_form

ALICE, BOB = "alice's access token", "bob's access token"
ALICE_ID = "alice's ID token"
ALICE_ELSEWHERE = "alice's access token for another app"
READER, WRITER = "stock-sync's token for reading", "stock-sync's token for writing"
EXPIRED = "stock-sync's token of two hours ago"
NONSENSE = "nonsense for a token"


class Wallet:
    def __init__(self, cognito, machines):
        self.tokens = {}
        self.issue = {
            ALICE: lambda: cognito.sign_in("alice").access,
            ALICE_ID: lambda: cognito.sign_in("alice").id,
            ALICE_ELSEWHERE: lambda: cognito.sign_in("alice", OTHER_APP).access,
            BOB: lambda: cognito.sign_in("bob").access,
            READER: lambda: machine_token(machines, READ),
            WRITER: lambda: machine_token(machines, f"{READ} {WRITE}"),
            EXPIRED: lambda: machine_token(machines, READ, age=2 * LIFETIME),
            NONSENSE: lambda: "nonsense",
        }

    def __getitem__(self, credential):
        if credential not in self.tokens:
            self.tokens[credential] = self.issue[credential]()
        return self.tokens[credential]

    def fresh(self, credential):
        self.tokens.pop(credential, None)
        return self[credential]


def machine_token(machines, scope, age=0):
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": scope,
        "age": age,
    }
    return post_form(f"{machines}/oauth2/token", form)["access_token"]
