"""The whole function: its start, its overhead besides the model, and its memory over many requests.

First the function alone, under a minimal Runtime API. Then deployed by `deployer --local up`, under the local cloud's Runtime API and
behind the real authorizer, over one connection.

usage: function.py --deployer FILE --zip FILE [--requests 10000] [--starts 21]
"""

import argparse
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import zipfile

import boto3

from runtime_api import Function, event, resident_kb

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]


def deployed_kb(folder):
    """Memory of the function's process, which runs from the local cloud's folder."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(folder) in os.readlink(process / "exe") and os.readlink(process / "exe").endswith("bootstrap"):
                found.append(resident_kb(process.name))
        except (OSError, StopIteration):
            continue
    if len(found) != 1:
        raise SystemExit(f"{len(found)} functions run instead of one")
    return found[0]


def show_memory(kb):
    """Memory by number of requests."""
    print("memory of the function: " + ", ".join(f"{used} KB after {count}" for count, used in kb.items()))


def log(folder, function, url):
    """The function's log lines of requests, as far as the local cloud keeps them."""
    credentials = json.loads((folder / ".deployer/local/credentials.json").read_text())
    client = boto3.client("logs", endpoint_url=url, region_name="us-east-1",
                          aws_access_key_id=credentials["access_key_id"], aws_secret_access_key=credentials["secret_access_key"])
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
    lines = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(line) for line in lines if '"inference_ms"' in line]


def alone(package, starts, requests):
    """Starts it several times, then sends one process many requests."""
    first = event((REPOSITORY / "test_images/7.png").read_bytes())
    begun = []
    for _ in range(starts):
        function = Function(package, first)
        begun.append((function.polled_ms, function.first_ms))
        function.stop()
    polled, answered = (statistics.median(times) for times in zip(*begun))
    print(f"alone, {starts} starts: first event requested after {polled:.1f} ms, answered after {answered:.1f} ms")
    function, trips, beside, memory = Function(package, first), [], [], {}
    for request in range(1, requests + 1):
        elapsed, answer = function.answer(first)
        if json.loads(answer["body"])["label"] != "7":
            raise SystemExit(f"request {request}: {answer}")
        trips.append(elapsed)
        beside.append(elapsed - function.logged()["inference_ms"])
        if request in (1000, requests):
            memory[request] = resident_kb(function.process.pid)
    function.stop()
    print(f"alone, {requests} requests: from event to answer {statistics.median(trips):.3f} ms, "
          f"{statistics.median(beside):.3f} ms of it not the model: Runtime API, base64, PNG, preprocessing, JSON")
    show_memory(memory)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deployer", type=pathlib.Path, required=True)
    parser.add_argument("--zip", type=pathlib.Path, required=True, help="the zip that `deployer package` wrote")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--starts", type=int, default=21)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary).resolve()
        with zipfile.ZipFile(arguments.zip) as archive:
            archive.extractall(folder / "package")
        bootstrap = folder / "package/bootstrap"
        bootstrap.chmod(0o755)
        alone(folder / "package", arguments.starts, arguments.requests)
        (folder / "deploy.toml").write_text(
            f'name = "bench"\n[model]\npath = "{REPOSITORY}/model/mnist.onnx"\n[function]\n'
            f'bootstrap = "{bootstrap}"\n[api]\nthrottle_rate = 10000\nthrottle_burst = 5000\n')

        def deployer(*words):
            command = [arguments.deployer.resolve(), "--local", "-o", "json", *words]
            return json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout)

        try:
            endpoint = urllib.parse.urlsplit(deployer("up", "--yes")["endpoint"])
            token = deployer("token")["access_token"]
            image = (REPOSITORY / "test_images/7.png").read_bytes()
            headers = {"Authorization": token, "Content-Type": "image/png"}
            connection = http.client.HTTPConnection(endpoint.hostname, endpoint.port)
            times, memory = [], {}
            for request in range(1, arguments.requests + 1):
                begin = time.perf_counter()
                connection.request("POST", endpoint.path, image, headers)
                response = connection.getresponse()
                body = response.read()
                times.append((time.perf_counter() - begin) * 1e3)
                if response.status != 200 or json.loads(body)["label"] != "7":
                    raise SystemExit(f"request {request}: {response.status} {body[:200]}")
                if request in (1000, arguments.requests):
                    memory[request] = deployed_kb(folder)
            logged = log(folder, deployer("outputs")["function_name"], f"{endpoint.scheme}://{endpoint.netloc}")
        finally:
            subprocess.run([arguments.deployer.resolve(), "local", "stop"], cwd=folder, capture_output=True)
        beside = [line["total_ms"] - line["inference_ms"] for line in logged]
        print(f"{arguments.requests} requests over one connection, through the authorizer: median {statistics.median(times):.2f} ms")
        print(f"in the function, of the last {len(logged)}: {statistics.median(line['total_ms'] for line in logged):.3f} ms, "
              f"{statistics.median(beside):.3f} ms of it not the model")
        show_memory(memory)


if __name__ == "__main__":
    main()
