"""Reads a tenant back through the public API, for the checks. Shares nothing with what the loaders read and send."""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from bench.tenants import Admin
from demo.client import Stack

T = TypeVar("T")
R = TypeVar("R")
SHOWN = 100
WINDOW = 450
"""Days of usage in one answer."""


class Reader:
    """GET calls with the tenant's API key."""

    def __init__(self, stack_file: str, tenant: str, workers: int) -> None:
        stack = json.loads(Path(stack_file).read_text(encoding="utf-8"))
        parts = urllib.parse.urlsplit(str(stack["api_url"]))
        self._host = parts.netloc
        host = "127.0.0.1" if (parts.hostname or "").endswith("localhost") else str(parts.hostname)
        self._base = f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "") + parts.path.rstrip("/")
        self._keys = [str(entry["key"]) for entry in stack["api_keys"] if entry["tenant"] == tenant]
        more = Path(stack_file).parent / "bench" / "tenants.json"
        if more.exists():
            for tenants in json.loads(more.read_text(encoding="utf-8")).values():
                self._keys += tenants.get(tenant, {}).get("keys", [])
        if not self._keys:
            raise SystemExit(f"{stack_file} has no API key for tenant `{tenant}`")
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._turn = itertools.count()
        self._workers = workers

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """One answer as JSON; tries again while the stack is busy."""
        address = self._base + path + ("?" + urllib.parse.urlencode(query) if query else "")
        attempt = 0
        while True:
            # A key may make 600 requests a minute; the keys take turns.
            key = self._keys[next(self._turn) % len(self._keys)]
            request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}", "Host": self._host})
            wait = min(10.0, 0.3 * 2**attempt)
            try:
                with self._opener.open(request, timeout=120) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code == 429:
                    wait = max(wait, float(error.headers.get("Retry-After") or 1))
                elif error.code == 401 and len(self._keys) > 1:
                    self._keys = [other for other in self._keys if other != key]  # of a stack that is gone
                    continue
                elif error.code not in (500, 502, 503, 504) or attempt == 7:
                    raise SystemExit(f"GET {path}: {error.code} {error.read()[:300]!r}") from None
                else:
                    attempt += 1
            except OSError:
                if attempt == 7:
                    raise
                attempt += 1
            time.sleep(wait)

    def rows(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """All rows of a list."""
        asked = {"limit": 500, **(query or {})}
        while True:
            page = self.get(path, asked)
            yield from page["data"]
            if not page.get("next"):
                return
            asked["cursor"] = page["next"]

    def each(self, name: str, items: Iterable[T], read: Callable[[T], R]) -> Iterator[tuple[T, R]]:
        """Reads for many items at once, with a line of progress now and then."""
        todo = list(items)
        begin = shown = time.monotonic()
        with ThreadPoolExecutor(self._workers) as pool:
            for number, (item, answer) in enumerate(zip(todo, pool.map(read, todo), strict=True), start=1):
                if time.monotonic() - shown > 5:
                    shown = time.monotonic()
                    print(f"  {name} {number:,} of {len(todo):,}, {shown - begin:.0f} s", file=sys.stderr, flush=True)
                yield item, answer


def usage(reader: Reader, clock: Callable[[str], None], ids: Mapping[str, str], last: dt.date, days: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every day of usage of every account. The API tells at most 456 days back from the tenant's clock, so the clock of the
    sandbox is pinned to one end after the other, and to the last day again when all is read."""
    noon = "T12:00:00Z"
    end = last
    try:
        while days > 0:
            span = min(days, WINDOW)
            clock(f"{end}{noon}")
            name = f"usage up to {end} of accounts"
            for owner, answer in reader.each(name, ids, lambda a: reader.get(f"/v1/accounts/{ids[a]}/usage", {"days": span})):
                for day in answer["data"]:
                    yield owner, day
            days -= span
            end -= dt.timedelta(days=span)
    finally:
        clock(f"{last}{noon}")


def clock_of(stack_file: str, tool: str | None, tenant: str, reader: Reader) -> Callable[[str], None]:
    """Pins the tenant's clock, by the operators' tool."""
    admin = Admin(Stack.read(stack_file), stack_file, tool)
    me = reader.get("/v1/me")
    return lambda as_of: admin.clock(tenant, str(me["tenant_name"]), as_of, str(me["zone"]))


class Check:
    """Collects what was compared and what differs."""

    def __init__(self) -> None:
        self.compared: dict[str, dict[str, Any]] = {}
        self.differences: list[dict[str, Any]] = []
        self.count = 0

    def same(self, name: str, key: str, from_file: Any, from_api: Any) -> None:
        """One comparison by name and key."""
        entry = self.compared.setdefault(name, {"compared": 0, "different": 0})
        entry["compared"] += 1
        if from_file != from_api:
            entry["different"] += 1
            self.count += 1
            if len(self.differences) < SHOWN:
                self.differences.append({"what": name, "key": key, "file": from_file, "api": from_api})

    def same_maps(self, name: str, from_file: Mapping[Any, Any], from_api: Mapping[Any, Any]) -> None:
        """Every key of both."""
        for key in sorted(set(from_file) | set(from_api), key=str):
            self.same(name, str(key), from_file.get(key), from_api.get(key))

    def total(self, name: str, from_file: Any, from_api: Any) -> None:
        """A total that is worth printing."""
        self.same(name, "total", from_file, from_api)
        self.compared[name].update({"file": from_file, "api": from_api})

    def end(self, tenant: str, begin: float, report_file: Path | None) -> int:
        """Prints the report; 1 when anything differs."""
        report = {
            "tenant": tenant,
            "equal": self.count == 0,
            "differences": self.count,
            "seconds": round(time.monotonic() - begin, 1),
            "compared": self.compared,
            "first_differences": self.differences,
        }
        text = json.dumps(report, indent=1)
        print(text)
        if report_file:
            report_file.write_text(text + "\n", encoding="utf-8")
        return 1 if self.count else 0


def options(description: str | None, tenant: str) -> argparse.ArgumentParser:
    """The options of a check."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data",
                        help="folder with the data sets (default ../shared/data)")  # fmt: skip
    parser.add_argument("--tenant", default=tenant, help=f"tenant to read (default {tenant})")
    parser.add_argument("--workers", type=int, default=8, help="clients at once (default 8)")
    parser.add_argument("--admin", help="path of copilot-admin, which pins the tenant's clock (default: where cargo puts it)")
    parser.add_argument("--file-only", action="store_true", help="print what the files say and read nothing back")
    parser.add_argument("--report", type=Path, help="write the report as JSON here, too")
    return parser
