"""The API behind the gateway. It answers with the request as it arrived, so that the gateway's changes are visible."""

from .servers import Handler, Server, run_server

CORS = [("access-control-allow-origin", "*"), ("access-control-expose-headers", "x-request-id")]
PREFLIGHT = CORS + [
    ("access-control-allow-methods", "GET, POST"),
    # A production API would not allow a browser to send identity headers; here the page tries to forge them.
    ("access-control-allow-headers", "authorization, content-type, x-jwt-username, x-jwt-groups"),
    # No caching, so that each of the page's requests has its own preflight in the access log.
    ("access-control-max-age", "0"),
]


class Echo(Handler):
    def answer(self):
        self.body()
        headers = {name.lower(): ", ".join(self.headers.get_all(name)) for name in self.headers}
        self.reply(200, {"method": self.command, "path": self.path, "headers": headers}, CORS)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def do_OPTIONS(self):
        self.reply(204, headers=PREFLIGHT)


def upstream(host="127.0.0.1", port=0):
    return Server((host, port), Echo)


if __name__ == "__main__":
    run_server(upstream, __doc__)
