"""Sends one HTTP request unchanged: no header added, no proxy used, no redirect followed."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Response:
    status: int
    phrase: str
    headers: HTTPMessage
    body: bytes

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def send(base, method, path, headers=None, body=None, timeout=10):
    connection = HTTPConnection(urlsplit(base).netloc, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Response(response.status, response.reason, response.headers, response.read())
    finally:
        connection.close()


def post_form(url, form):
    parts = urlsplit(url)
    content_type = {"content-type": "application/x-www-form-urlencoded"}
    response = send(f"http://{parts.netloc}", "POST", parts.path, content_type, urlencode(form))
    if response.status != 200:
        raise RuntimeError(f"POST {url} was answered with {response.status}: {response.body.decode(errors='replace')}")
    return response.json()
