"""The base of the demo's HTTP servers: JSON replies, a thread to serve in, and a command line."""

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
        """Nothing: the request is in Envoy's access log."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    @property
    def address(self):
        return "{}:{}".format(*self.server_address[:2])

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def handle_error(self, request, client_address):
        # Envoy may close an idle connection at any time.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def run_server(make_server, description, **options):
    """Serves until the container stops. `options` are further command line options, passed on to `make_server`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--listen", default="127.0.0.1:8080", metavar="HOST:PORT")
    for name, settings in options.items():
        parser.add_argument(f"--{name.replace('_', '-')}", **settings)
    arguments = vars(parser.parse_args())
    host, port = arguments.pop("listen").rsplit(":", 1)
    make_server(**arguments, host=host, port=int(port)).serve_forever()
