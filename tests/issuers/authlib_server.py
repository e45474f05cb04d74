"""An authorization server made with Authlib and Flask: client credentials, and sign-in with OpenID Connect.

Access tokens are those of RFC 9068. Its user is signed in already.
"""

import os
import sys
import threading
import uuid
from types import SimpleNamespace

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core import AuthorizationCodeMixin, UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, request
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

ISSUER, AUDIENCE, CERTIFICATE = (os.environ[name] for name in ["ISSUER", "AUDIENCE", "CERTIFICATE"])
USER = SimpleNamespace(id="alice", get_user_id=lambda: "alice")

keys = []
codes = {}


def rotate():
    keys[:] = [RSAKey.generate_key(2048, {"kid": str(uuid.uuid4()), "use": "sig", "alg": "RS256"})]


class Client(ClientMixin):
    def __init__(self, client_id, grant, secret=None):
        self.client_id, self.grant, self.secret = client_id, grant, secret

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return "https://app.example.com/callback"

    def get_allowed_scope(self, scope):
        return " ".join(name for name in scope.split() if name in ["openid", "read", "write"])

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.get_default_redirect_uri()

    def check_client_secret(self, client_secret):
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == ("client_secret_basic" if self.secret else "none")

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == self.grant


CLIENTS = {
    "web": Client("web", "authorization_code"),
    "machine": Client("machine", "client_credentials", "secret"),
}


class Code(SimpleNamespace, AuthorizationCodeMixin):
    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return None

    def get_acr(self):
        return None

    def get_amr(self):
        return None


class ClientCredentials(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]


class AuthorizationCode(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]

    def save_authorization_code(self, code, request):
        payload = request.payload
        codes[code] = Code(
            redirect_uri=payload.redirect_uri,
            scope=payload.scope,
            nonce=payload.data.get("nonce"),
            code_challenge=payload.data.get("code_challenge"),
            code_challenge_method=payload.data.get("code_challenge_method"),
        )

    def query_authorization_code(self, code, client):
        return codes.get(code)

    def delete_authorization_code(self, authorization_code):
        """Not needed: the server ends with the test."""

    def authenticate_user(self, authorization_code):
        return USER


class IdToken(OpenIDCode):
    def get_client_algorithm(self, client):
        return "RS256"

    def get_client_claims(self, client):
        return {"iss": ISSUER}

    def resolve_client_private_key(self, client):
        return keys[0]

    def exists_nonce(self, nonce, request):
        return False

    def generate_user_info(self, user, scope):
        return UserInfo(sub=user.id)


class AccessToken(JWTBearerTokenGenerator):
    def get_jwks(self):
        return keys[0]

    def get_audiences(self, client, user, scope):
        return AUDIENCE


app = Flask(__name__)
server = AuthorizationServer(app, query_client=CLIENTS.get, save_token=lambda token, request: None)
server.register_token_generator("default", AccessToken(issuer=ISSUER))
server.register_grant(ClientCredentials)
server.register_grant(AuthorizationCode, [CodeChallenge(required=True), IdToken()])


@app.get("/authorize")
def authorize():
    grant = server.get_consent_grant(end_user=USER)
    return server.create_authorization_response(grant_user=USER, grant=grant)


@app.post("/token")
def token():
    return server.create_token_response(request)


@app.get("/.well-known/jwks.json")
def key_set():
    return {"keys": [key.as_dict(private=False) for key in keys]}


def main():
    rotate()
    http = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=(CERTIFICATE, CERTIFICATE))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    print(f"port {http.port}", flush=True)
    for _ in sys.stdin:
        rotate()
        print("rotated", flush=True)


if __name__ == "__main__":
    main()
