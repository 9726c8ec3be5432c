"""A proxy between the real process and a cloud that makes one of its calls fail in one way.

The process is killed by SIGKILL, as the kernel's memory killer would. A refused connection is one that nothing listens on.
Forwarded requests reach the cloud unchanged, except that they are signed again if the cloud checks signatures: SigV4 signs
the host, and the cloud answers only to its own.
"""

import collections
import errno
import http.client
import http.server
import json
import socket
import threading
import time

import botocore.auth
import botocore.awsrequest
import botocore.session
from model_check import SERVICES, route

from clouds import action_of, free_port

# The ways in which a call can fail. A `slow` one is held for as long as the run says, by default a minute.
FAULTS = ("killed before", "killed after", "lost before", "lost after", "throttled", "error 500",
          "slow before", "slow after", "refused")
# Names for the data plane's calls, which are not operations of a service.
TOKEN, WITH_TOKEN, WITHOUT_TOKEN = "data: token", "data: POST with a token", "data: POST without one"

_session = botocore.session.Session()
_models = {service: _session.get_service_model(service) for service in SERVICES}
_routes = {}


def operation_of(method, path, headers, body):
    """`service:Operation` of a request; None if it belongs to neither plane, such as a health check."""
    service, action, _ = action_of(method, path, headers, body)
    if service == "data":
        if path.startswith("/oauth2/token"):
            return TOKEN
        if path.startswith("/_aws/execute-api/"):
            return WITH_TOKEN if headers.get("Authorization") else WITHOUT_TOKEN
        return None
    if " " not in action:
        return f"{service}:{action}"
    key = (service, method, path.split("?")[0])
    if key not in _routes:
        _routes[key] = route(_models[service], method, key[2])[0].name
    return f"{service}:{_routes[key]}"


def refusal(operation, throttled):
    """Status, headers and body with which the operation's service throttles a call, or fails itself."""
    service = operation.split(":")[0]
    if service in ("iam", "sts"):
        code, sort = ("Throttling", "Sender") if throttled else ("ServiceFailure", "Receiver")
        text = f"<ErrorResponse><Error><Type>{sort}</Type><Code>{code}</Code><Message>on purpose</Message></Error><RequestId>0</RequestId></ErrorResponse>"
        return (400 if throttled else 500), {"Content-Type": "text/xml"}, text
    throttle, failure, status = {
        "apigateway": ("TooManyRequestsException", "InternalFailure", 429),
        "lambda": ("TooManyRequestsException", "ServiceException", 429),
        "cognito-idp": ("TooManyRequestsException", "InternalErrorException", 400),
        "logs": ("ThrottlingException", "InternalFailure", 400),
        "data": ("TooManyRequestsException", "InternalServerErrorException", 429),
    }[service]
    code = throttle if throttled else failure
    document = {"__type": code, "message": "on purpose"} | ({"Reason": "CallerRateLimitExceeded"} if service == "lambda" else {})
    kind = "application/x-amz-json-1.1" if service in ("cognito-idp", "logs") else "application/json"
    return (status if throttled else 500), {"Content-Type": kind, "x-amzn-ErrorType": code}, json.dumps(document)


