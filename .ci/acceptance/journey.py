"""The whole journey of a user, on one cloud: up, token, predict, curl, up again, down, down again.

Every claim is a check; the run ends with `N passed, N failed`, and fails if one of them fails.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from clouds import Local, MiniStack
from repository import copy_project


class Journey:
    def __init__(self, cloud, deployer, work):
        self.cloud, self.deployer, self.work = cloud, deployer, work
        self.passed, self.failed = 0, []

    def check(self, what, holds, detail=""):
        if holds:
            self.passed += 1
            print(f"  ok    {what}", flush=True)
        else:
            self.failed.append(what)
            print(f"  FAIL  {what}: {str(detail)[:2000]}", flush=True)

    def run(self, *args, env=None, stdin=None, cwd=None, flags=None):
        # What the deployer's cargo needs, without any credentials.
        base = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME") or key.startswith(("CARGO_", "RUSTUP_"))}
        base |= self.cloud.env if env is None else env
        flags = self.cloud.flags if flags is None else flags
        return subprocess.run(
            [self.deployer, *flags, *map(str, args)], cwd=cwd or self.work, env=base,
            input=stdin, stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True, timeout=1500,
        )

    def json(self, *args, **kwargs):
        """Runs with `-o json`; stdout must be one JSON document, whatever the exit code."""
        done = self.run("-o", "json", *args, **kwargs)
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            self.check(f"`-o json {' '.join(map(str, args))}` is JSON", False, done.stdout + done.stderr)
            raise SystemExit(1)

    def post(self, url, body, headers):
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def writes(self):
        return [f"{service} {action}" for service, action, write in self.cloud.take_requests() if write]


def first_up(j):
    started = time.monotonic()
    code, up = j.json("up", "--yes")
    j.check("the first `up` succeeds", code == 0, up)
    if code:
        raise SystemExit(1)
    print(f"        in {time.monotonic() - started:.1f} s, {len(j.writes())} writes", flush=True)
    wanted = ("stack", "stage", "region", "account_id", "endpoint", "token_url", "client_id", "user_pool_id",
              "rest_api_id", "function_name", "scopes", "changes", "elapsed_ms")
    j.check("its JSON has every field", all(key in up for key in wanted), up)
    j.check("every change is a creation", {change["action"] for change in up["changes"]} == {"create"}, up["changes"])
    return up


def classifies(j, up):
    expected = {entry["image"]: entry["label"] for entry in json.loads((j.work / "test_images/expected.json").read_text())}
    code, answers = j.json("predict", "test_images")
    labels = {pathlib.Path(answer["image"]).name: answer.get("label") for answer in answers}
    j.check("all ten images are classified correctly", code == 0 and labels == expected, answers)
    code, answers = j.json("predict", "test_images/7.png")
    j.check("7.png is a 7, with latency and predictions",
            code == 0 and answers[0]["label"] == "7" and answers[0]["latency_ms"] > 0 and answers[0]["predictions"], answers)
    text = j.run("predict", "test_images/7.png")
    j.check("text output says the same", text.returncode == 0 and b"7" in text.stdout, text)
    piped = j.run("-o", "json", "predict", "-", stdin=(j.work / "test_images/3.png").read_bytes())
    j.check("an image on stdin", json.loads(piped.stdout)[0]["label"] == "3", piped)


def requires_a_token(j, up):
    image = (j.work / "test_images/7.png").read_bytes()
    token = j.run("token").stdout.decode().strip()
    j.check("`token` prints only the token", re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token), token)
    png = {"Content-Type": "image/png"}
    status, body = j.post(up["endpoint"], image, png | {"Authorization": token})
    j.check("a POST with the token: 200", status == 200 and json.loads(body)["label"] == "7", (status, body))
    status, body = j.post(up["endpoint"], image, png | {"Authorization": f"Bearer {token}"})
    j.check("with `Bearer ` too: 200", status == 200, (status, body))
    status, body = j.post(up["endpoint"], image, png)
    j.check("without a token: 401", status == 401, (status, body))
    status, body = j.post(up["endpoint"], image, png | {"Authorization": token[:-8] + "AAAAAAAA"})
    j.check("with a forged token: 401", status == 401, (status, body))
    code, other = j.json("--stage", "other", "up", "--yes", "--no-probe")
    j.check("a second stage deploys alongside the first", code == 0 and other["rest_api_id"] != up["rest_api_id"], other)
    foreign = j.run("--stage", "other", "token").stdout.decode().strip()
    status, body = j.post(up["endpoint"], image, png | {"Authorization": foreign})
    j.check("with another pool's token: 401", status == 401, (status, body))
    code, gone = j.json("--stage", "other", "down", "--yes")
    j.check("and its deletion does not affect the first", code == 0 and j.json("plan", "--detailed-exitcode")[0] == 0, gone)


# Rows of `verify` in which the emulator differs from AWS. `verify` must report them.
KNOWN_OF_MINISTACK = (
    "11,000 bytes of other headers with the token",  # it has no limit
    "post with a real token",  # it accepts methods in lower case
)


def verifies(j):
    code, report = j.json("verify")
    failed = sorted(row["check"] for row in report["checks"] if not row["ok"])
    for row in report["checks"]:
        if not row["ok"]:
            print(f"        {row['check']}: expected {row['expected']}, answered {row.get('status')} {row.get('problem') or ''}", flush=True)
    print(f"        {report['passed']} of {len(report['checks'])} rows", flush=True)
    known = sorted(KNOWN_OF_MINISTACK) if j.cloud.name == "ministack" else []
    j.check("`verify` checks contract and refusals, row by row", code == (1 if failed else 0) and failed == known, failed)
    shown = j.run("verify").stdout + j.run("verify", "-o", "json").stdout
    token = j.run("token").stdout.strip()
    j.check("and prints no token", token and token.split(b".")[2] not in shown)
    if j.cloud.name == "local":
        finds_an_opening(j)


def finds_an_opening(j):
    """Somebody removes the authorizer: `verify` must report it, and `up` must restore it."""
    outputs = j.json("outputs")[1]
    gateway, api = j.cloud.client("apigateway"), outputs["rest_api_id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    post = {"restApiId": api, "resourceId": root, "httpMethod": "POST"}
    uri = gateway.get_integration(**post)["uri"]
    gateway.delete_method(**post)
    gateway.put_method(**post, authorizationType="NONE")
    gateway.put_integration(**post, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api, stageName=outputs["stage"])
    code, report = j.json("verify")
    failed = {row["check"] for row in report["checks"] if not row["ok"]}
    j.check("an open endpoint is reported", code == 1 and {"no token", "a changed scope", "the token in a cookie"} <= failed, failed)
    j.check("`up` closes it", j.json("up", "--yes")[0] == 0 and j.json("verify")[0] == 0)


def curl_works(j):
    text = j.run("up", "--yes").stdout.decode()
    commands = [line.strip() for line in text.replace("\\\n", " ").splitlines() if "curl " in line]
    j.check("`up` prints two curl commands", len(commands) == 2, text)
    env = {"PATH": f"{pathlib.Path(j.deployer).parent}:{os.environ['PATH']}", "HOME": os.environ["HOME"]} | j.cloud.env
    outputs = [subprocess.run(["sh", "-c", command], cwd=j.work, env=env, capture_output=True) for command in commands]
    try:
        j.check("the first returns a token", "access_token" in json.loads(outputs[0].stdout), outputs[0])
        j.check("the second returns a prediction", "label" in json.loads(outputs[1].stdout), outputs[1])
    except (ValueError, IndexError):
        j.check("the curl commands work as printed", False, outputs)


def does_nothing_twice(j):
    j.writes()
    code, again = j.json("up", "--yes")
    requests = j.cloud.take_requests()
    writes = [request for request in requests if request[2]]
    j.check("a second `up` sends no write", code == 0 and not writes, writes)
    j.check("and says so", all(change["action"] == "no-op" for change in again["changes"]), again["changes"])
    print(f"        {len(requests)} reads", flush=True)
    text = j.run("up", "--yes", "--no-probe")
    j.check("text output: nothing changed", b"nothing changed" in text.stdout + text.stderr, text)
    code, plan = j.json("plan", "--detailed-exitcode")
    j.check("`plan --detailed-exitcode` is 0", code == 0, plan)
    for command in (["status"], ["outputs"], ["token"]):
        code, document = j.json(*command)
        j.check(f"`-o json {command[0]}` is one document", code == 0 and document, document)
    for command in (["local", "status"], ["local", "logs"], ["completions", "bash"]):
        code, document = j.json(*command)
        j.check(f"`-o json {' '.join(command)}` too", code == 0 and document, document)
    code, package = j.json("package", "--out", "function.zip")
    j.check("`-o json package` is one document", code == 0 and package, package)
    first = (j.work / "function.zip").read_bytes()
    j.run("package", "--out", "function.zip")
    j.check("and the zip is the same, byte for byte", first == (j.work / "function.zip").read_bytes())


def changes_little(j):
    """One setting changes: one update, no more, and the endpoint still answers."""
    path = j.work / "deploy.toml"
    original = path.read_text()
    path.write_text(original + "\n[function]\nmemory_mb = 512\n")
    code, plan = j.json("plan", "--detailed-exitcode")
    changed = [change["resource"] for change in plan["changes"] if change["action"] != "no-op"]
    j.check("`plan` shows exactly that", code == 2 and changed == ["function"], plan)
    j.writes()
    code, up = j.json("up", "--yes")
    writes = j.writes()
    j.check("`up` sends one write", code == 0 and len(writes) == 1, (up, writes))
    path.write_text(original)
    j.check("and back again", j.json("up", "--yes")[0] == 0)


def refuses_bad_input(j):
    path = j.work / "deploy.toml"
    original = path.read_text()

    def bad(what, text, expected_code, *words):
        path.write_text(text)
        code, document = j.json("up", "--yes")
        said = json.dumps(document)
        j.check(f"{what}: exit {expected_code}, one clear error",
                code == expected_code and "error" in document and all(word in said for word in words), (code, document))
        path.write_text(original)

    j.writes()
    bad("an unknown key", original + "\n[function]\nmemory = 512\n", 2, "memory_mb", "deploy.toml:")
    bad("a missing model file", original.replace("mnist.onnx", "absent.onnx"), 2, "absent.onnx")
    j.check("nothing was sent for either", not j.writes())
    (j.work / "text.png").write_text("this is not an image\n")
    code, answers = j.json("predict", "text.png")
    j.check("a text file: one error", code == 1 and "error" in answers[0], answers)
    (j.work / "short.png").write_bytes((j.work / "test_images/7.png").read_bytes()[:120])
    code, answers = j.json("predict", "short.png")
    j.check("a truncated PNG: one error", code == 1 and "error" in answers[0], answers)
    started = time.monotonic()
    code, document = j.json("up", "--yes", env={}, flags=())
    j.check("no credentials: reported at once, with a hint to --local",
            code == 1 and "--local" in json.dumps(document) and time.monotonic() - started < 20, (code, document))
    code, document = j.json("status", flags=(), env={
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"})
    j.check("an unreachable endpoint: one clear error", code == 1 and "127.0.0.1:9" in json.dumps(document), (code, document))


def leaves_nothing(j):
    refused = j.run("down")
    j.check("`down` without a terminal and --yes is refused", refused.returncode == 3, refused)
    code, down = j.json("down", "--yes")
    j.check("`down` succeeds", code == 0 and down["changes"], down)
    if j.cloud.name == "local":
        # A new server starts a new log.
        j.cloud.take_requests()
        subprocess.run([j.deployer, "local", "start"], cwd=j.work, check=True, capture_output=True)
        j.cloud.seen = 0
    left = {
        "functions": j.cloud.client("lambda").list_functions()["Functions"],
        "roles": j.cloud.client("iam").list_roles()["Roles"],
        "log groups": j.cloud.client("logs").describe_log_groups()["logGroups"],
        "pools": j.cloud.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"],
        "apis": j.cloud.client("apigateway").get_rest_apis()["items"],
    }
    j.check("nothing is left behind", not any(left.values()), left)
    j.writes()
    code, down = j.json("down", "--yes")
    j.check("a second `down` succeeds and does nothing", code == 0 and not down["changes"], down)
    if j.cloud.name == "ministack":
        j.check("and sends no write", not j.writes())


def satisfies_the_models(j):
    checked, violations = j.cloud.conformity()
    print(f"        {checked} requests checked against the models, {len(violations)} violations", flush=True)
    j.check("every request satisfies AWS's models", checked > 100 and not violations, violations or checked)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cloud", choices=("local", "ministack"), required=True)
    parser.add_argument("--deployer", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    deployer = str(arguments.deployer.resolve())
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        copy_project(work)
        cloud = Local(work, deployer) if arguments.cloud == "local" else MiniStack(work)
        journey = Journey(cloud, deployer, work)
        try:
            up = first_up(journey)
            classifies(journey, up)
            requires_a_token(journey, up)
            verifies(journey)
            curl_works(journey)
            does_nothing_twice(journey)
            changes_little(journey)
            refuses_bad_input(journey)
            leaves_nothing(journey)
            satisfies_the_models(journey)
        finally:
            cloud.stop()
    print(f"{journey.passed} passed, {len(journey.failed)} failed", flush=True)
    raise SystemExit(1 if journey.failed else 0)


if __name__ == "__main__":
    main()
