#!/usr/bin/env python3
"""A function for tests: does what its event asks for, and echoes every other event."""
import http.client
import json
import os
import signal
import subprocess
import sys
import time

START = os.environ.get("START")
if START == "crash":
    print("no model", flush=True)
    sys.exit(3)

connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None):
    connection.request(method, "/2018-06-01/runtime/" + path, body)
    response = connection.getresponse()
    return response, response.read()


if START == "error":
    call("POST", "init/error", json.dumps({"errorType": "Oops", "errorMessage": "no model"}))
    sys.exit(1)


def do(action, event):
    if action == "crash":
        sys.exit(1)
    if action == "hang":
        time.sleep(60)
    if action == "nap":
        time.sleep(0.4)
    if action == "flood":
        for number in range(60_000):
            print("line", number)
        sys.stdout.flush()
    if action == "memory":
        hold = bytearray(b"x") * (200 * 1024 * 1024)
        time.sleep(5)
    if action == "fork":
        one = subprocess.Popen(["sleep", "60"])
        two = subprocess.Popen(["sleep", "60"], start_new_session=True)
        return [one.pid, two.pid]
    if action == "bomb":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("leader", os.getpid(), flush=True)
        # Twelve generations would be 4,096 processes; whoever cannot fork any more goes on alone.
        for _ in range(12):
            try:
                os.fork()
            except OSError:
                break
        time.sleep(60)
    if action == "one long line":
        for _ in range(64):
            sys.stdout.write("x" * 1_000_000)
        sys.stdout.flush()
    if action == "garbage":
        sys.stdout.buffer.write(bytes(range(256)) * 64)
        sys.stdout.flush()
    if action == "large":
        return "x" * 7_000_000
    if action == "variables":
        return dict(os.environ)
    if action == "pid":
        return os.getpid()
    if action == "malformed":
        return {"body": "no status"}
    if "requestContext" in event:
        return {"statusCode": 200, "headers": {"X-From": "function"}, "body": json.dumps(event)}
    return event


while True:
    response, body = call("GET", "invocation/next")
    path = "invocation/" + response.headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(body)
    action = event.get("do") or (event.get("queryStringParameters") or {}).get("do")
    print("doing", action, os.getpid(), flush=True)
    if action == "error":
        call("POST", path + "/error", json.dumps({"errorType": "Oops", "errorMessage": "bad"}))
        continue
    if action == "foreign":
        response, _ = call("POST", "invocation/00000000-0000-0000-0000-000000000000/response", '"stolen"')
        call("POST", path + "/response", json.dumps(response.status))
        continue
    if action == "twice":
        call("POST", path + "/response", '"first"')
        response, _ = call("POST", path + "/response", '"second"')
        print("the second was answered with", response.status, flush=True)
        continue
    if action == "no json":
        call("POST", path + "/response", "{no json")
        continue
    if action == "gone":
        connection.close()
        time.sleep(60)
    call("POST", path + "/response", json.dumps(do(action, event)))
    if action == "once":
        sys.exit(0)
