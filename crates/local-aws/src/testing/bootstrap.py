#!/usr/bin/env python3
"""A function for tests: runs the action in its event, and otherwise returns the event."""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

START = os.environ.get("START")
if START == "crash":
    print("no model", flush=True)
    sys.exit(3)
if START == "hang":
    time.sleep(60)

connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None):
    connection.request(method, "/2018-06-01/runtime/" + path, body)
    response = connection.getresponse()
    return response, response.read()


if START == "error":
    call("POST", "init/error", json.dumps({"errorType": "Oops", "errorMessage": "no model"}))
    sys.exit(1)


def fork_and_sleep(generations):
    """Doubles the number of processes with each generation; a process that cannot fork continues alone."""
    for _ in range(generations):
        try:
            os.fork()
        except OSError:
            break
    time.sleep(60)


def hold_memory():
    hold = bytearray(b"x") * (200 * 1024 * 1024)
    time.sleep(60)
    return len(hold)


def become_daemons(count, megabytes):
    """Starts daemons, each in its own session and without a parent."""
    pids = []
    for _ in range(count):
        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.write(write, str(os.getpid()).encode())
                hold = bytearray(b"x") * (megabytes * 1024 * 1024)
                time.sleep(60)
                os._exit(len(hold) % 2)
            os._exit(0)
        os.wait()
        pids.append(int(os.read(read, 20)))
    return pids


def afterwards(act, *arguments):
    """Runs an action after this invocation has ended."""
    def wait_and_act():
        time.sleep(0.3)
        act(*arguments)
    threading.Thread(target=wait_and_act, daemon=True).start()


def raw(*data, size=0):
    """Sends raw bytes to the Runtime API, and disconnects after receiving at most `size` bytes."""
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as api:
        for part in data:
            api.sendall(part)
        return api.recv(size) if size else b""


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
        hold_memory()
    if action == "memory afterwards":
        afterwards(hold_memory)
        return os.getpid()
    if action == "daemons":
        return become_daemons(3, 1)
    if action == "heavy daemons":
        print("daemons", json.dumps(become_daemons(3, 60)), flush=True)
        time.sleep(60)
    if action == "fork":
        one = subprocess.Popen(["sleep", "60"])
        two = subprocess.Popen(["sleep", "60"], start_new_session=True)
        return [one.pid, two.pid]
    if action == "bomb":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("leader", os.getpid(), flush=True)
        fork_and_sleep(12)
    if action == "one long line":
        for _ in range(32):
            sys.stdout.write("x" * 1_000_000)
        sys.stdout.flush()
    if action == "garbage":
        sys.stdout.buffer.write(bytes(range(256)) * 64)
        sys.stdout.flush()
    if action == "large":
        return "x" * 7_000_000
    if action == "no http":
        raw(bytes(range(256)) * 64, size=1)
        raw(b"POST /2018-06-01/runtime/invocation/next HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", size=1)
        raw(b"GET /" + b"x" * 1_000_000)
    if action == "poll and leave":
        raw(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: " + os.environ["AWS_LAMBDA_RUNTIME_API"].encode() + b"\r\n\r\n")
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
    if action == "endless":
        head = "POST /2018-06-01/runtime/" + path + "/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        try:
            raw(head.encode(), *[b"100000\r\n" + b"x" * 0x100000 + b"\r\n"] * 200)
        except OSError:
            print("it was cut off", flush=True)
        continue
    if action == "gone":
        connection.close()
        time.sleep(60)
    call("POST", path + "/response", json.dumps(do(action, event)))
    if action == "once":
        sys.exit(0)
