"""A small client of the public API: keep-alive connections, retries with backoff, signed webhooks.

Standard library only. One client may be shared by several threads: each thread has its own connection.
"""

from __future__ import annotations

import email.utils
import hashlib
import hmac
import http.client
import itertools
import json
import random
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RETRIED = frozenset({429, 500, 502, 503, 504})
LONGEST_WAIT = 30.0
PATIENCE = 900.0
"""Seconds for which a call that is throttled comes back again."""


class ApiError(Exception):
    """The API answered with a problem that trying again does not mend."""

    def __init__(self, method: str, path: str, status: int, problem: Any) -> None:
        self.status = status
        self.problem = problem if isinstance(problem, dict) else {"detail": str(problem)[:300]}
        super().__init__(f"{method} {path}: {status} {self.code}: {self.problem.get('detail', '')}")

    @property
    def code(self) -> str:
        """The last part of the problem's type, e.g. `unknown_account`."""
        return problem_code(self.problem)


def problem_code(problem: Any) -> str:
    """The code of an RFC 9457 problem: its `code`, or the last part of its `type`."""
    if not isinstance(problem, dict):
        return "none"
    if isinstance(problem.get("code"), str):
        return str(problem["code"])
    return str(problem.get("type", "none")).rstrip("/").rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Answer:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        """The body as JSON; None when it is empty or is not JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None


@dataclass(frozen=True)
class Stack:
    """What `make up` wrote to `.local/stack.json`."""

    data: dict[str, Any]

    @classmethod
    def read(cls, path: str | Path) -> "Stack":
        """Reads the file; the error names what to do."""
        try:
            return cls(json.loads(Path(path).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise SystemExit(f"{path} is not there: run `make up` first, or name the file with --stack") from None
        except ValueError as error:
            raise SystemExit(f"{path} is not JSON: {error}") from None

    def key(self, tenant: str) -> str:
        """The API key of a tenant; of several, the one with the most scopes."""
        keys = [k for k in self.data.get("api_keys", []) if k.get("tenant") == tenant]
        if not keys:
            known = sorted({str(k.get("tenant")) for k in self.data.get("api_keys", [])})
            raise SystemExit(f"stack.json has no API key for tenant `{tenant}` (it has: {', '.join(known) or 'none'})")
        return str(max(keys, key=lambda k: len(k.get("scopes") or []))["key"])

    def webhook_secret(self, tenant: str, source: str) -> str | None:
        """The secret of a tenant's webhook source: from stack.json, else from the local Secrets Manager."""
        for entry in self.data.get("webhook_secrets", []):
            if entry.get("tenant") == tenant and entry.get("source") == source:
                return str(entry["secret"])
        prefix = self.data.get("secret_prefix", "copilot/local/")
        return self._local_secret(f"{prefix}{tenant}/webhook/{source}")

    def _local_secret(self, name: str) -> str | None:
        endpoint = self.data.get("endpoint_url")
        if not endpoint:
            return None
        region = self.data.get("region", "us-east-1")
        account = self.data.get("access_key_id", "test")
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "secretsmanager.GetSecretValue",
            # The local stack reads the account and the region from here and checks no signature.
            "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20260101/{region}/secretsmanager/aws4_request, "
            "SignedHeaders=host, Signature=0",
        }
        answer = Client(str(endpoint), None, attempts=2).raw("POST", "/", json.dumps({"SecretId": name}).encode(), headers)
        body = answer.json()
        text = body.get("SecretString") if answer.status == 200 and isinstance(body, dict) else None
        if not isinstance(text, str):
            return None
        try:
            inner = json.loads(text)
        except ValueError:
            return text
        return str(inner.get("secret", text)) if isinstance(inner, dict) else text

    def fingerprint(self) -> str:
        """Tells one stack from another, so that no progress is carried over to a fresh one."""
        parts = [str(self.data.get(k, "")) for k in ("api_url", "user_pool_id", "client_id", "created_at")]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@dataclass
