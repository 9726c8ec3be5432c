"""The duration of `up`, of `up` with nothing to do, and of `down`, compared with boto3 scripts and with the minimum.

There are two settings. On MiniStack, an independent emulator, behind a proxy that adds 100 ms to a call, there is nothing to wait
for but calls. On the local cloud made as slow as AWS (100 ms a call, the documented rates, 8 s until a new role can be assumed, 2 s
Pending, 10 s for a domain), waits dominate, and the critical path gives the minimum.

usage: up.py --deployer FILE --zip FILE [--sam FILE] [--rounds 3] [--only ministack|local]
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

import boto3

HERE = pathlib.Path(__file__).resolve().parent
# Shared with the acceptance runs.
sys.path.append(str(HERE.parent / ".ci/acceptance"))

from clouds import start_ministack  # noqa: E402
from latency_proxy import LatencyProxy  # noqa: E402

ACCOUNT = "123456789012"
LATENCY_S, ROLE_S, PENDING_S, DOMAIN_S = 0.1, 8.0, 2.0, 10.0


def critical_path_s(calls_before, probe):
    """The minimum for an `up` from nothing: look-ups, then the longest chain, then the probe.

    A wait begins when the call that it follows takes effect, half a latency after it was sent.
    """
    call = LATENCY_S
    role = call / 2 + ROLE_S  # CreateRole takes effect, and the role can be assumed later
    function = role + PENDING_S + call / 2  # then CreateFunction takes effect, and an answer says Active
    domain = call + call / 2 + DOMAIN_S + call / 2  # the pool, then its domain
    api = 6 * call  # API, authorizer, method, integration, deployment, stage
    proof = 2 * call if probe else 0  # a token, then images with and without it at once
    return calls_before * call + max(function, domain, api) + proof


class Project:
    """A folder with a deploy.toml and a prebuilt bootstrap, because compiling is not measured."""

    def __init__(self, folder, deployer, zip_file, environment, flags=()):
        self.folder, self.environment, self.zip_file = folder, {**os.environ, **environment}, zip_file
        self.command = [deployer.resolve(), *flags, "-o", "json"]
        with zipfile.ZipFile(zip_file) as archive:
            archive.extract("bootstrap", folder)
        (folder / "bootstrap").chmod(0o755)
        (folder / "deploy.toml").write_text(
            f'name = "bench"\n[model]\npath = "{HERE.parent}/model/mnist.onnx"\n[function]\nbootstrap = "{folder}/bootstrap"\n')

    def deployer(self, *words):
        """Seconds it took, and its output."""
        return self.timed([*self.command, *words])

    def boto3(self, way, account):
        """The same for the boto3 script."""
        return self.timed([sys.executable, HERE / "up_boto3.py", way, "--name", "rival", "--zip", self.zip_file,
                           "--account", account])[0]

    def prepare_sam(self, client):
        """Writes the same stack as an AWS SAM template, with its package already in a bucket. Returns the arguments of `sam`."""
        self.deployer("export", "cloudformation", "--out", self.folder / "template")
        key = next(self.folder.glob("template/*.zip")).name
        client.create_bucket(Bucket="code")
        client.upload_file(str(self.folder / "template" / key), "code", "code.zip")
        return ["deploy", "--template-file", self.folder / "template/template.yaml", "--stack-name", "rival", "--s3-bucket", "code",
                "--capabilities", "CAPABILITY_NAMED_IAM", "--parameter-overrides", "CodeS3Bucket=code CodeS3Key=code.zip",
                "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--region", "us-east-1"]

    def timed(self, command):
        begin = time.perf_counter()
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        elapsed = time.perf_counter() - begin
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return elapsed, done.stdout


@contextlib.contextmanager
def ministack(folder):
    """Starts an emulator on a free port. Returns the port."""
    process, port = start_ministack(folder)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def local_cloud(folder, deployer):
    """Starts the local cloud, as slow as AWS. Returns the variables with which other clients reach it."""
    home = folder / ".deployer/local"
    home.mkdir(parents=True, mode=0o700)
    home.parent.chmod(0o700)
    with open(folder / "cloud.log", "wb") as log:
        process = subprocess.Popen([deployer.resolve(), "local", "serve", "--dir", home, "--port", "0", "--like-aws"],
                                   cwd=folder, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not (home / "server.json").exists() or not (home / "credentials.json").exists():
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"the local cloud did not start: {(folder / 'cloud.log').read_text()}")
            time.sleep(0.1)
        credentials = json.loads((home / "credentials.json").read_text())
        yield {"AWS_ENDPOINT_URL": json.loads((home / "server.json").read_text())["url"],
               "AWS_ACCESS_KEY_ID": credentials["access_key_id"], "AWS_SECRET_ACCESS_KEY": credentials["secret_access_key"]}
    finally:
        process.terminate()
        process.wait(20)


class Table:
    """Seconds per action, over all rounds."""

    def __init__(self):
        self.seconds, self.notes = {}, {}

    def add(self, what, seconds, note=""):
        self.seconds.setdefault(what, []).append(seconds)
        self.notes[what] = note
        print(f"  {what}: {seconds:.2f} s {note}", file=sys.stderr)

    def median(self, what):
        return statistics.median(self.seconds[what])

    def show(self, title, ratios):
        print(f"\n### {title}\n\n| | seconds | |\n|---|---|---|")
        for what, note in self.notes.items():
            print(f"| {what} | {self.median(what):.2f} | {note} |")
        print()
        for name, over, under, goal in ratios:
            ratio = self.median(over) / (under if isinstance(under, float) else self.median(under))
            print(f"{name}: {ratio:.2f} (goal: at most {goal})")


SAM, SAM_AGAIN = "AWS SAM", "AWS SAM with nothing to do"
UP, AGAIN, DOWN = "up", "up with nothing to do", "down"
THREADS, SEQUENTIAL, LOOKS = "boto3 on threads, looks nothing up", "boto3 sequentially, looks up first", "boto3 sequentially, everything exists"


@contextlib.contextmanager
def far_ministack(arguments):
    """A project that uses an emulator behind the proxy, with the proxy and the emulator's port."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary).resolve()
        with ministack(folder) as port:
            proxy = LatencyProxy(port, LATENCY_S)
            environment = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{proxy.port}", "AWS_ACCESS_KEY_ID": ACCOUNT,
                           "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}
            yield Project(folder, arguments.deployer, arguments.zip, environment), proxy, port
            proxy.stop()


