"""The second issuer: client credentials for machines, which the Cognito emulator does not support.

Its tokens have the claims that Cognito gives a machine client: `sub` is the client, the scopes are the resource
server's, and there is no `aud`.
"""

import base64
import time
import uuid
from urllib.parse import parse_qs, unquote

from joserfc import jwt
from joserfc.jwk import RSAKey

from .servers import Handler, Server, run_server
from .users import MACHINE

ISSUER = "https://machines.example.com"
CLIENT_ID = MACHINE
CLIENT_SECRET = "a-secret-for-the-demo"
READ, WRITE = SCOPES = ("https://api.example.com/read", "https://api.example.com/write")
LIFETIME = 3600


class TokenError(Exception):
    """An `error` code of RFC 6749 section 5.2."""


class TokenEndpoint(Handler):
    def do_GET(self):
        if self.path == "/.well-known/jwks.json":
            self.reply(200, {"keys": [self.server.key.as_dict(private=False)]})
        else:
            self.reply(404, {"message": "Not Found"})

    def do_POST(self):
        form = {name: values[0] for name, values in parse_qs(self.body().decode()).items()}
        if self.path != "/oauth2/token":
            return self.reply(404, {"message": "Not Found"})
        try:
            token = self.issue(form)
        except TokenError as error:
            return self.reply(401 if str(error) == "invalid_client" else 400, {"error": str(error)})
        self.reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME})

    def issue(self, form):
        if self.client(form) != (CLIENT_ID, CLIENT_SECRET):
            raise TokenError("invalid_client")
        if form.get("grant_type") != "client_credentials":
            raise TokenError("unsupported_grant_type")
        scopes = form.get("scope", " ".join(SCOPES)).split()
        if not set(scopes) <= set(SCOPES):
            raise TokenError("invalid_scope")
        # Not part of OAuth: the demo asks for a token issued `age` seconds ago, to get an expired one.
        age = form.get("age", "0")
        if not age.isdecimal():
            raise TokenError("invalid_request")
        return self.sign(scopes, int(time.time()) - int(age))

    def client(self, form):
        scheme, _, credentials = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return form.get("client_id"), form.get("client_secret")
        try:
            name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            raise TokenError("invalid_client") from None
        return unquote(name), unquote(secret)

    def sign(self, scopes, issued_at):
        key = self.server.key
        claims = {
            "iss": ISSUER,
            "sub": CLIENT_ID,
            "client_id": CLIENT_ID,
            "token_use": "access",
            "scope": " ".join(scopes),
            "auth_time": issued_at,
            "iat": issued_at,
            "exp": issued_at + LIFETIME,
            "version": 2,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


def machines(host="127.0.0.1", port=0):
    server = Server((host, port), TokenEndpoint)
    server.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    return server


if __name__ == "__main__":
    run_server(machines, __doc__.splitlines()[0])
