"""envoy/envoy.yaml in a real Envoy, with a policy of the test's own and an issuer that starts at once."""

import json
import socket
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey

from demo.access_log import AccessLog
from demo.configuration import load, write
from demo.envoy import Envoy
from demo.servers import Handler, Server

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "dist" / "jwt-authorizer.wasm"
TIMEOUT = 30

# envoy.yaml's two clusters for keys. The first has the issuer, at the second nothing listens.
UP, DOWN = "machines", "cognito"
KEY = ECKey.generate_key("P-256", {"kid": "one", "use": "sig", "alg": "ES256"})
# A key that the filter leaves out.
UNUSABLE = {"kty": "RSA", "kid": "two", "n": "*", "e": "AQAB"}


def provider(name, cluster=UP, **more):
    issuer = f"https://{name}.example"
    return {"issuer": issuer, "audiences": ["api"], "jwks": {"uri": f"{issuer}/jwks.json", "cluster": cluster}, **more}


def token(name, /, **claims):
    """A valid token of that provider, unless `claims` changes it; None leaves a claim out."""
    valid = {"iss": f"https://{name}.example", "aud": "api", "sub": "alice", "exp": int(time.time()) + 3600}
    payload = {name: value for name, value in (valid | claims).items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": KEY.kid}, payload, KEY)


class Issuer(Handler):
    def do_GET(self):
        if self.server.is_down:
            self.reply(500)
        else:
            self.reply(200, {"keys": [KEY.as_dict(private=False), UNUSABLE]})


class Gateway:
    """`stack` stops what is started here. `change` may edit the bootstrap before Envoy reads it."""

    def __init__(self, policy, upstream, stack, change=lambda bootstrap: None):
        directory = stack.enter_context(temporary_directory())
        self.issuer = Server(("127.0.0.1", 0), Issuer)
        self.issuer.is_down = False
        addresses = {
            "gateway": "127.0.0.1:0",
            "admin": "127.0.0.1:0",
            "upstream": upstream,
            UP: stack.enter_context(serving(self.issuer)),
            DOWN: stack.enter_context(unused_address()),
        }
        bootstrap = load(MODULE, addresses, json.dumps(policy))
        change(bootstrap)
        write(directory, bootstrap)
        self.envoy = stack.enter_context(Envoy(directory))
        self.address = self.envoy.wait_for_listener()
        self.access_log = AccessLog(self.envoy.access_log.read_text)


@contextmanager
def serving(server):
    server.start()
    try:
        yield server.address
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def unused_address():
    """An address at which nothing listens. It stays bound, so that no other process gets it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*bound.getsockname())


@contextmanager
def temporary_directory():
    (ROOT / "target").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="interop-", dir=ROOT / "target") as path:
        yield Path(path)


def eventually(description, probe):
    """Calls `probe` until it returns something true, and returns that."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.05)
    raise AssertionError(f"timed out after {TIMEOUT} seconds: {description}")
