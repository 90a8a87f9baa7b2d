"""An HTTP proxy between functions and the local AWS; a handler sees each call and may answer it itself. Standard library only."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import threading
import traceback
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection"}


@dataclass
class Request:
    """One call."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header by its name in any spelling, or ""."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


@dataclass
class Reply:
    """The answer to a call."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


Forward = Callable[[Request], Reply | None]
Handle = Callable[[Request, Forward], Reply | None]
"""Gets a call and the way on; None cuts the connection."""


class Upstream:
    """Passes calls on, with one connection a thread."""

    def __init__(self, endpoint: str) -> None:
        self._port = urllib.parse.urlsplit(endpoint).port or 80
        self._local = threading.local()

    def _connection(self) -> http.client.HTTPConnection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        return connection

    def forward(self, request: Request) -> Reply | None:
        """The answer; None when there is none. Only reads are tried twice."""
        sent = {k: v for k, v in request.headers.items() if k.lower() not in {*HOP, "content-length", "host"}}
        # As it was signed, once: clients spell it `host`, too, and two of them would be refused.
        sent["Host"] = request.header("host") or f"localhost:{self._port}"
        body = request.body if request.body or request.method in ("PUT", "POST") else None
        for attempt in (0, 1):
            connection = self._connection()
            try:
                connection.request(request.method, request.path, body=body, headers=sent)
                response = connection.getresponse()
                return Reply(response.status, response.read(), response.getheaders())
            except (OSError, http.client.HTTPException):
                connection.close()
                self._local.connection = None
                if attempt or request.method not in ("GET", "HEAD"):
                    return None
        return None


class Proxy:
    """Listens on a free port of this machine."""

    def __init__(self, endpoint: str, handle: Handle) -> None:
        upstream = Upstream(endpoint)

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

            def _serve(self) -> None:
                request = Request(self.command, self.path, dict(self.headers.items()), self._body())
                try:
                    reply = handle(request, upstream.forward)
                except Exception:
                    # Our own mistake must not pass for a connection that broke.
                    traceback.print_exc()
                    raise
                if reply is None:
                    self.close_connection = True
                    with contextlib.suppress(OSError):
                        self.connection.shutdown(socket.SHUT_RDWR)
                    return
                length = str(len(reply.body))
                self.send_response(reply.status)
                for name, value in reply.headers:
                    if self.command == "HEAD" and name.lower() == "content-length":
                        length = value
                    if name.lower() not in HOP and name.lower() not in ("content-length", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", length)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve

            def log_message(self, *_: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_: Any) -> None:
                """A connection that breaks is nothing to print."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
