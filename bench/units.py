"""Read and write units of DynamoDB by its documented rules, from the bodies of calls and answers.

An item is as large as the UTF-8 text of its attribute names and values. A read unit is 4 KB, half of it when the read may
be stale; a query is rounded up by page, a batched get by item. A write unit is 1 KB of the larger of the item before and
after; in a transaction it counts twice. Each index in which an item has its keys is written, too, once (twice when its
place in the index changes), unless nothing of the item changed. A condition that does not hold costs a write, too.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Item = dict[str, dict[str, Any]]
READS = ("GetItem", "BatchGetItem", "Query", "TransactGetItems")
WRITES = ("PutItem", "DeleteItem", "UpdateItem", "BatchWriteItem", "TransactWriteItems")


@dataclass(frozen=True)
class Written:
    """Write units of a call: of the table, and of its indexes."""

    table: float = 0.0
    indexes: float = 0.0

    def __add__(self, other: Written) -> Written:
        return Written(self.table + other.table, self.indexes + other.indexes)


@dataclass(frozen=True)
class Function:
    """What the template says of a function."""

    memory_mb: int
    timeout_s: int


class Template:
    """The few settings of the template that money hangs on."""

    def __init__(self, text: str) -> None:
        self._text = text
        table = self._resource("Table")
        key = r"- \{AttributeName: (\w+), KeyType: %s\}"
        self.indexes = tuple(re.findall(rf"IndexName: \w+\s+KeySchema:\s+{key % 'HASH'}\s+{key % 'RANGE'}", table))
        projected = re.findall(r"ProjectionType: (\w+)", table)
        if not self.indexes or projected != ["ALL"] * len(self.indexes) or len(self.indexes) != table.count("IndexName"):
            raise SystemExit("the template's indexes do not read as expected (hash and range key, projection ALL): mend bench/units.py")
        self.score_concurrency = int(re.search(r"prod: \{.*?Score: (\d+)", text).group(1))  # type: ignore[union-attr]

    @classmethod
    def read(cls, path: Path) -> Template:
        """From its file."""
        return cls(path.read_text(encoding="utf-8"))

    def _resource(self, name: str) -> str:
        found = re.search(rf"^  {name}:\n(.*?)(?=^  \S|\Z)", self._text, re.MULTILINE | re.DOTALL)
        if not found:
            raise SystemExit(f"the template has no {name}")
        return found.group(1)

    def function(self, name: str) -> Function:
        """By its short name, such as `score`."""
        own = self._resource(f"{name.capitalize()}Function")
        memory = re.search(r"MemorySize: (\d+)", own) or re.search(r"MemorySize: (\d+)", self._text)
        timeout = re.search(r"Timeout: (\d+)", own)
        return Function(int(memory.group(1)) if memory else 128, int(timeout.group(1)) if timeout else 3)


def value_size(value: dict[str, Any]) -> int:
    """Bytes of one attribute value."""
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "N":
            return number_size(inner)
        case "B":
            return len(base64.b64decode(inner))
        case "SS":
            return sum(len(one.encode()) for one in inner)
        case "NS":
            return sum(map(number_size, inner))
        case "BS":
            return sum(len(base64.b64decode(one)) for one in inner)
        case "L":
            return 3 + sum(1 + value_size(one) for one in inner)
        case "M":
            return 3 + sum(1 + len(name.encode()) + value_size(one) for name, one in inner.items())
        case _:
            return 1


def number_size(text: str) -> int:
    """About one byte for two significant digits, one more, and one for a sign."""
    digits = text.lower().split("e")[0].lstrip("-").replace(".", "").strip("0")
    return min(21, (len(digits) + 1) // 2 + 1 + text.startswith("-"))


def size(item: Item | None) -> int:
    """Bytes of an item."""
    return sum(len(name.encode()) + value_size(value) for name, value in (item or {}).items())


def started(count: int, unit: int) -> int:
    """Started units, at least one."""
    return max(1, math.ceil(count / unit))


def read_units(operation: str, asked: dict[str, Any], answer: dict[str, Any]) -> float:
    """Of a call that read. For a query the answer must hold the whole items, see [`whole`]."""
    if operation == "GetItem":
        return started(size(answer.get("Item")), 4096) * (1.0 if asked.get("ConsistentRead") else 0.5)
    if operation == "Query":
        return started(sum(map(size, answer.get("Items") or [])), 4096) * (1.0 if asked.get("ConsistentRead") else 0.5)
    if operation == "TransactGetItems":
        return sum(2.0 * started(size(one.get("Item")), 4096) for one in answer.get("Responses") or [])
    units = 0.0
    for table, wanted in asked["RequestItems"].items():
        found = (answer.get("Responses") or {}).get(table) or []
        left = len(((answer.get("UnprocessedKeys") or {}).get(table) or {}).get("Keys") or [])
        missing = len(wanted["Keys"]) - len(found) - left
        units += (sum(started(size(item), 4096) for item in found) + missing) * (1.0 if wanted.get("ConsistentRead") else 0.5)
    return units


def whole(asked: dict[str, Any]) -> dict[str, Any] | None:
    """The same query without filter and projection, which do not make it cheaper; None when it has none."""
    if not any(asked.get(name) for name in ("FilterExpression", "ProjectionExpression", "Select")):
        return None
    kept = {k: v for k, v in asked.items() if k not in ("FilterExpression", "ProjectionExpression", "Select")}
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        used = {k: v for k, v in (asked.get(name) or {}).items() if re.search(rf"{re.escape(k)}\b", asked["KeyConditionExpression"])}
        kept.pop(name, None)
        if used:
            kept[name] = used
    return kept


def writes(operation: str, asked: dict[str, Any]) -> Iterator[tuple[str, Item, Item | None]]:
    """(table, key, new item) of each write; None for a delete, and for what the call does not tell in full."""
    if operation == "BatchWriteItem":
        for table, requests in asked["RequestItems"].items():
            for one in requests:
                put = (one.get("PutRequest") or {}).get("Item")
                yield table, key_of(put or one["DeleteRequest"]["Key"]), put
    elif operation == "TransactWriteItems":
        for one in asked["TransactItems"]:
            ((_, write),) = one.items()
            yield write["TableName"], key_of(write.get("Item") or write["Key"]), write.get("Item")
    else:
        yield asked["TableName"], key_of(asked.get("Item") or asked["Key"]), asked.get("Item")


def key_of(item: Item) -> Item:
    """The table's key."""
    return {name: item[name] for name in ("pk", "sk")}


def write_units(old: Item | None, new: Item | None, indexes: tuple[tuple[str, str], ...], *, transaction: bool = False) -> Written:
    """Of one write."""
    table = started(max(size(old), size(new)), 1024) * (2 if transaction else 1)
    units = 0.0
    for keys in indexes:
        before, after = place(old, keys), place(new, keys)
        if before and after and before != after:
            units += started(size(old), 1024) + started(size(new), 1024)
        elif (before or after) and old != new:
            units += started(max(size(old) if before else 0, size(new) if after else 0), 1024)
    return Written(table, units)


def place(item: Item | None, keys: tuple[str, str]) -> tuple[Any, ...] | None:
    """Where an item stands in an index; None when it does not."""
    if not item or any(name not in item for name in keys):
        return None
    return tuple(next(iter(item[name].values())) for name in keys)
