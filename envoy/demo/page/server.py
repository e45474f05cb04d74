"""The page's server. It gets tokens from the issuers, since a browser must not know the machine's client secret."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from ..cognito import RESOURCE_SERVER
from ..configuration import POLICY
from ..machines import CLIENT_ID
from ..servers import Handler, Server
from ..tokens import machine_token
from ..users import PASSWORD, USERS
from .routes import routes

HERE = Path(__file__).resolve().parent
CONTENT_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FILES = {f"/{path.name}": path for path in HERE.iterdir() if path.suffix in CONTENT_TYPES}
FILES["/"] = FILES.pop("/index.html")

# The number of requests that the page lists.
RECENT = 40


class Page(Handler):
    def do_GET(self):
        url = urlsplit(self.path)
        if url.path in FILES:
            self.file(FILES[url.path])
        elif url.path == "/settings":
            self.reply(200, self.server.settings())
        elif url.path == "/log" and self.server.access_log:
            # Envoy writes the entry after the response, so the entry of the page's last request may not be there yet.
            self.server.access_log.entry(parse_qs(url.query).get("request_id", [""])[0], timeout=2)
            self.reply(200, self.server.access_log.entries()[-RECENT:])
        else:
            self.reply(404, {"message": "Not Found"})

    do_HEAD = do_GET

    def do_POST(self):
        issue = {"/sign-in": self.sign_in, "/machine": self.machine}.get(self.path)
        if not issue:
            return self.reply(404, {"message": "Not Found"})
        try:
            self.reply(200, issue(json.loads(self.body())))
        except ClientError as error:
            self.reply(401, {"message": error.response["Error"]["Message"]})
        except (BotoCoreError, OSError, RuntimeError) as error:
            self.reply(502, {"message": str(error)})
        except (ValueError, KeyError, TypeError, AttributeError):
            self.reply(400, {"message": "Bad Request"})

    def sign_in(self, form):
        tokens = self.server.cognito.sign_in(form["username"], password=form["password"])
        return {"access": tokens.access, "id": tokens.id}

    def machine(self, form):
        scopes = [f"{RESOURCE_SERVER}/{name}" for name in form["scope"].split()]
        return {"access": machine_token(self.server.machines, " ".join(scopes))}

    def file(self, path):
        sources = f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {self.server.gateway}"
        self.send(
            200,
            path.read_bytes(),
            f"{CONTENT_TYPES[path.suffix]}; charset=utf-8",
            [
                ("content-security-policy", f"{sources}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
                ("cache-control", "no-store"),
                ("x-content-type-options", "nosniff"),
            ],
        )


class PageServer(Server):
    def settings(self):
        return {
            "gateway": self.gateway,
            "users": USERS,
            "password": PASSWORD,
            "machine": CLIENT_ID,
            "routes": self.routes(),
            "log": self.access_log is not None,
        }

    def routes(self):
        # After a mistake in the policy the previous one is still in force.
        try:
            self.current_routes = routes(json.loads(POLICY.read_text()))
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        return self.current_routes


def page(gateway, cognito, machines, access_log=None, host="127.0.0.1", port=0):
    """`gateway` is the URL that the browser uses. Without `access_log` the page lists no requests."""
    server = PageServer((host, port), Page)
    server.gateway, server.cognito, server.machines, server.access_log = gateway, cognito, machines, access_log
    server.current_routes = []
    return server
