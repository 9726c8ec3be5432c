"""Searches everything that a stack writes in its whole life on the local cloud for secrets.

Every command runs as verbosely as it can, with RUST_LOG=trace and with foreign credentials in its environment. The search covers
stdout, stderr, every file under the project and the home folder, and the arguments and environment of every process, sampled while
it runs. It looks for the client secret, every issued token, the local cloud's key, and the foreign credentials, each in every form in
which it could be written. A secret is allowed only in the places listed here, each with a reason. A file or folder of ours that others
may read fails too, under a umask that permits it.

usage: secrets_kept.py --deployer target/debug/deployer
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse

import boto3

from repository import REPOSITORY

# The user's own credentials, which the local cloud must not see.
FOREIGN = {"AWS_SECRET_ACCESS_KEY": "canary/Secret+Of=The-user/0123456789abcdef", "AWS_SESSION_TOKEN": "canary-session-token-0123456789"}

# (kind of secret, where it is allowed, why).
ALLOWED = [
    ("token", "stdout of token", "the command is for that"),
    ("client secret", "stdout of token --curl-config", "the command is for that: curl reads it from a pipe"),
    ("token", ".deployer/cache/token-", "the cache of tokens, 0600"),
    ("client secret", ".deployer/local/state.json", "the local cloud keeps what Cognito keeps, 0600"),
    ("local key", ".deployer/local/credentials.json", "what the commands sign with, 0600"),
    ("foreign secret", "environment of deployer ", "as the user gave it to the command itself"),
    ("foreign session", "environment of deployer ", "as the user gave it to the command itself"),
]


class Life:
    """Runs commands, and records everything that can be seen of them."""

    def __init__(self, deployer, work, umask):
        self.deployer, self.work, self.umask = deployer, work, umask
        self.seen = {}
        self.tokens = set()
        self.ended = threading.Event()
        self.sampler = threading.Thread(target=self._sample, daemon=True)
        self.sampler.start()

    def keep(self, place, data):
        self.seen.setdefault(place, set()).add(bytes(data))

    def _sample(self):
        """Samples the processes of this project, known by their program or its folder."""
        while not self.ended.is_set():
            for process in pathlib.Path("/proc").iterdir():
                if not process.name.isdigit():
                    continue
                try:
                    program = os.readlink(process / "exe")
                    if program != self.deployer and not program.startswith(str(self.work)):
                        continue
                    arguments = (process / "cmdline").read_bytes()
                    name = "server" if b"\0serve\0" in arguments else pathlib.Path(program).name
                    self.keep(f"arguments of {name} ", arguments)
                    self.keep(f"environment of {name} ", (process / "environ").read_bytes())
                except OSError:
                    continue
            time.sleep(0.02)

    def run(self, *arguments, expect=0, interrupt_after=None, stdin=b""):
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.work / "home"), "RUST_LOG": "trace", "RUST_BACKTRACE": "full",
            "AWS_ACCESS_KEY_ID": "AKIAFOREIGN", **FOREIGN,
        }
        command = [self.deployer, "--local", "-vv", *arguments]
        process = subprocess.Popen(
            command, cwd=self.work, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, umask=self.umask,
        )
        if interrupt_after is not None:
            time.sleep(interrupt_after)
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(stdin, timeout=120)
        name = " ".join(argument for argument in arguments if argument not in ("-o", "json"))
        self.keep(f"stdout of {name}", out)
        self.keep(f"stderr of {name}", err)
        if expect is not None and process.returncode != expect:
            raise SystemExit(f"{command} ended with {process.returncode}:\n{err.decode()}\n{out.decode()}")
        if arguments[0] == "token" and "--curl-config" not in arguments and process.returncode == 0:
            text = out.decode().strip()
            self.tokens.add(json.loads(text)["access_token"] if text.startswith("{") else text)
        return out

    def live(self):
        """A stack's whole life, failures included."""
        image = "test_images/7.png"
        self.run("up", "--yes", "--no-probe", interrupt_after=0.35, expect=None)
        self.run("up", "--yes")
        self.run("up", "--yes", "-o", "json")
        for command in (["plan"], ["plan", "-o", "json"], ["status"], ["outputs"], ["policy"], ["verify"],
                        ["token"], ["token", "-o", "json"], ["token", "--fresh"], ["token", "--curl-config"],
                        ["predict", image], ["predict", "test_images", "-o", "json"],
                        ["export", "terraform", "--out", "terraform"], ["export", "cloudformation", "--out", "cfn", "--import"],
                        ["package", "--out", "function.zip"], ["local", "status"], ["local", "logs"]):
            self.run(*command)
        self.secrets = self.find_secrets()
        # A cached token that is invalid: it is renewed once, and not printed.
        for cached in (self.work / ".deployer/cache").glob("token-*.json"):
            grant = json.loads(cached.read_text())
            self.tokens.add(grant["access_token"])
            grant["access_token"] = grant["access_token"][:-6] + "AAAAAA"
            self.tokens.add(grant["access_token"])
            cached.write_text(json.dumps(grant))
        self.run("predict", image)
        for command, code in ((["token", "--scope", "no/scope"], 1), (["predict", "absent.png"], 1),
                              (["up", "--only", "nothing"], 2), (["down"], 3), (["token", "--config", "absent.toml"], 2)):
            self.run(*command, expect=code)
        # The local cloud is gone when a command needs it.
        subprocess.run([self.deployer, "local", "stop"], cwd=self.work, check=True, capture_output=True)
        self.run("predict", image)
        (self.work / "deploy.toml").write_text((self.work / "deploy.toml").read_text() + "\n[auth]\nscopes = [\"predict\", \"train\"]\n")
        self.run("up", "--yes")
        self.run("token", "--fresh")

    def find_secrets(self):
        """The secrets, read from the local cloud by an independent client."""
        local = self.work / ".deployer/local"
        key = json.loads((local / "credentials.json").read_text())
        outputs = json.loads(self.run("outputs", "-o", "json"))
        cognito = boto3.client(
            "cognito-idp", endpoint_url=json.loads((local / "server.json").read_text())["url"], region_name="us-east-1",
            aws_access_key_id=key["access_key_id"], aws_secret_access_key=key["secret_access_key"],
        )
        client = cognito.describe_user_pool_client(UserPoolId=outputs["user_pool_id"], ClientId=outputs["client_id"])
        return {"client id": outputs["client_id"], "client secret": client["UserPoolClient"]["ClientSecret"], "local key": key["secret_access_key"]}

    def files(self):
        for path in sorted(self.work.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path


def forms(secret):
    """The forms in which a secret could be written: plain, in URLs, JSON, hexadecimal, Base64."""
    raw = secret.encode()
    encoded = {raw, urllib.parse.quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode(), raw.hex().encode()}
    # Base64 of a text that contains it: three alignments, without the characters shared with its neighbours.
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw)
        encoded.add(text[4:-4] if shift else text[:-4])
    return encoded


