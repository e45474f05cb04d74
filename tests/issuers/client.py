"""A client of an issuer: gets tokens as an application does, by client credentials or by signing in as a browser does."""

import base64
import hashlib
import json
import secrets
import socket
import ssl
from dataclasses import dataclass
from html.parser import HTMLParser
from http.client import HTTPMessage, HTTPSConnection
from urllib.parse import parse_qs, urlencode, urlsplit

CALLBACK = "https://app.example.com/callback"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Response:
    status: int
    headers: HTTPMessage
    body: bytes

    def json(self):
        if self.status != 200:
            raise AssertionError(f"{self.status}: {self.body.decode(errors='replace')}")
        return json.loads(self.body)


class Client:
    """Connects to `port` on this machine, as if `host` were there. It keeps cookies."""

    def __init__(self, host, port, authority):
        self.host, self.port = host, port
        self.context = ssl.create_default_context(cafile=authority)
        self.cookies = {}

    def send(self, method, path, headers, body=None):
        connection = HTTPSConnection(self.host, timeout=15)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=15)
        connection.sock = self.context.wrap_socket(plain, server_hostname=self.host)
        cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        try:
            connection.request(method, path, body, headers | cookie)
            response = connection.getresponse()
            for line in response.headers.get_all("set-cookie") or []:
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            return Response(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path):
        return self.send("GET", path, {})

    def post(self, path, headers=None, **form):
        return self.send("POST", path, FORM | (headers or {}), urlencode(form))

    def client_credentials(self, token_path, scope, **more):
        basic = base64.b64encode(b"machine:secret").decode()
        form = {"grant_type": "client_credentials", "scope": scope, **more}
        return self.post(token_path, {"authorization": f"Basic {basic}"}, **form).json()

    def sign_in(self, authorize_path, token_path, client_id, scope, answers=None, **more):
        """The authorization code flow with PKCE (RFC 7636). `answers` fills the fields of the sign-in pages."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "scope": scope,
            "state": "state",
            "nonce": secrets.token_urlsafe(),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **more,
        }
        code = self.walk(f"{authorize_path}?{urlencode(query)}", answers or {})
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": client_id}
        return self.post(token_path, code_verifier=verifier, **form, **more).json()

    def walk(self, path, answers):
        """Follows redirects and submits forms until the callback gets a code."""
        response = self.get(path)
        for _ in range(12):
            if location := response.headers["location"]:
                if location.startswith(CALLBACK):
                    return parse_qs(urlsplit(location).query)["code"][0]
                parts = urlsplit(location)
                response = self.get(parts.path + (f"?{parts.query}" if parts.query else ""))
            else:
                form = Form(response.body.decode())
                response = self.post(urlsplit(form.action).path, **(form.fields | answers_for(form, answers)))
        raise AssertionError(f"no code after 12 steps: {response}")


def answers_for(form, answers):
    return {name: value for name, value in answers.items() if name in form.fields}


class Form(HTMLParser):
    """The first form of a page: where it goes, and its fields."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)
        if self.action is None:
            raise AssertionError(f"a page without a form: {page}")

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = attributes["action"]
        elif tag == "input" and "name" in attributes:
            self.fields[attributes["name"]] = attributes.get("value", "")
