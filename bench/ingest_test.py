#!/usr/bin/env python3
"""How fast accounts and usage events come in by the batch API, and what a thousand of them cost by the list.

Speed: a throwaway tenant is filled through the public API by several clients; scoring goes on meanwhile, as it would.
Cost: the release bootstrap of `api` gets batches of a thousand rows under a runtime API of our own, with a counting proxy
before the local AWS; the requests to score stay there. Prints one JSON line a figure.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.calls import ROOT, Bench, calls, figure, prices  # noqa: E402
from bench.load_test import rows  # noqa: E402
from bench.meter import PRICES, Meter  # noqa: E402
from bench.runtime_api import http_event  # noqa: E402
from bench.tenants import client  # noqa: E402
from demo.sending import BATCH, Tally, batches, send  # noqa: E402

NAMES = ("report_run", "file_shared", "task_closed", "search_done", "import_run")
DAYS = 7


def events(run: str, accounts: range, count: int, days: float, end: dt.datetime) -> Iterator[dict[str, Any]]:
    """Usage events in the order of time, as a system would send them; the accounts take turns at random."""
    rng = random.Random(f"events/{run}")
    step = dt.timedelta(days=days) / count
    for number in range(count):
        at = end - dt.timedelta(days=days) + step * number
        yield {"id": f"{run}-{number:08d}", "account": f"load-{rng.choice(accounts):06d}", "user": f"u{rng.randrange(40)}",
               "name": rng.choice(NAMES), "at": at.strftime("%Y-%m-%dT%H:%M:%SZ")}  # fmt: skip


def told(name: str, tally: Tally) -> None:
    """Rows and the rate."""
    figure(f"{name}.rows", tally.rows, "rows")
    figure(f"{name}.rate", tally.rows / max(tally.seconds, 1e-6), "rows/s")
    figure(f"{name}.refused", tally.failed, "rows")
    figure(f"{name}.queued", tally.queued, "rows")


def cost(bench: Bench, key: str, name: str, call: tuple[str, str], bodies: list[str]) -> None:
    """Calls and price of batches of a thousand rows."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    meter = Meter(bench.template, sink=("SQS SendMessageBatch", "SQS SendMessage"))
    made = [http_event(*call, body, headers) for body in bodies]
    done = bench.run("api", made, meter=meter)
    number = len(bodies)
    statuses = Counter(row["status"] for answer in done.answers for row in json.loads(answer["body"])["results"])
    for status, count in sorted(statuses.items()):
        figure(f"api.{name}.{status}", count / number, "rows/thousand rows")
    figure(f"api.{name}.mean", sum(done.millis) / number, "ms/thousand rows")
    calls(f"api.{name}", done.counts, number, "thousand rows")
    seconds = sum(done.millis) / 1_000 / number
    parts = {part: dollars / number for part, dollars in done.counts.price().items()}
    parts["HTTP API"] = PRICES["HTTP API request"]
    parts["Lambda requests"] = PRICES["Lambda request"]
    # By the time with the counting proxy, which is the longer one.
    parts["Lambda time"] = seconds * bench.template.function("api").memory_mb / 1_024 * PRICES["Lambda GB-second"]
    parts["logs"] = len(done.log) / number * PRICES["log byte"]
    figure(f"api.{name}.cpu", done.cpu_ms / number, "ms/thousand rows")
    prices(f"api.{name}", parts, 1, "thousand rows")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--admin", help="path of copilot-admin (default: where cargo puts it)")
    parser.add_argument("--lambda-dir", type=Path, default=ROOT / ".local" / "lambda", help="the bootstraps (default .local/lambda)")
    parser.add_argument("--prefix", default="copilot-local-", help="what the functions' names begin with (default copilot-local-)")
    parser.add_argument("--tenant", default=f"ingest-{int(time.time())}", help="tenant to fill, a new one for each run (default ingest-<time>)")
    parser.add_argument("--accounts", type=int, default=2_000, help="accounts to send, at least 1,200 (default 2,000)")
    parser.add_argument("--events", type=int, default=20_000, help="usage events to send, over 7 days (default 20,000)")
    parser.add_argument("--clients", type=int, default=8, help="clients at once (default 8)")
    opts = parser.parse_args()
    if opts.accounts < 1_200:
        parser.error("--accounts: at least 1,200")
    bench = Bench(opts)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    bench.admin.clock(opts.tenant, "Ingest", None)
    access = bench.admin.access(opts.tenant, opts.clients)
    api = client(bench.stack, access)
    bench.quiet()

    accounts = list(rows(opts.accounts))
    told("ingest.accounts", send(api, "accounts", batches(accounts), workers=opts.clients))
    usage = list(events("speed", range(opts.accounts), opts.events, DAYS, now))
    told("ingest.events", send(api, "events", batches(usage), workers=opts.clients))
    bench.quiet()

    put, post = ("PUT", "/v1/accounts:batch"), ("POST", "/v1/events:batch")
    fresh = [{**row, "external_id": f"cost-{number}", "domain": f"cost-{number}.example"} for number, row in enumerate(accounts[:BATCH])]
    cost(bench, access.keys[0], "new_accounts", put, [json.dumps({"rows": fresh})])
    cost(bench, access.keys[0], "unchanged_accounts", put, [json.dumps({"rows": fresh})])
    # Each has accounts of its own: while a request to score is on its way, another fact of the account asks for none.
    for name, over, days in (("events_of_an_hour_1000_accounts", range(1_000), 1 / 24), ("events_of_an_hour_100_accounts", range(1_000, 1_100), 1 / 24),
                             ("events_of_a_week_100_accounts", range(1_100, 1_200), DAYS)):  # fmt: skip
        stream = list(events(f"{name}-{opts.tenant}", over, 5 * BATCH, days, now))
        bodies = [json.dumps({"events": stream[begin : begin + BATCH]}) for begin in range(0, len(stream), BATCH)]
        cost(bench, access.keys[0], name, post, bodies)
    return 0


if __name__ == "__main__":
    sys.exit(main())
