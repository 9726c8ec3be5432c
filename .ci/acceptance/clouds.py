"""The clouds that the acceptance runs use: start one, reach it, count its requests, stop it."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.parse

import boto3
from botocore.exceptions import ClientError

from model_check import ModelCheck
from passing_proxy import PassingProxy

# For every service, the method or the action's name tells whether a request writes.
READS = ("Get", "List", "Describe", "Filter")
ABSENT = {"ResourceNotFoundException", "NotFoundException", "NoSuchEntity"}


def absent_is_none(call, **arguments):
    """The call's answer, or None if the resource does not exist."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return None
        raise


def free_port():
    """A port on 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class CountingProxy(PassingProxy):
    """Records each request, and checks it against AWS's models."""

    def __init__(self, target_port):
        self.requests = []
        self.checked, self.violations = 0, []
        self.models = ModelCheck()
        super().__init__(target_port)

    def answer(self, method, path, headers, body):
        action = action_of(method, path, headers, body)
        self.requests.append(action)
        if action[0] != "data":
            self.checked += 1
            self.violations += self.models.violations(action[0], method, path, headers, body)
        return super().answer(method, path, headers, body)


def action_of(method, path, headers, body):
    """`(service, action, is a write)` of one request; the service of the data plane is `data`."""
    if not headers.get("Authorization", "").startswith("AWS4-HMAC"):
        return ("data", f"{method} {path}", False)
    service = headers["Authorization"].split("/")[3]
    if "X-Amz-Target" in headers:
        action = headers["X-Amz-Target"].split(".")[-1]
        return (service, action, not action.startswith(READS))
    if service in ("iam", "sts", "cloudformation"):
        action = urllib.parse.parse_qs(body.decode())["Action"][0]
        return (service, action, not action.startswith(READS))
    return (service, f"{method} {path}", method != "GET")


def start_ministack(work):
    """Starts MiniStack, an independent emulator, on a free port. Returns its process and the port once it listens."""
    port = free_port()
    with open(work / "ministack.log", "wb") as log:
        process = subprocess.Popen(
            [str(pathlib.Path(sys.executable).parent / "ministack")],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(work),
                "IOT_MTLS_ENABLED": "0",
                "BIND_HOST": "127.0.0.1",
                "MINISTACK_ACCOUNT_ID": "123456789012",
                "GATEWAY_PORT": str(port),
            },
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=work,
        )
    deadline = time.monotonic() + 60
    while socket.socket().connect_ex(("127.0.0.1", port)):
        if time.monotonic() > deadline or process.poll() is not None:
            process.kill()
            raise SystemExit(f"MiniStack did not start: {(work / 'ministack.log').read_text()}")
        time.sleep(0.2)
    return process, port


class MiniStack:
    """MiniStack, an independent emulator, reached only by the usual AWS variables."""

    name = "ministack"
    flags = ()

    def __init__(self, work):
        self.process, self.port = start_ministack(work)
        self.proxy = CountingProxy(self.port)
        self.endpoint = f"http://127.0.0.1:{self.proxy.port}"
        self.env = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "123456789012",
            "AWS_SECRET_ACCESS_KEY": "none",
        }

    def take_requests(self):
        """The requests since the last call, as `(service, action, is a write)`."""
        taken, self.proxy.requests = self.proxy.requests, []
        return [request for request in taken if request[0] != "data"]

    def conformity(self):
        """How many requests were checked against AWS's models, and their violations."""
        return self.proxy.checked, self.proxy.violations

    def client(self, service):
        """A boto3 client; its requests are counted too."""
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name="us-east-1",
            aws_access_key_id="123456789012", aws_secret_access_key="none",
        )

    def stop(self):
        self.proxy.stop()
        self.process.terminate()
        self.process.wait(20)


class Local:
    """The deployer's own local cloud, as `--local` starts it."""

    name = "local"
    flags = ("--local",)

    def __init__(self, work, deployer):
        self.work = work
        self.deployer = deployer
        self.env = {}
        self.seen = 0
        self.checked, self.violations = 0, []

    def _server(self):
        return json.loads((self.work / ".deployer/local/server.json").read_text())

    @property
    def endpoint(self):
        return self._server()["url"]

    def take_requests(self):
        """The requests since the last call, from the server's log: `… request: <service> <action> read|write …`."""
        lines = (self.work / ".deployer/local/server.log").read_text().splitlines()
        fresh, self.seen = lines[self.seen:], len(lines)
        asked = [line.split(" request: ")[1] for line in fresh if " request: " in line]
        self.checked += len(asked)
        self.violations += [line for line in asked if "violations: " in line]
        parts = [line.split() for line in asked]
        return [(service, action, sort == "write") for service, action, sort, *_ in parts]

    def conformity(self):
        """How many requests the server has checked against AWS's models, and those that broke them, or whose answer did."""
        self.take_requests()
        return self.checked, self.violations

    def client(self, service):
        """A boto3 client that signs with the local cloud's credentials."""
        credentials = json.loads((self.work / ".deployer/local/credentials.json").read_text())
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name="us-east-1",
            aws_access_key_id=credentials["access_key_id"], aws_secret_access_key=credentials["secret_access_key"],
        )

    def stop(self):
        subprocess.run([self.deployer, "local", "stop"], cwd=self.work, check=True, stderr=subprocess.DEVNULL)