def sam(arguments, table):
    """CloudFormation's own calls stay within the emulator, without the proxy, and are not counted."""
    with far_ministack(arguments) as (project, proxy, port):
        # The bucket is filled directly, because that is not measured.
        client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
                              aws_access_key_id=ACCOUNT, aws_secret_access_key="none")
        words = [arguments.sam.resolve(), *project.prepare_sam(client)]
        project.environment |= {"SAM_CLI_TELEMETRY": "0", "HOME": str(project.folder)}
        proxy.take()
        for what in (SAM, SAM_AGAIN):
            seconds, _ = project.timed(words)
            writes, reads, deep = proxy.take()
            table.add(what, seconds, f"{writes} writes, {reads} reads, {deep} deep, plus CloudFormation's own")


def on_ministack(arguments):
    """Only calls. In each round, everything runs on the same emulator, which is emptied in between."""
    table = Table()
    with far_ministack(arguments) as (project, proxy, _):

        def measure(what, seconds):
            writes, reads, deep = proxy.take()
            table.add(what, seconds, f"{writes} writes, {reads} reads, {deep} deep")

        for _ in range(arguments.rounds):
            measure(UP, project.deployer("up", "--yes", "--no-probe")[0])
            measure(AGAIN, project.deployer("up", "--yes", "--no-probe")[0])
            measure(DOWN, project.deployer("down", "--yes")[0])
            measure(THREADS, project.boto3("threads", ACCOUNT))
            project.boto3("down", ACCOUNT), proxy.take()
            measure(SEQUENTIAL, project.boto3("sequential", ACCOUNT))
            measure(LOOKS, project.boto3("sequential", ACCOUNT))
            project.boto3("down", ACCOUNT), proxy.take()
    if arguments.sam:
        sam(arguments, table)
    table.show("MiniStack behind 100 ms", [
        ("up ÷ boto3 on threads", UP, THREADS, 1.1), ("up with nothing to do ÷ boto3's look-ups", AGAIN, LOOKS, 0.35)])


def on_the_local_cloud(arguments):
    """As on AWS: with waits, rates and the probe."""
    table, region = Table(), {"AWS_DEFAULT_REGION": "us-east-1"}

    @contextlib.contextmanager
    def cloud():
        # Each has a local cloud of its own: an account may delete one API in 30 s, and the last stack stops the local cloud.
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary).resolve()
            with local_cloud(folder, arguments.deployer) as environment:
                yield folder, environment

    for _ in range(arguments.rounds):
        with cloud() as (folder, _):
            project = Project(folder, arguments.deployer, arguments.zip, region, ["--local"])
            seconds, printed = project.deployer("-v", "up", "--yes")
            path = json.loads(printed)["critical_path"]
            table.add(UP, seconds, "; ".join(f"{step['step']} {step['elapsed_ms'] / 1e3:.2f}" for step in path))
            table.add(AGAIN, project.deployer("up", "--yes")[0], "with the probe")
            table.add(AGAIN + ", without the probe", project.deployer("up", "--yes", "--no-probe")[0])
            table.add("predict", project.deployer("predict", HERE.parent / "test_images/7.png")[0], "the token is cached")
            table.add(DOWN, project.deployer("down", "--yes")[0])
        for name, way in [(THREADS, "threads"), (SEQUENTIAL, "sequential")]:
            with cloud() as (folder, environment):
                rival = Project(folder, arguments.deployer, arguments.zip, {**region, **environment})
                table.add(name, rival.boto3(way, "000000000000"), "not proved")
                if way == "sequential":
                    table.add(LOOKS, rival.boto3(way, "000000000000"))
    # Two rounds of look-ups: by name, and a domain whose name needs the account.
    least = critical_path_s(2, probe=True)
    print(f"\nthe minimum for up here: {least:.2f} s")
    table.show("The local cloud, as slow as AWS", [
        ("up ÷ its critical path", UP, least, 1.10), ("up ÷ boto3 sequentially", UP, SEQUENTIAL, 1.0)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deployer", type=pathlib.Path, required=True)
    parser.add_argument("--zip", type=pathlib.Path, required=True, help="the zip that `deployer package` wrote")
    parser.add_argument("--sam", type=pathlib.Path, help="the program `sam`; without it SAM is not compared")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["ministack", "local"])
    arguments = parser.parse_args()
    print(f"machine: {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}", file=sys.stderr)
    if arguments.only != "local":
        on_ministack(arguments)
    if arguments.only != "ministack":
        on_the_local_cloud(arguments)


if __name__ == "__main__":
    main()
