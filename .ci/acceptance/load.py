"""Two hundred clients at once on the real local cloud: every request gets its own right answer.

The stack has the real classifier, two more app clients in its pool (one without the method's scope), and a foreign pool. Clients
send different requests: images with different numbers of predictions, tokens for different app clients, the endpoint without a token and
with a foreign, a scopeless and a broken one, and reads of the control plane. Each answer is compared with the right one. AWS's
default limits apply here and are not reached, so a 429 is wrong too.

usage: load.py --deployer target/debug/deployer --bootstrap target/debug/bootstrap [--seconds 60]
"""

import argparse
import base64
import collections
import http.client
import json
import os
import pathlib
import random
import subprocess
import tempfile
import threading
import time
import urllib.parse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from clouds import Local
from repository import REPOSITORY

CLIENTS = 200
# For a busy machine; API Gateway gives up after 29 s.
PATIENCE_S = 60


class Stack:
    """The requests, and their right answers."""

    def __init__(self, cloud, work, up):
        self.up, self.host = up, urllib.parse.urlsplit(up["endpoint"]).netloc
        self.path = urllib.parse.urlsplit(up["endpoint"]).path
        key = json.loads((work / ".deployer/local/credentials.json").read_text())
        self.key = Credentials(key["access_key_id"], key["secret_access_key"])
        self.images = {path.stem: path.read_bytes() for path in sorted((REPOSITORY / "test_images").glob("*.png"))}
        cognito = cloud.client("cognito-idp")
        pool, self.apps = up["user_pool_id"], {}

        def app(name, pool, host, scopes):
            made = cognito.create_user_pool_client(
                UserPoolId=pool, ClientName=name, GenerateSecret=True, AllowedOAuthFlows=["client_credentials"],
                AllowedOAuthScopes=scopes, AllowedOAuthFlowsUserPoolClient=True)["UserPoolClient"]
            self.apps[name] = (made["ClientId"], made["ClientSecret"], host, scopes)

        own = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=up["client_id"])["UserPoolClient"]
        self.apps["own"] = (own["ClientId"], own["ClientSecret"], up["token_host"], up["scopes"])
        cognito.create_resource_server(
            UserPoolId=pool, Identifier="other", Name="other", Scopes=[{"ScopeName": "read", "ScopeDescription": "r"}])
        app("second", pool, up["token_host"], up["scopes"])
        app("scopeless", pool, up["token_host"], ["other/read"])
        foreign = cognito.create_user_pool(PoolName="foreign")["UserPool"]["Id"]
        server = up["scopes"][0].split("/")
        cognito.create_resource_server(UserPoolId=foreign, Identifier=server[0], Name=server[0],
                                       Scopes=[{"ScopeName": server[1], "ScopeDescription": "s"}])
        cognito.create_user_pool_domain(UserPoolId=foreign, Domain="foreign-of-the-load")
        app("foreign", foreign, "foreign-of-the-load.auth.us-east-1.amazoncognito.com", up["scopes"])

    def prepare(self, caller):
        """Collects, sequentially, a token of every app client and the right answer to every image and number of predictions."""
        self.tokens = {name: json.loads(caller.token(name)[1])["access_token"] for name in self.apps}
        self.right = {}
        for digit in self.images:
            for top_k in range(1, 11):
                status, body = caller.classify(digit, top_k, self.tokens["own"])
                answer = json.loads(body)
                assert status == 200 and answer["label"] == digit and len(answer["predictions"]) == top_k, (status, body)
                self.right[digit, top_k] = body


class Caller:
    """A client's connection, kept alive."""

    def __init__(self, stack):
        self.stack, self.connection = stack, http.client.HTTPConnection(stack.host, timeout=PATIENCE_S)

    def send(self, method, path, body, headers):
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def classify(self, digit, top_k, token):
        headers = {"Content-Type": "image/png"} | ({"Authorization": token} if token else {})
        return self.send("POST", f"{self.stack.path}?top_k={top_k}", self.stack.images[digit], headers)

    def token(self, app, secret=None):
        client, own, host, _ = self.stack.apps[app]
        basic = base64.b64encode(f"{client}:{secret or own}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded", "Host": host}
        return self.send("POST", "/oauth2/token", "grant_type=client_credentials", headers)

    def signed(self, service, method, path):
        request = AWSRequest(method, f"http://{self.stack.host}{path}")
        SigV4Auth(self.stack.key, service, "us-east-1").add_auth(request)
        return self.send(method, path, None, dict(request.headers.items()))


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def classifies(caller, chance, seen):
    digit, top_k = chance.choice(list(caller.stack.images)), chance.randint(1, 10)
    app = chance.choice(["own", "second"])
    return caller.classify(digit, top_k, caller.stack.tokens[app]) == (200, caller.stack.right[digit, top_k])


