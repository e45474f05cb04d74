"""The page's server in a container of its own."""

from pathlib import Path

from ..access_log import AccessLog
from ..cognito import Cognito
from ..servers import run_server
from .server import page


def make_server(gateway, cognito, machines, access_log, host, port):
    return page(gateway, Cognito(cognito), machines, access_log and AccessLog(access_log.read_text), host, port)


run_server(
    make_server,
    __doc__,
    gateway={"required": True, "metavar": "URL", "help": "the gateway's URL for the browser"},
    cognito={"required": True, "metavar": "URL", "help": "the Cognito emulator's URL for this server"},
    machines={"required": True, "metavar": "URL", "help": "the second issuer's URL for this server"},
    access_log={"type": Path, "metavar": "FILE", "help": "Envoy's access log; without it the page lists no requests"},
)
