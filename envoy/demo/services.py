"""Everything that the demo runs on this machine, each service on a free port."""

import logging

from moto.server import ThreadedMotoServer

from .access_log import AccessLog
from .cognito import Cognito
from .configuration import Configuration
from .envoy import Envoy
from .machines import machines
from .page import page
from .tokens import Tokens
from .upstream import upstream

ROLES = {
    "page": "a page to call the gateway from a browser",
    "gateway": "Envoy with the filter",
    "admin": "Envoy's admin pages; /stats/prometheus has the filter's metrics",
    "cognito": "an emulated Cognito user pool with alice (group admin) and bob",
    "machines": "a second issuer, for client credentials",
    "upstream": "the API, which answers with the request that it got",
}


class Services:
    """`stack` stops what is started here."""

    def __init__(self, directory, module, stack, port=0):
        self.directory = directory
        emulator = moto()
        stack.callback(emulator.stop)
        cognito = "{}:{}".format(*emulator.get_host_and_port())
        issuer, api = machines().start(), upstream().start()
        self.cognito = Cognito(f"http://{cognito}")
        self.tokens = Tokens(self.cognito, f"http://{issuer.address}")
        self.addresses = {
            "gateway": f"127.0.0.1:{port}",
            "admin": "127.0.0.1:0",
            "upstream": api.address,
            "cognito": cognito,
            "machines": issuer.address,
        }
        self.configuration = Configuration(directory, module.resolve(), self.addresses, self.cognito)
        self.configuration.write()
        self.envoy = stack.enter_context(Envoy(directory))
        self.addresses["gateway"] = self.envoy.wait_for_listener()
        self.addresses["admin"] = self.envoy.admin_address
        self.access_log = AccessLog(self.envoy.access_log.read_text)
        self.addresses["page"] = (
            page(self.url("gateway"), self.cognito, self.url("machines"), self.access_log).start().address
        )

    def url(self, name):
        return f"http://{self.addresses[name]}"


def moto():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    return server
