"""A stand-in of Lambda's runtime API: starts a bootstrap and gives it events. Standard library only."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

HTTP_FIELDS = {"accountId": "1", "apiId": "bench", "domainName": "bench", "domainPrefix": "bench", "requestId": "bench",
               "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1767225600000}  # fmt: skip


def http_event(method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None, query: str = "") -> dict[str, Any]:
    """An HTTP API event, payload format 2.0."""
    return {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": {"host": "bench", **(headers or {})},
        "requestContext": {**HTTP_FIELDS, "http": {"method": method, "path": path, "protocol": "HTTP/1.1",
                                                   "sourceIp": "127.0.0.1", "userAgent": "bench"}},
        "body": body, "isBase64Encoded": False,
    }  # fmt: skip


def sqs_event(bodies: list[str]) -> dict[str, Any]:
    """A batch of messages."""
    return {"Records": [{"messageId": f"m{number}", "receiptHandle": "r", "body": body, "attributes": {}, "messageAttributes": {},
                         "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:1:q",
                         "awsRegion": "us-east-1"} for number, body in enumerate(bodies)]}  # fmt: skip


def lambda_environment(name: str = "bench", memory_mb: int = 512) -> dict[str, str]:
    """What Lambda itself gives a function."""
    return {
        "AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": name, "AWS_LAMBDA_LOG_STREAM_NAME": name, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip


class Died(Exception):
    """The function ended, or did not answer in time."""


@dataclass(frozen=True)
class Answer:
    """What the function posted."""

    ok: bool
    body: bytes
    at: float
    millis: float
    """From the event to the answer."""

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


def read_request(connection: socket.socket) -> tuple[str, bytes]:
    """One HTTP request: its first line and its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return "", b""
        data += chunk
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65536)
        body = b"".join(_chunks(body))
    else:
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
    return lines[0], body


def _chunks(data: bytes) -> Iterator[bytes]:
    while data:
        size, rest = data.split(b"\r\n", 1)
        length = int(size.split(b";")[0], 16)
        yield rest[:length]
        data = rest[length + 2 :] if length else b""


class Function:
    """A bootstrap that runs until the `with` block ends, and takes one event after the other."""

    def __init__(self, bootstrap: Path, environment: Mapping[str, str]) -> None:
        self.name = bootstrap.parent.name
        self._events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[bool, bytes, float]] = queue.SimpleQueue()
        self._sent = 0.0
        self._output = os.memfd_create("output")
        self._server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self.started = time.perf_counter()
        self._process = subprocess.Popen([str(bootstrap)], env={**environment, "AWS_LAMBDA_RUNTIME_API": address},
                                         stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT)  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._events.put(None)
        self._server.close()
        os.close(self._output)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while self._one(connection):
                    pass
            except OSError:
                return

    def _one(self, connection: socket.socket) -> bool:
        """Answers one request; False when the connection is done."""
        line, body = read_request(connection)
        now = time.perf_counter()
        if "/invocation/next" in line:
            event = self._events.get()
            if event is None:
                return False
            deadline = int((time.time() + 300) * 1000)
            head = (f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlambda-runtime-aws-request-id: bench\r\n"
                    f"lambda-runtime-deadline-ms: {deadline}\r\nlambda-runtime-invoked-function-arn: arn:aws:lambda:bench\r\n"
                    f"content-length: {len(event)}\r\n\r\n")  # fmt: skip
            self._sent = time.perf_counter()
            connection.sendall(head.encode() + event)
        elif line:
            self._answers.put(("/response" in line, body, now))
            connection.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
        return bool(line)

    def invoke(self, event: Any, timeout: float = 120) -> Answer:
        """Gives the function an event and waits for what it posts."""
        self._events.put(json.dumps(event).encode())
        until = time.monotonic() + timeout
        while True:
            try:
                ok, body, at = self._answers.get(timeout=0.5)
                return Answer(ok, body, at, (at - self._sent) * 1000)
            except queue.Empty:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise Died(f"{self.name} did not answer: {self.output()[-800:].decode(errors='replace')}") from None

    def output(self) -> bytes:
        """What it has printed."""
        return os.pread(self._output, os.fstat(self._output).st_size, 0)

    def rss_mb(self) -> float:
        """Its memory now."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_ms(self) -> float:
        """The processor time it has taken."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
