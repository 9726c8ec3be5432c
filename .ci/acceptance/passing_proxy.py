"""A proxy in front of an emulator that forwards requests unchanged. Subclasses add what happens on the way."""

import http.client
import http.server
import threading


class PassingProxy:
    """Listens on a free port of 127.0.0.1 until it is stopped."""

    def __init__(self, target_port):
        self.target_port = target_port
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes; the second must not wait for the first one's acknowledgement.
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, payload = proxy.answer(self.command, self.path, self.headers, body)
                self.send_response(status)
                for key, value in headers:
                    if key.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                        self.send_header(key, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def __getattr__(self, name):
                if name.startswith("do_"):  # The emulator decides about methods.
                    return self.serve
                raise AttributeError(name)

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method, path, headers, body):
        """The emulator's `(status, headers, body)`, with the headers as pairs."""
        upstream = http.client.HTTPConnection("127.0.0.1", self.target_port, timeout=120)
        try:
            # Header by header: a repeated one must arrive repeated.
            upstream.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for key, value in headers.items():
                if key.lower() != "connection":
                    upstream.putheader(key, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
