"""envoy/envoy.yaml in a real Envoy, with another policy and an issuer that can be had in no time."""

import json
import socket
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import yaml
from joserfc import jwt
from joserfc.jwk import ECKey

from demo.access_log import AccessLog
from demo.configuration import TEMPLATE, fill_in, write
from demo.envoy import Envoy
from demo.servers import Handler, Server

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "dist" / "jwt-authorizer.wasm"
PATIENCE = 30

# envoy.yaml's clusters for keys. Behind the first is the issuer, behind the second is nobody.
UP, DOWN = "machines", "cognito"
KEY = ECKey.generate_key("P-256", {"kid": "one", "use": "sig", "alg": "ES256"})


def provider(name, cluster=UP, **more):
    issuer = f"https://{name}.example"
    return {"issuer": issuer, "audiences": ["api"], "jwks": {"uri": f"{issuer}/jwks.json", "cluster": cluster}, **more}


def token(name, **claims):
    """A good one for that provider, but for what the claims say."""
    good = {"iss": f"https://{name}.example", "aud": "api", "sub": "alice", "exp": int(time.time()) + 3600}
    return jwt.encode({"alg": "ES256", "kid": KEY.kid}, good | claims, KEY)


class Issuer(Handler):
    def do_GET(self):
        self.reply(200, {"keys": [KEY.as_dict(private=False)]})


class Gateway:
    """`stack` ends what is started here; `change` may edit what envoy.yaml says before Envoy reads it."""

    def __init__(self, policy, upstream, stack, change=lambda bootstrap: None):
        directory = stack.enter_context(scratch())
        addresses = {
            "gateway": "127.0.0.1:0",
            "admin": "127.0.0.1:0",
            "upstream": upstream,
            UP: stack.enter_context(serving(Server(("127.0.0.1", 0), Issuer))),
            DOWN: stack.enter_context(nobody()),
        }
        values = {"MODULE": str(MODULE), "POLICY": json.dumps(json.dumps(policy))}
        for name, address in addresses.items():
            host, port = address.rsplit(":", 1)
            values |= {f"{name.upper()}_HOST": host, f"{name.upper()}_PORT": port}
        bootstrap = yaml.safe_load(fill_in(TEMPLATE, TEMPLATE.read_text(), values))
        change(bootstrap)
        write(directory, bootstrap)
        self.envoy = stack.enter_context(Envoy(directory))
        self.address = self.envoy.wait_for_listener()
        self.log = AccessLog(self.envoy.access_log.read_text)


@contextmanager
def serving(server):
    server.start()
    try:
        yield server.address
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def nobody():
    """An address at which nobody listens, and which nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*held.getsockname())


@contextmanager
def scratch():
    (ROOT / "target").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="peers-", dir=ROOT / "target") as path:
        yield Path(path)


def eventually(what, probe):
    """The first answer of `probe` that is something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE} seconds in vain: {what}")
