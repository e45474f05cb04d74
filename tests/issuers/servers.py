"""The identity servers: how each is started, how a client gets a token from it, and the policy for it."""

import json
import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path

from deploy.issuer import certificate

from .client import CALLBACK, Client

HERE = Path(__file__).resolve().parent
MODULES = HERE.parents[1] / "target" / "tools" / "issuers"
NODE = Path(sys.executable).with_name("node")

# The names on the page.
HOST, AUDIENCE = "login.example.com", "https://api.example.com"
ISSUER = f"https://{HOST}"
EMAIL = "alice@example.com"
START_TIMEOUT = 30


class IdentityServer:
    """A process. It prints its port, and changes its signing key for each line that it reads."""

    script = issuer = provider = None
    # Whether a new signing key has a `kid` of its own.
    new_kid = True
    # Whether it withdraws the old key.
    withdraws = True
    # Why an ID token is refused. For `rfc9068` its `typ` is not `at+jwt`.
    id_token_reason = "token_use_mismatch"
    # What an allowed token and one without the right lack: the request, and the reason.
    allowed, forbidden = ("GET", "/items"), ("POST", "/items", "scope_missing")
    rules = [
        {"route": "GET /health", "access": "public"},
        {"route": "GET /items", "scopes": ["read"]},
        {"route": "POST /items", "scopes": ["write"]},
    ]

    def __init__(self, directory):
        self.directory = directory / "server"
        self.directory.mkdir()
        self.authority = certificate(directory / "server.pem", HOST)
        self.log = (directory / "server.log").open("w+")

    def __enter__(self):
        command = [sys.executable if self.script.endswith(".py") else NODE, HERE / self.script]
        environment = {
            "PATH": os.environ["PATH"],
            "MODULES": MODULES,
            "ISSUER": ISSUER,
            "AUDIENCE": AUDIENCE,
            "CERTIFICATE": self.authority,
        }
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, cwd=self.directory, env=environment, stdin=pipe, stdout=pipe, stderr=self.log, text=True
        )
        try:
            self.port = int(self.answer("port"))
            self.client = Client(HOST, self.port, self.authority)
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()

    def answer(self, word):
        """The rest of the next line that begins with this word."""
        for line in self.process.stdout:
            if line.startswith(word):
                return line[len(word) :].strip()
        self.log.seek(0)
        raise AssertionError(f"{self.script} ended: {self.log.read()}")

    def rotate(self):
        self.process.stdin.write("rotate\n")
        self.process.stdin.flush()
        self.answer("rotated")

    def prepare(self):
        """What the server needs before it issues tokens."""

    @property
    def policy(self):
        return {"providers": {"login": self.provider}, "rules": self.rules}


class OidcProvider(IdentityServer):
    """panva's oidc-provider, as on the page: its policy is the page's."""

    script = "oidc_provider.cjs"
    id_token_reason = "token_type_mismatch"
    policy = None

    def access_token(self):
        return self.client.client_credentials("/token", "read", resource=AUDIENCE)["access_token"]

    def user_tokens(self):
        answers = {"login": "alice", "password": "any"}
        return Client(HOST, self.port, self.authority).sign_in(
            "/auth", "/token", "web", "openid read", answers, resource=AUDIENCE
        )


class OAuth2MockServer(IdentityServer):
    script = "oauth2_mock_server.cjs"
    withdraws = False
    provider = {
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "token_use": "access",
        "jwks": {"discovery": True, "cluster": "login"},
    }

    def access_token(self):
        return self.client.client_credentials("/token", "read", aud=AUDIENCE)["access_token"]

    def user_tokens(self):
        # Its access tokens for users have no `aud`.
        return self.client.sign_in("/authorize", "/token", "web", "openid read") | {"access_token": None}


class Authlib(IdentityServer):
    """Authlib in a Flask application. Its access tokens have no `kid`."""

    script = "authlib_server.py"
    id_token_reason = "token_type_mismatch"
    new_kid = False
    provider = {
        "profile": "rfc9068",
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "jwks": {"uri": f"{ISSUER}/.well-known/jwks.json", "cluster": "login"},
    }

    def access_token(self):
        return self.client.client_credentials("/token", "read")["access_token"]

    def user_tokens(self):
        return self.client.sign_in("/authorize", "/token", "web", "openid read")


class CognitoLocal(IdentityServer):
    """cognito-local. Its tokens have no scopes of an API; the rules are about groups."""

    script = "cognito_local.cjs"
    new_kid = False
    forbidden = ("POST", "/items", "group_missing")
    rules = [
        {"route": "GET /health", "access": "public"},
        {"route": "GET /items", "groups": ["readers"]},
        {"route": "POST /items", "groups": ["writers"]},
    ]

    def prepare(self):
        self.pool = self.call("CreateUserPool", PoolName="pool")["UserPool"]["Id"]
        flows = ["ALLOW_USER_PASSWORD_AUTH"]
        client = {"ClientName": "web", "CallbackURLs": [CALLBACK], "ExplicitAuthFlows": flows}
        self.client_id = self.call("CreateUserPoolClient", UserPoolId=self.pool, **client)["UserPoolClient"]["ClientId"]
        user = {"UserPoolId": self.pool, "Username": EMAIL}
        self.call("AdminCreateUser", **user, TemporaryPassword="Password1!", MessageAction="SUPPRESS")
        self.call("AdminSetUserPassword", **user, Password="Password1!", Permanent=True)
        self.call("CreateGroup", UserPoolId=self.pool, GroupName="readers")
        self.call("AdminAddUserToGroup", **user, GroupName="readers")

    def call(self, action, **body):
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"AWSCognitoIdentityProviderService.{action}",
        }
        return self.client.send("POST", "/", headers, json.dumps(body)).json()

    @cached_property
    def provider(self):
        issuer = f"{ISSUER}/{self.pool}"
        jwks = {"uri": f"{issuer}/.well-known/jwks.json", "cluster": "login"}
        return {"profile": "cognito", "issuer": issuer, "audiences": [self.client_id], "jwks": jwks}

    def access_token(self):
        parameters = {"USERNAME": EMAIL, "PASSWORD": "Password1!"}
        flow = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": self.client_id, "AuthParameters": parameters}
        return self.call("InitiateAuth", **flow)["AuthenticationResult"]["AccessToken"]

    def user_tokens(self):
        answers = {"username": EMAIL, "password": "Password1!"}
        return self.client.sign_in("/oauth2/authorize", "/oauth2/token", self.client_id, "openid", answers)


SERVERS = [OidcProvider, CognitoLocal, OAuth2MockServer, Authlib]
