"""Counts the calls that a function makes to AWS, with what each is charged for, and prices them by the list.

A proxy between the function and the local AWS. Before a write it reads the items that are there: what a write costs depends
on them. Calls named in `sink` are answered here and kept; `release` sends them on.
"""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.parse
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from bench import units
from bench.proxy import Forward, Reply, Request
from bench.units import Item, Template, Written

PRICES = {
    "DynamoDB read unit": 0.125e-6,
    "DynamoDB write unit": 0.625e-6,
    "Lambda request": 0.20e-6,
    "Lambda GB-second": 0.0000133334,
    "SQS request": 0.40e-6,
    "EventBridge event": 1.00e-6,
    "S3 write": 5e-6,
    "S3 read": 0.40e-6,
    "HTTP API request": 1.00e-6,
    "log byte": 0.50 / 1e9,
}
"""us-east-1, in dollars; Lambda on arm64."""
NAMES = {"DynamoDB_20120810": "DynamoDB", "AmazonSQS": "SQS", "AWSEvents": "EventBridge", "secretsmanager": "SecretsManager"}
Units = defaultdict[str, float]
"""By operation."""
CHUNK = 64 * 1024
"""SQS and EventBridge charge by started 64 KB."""


@dataclass
class Counts:
    """What was called and what is charged."""

    calls: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    reads: Units = field(default_factory=lambda: defaultdict(float))
    table_writes: Units = field(default_factory=lambda: defaultdict(float))
    index_writes: Units = field(default_factory=lambda: defaultdict(float))
    entities: Units = field(default_factory=lambda: defaultdict(float))
    """Write units, indexes included, by the kind of item (`et`)."""
    charged: Counter[str] = field(default_factory=Counter)
    """Requests of SQS and S3, events of EventBridge, by the names of the price list."""

    def price(self) -> dict[str, float]:
        """Dollars by part."""
        parts = {
            "DynamoDB reads": sum(self.reads.values()) * PRICES["DynamoDB read unit"],
            "DynamoDB writes to the table": sum(self.table_writes.values()) * PRICES["DynamoDB write unit"],
            "DynamoDB writes to indexes": sum(self.index_writes.values()) * PRICES["DynamoDB write unit"],
        }
        for name, count in self.charged.items():
            part = name.split()[0]
            parts[part] = parts.get(part, 0.0) + count * PRICES[name]
        return parts


def name_of(request: Request) -> tuple[str, str]:
    """Service and operation of a call."""
    target = request.header("x-amz-target")
    if target:
        service, _, operation = target.partition(".")
        return NAMES.get(service, service), operation
    if request.method == "GET" and "list-type" in urllib.parse.parse_qs(request.path.partition("?")[2]):
        return "S3", "ListObjects"
    return "S3", {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}.get(request.method, request.method)


