#!/usr/bin/env python3
"""Times of the list and account pages at 1,000, 10,000 and 100,000 accounts.

Fills one tenant for each size by the batch API (only what is missing), reads pages with several sorts, filters and depths,
and prints one JSON line a figure: `{"name","value","unit"}`. Two times are told: end to end as the client sees it, which
on the local stack holds some 45 ms of the emulator's, and the handler's own from the function's log (`duration_ms`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import math
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.aws import Aws  # noqa: E402
from bench.tenants import Admin, client  # noqa: E402
from demo import names  # noqa: E402
from demo.client import Client, Stack  # noqa: E402
from demo.sending import batches, send  # noqa: E402

OWNERS = tuple(f"owner{n}@load.example" for n in range(20))
LISTS: dict[str, dict[str, str | int]] = {
    "first page by priority": {},
    "500 rows by priority": {"limit": 500},
    "lowest score first": {"sort": "score"},
    "by ARR": {"sort": "-arr"},
    "by renewal": {"sort": "renewal"},
    "name prefix": {"filter[name][prefix]": "Nor", "sort": "name"},
    "one owner": {"filter[owner][eq]": OWNERS[3]},
    "one band": {"filter[band][eq]": "healthy"},
}
PAGES = ("", "/health", "/timeline", "/history", "/predictions")


def rows(size: int) -> Iterator[dict[str, Any]]:
    """Synthetic accounts; the same ones for the same number, whatever the size."""
    start = dt.date(2026, 1, 1)
    for number in range(size):
        rng = random.Random(f"load/{number}")
        day = start - dt.timedelta(days=rng.randint(40, 700))
        yield {"external_id": f"load-{number:06d}", "name": f"{rng.choice(names.STEMS)} {number:06d}", "domain": f"load-{number:06d}.example",
               "owner": rng.choice(OWNERS), "touch": rng.choice(("high", "mid", "digital")), "segment": rng.choice(("Enterprise", "Mid-market", "Small business")),
               "currency": "EUR", "mrr_minor": rng.randint(50, 20_000) * 100, "seats": rng.randint(3, 300), "contract_start": day.isoformat(),
               "contract_end": (start + dt.timedelta(days=rng.randint(1, 365))).isoformat(), "pulse": rng.randint(1, 5),
               "pulse_at": "2025-12-20T10:00:00Z", "updated_at": "2025-12-20T10:00:00Z"}  # fmt: skip


def percentile(values: list[float], share: float) -> float:
    """By the nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


def figure(name: str, value: float, unit: str) -> None:
    """One line."""
    print(json.dumps({"name": name, "value": round(value, 2), "unit": unit}), flush=True)


def told(name: str, values: list[float], unit: str = "ms") -> None:
    """Median, 99th percentile and number of a measure."""
    if values:
        figure(f"{name} p50", percentile(values, 0.5), unit)
        figure(f"{name} p99", percentile(values, 0.99), unit)
        figure(f"{name} calls", len(values), "count")


def prepare(api: Client, size: int, workers: int) -> None:
    """Sends the accounts that are missing."""
    first = api.call("GET", "/v1/accounts", query={"limit": 1})
    if first.get("total") == size:
        return
    tally = send(api, "accounts", batches(rows(size)), workers=workers)
    figure(f"ingest accounts {size}", tally.rows / max(tally.seconds, 1e-6), "rows/s")
    if tally.failed:
        raise SystemExit(f"{tally.failed} rows were refused, first {tally.first_errors[0]}")


def measure(clients: list[Client], size: int, repeats: int) -> None:
    """Reads pages one after the other and tells how long they took at the client. A key may make 600 calls a minute, so
    the clients take turns: being throttled would stand in the times."""
    turn = itertools.cycle(clients)
    ids: list[str] = []
    for name, query in LISTS.items():
        seconds = []
        for _ in range(repeats):
            begin = time.monotonic()
            page = next(turn).call("GET", "/v1/accounts", query=query)
            seconds.append((time.monotonic() - begin) * 1_000)
            ids += [card["id"] for card in page["data"]][:20]
        told(f"list {name} {size} end to end", seconds)
    seconds, cursor = [], None
    for _ in range(repeats):
        query: dict[str, str | int] = {"limit": 50, **({"cursor": cursor} if cursor else {})}
        begin = time.monotonic()
        page = next(turn).call("GET", "/v1/accounts", query=query)
        seconds.append((time.monotonic() - begin) * 1_000)
        cursor = page.get("next")
    told(f"list deep pages {size} end to end", seconds)
    rng = random.Random("pages")
    for part in PAGES:
        seconds = []
        for account in rng.choices(ids, k=repeats):
            begin = time.monotonic()
            next(turn).call("GET", f"/v1/accounts/{account}{part}")
            seconds.append((time.monotonic() - begin) * 1_000)
        told(f"account page{part or ' itself'} {size} end to end", seconds)


def from_log(aws: Aws, group: str, since_ms: int) -> dict[str, list[float]]:
    """`duration_ms` by operation from the function's log."""
    found: dict[str, list[float]] = defaultdict(list)
    for line in aws.log_lines(group, since_ms):
        begin = line.find("{")
        try:
            entry = json.loads(line[begin:]) if begin >= 0 else {}
        except ValueError:
            continue
        fields = {**entry, **(entry.get("fields") or {})}
        if "duration_ms" in fields and "operation_id" in fields:
            found[str(fields["operation_id"])].append(float(fields["duration_ms"]))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--admin", help="path of copilot-admin (default: where cargo puts it)")
    parser.add_argument("--sizes", default="1000,10000", help="tenant sizes, separated by commas (default 1000,10000; the target is told at 100000)")
    parser.add_argument("--repeats", type=int, default=60, help="calls of each kind (default 60)")
    parser.add_argument("--workers", type=int, default=8, help="clients at once while filling (default 8)")
    parser.add_argument("--log-group", default="/copilot/local/api", help="log group of the function api (default /copilot/local/api)")
    parser.add_argument("--settle", type=float, default=0, help="seconds to wait for empty queues before measuring (default 0: do not wait)")
    opts = parser.parse_args()
    stack = Stack.read(opts.stack)
    aws, admin = Aws(stack), Admin(stack, opts.stack, opts.admin)
    for size in map(int, opts.sizes.split(",")):
        tenant = f"load-{size}"
        admin.clock(tenant, f"Load {size:,}", "2026-01-01T00:00:00Z")
        api = client(stack, admin.access(tenant, opts.workers))
        prepare(api, size, opts.workers)
        if opts.settle:
            aws.wait_until_quiet(opts.settle, redrive=False)
        since = int(time.time() * 1_000)
        keys = admin.access(tenant, opts.workers).keys
        measure([Client(str(stack.data["api_url"]), key) for key in keys], size, opts.repeats)
        for operation, values in sorted(from_log(aws, opts.log_group, since).items()):
            told(f"handler {operation} {size}", values)
    return 0


if __name__ == "__main__":
    sys.exit(main())
