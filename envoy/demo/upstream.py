"""The API behind the gateway. It answers every request with what reached it, so that the gateway's edits show."""

from .servers import Handler, Server, run_alone

PREFLIGHT = [
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "GET, POST"),
    ("access-control-allow-headers", "authorization, content-type"),
    ("access-control-max-age", "60"),
]


class Echo(Handler):
    def answer(self):
        self.body()
        headers = {name.lower(): ", ".join(self.headers.get_all(name)) for name in self.headers}
        seen = {"method": self.command, "path": self.path, "headers": headers}
        self.reply(200, seen, [("access-control-allow-origin", "*")])

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def do_OPTIONS(self):
        self.reply(204, headers=PREFLIGHT)


def upstream(host="127.0.0.1", port=0):
    return Server((host, port), Echo)


if __name__ == "__main__":
    run_alone(upstream, __doc__)