class Meter:
    """The handler of a counting proxy."""

    def __init__(self, template: Template, sink: tuple[str, ...] = ()) -> None:
        self._indexes = template.indexes
        self._sink = sink
        self._lock = threading.Lock()
        self._sunk: list[tuple[Request, Forward]] = []
        self.counts = Counts()

    def __call__(self, request: Request, forward: Forward) -> Reply | None:
        service, operation = name_of(request)
        name = f"{service} {operation}"
        asked = json.loads(request.body) if service in ("DynamoDB", "SQS", "EventBridge") and request.body else {}
        before = self._stored(request, forward, operation, asked) if service == "DynamoDB" and operation in units.WRITES else {}
        if name in self._sink:
            with self._lock:
                self._sunk.append((request, forward))
            reply: Reply | None = sunk(operation, asked)
        else:
            reply = forward(request)
        read, written = 0.0, Written()
        if service == "DynamoDB" and reply is not None:
            read, written = self._dynamo(request, forward, operation, asked, reply, before)
        with self._lock:
            self.counts.calls[name] += 1
            if reply is None or reply.status >= 400:
                self.counts.failed[name] += 1
            self.counts.reads[operation] += read
            self.counts.table_writes[operation] += written.table
            self.counts.index_writes[operation] += written.indexes
            self._charge(service, operation, request, asked)
        return reply

    def _charge(self, service: str, operation: str, request: Request, asked: dict[str, Any]) -> None:
        if service == "SQS":
            self.counts.charged["SQS request"] += units.started(len(request.body), CHUNK)
        elif service == "EventBridge":
            self.counts.charged["EventBridge event"] += sum(units.started(len(json.dumps(entry)), CHUNK) for entry in asked.get("Entries", []))
        elif service == "S3":
            self.counts.charged["S3 read" if operation in ("GetObject", "HeadObject") else "S3 write"] += operation != "DeleteObject"

    def _dynamo(self, request: Request, forward: Forward, operation: str, asked: dict[str, Any], reply: Reply,
                before: dict[str, Item]) -> tuple[float, Written]:  # fmt: skip
        """Units of one call."""
        answer = json.loads(reply.body or b"{}")
        kind = str(answer.get("__type", ""))
        if reply.status >= 500 or "Throttl" in kind or "Throughput" in kind:
            return 0.0, Written()
        if operation in units.READS and reply.status == 200:
            again = units.whole(asked) if operation == "Query" else None
            if again is not None:
                answer = self._ask(request, forward, "Query", again)
            return units.read_units(operation, asked, answer), Written()
        if operation not in units.WRITES or (reply.status != 200 and "Condition" not in kind and "Cancel" not in kind):
            return 0.0, Written()
        after = self._stored(request, forward, operation, asked) if operation == "UpdateItem" else {}
        total = Written()
        for _, key, new in units.writes(operation, asked):
            old = before.get(_text(key))
            new = after.get(_text(key)) if operation == "UpdateItem" else new
            if reply.status == 200:
                written = units.write_units(old, new, self._indexes, transaction=operation == "TransactWriteItems")
            else:
                written = units.write_units(old, old, (), transaction=operation == "TransactWriteItems")
            total += written
            kind = str((new or old or {"et": {"S": "nothing"}})["et"]["S"])
            with self._lock:
                self.counts.entities[kind] += written.table + written.indexes
        return 0.0, total

    def _stored(self, request: Request, forward: Forward, operation: str, asked: dict[str, Any]) -> dict[str, Item]:
        """The items that a write meets, by key."""
        wanted = list(units.writes(operation, asked))
        found: dict[str, Item] = {}
        for begin in range(0, len(wanted), 100):
            part = wanted[begin : begin + 100]
            table = part[0][0]
            keys = {_text(key): key for _, key, _ in part}
            answer = self._ask(request, forward, "BatchGetItem", {"RequestItems": {table: {"Keys": list(keys.values()), "ConsistentRead": True}}})
            found |= {_text(units.key_of(item)): item for item in answer["Responses"].get(table, [])}
        return found

    @staticmethod
    def _ask(request: Request, forward: Forward, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """A call of our own, in the function's name; the local AWS checks no signature."""
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"DynamoDB_20120810.{operation}",
                   "Authorization": request.header("authorization")}  # fmt: skip
        reply = forward(Request("POST", "/", headers, json.dumps(body).encode()))
        if reply is None or reply.status != 200:
            raise RuntimeError(f"{operation} of the meter: {reply and (reply.status, reply.body[:300])}")
        return dict(json.loads(reply.body))

    def release(self) -> int:
        """Sends on what was kept back."""
        with self._lock:
            kept, self._sunk = self._sunk, []
        for request, forward in kept:
            reply = forward(request)
            if reply is None or reply.status != 200:
                raise RuntimeError(f"what was kept back cannot be sent: {reply and reply.body[:300]!r}")
        return len(kept)


def _text(key: Item) -> str:
    return json.dumps(key, sort_keys=True)


def sunk(operation: str, asked: dict[str, Any]) -> Reply:
    """The answer to a send that goes nowhere yet."""
    if operation == "PutEvents":
        body: dict[str, Any] = {"FailedEntryCount": 0, "Entries": [{"EventId": str(n)} for n, _ in enumerate(asked["Entries"])]}
    elif operation == "SendMessageBatch":
        done = [{"Id": one["Id"], "MessageId": one["Id"], "MD5OfMessageBody": md5(one["MessageBody"])} for one in asked["Entries"]]
        body = {"Successful": done, "Failed": []}
    else:
        body = {"MessageId": "m", "MD5OfMessageBody": md5(asked["MessageBody"])}
    return Reply(200, json.dumps(body).encode(), [("Content-Type", "application/x-amz-json-1.0")])


def md5(text: str) -> str:
    """As SQS tells it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
