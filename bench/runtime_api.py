"""A minimal Lambda Runtime API for one function.

It uses a socket and no HTTP library, so that the measurement is the function's and not its caller's.
"""

import base64
import json
import os
import pathlib
import socket
import subprocess
import time

HEADERS = ("lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\nlambda-runtime-deadline-ms: 4102444800000\r\n"
           "lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:bench\r\n")


def event(image):
    """The event of a request with this image, as API Gateway sends it."""
    return json.dumps({"httpMethod": "POST", "path": "/", "headers": {"Content-Type": "image/png"}, "isBase64Encoded": True,
                       "body": base64.b64encode(image).decode()}).encode()


def resident_kb(pid):
    """Current memory of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


class Function:
    """A process of the function in a folder."""

    def __init__(self, package, first):
        self.listener = socket.create_server(("127.0.0.1", 0))
        environment = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.listener.getsockname()[1]}",
                       "LAMBDA_TASK_ROOT": str(package), "PATH": os.environ["PATH"]}
        begin = time.perf_counter()
        self.process = subprocess.Popen([package / "bootstrap"], env=environment, stdout=subprocess.PIPE, text=True)
        self.connection = self.listener.accept()[0]
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request()
        self.polled_ms = (time.perf_counter() - begin) * 1e3
        self.answer(first)
        self.first_ms = (time.perf_counter() - begin) * 1e3
        self.process.stdout.readline()  # its log line at start
        self.process.stdout.readline()

    def answer(self, event):
        """Milliseconds from the event to its answer, and the answer. By then the function has asked for the next event."""
        head = f"HTTP/1.1 200 OK\r\n{HEADERS}content-type: application/json\r\ncontent-length: {len(event)}\r\n\r\n"
        begin = time.perf_counter()
        self.connection.sendall(head.encode() + event)
        answer = self._request()
        elapsed = (time.perf_counter() - begin) * 1e3
        self.connection.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
        self._request()
        return elapsed, json.loads(answer)

    def logged(self):
        """The function's log line of the last event."""
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.connection.close()
        self.listener.close()

    def _request(self):
        """Reads one request; returns its body."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._some()
        head, body = data.split(b"\r\n\r\n", 1)
        lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while len(body) < int(lengths[0] if lengths else 0):
            body += self._some()
        return body

    def _some(self):
        data = self.connection.recv(65536)
        if not data:
            raise SystemExit(f"the function ended with {self.process.wait()}")
        return data