def needles(life):
    client, secrets = life.secrets["client id"], life.secrets
    found = [("client secret", form) for form in forms(secrets["client secret"])]
    found.append(("client secret", base64.b64encode(f"{client}:{secrets['client secret']}".encode())))
    found += [("local key", form) for form in forms(secrets["local key"])]
    found += [("foreign secret", form) for form in forms(FOREIGN["AWS_SECRET_ACCESS_KEY"])]
    found += [("foreign session", form) for form in forms(FOREIGN["AWS_SESSION_TOKEN"])]
    for token in life.tokens:
        found.append(("token", token.encode()))
        found.append(("token", token.split(".")[2].encode()))
    return [(kind, form) for kind, form in found if len(form) > 12]


def leaks(places, sought):
    """`(kind, place)` of every secret in a place where it is not allowed."""
    found = set()
    for place, texts in places.items():
        for kind, form in sought:
            if any(form in text for text in texts):
                allowed = [why for what, where, why in ALLOWED if what == kind and place.startswith(where)]
                if not allowed:
                    found.add((kind, place))
    return sorted(found)


def wide_open(work):
    """Our files and folders that others may read or enter."""
    found = []
    for path in [work / ".deployer", *sorted((work / ".deployer").rglob("*"))]:
        # An unpacked function is as readable as on Lambda, in a closed folder.
        if path.is_symlink() or "environments" in path.relative_to(work).parts:
            continue
        wanted = 0o700 if path.is_dir() else 0o600
        mode = path.stat().st_mode & 0o777
        if mode & ~wanted & 0o077:
            found.append(f"{path.relative_to(work)} {mode:o}")
    return found


def one_life(deployer, umask):
    failed = []
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary).resolve() / "project"
        (work / "home").mkdir(parents=True)
        for name in ("model", "test_images"):
            shutil.copytree(REPOSITORY / name, work / name)
        # Without debug symbols, it is packed in a tenth of the time.
        bootstrap = work / "home/bootstrap"
        subprocess.run(["strip", "-o", bootstrap, pathlib.Path(deployer).parent / "bootstrap"], check=True)
        (work / "deploy.toml").write_text(
            f'name = "mnist"\n[model]\npath = "model/mnist.onnx"\n[function]\nbootstrap = "{bootstrap}"\n')
        life = Life(deployer, work, umask)
        try:
            life.live()
            open_to_others = wide_open(work)
            places = dict(life.seen)
            for path in life.files():
                places[str(path.relative_to(work))] = {path.read_bytes()}
            life.run("down", "--yes")
            for path in life.files():
                places.setdefault(str(path.relative_to(work)), set()).add(path.read_bytes())
            places |= life.seen
        finally:
            life.ended.set()
            life.sampler.join()
            subprocess.run([deployer, "local", "stop"], cwd=work, capture_output=True)
        sought = needles(life)
        # The search itself must work: it has to find planted secrets.
        planted = {kind: f"a line with {form.decode()} in it".encode() for kind, form in sought}
        for kind, text in planted.items():
            if (kind, "planted") not in leaks({"planted": {text}}, sought):
                failed.append(f"a planted {kind} was not found")
        sampled = {place.split(" of ")[1].strip() for place in places if place.startswith("environment of")}
        if not {"deployer", "server", "bootstrap"} <= sampled:
            failed.append(f"only {sorted(sampled)} were seen in /proc")
        failed += [f"{kind} in {place}" for kind, place in leaks(places, sought)]
        failed += [f"others may read {path}" for path in open_to_others]
        size = sum(len(text) for texts in places.values() for text in texts)
        print(f"umask {umask:04o}: {len(places)} places, {size} bytes, {len(sought)} forms of {len(life.tokens) + 4} secrets, "
              f"{len(failed)} findings", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deployer", type=pathlib.Path, required=True)
    deployer = str(parser.parse_args().deployer.resolve())
    # The most permissive umask: what is closed under it is closed by us.
    failed = one_life(deployer, 0o000)
    for finding in failed:
        print(f"  FAILED {finding}", flush=True)
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
