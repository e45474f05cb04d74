"""An address that forwards connections to a server, and can be down. The server may be replaced, the address stays."""

import contextlib
import selectors
import socket
import socketserver
import threading


class Forward(socketserver.BaseRequestHandler):
    def handle(self):
        if self.server.is_down:
            return
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.server.port)) as target:
            self.server.connections += [self.request, target]
            forward(self.request, target)


class Address(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Forward)
        self.port, self.is_down, self.connections = port, False, []

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.go_down()
        self.shutdown()
        self.server_close()

    def go_down(self):
        self.is_down = True
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()

    def come_up(self):
        self.is_down = False


def forward(client, server):
    with selectors.DefaultSelector() as ready:
        ready.register(client, selectors.EVENT_READ, server)
        ready.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in ready.select():
                data = key.fileobj.recv(65536)
                if not data:
                    return
                key.data.sendall(data)
