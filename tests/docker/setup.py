"""Runs envoy/compose.yaml with one version of Compose, as its own project, on free ports."""

import json
import os
import socket
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import yaml

from tools import Failed, need, run

COMPOSE_FILE = "envoy/compose.yaml"
PORTS = ("GATEWAY_PORT", "ADMIN_PORT", "COGNITO_PORT", "MACHINES_PORT", "PAGE_PORT")
TIMEOUT = 120
# The exit code of a container that was killed with SIGKILL, since it ignored SIGTERM.
KILLED = 137


def compose_v2():
    if run("docker", "compose", "version", check=False):
        return ["docker", "compose"]
    # The package's Python command does not pass on the exit code.
    return [str(Path(find_spec("compose").origin).parent / "docker-compose")]


def compose_v1():
    need("docker-compose", "docker-compose", "is Docker Compose 1.29")
    return ["docker-compose"]


def images():
    """The images that the file names."""
    configuration = yaml.safe_load(run(*compose_v2(), "--file", COMPOSE_FILE, "config"))
    return sorted({service["image"] for service in configuration["services"].values()})


class Setup:
    def __init__(self, compose):
        self.compose = compose
        ports = dict(zip(PORTS, free_ports(len(PORTS))))
        self.environment = {name: str(port) for name, port in ports.items()}
        self.environment["COMPOSE_PROJECT_NAME"] = f"jwt-authorizer-test-{os.getpid()}"
        self.gateway, self.admin, self.cognito, self.machines, self.page = (f"http://127.0.0.1:{port}" for port in ports.values())

    def __enter__(self):
        try:
            self.run("up", "--detach")
            self.wait_for_envoy()
        except Failed as failure:
            output = "\n".join(line[:300] for line in self.run("logs", "--no-color", "--tail", "12", check=False).splitlines())
            self.run("down", "--volumes", check=False)
            raise Failed(f"{failure}\nThe containers' logs:\n{output}") from None
        except BaseException:
            self.run("down", "--volumes", check=False)
            raise
        return self

    def __exit__(self, *_):
        self.run("down", "--volumes")

    def run(self, *arguments, check=True):
        environment = {**os.environ, **self.environment}
        return run(*self.compose, "--file", COMPOSE_FILE, *arguments, check=check, env=environment)

    def container(self, service):
        return self.run("ps", "--all", "--quiet", service).strip()

    def state(self, container):
        return json.loads(run("docker", "inspect", container))[0]

    def log(self, service):
        """A function that reads the service's log."""
        container = self.container(service)
        return lambda: run("docker", "logs", container)

    def wait_for_envoy(self):
        deadline = time.monotonic() + TIMEOUT
        envoy = self.container("envoy")
        while (health := self.state(envoy)["State"]["Health"]["Status"]) != "healthy":
            if health == "unhealthy" or time.monotonic() > deadline:
                raise Failed(f"Envoy is {health} after {TIMEOUT} seconds.")
            time.sleep(0.2)

    def exposed(self):
        """The host addresses at which containers publish ports."""
        for container in self.run("ps", "--quiet").split():
            for bindings in self.state(container)["NetworkSettings"]["Ports"].values():
                yield from (binding["HostIp"] for binding in bindings or [])

    def stop(self):
        """Returns the names of the containers that had to be killed."""
        self.run("stop")
        states = [self.state(container) for container in self.run("ps", "--all", "--quiet").split()]
        return [state["Name"].strip("/") for state in states if state["State"]["ExitCode"] == KILLED]


def free_ports(count):
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for unused in sockets:
            unused.bind(("127.0.0.1", 0))
        return [unused.getsockname()[1] for unused in sockets]
