"""The clouds of the fault runs. Many stacks share one, and each reaches it through its own proxy."""

import functools
import json
import subprocess
import urllib.parse

from botocore.credentials import Credentials

from clouds import Local, MiniStack


class SharedLocal(Local):
    """The local cloud. A stack finds its address in its own folder, which names the stack's proxy."""

    proves = True

    def __init__(self, work, deployer):
        super().__init__(work, deployer)
        subprocess.run([deployer, "local", "start"], cwd=work, check=True, capture_output=True)
        server = self._server()
        self.port, self.pid = urllib.parse.urlsplit(server["url"]).port, server["pid"]
        self.keys = (work / ".deployer/local/credentials.json").read_bytes()
        keys = json.loads(self.keys)
        self.credentials = Credentials(keys["access_key_id"], keys["secret_access_key"])
        # `down` stops an empty local cloud; others use this one too.
        self.client("logs").create_log_group(logGroupName="kept")

    def admit(self, folder, port):
        """Makes this the folder's local cloud, reached through a port."""
        local = folder / ".deployer/local"
        local.mkdir(parents=True)
        (local / "server.json").write_text(json.dumps({"url": f"http://127.0.0.1:{port}", "pid": self.pid}))
        (local / "credentials.json").write_bytes(self.keys)

    def environment(self, _port):
        return {}

    @functools.cache
    def client(self, service):
        return super().client(service)


class SharedMiniStack(MiniStack):
    """An independent emulator. Functions do not run here: code for AWS needs an older glibc than the debug profile's."""

    proves = False
    # It checks no signature.
    credentials = None

    def __init__(self, work, _deployer):
        super().__init__(work)

    def admit(self, folder, port):
        pass

    def environment(self, port):
        return self.env | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}

    @functools.cache
    def client(self, service):
        return super().client(service)


CLOUDS = {"local": SharedLocal, "ministack": SharedMiniStack}