def is_kept_out(caller, chance, seen):
    tokens = caller.stack.tokens
    signature = tokens["own"].rsplit(".", 1)
    spoilt = f"{signature[0]}.{signature[1][:-8]}AAAAAAAA"
    token = chance.choice([None, tokens["foreign"], tokens["scopeless"], spoilt])
    status, body = caller.classify("7", 3, token)
    return status == 401 and json.loads(body) == {"message": "Unauthorized"}


def gets_its_token(caller, chance, seen):
    app = chance.choice(list(caller.stack.apps))
    client, _, _, scopes = caller.stack.apps[app]
    status, body = caller.token(app)
    found = claims(json.loads(body)["access_token"]) if status == 200 else {}
    fresh = found.get("jti") not in seen
    seen.add(found.get("jti"))
    return fresh and found.get("client_id") == client and found.get("scope", "").split() == scopes


def gets_no_token(caller, chance, seen):
    status, body = caller.token(chance.choice(list(caller.stack.apps)), secret="wrong")
    return (status, json.loads(body)) == (400, {"error": "invalid_client"})


def reads(caller, chance, seen):
    up = caller.stack.up
    service, path, wanted = chance.choice([
        ("lambda", f"/2015-03-31/functions/{up['function_name']}/configuration", ("FunctionName", up["function_name"])),
        ("apigateway", f"/restapis/{up['rest_api_id']}", ("id", up["rest_api_id"])),
        ("apigateway", f"/restapis/{up['rest_api_id']}/stages/{up['stage']}", ("stageName", up["stage"])),
    ])
    status, body = caller.signed(service, "GET", path)
    return status == 200 and json.loads(body)[wanted[0]] == wanted[1]


# Each request, and its share out of twenty.
QUESTIONS = {classifies: 10, is_kept_out: 3, gets_its_token: 3, gets_no_token: 1, reads: 3}


class Load:
    def __init__(self, stack, seconds):
        self.stack, self.until = stack, time.monotonic() + seconds
        self.asked, self.wrong, self.lock = collections.Counter(), [], threading.Lock()

    def client(self, number):
        caller, chance, seen = Caller(self.stack), random.Random(number), set()
        questions = [question for question, share in QUESTIONS.items() for _ in range(share)]
        while time.monotonic() < self.until:
            question = chance.choice(questions)
            try:
                wrong = None if question(caller, chance, seen) else "another answer"
            except Exception as error:
                wrong = repr(error)
                caller = Caller(self.stack)
            with self.lock:
                self.asked[question.__name__] += 1
                if wrong:
                    self.wrong.append(f"client {number}: {question.__name__}: {wrong}")
        caller.connection.close()

    def run(self):
        threads = [threading.Thread(target=self.client, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Watch(threading.Thread):
    """Samples the server's resource use twice a second."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.proc, self.files, self.over = pathlib.Path(f"/proc/{pid}"), 0, threading.Event()

    def open_files(self):
        return len(os.listdir(self.proc / "fd"))

    def memory_mb(self, field):
        lines = (self.proc / "status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(field)).split()[1]) // 1024

    def run(self):
        while not self.over.wait(0.5):
            self.files = max(self.files, self.open_files())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deployer", type=pathlib.Path, required=True)
    parser.add_argument("--bootstrap", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    deployer, model = str(arguments.deployer.resolve()), REPOSITORY / "model"
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        (work / "deploy.toml").write_text(
            f'name = "load"\n[model]\npath = "{model}/mnist.onnx"\nlabels = "{model}/labels.txt"\n'
            f'[function]\nbootstrap = "{arguments.bootstrap.resolve()}"\n')
        environment = {"PATH": os.environ["PATH"], "HOME": temporary}
        cloud = Local(work, deployer)
        try:
            up = subprocess.run([deployer, "--local", "up", "--yes", "-o", "json"], cwd=work, env=environment, capture_output=True)
            assert up.returncode == 0, up
            stack = Stack(cloud, work, json.loads(up.stdout))
            stack.prepare(Caller(stack))
            watch = Watch(json.loads((work / ".deployer/local/server.json").read_text())["pid"])
            files, memory = watch.open_files(), watch.memory_mb("VmRSS")
            watch.start()
            load = Load(stack, arguments.seconds)
            load.run()
            watch.over.set()
            deadline = time.monotonic() + 20
            # Every client has closed its connection; the server's own files are left.
            while watch.open_files() > files + CLIENTS // 4 and time.monotonic() < deadline:
                time.sleep(0.2)
            print(f"{CLIENTS} clients, {arguments.seconds:.0f} s: {sum(load.asked.values())} answers, {dict(load.asked)}, "
                  f"{len(load.wrong)} wrong", flush=True)
            print(f"memory {memory} MB before, {watch.memory_mb('VmHWM')} MB at most; "
                  f"open files {files} before, {watch.files} at most, {watch.open_files()} after", flush=True)
            for line in load.wrong[:10]:
                print(f"  FAIL  {line}")
            assert not load.wrong and set(load.asked) == {question.__name__ for question in QUESTIONS}, load.asked
            assert watch.open_files() <= files + CLIENTS // 4, "connections stay open"
        finally:
            cloud.stop()


if __name__ == "__main__":
    main()