class Counters:
    """What the client had to do, for the report."""

    calls: int = 0
    retries: int = 0
    throttled: int = 0
    seconds: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client:
    """Calls one base address. Of several bearer tokens each thread keeps one."""

    def __init__(self, base_url: str, token: str | Sequence[str] | None, *, timeout: float = 120.0, attempts: int = 8) -> None:
        parts = urllib.parse.urlsplit(base_url)
        self._secure = parts.scheme == "https"
        self._host = parts.netloc
        name = parts.hostname or "localhost"
        # `x.localhost` is this machine (RFC 6761); not every resolver knows.
        self._connect_to = "127.0.0.1" if name == "localhost" or name.endswith(".localhost") else name
        self._port = parts.port or (443 if self._secure else 80)
        self._prefix = parts.path.rstrip("/")
        self._tokens = [token] if isinstance(token, str) else list(token or [])
        self._turn = itertools.count()
        self._timeout = timeout
        self._attempts = attempts
        self._local = threading.local()
        self.counters = Counters()

    def _connection(self) -> http.client.HTTPConnection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            connection = kind(self._connect_to, self._port, timeout=self._timeout)
            self._local.connection = connection
        return connection

    def _own_token(self) -> str:
        token = getattr(self._local, "token", None)
        if token is None:
            token = self._tokens[next(self._turn) % len(self._tokens)]
            self._local.token = token
        return token

    def _drop(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def close(self) -> None:
        """Closes this thread's connection."""
        self._drop()

    def once(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """One try. Raises OSError or http.client.HTTPException when the connection broke."""
        all_headers = {"Host": self._host, "Accept": "application/json", **headers}
        begin = time.monotonic()
        connection = self._connection()
        try:
            connection.request(method, self._prefix + path, body=body, headers=all_headers)
            response = connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException):
            self._drop()
            raise
        if response.will_close:
            self._drop()
        spent = time.monotonic() - begin
        with self.counters.lock:
            self.counters.calls += 1
            self.counters.seconds.append(spent)
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, data, spent)

    def raw(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Tries until an answer comes that trying again would not change; the last answer is returned as it is."""
        trouble: Exception | None = None
        patience = time.monotonic() + PATIENCE
        attempt = 0
        while True:
            wait = min(LONGEST_WAIT, 0.25 * 2 ** min(attempt, 10)) * (0.5 + random.random() / 2)
            last = attempt >= self._attempts - 1
            try:
                answer = self.once(method, path, body, headers)
                # Being throttled is no failure: the API says when to come back, and we do.
                throttled = answer.status == 429 and time.monotonic() < patience
                if answer.status not in RETRIED or (last and not throttled):
                    return answer
                attempt += not throttled
                with self.counters.lock:
                    self.counters.throttled += throttled
                wait = max(wait, retry_after(answer.headers.get("retry-after")))
            except (OSError, http.client.HTTPException) as error:
                trouble = error
                if last:
                    break
                attempt += 1
            with self.counters.lock:
                self.counters.retries += 1
            time.sleep(wait)
        raise ConnectionError(f"{method} {self._host}{path}: no answer after {self._attempts} tries: {trouble}")

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """A JSON call; raises ApiError for any answer that is not 2xx."""
        full = path + ("?" + urllib.parse.urlencode(query) if query else "")
        sent = dict(headers or {})
        if self._tokens:
            sent["Authorization"] = f"Bearer {self._own_token()}"
        data = None
        if body is not None:
            data = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
            sent["Content-Type"] = "application/json"
        answer = self.raw(method, full, data, sent)
        if not 200 <= answer.status < 300:
            raise ApiError(method, full, answer.status, answer.json() or answer.body[:300].decode("utf-8", "replace"))
        return answer.json()

    def pages(self, path: str, query: Mapping[str, str | int] | None = None) -> Iterator[dict[str, Any]]:
        """All rows of a list, page by page."""
        asked: dict[str, str | int] = {"limit": 500, **(query or {})}
        while True:
            page = self.call("GET", path, query=asked)
            yield from page["data"]
            if not page.get("next"):
                return
            asked["cursor"] = page["next"]


def retry_after(value: str | None, now: float | None = None) -> float:
    """Seconds to wait by a `Retry-After` header, in either of its two forms, at most a minute."""
    if not value:
        return 0.0
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - (time.time() if now is None else now)
        except (TypeError, ValueError):
            return 0.0
    return min(60.0, max(0.0, seconds))


def signature(secret: str, timestamp: int | str, body: bytes) -> str:
    """The `X-Copilot-Signature` of a delivery."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"v1={digest}"


def signed_headers(secret: str, body: bytes, timestamp: int | None = None) -> dict[str, str]:
    """The headers of a signed delivery to the generic webhook."""
    stamp = int(time.time()) if timestamp is None else timestamp
    return {
        "Content-Type": "application/json",
        "X-Copilot-Timestamp": str(stamp),
        "X-Copilot-Signature": signature(secret, stamp, body),
    }
