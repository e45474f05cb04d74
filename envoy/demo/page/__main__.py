"""The page's server, for a container of its own."""

from pathlib import Path

from ..access_log import AccessLog
from ..cognito import Cognito
from ..servers import run_alone
from .server import page


def alone(gateway, cognito, machines, access_log, host, port):
    return page(gateway, Cognito(cognito), machines, access_log and AccessLog(access_log.read_text), host, port)


run_alone(
    alone,
    __doc__,
    gateway={"required": True, "metavar": "URL", "help": "the gateway, as the browser reaches it"},
    cognito={"required": True, "metavar": "URL", "help": "the emulated Cognito, as this server reaches it"},
    machines={"required": True, "metavar": "URL", "help": "the second issuer, as this server reaches it"},
    access_log={"type": Path, "metavar": "FILE", "help": "where Envoy writes its access log; without it the page lists no requests"},
)
