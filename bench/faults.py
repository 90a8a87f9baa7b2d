"""A proxy between functions and the local AWS that throttles, delays and cuts. Seeded; standard library only."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import random
import socket
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bench.aws import Aws

SERVICES = ("DYNAMODB", "S3", "SQS", "EVENTBRIDGE", "SECRETS_MANAGER")
"""The SDK reads `AWS_ENDPOINT_URL_<service>` before `AWS_ENDPOINT_URL`; MiniStack overrides only the latter.

E-mail is not among them: when the answer to a send is cut off, no sender can know whether the mail went out."""
HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection"}


class Faults:
    """How often what goes wrong, and how often it did."""

    def __init__(self, seed: str, *, throttle: float, cut_before: float, cut_after: float, stall: float, stall_seconds: float) -> None:
        self._rng = random.Random(f"{seed}/faults")
        self._lock = threading.Lock()
        self._shares = (("throttled", throttle), ("cut before", cut_before), ("cut after", cut_after), ("stalled", stall))
        self.stall_seconds = stall_seconds
        self.counts: Counter[str] = Counter()

    def draw(self) -> str:
        """What happens to the next request."""
        with self._lock:
            point = self._rng.random()
            for name, share in self._shares:
                if point < share:
                    self.counts[name] += 1
                    return name
                point -= share
            self.counts["passed"] += 1
            return "passed"


def throttle_answer(headers: Any) -> tuple[int, str, bytes]:
    """The throttle that the service called would send."""
    target = str(headers.get("X-Amz-Target") or "")
    if target.startswith("DynamoDB"):
        kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
        return 400, "application/x-amz-json-1.0", json.dumps({"__type": kind, "message": "injected"}).encode()
    if target:
        return 400, "application/x-amz-json-1.1", json.dumps({"__type": "ThrottlingException", "message": "injected"}).encode()
    return 503, "application/xml", b"<Error><Code>SlowDown</Code><Message>injected</Message></Error>"


class FaultProxy:
    """Listens on a free port of this machine and passes on to the local AWS."""

    def __init__(self, endpoint: str, faults: Faults) -> None:
        parts = urllib.parse.urlsplit(endpoint)
        port = parts.port or 80
        local = threading.local()

        def upstream() -> http.client.HTTPConnection:
            connection = getattr(local, "connection", None)
            if connection is None:
                connection = local.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            return connection

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def _body(self) -> bytes:
                if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
                    parts = []
                    while size := int(self.rfile.readline().split(b";")[0], 16):
                        parts.append(self.rfile.read(size))
                        self.rfile.readline()
                    self.rfile.readline()
                    return b"".join(parts)
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def _pass(self) -> None:
                body = self._body()
                fault = faults.draw()
                if fault == "cut before":
                    self._cut()
                    return
                if fault == "throttled":
                    self._answer(*throttle_answer(self.headers))
                    return
                if fault == "stalled":
                    time.sleep(faults.stall_seconds)
                sent = {k: v for k, v in self.headers.items() if k.lower() not in HOP and k.lower() != "content-length"}
                sent["Host"] = (self.headers.get("Host") or "localhost").rsplit(":", 1)[0] + f":{port}"
                for attempt in (0, 1):
                    connection = upstream()
                    try:
                        connection.request(self.command, self.path, body=body if body or self.command in ("PUT", "POST") else None, headers=sent)
                        response = connection.getresponse()
                        data = response.read()
                        break
                    except (OSError, http.client.HTTPException):
                        connection.close()
                        local.connection = None
                        if attempt or self.command not in ("GET", "HEAD"):
                            self._cut()
                            return
                if fault == "cut after":
                    self._cut()
                    return
                self.send_response(response.status)
                for name, value in response.getheaders():
                    if name.lower() not in HOP and name.lower() not in ("content-length", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", response.headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def _answer(self, status: int, kind: str, data: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _cut(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _pass

            def log_message(self, *_: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_: Any) -> None:
                """A connection that breaks is what this is for."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def injected(aws: Aws, endpoint: str, functions: list[str], faults: Faults) -> Iterator[None]:
    """Puts the proxy between these functions and the local AWS, and takes it out again."""
    proxy = FaultProxy(endpoint, faults)
    before = {name: aws.function_environment(name) for name in functions}
    try:
        for name, variables in before.items():
            aws.set_function_environment(name, {**variables, **{f"AWS_ENDPOINT_URL_{service}": proxy.address for service in SERVICES}})
        yield
    finally:
        for name, variables in before.items():
            aws.set_function_environment(name, variables)
        proxy.close()
