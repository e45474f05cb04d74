"""What the demo's own HTTP servers share: JSON replies, a thread to serve in, and a command line to run alone."""

import argparse
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def reply(self, status, body=None, headers=()):
        content = b"" if body is None else json.dumps(body, indent=2).encode() + b"\n"
        self.send(status, content, "application/json", headers)

    def send(self, status, content, content_type, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def body(self):
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def log_message(self, *_):
        """Envoy's access log tells it already."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    @property
    def address(self):
        return "{}:{}".format(*self.server_address[:2])

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def handle_error(self, request, client_address):
        # Envoy closes idle connections whenever it likes.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def run_alone(make_server, description, **options):
    """For a container of its own: the server, until the container is told to stop. `options` are what else it is told."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--listen", default="127.0.0.1:8080", metavar="HOST:PORT")
    for name, about in options.items():
        parser.add_argument(f"--{name.replace('_', '-')}", **about)
    told = vars(parser.parse_args())
    host, port = told.pop("listen").rsplit(":", 1)
    make_server(**told, host=host, port=int(port)).serve_forever()