class FaultProxy:
    """Serves one command at a time: `begin`, the command, `end`."""

    def __init__(self, target_port, credentials=None):
        """With credentials, requests that were signed for this proxy are signed again for the target."""
        self.target_port, self.credentials = target_port, credentials
        self.lock = threading.Condition()
        self.connections = set()
        self.begin()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port = bound(self.listener)
        self._listen()

    def begin(self, operation=None, occurrence=0, fault=None, hold_s=60):
        """The call of `operation` after `occurrence` others meets the fault."""
        self.target, self.fault, self.hold_s = (operation, occurrence), fault, hold_s
        self.calls, self.met, self.process = [], False, None
        self.seen = collections.Counter()

    def end(self):
        """Waits until no call is in flight, so that the next command does not meet one of this command's."""
        with self.lock:
            for connection in self.connections:
                cut(connection)
            self.lock.wait_for(lambda: not self.connections, timeout=150)
        if not self.listening:
            self._listen()
        return self.calls

    def stop(self):
        self._refuse()
        self.listener.close()

    def _listen(self):
        self.listening = True
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, address = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.add(connection)
            threading.Thread(target=self._serve, args=(connection, address), daemon=True).start()

    def _serve(self, connection, address):
        try:
            Handler(connection, address, self)
        except OSError:
            pass  # the other side has closed, or was made to
        finally:
            connection.close()
            with self.lock:
                self.connections.discard(connection)
                self.lock.notify_all()

    def _refuse(self):
        """Stops listening, and cuts all connections."""
        self.listening = False
        self.listener.shutdown(socket.SHUT_RDWR)
        with self.lock:
            for connection in self.connections:
                cut(connection)

    def _kill(self):
        while self.process is None:
            time.sleep(0.01)  # it made a call before its starter could register it
        self.process.kill()
        self.process.wait()

    def meets(self, operation):
        """Counts a call, and returns the fault that it meets."""
        with self.lock:
            self.calls.append(operation)
            number = self.seen[operation]
            self.seen[operation] += 1
            if self.fault is None or self.met or (operation, number) != self.target:
                return None
            self.met = True
            return self.fault

    def answer(self, method, path, headers, body):
        """`(status, headers, body)` of a request, or None if the connection breaks."""
        operation = operation_of(method, path, headers, body)
        fault = self.meets(operation) if operation else None
        match fault:
            case "killed before":
                return self._kill()
            case "lost before":
                return None
            case "refused":
                return self._refuse()
            case "throttled" | "error 500":
                return refusal(operation, fault == "throttled")
            case "slow before":
                time.sleep(self.hold_s)
        answer = self._forward(method, path, headers, body)
        match fault:
            case "killed after":
                return self._kill()
            case "lost after":
                return None
            case "slow after":
                time.sleep(self.hold_s)
        return answer

    def _forward(self, method, path, headers, body):
        passed = {k: v for k, v in headers.items() if k.lower() not in ("connection", "content-length")}
        if self.credentials:
            passed = self._signed(method, path, passed, body)
        upstream = http.client.HTTPConnection("127.0.0.1", self.target_port, timeout=120)
        try:
            upstream.request(method, path, body, passed)
            answer = upstream.getresponse()
            dropped = ("transfer-encoding", "connection", "content-length", "date", "server")
            return answer.status, {k: v for k, v in answer.getheaders() if k.lower() not in dropped}, answer.read()
        finally:
            upstream.close()

    def _signed(self, method, path, headers, body):
        own, target = f"127.0.0.1:{self.port}", f"127.0.0.1:{self.target_port}"
        headers = {k: target if k.lower() == "host" and v == own else v for k, v in headers.items()}
        scope = headers.get("Authorization", headers.get("authorization", "")).split("/")
        if not scope[0].startswith("AWS4-HMAC"):
            return headers
        kept = {k: v for k, v in headers.items() if k.lower() not in ("authorization", "x-amz-date")}
        request = botocore.awsrequest.AWSRequest(method, f"http://{target}{path}", kept, body)
        botocore.auth.SigV4Auth(self.credentials, scope[3], scope[2]).add_auth(request)
        return dict(request.headers)


def bound(listener):
    """Binds it to a port, which it keeps while it does not listen. Returns the port."""
    while True:
        port = free_port()
        try:
            listener.bind(("127.0.0.1", port))
            return port
        except OSError as error:
            if error.errno != errno.EADDRINUSE:  # somebody else was faster
                raise


def cut(connection):
    """Closes a connection, even while somebody reads from it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # already closed


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection; its `server` is the proxy."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.answer(self.command, self.path, self.headers, body)
        if answer is None:
            self.close_connection = True
            return cut(self.connection)
        status, headers, payload = answer
        payload = payload.encode() if isinstance(payload, str) else payload
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = serve
