"""The API behind the gateway. It answers every request with what reached it, so that the gateway's edits show."""

from .servers import Handler, Server, run_alone

CORS = [("access-control-allow-origin", "*"), ("access-control-expose-headers", "x-request-id")]
PREFLIGHT = CORS + [
    ("access-control-allow-methods", "GET, POST"),
    # No browser would be let send identity headers by an API in earnest. Here the page tries to forge them.
    ("access-control-allow-headers", "authorization, content-type, x-jwt-username, x-jwt-groups"),
    # Every request of the page shall have its own preflight in the access log.
    ("access-control-max-age", "0"),
]


class Echo(Handler):
    def answer(self):
        self.body()
        headers = {name.lower(): ", ".join(self.headers.get_all(name)) for name in self.headers}
        seen = {"method": self.command, "path": self.path, "headers": headers}
        self.reply(200, seen, CORS)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def do_OPTIONS(self):
        self.reply(204, headers=PREFLIGHT)


def upstream(host="127.0.0.1", port=0):
    return Server((host, port), Echo)


if __name__ == "__main__":
    run_alone(upstream, __doc__)
