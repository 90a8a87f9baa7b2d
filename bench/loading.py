"""What the loaders of real data have in common: options, sending with a journal, the report."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.journal import Journal
from bench.tenants import Admin
from demo.client import ApiError, Client, Stack
from demo.sending import BATCH, Tally, batches, send

Row = dict[str, Any]
Lists = dict[str, list[list[Row]]]
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def options(description: str | None, tenant: str) -> argparse.ArgumentParser:
    """The options of a loader."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the data sets (default ../shared/data)")
    parser.add_argument("--tenant", default=tenant, help=f"tenant to load into (default {tenant})")
    parser.add_argument("--workers", type=int, default=8, help="clients at once (default 8)")
    parser.add_argument("--one-key", action="store_true", help="use only the API key of stack.json: 600 requests a minute in all")
    parser.add_argument("--admin", help="path of copilot-admin, which makes a key for each client (default: where cargo puts it)")
    parser.add_argument("--accounts-first", action="store_true",
                        help="send the accounts first; else last, so that each is scored once, with its whole history")  # fmt: skip
    parser.add_argument("--wait", type=float, default=3_600, help="seconds to wait until all accounts are scored (default 3,600; 0: do not wait)")
    parser.add_argument("--fresh", action="store_true", help="send everything, whatever a run before has sent")
    parser.add_argument("--dry-run", action="store_true", help="read and count the files, send nothing")
    parser.add_argument("--report", type=Path, help="write the report as JSON here, too")
    return parser


def spread(main: Sequence[Row], heavy: Sequence[Row], size: int = BATCH) -> list[list[Row]]:
    """Batches of `main` with those of one heavy account spread evenly among them, so that few run side by side."""
    a, b = batches(main, size), batches(heavy, size)
    keyed = [((n + 0.5) / len(a), 0, batch) for n, batch in enumerate(a)] + [((n + 0.5) / len(b), 1, batch) for n, batch in enumerate(b)]
    return [batch for _, _, batch in sorted(keyed, key=lambda item: item[:2])]


def cut(rows: Iterator[Row] | Sequence[Row]) -> list[list[Row]]:
    """Batches of the largest size."""
    return batches(rows)


def _client(opts: argparse.Namespace, stack: Stack) -> Client:
    """A key for each worker where the operators' tool is at hand, else the one key of stack.json."""
    if opts.one_key:
        return Client(str(stack.data["api_url"]), stack.key(opts.tenant))
    access = Admin(stack, opts.stack, opts.admin).access(opts.tenant, opts.workers)
    return Client(str(stack.data["api_url"]), access.keys)


def wait_until_listed(client: Client, expected: int, timeout: float) -> Row:
    """Waits until all accounts stand in the list: they come there with their first score."""
    begin = time.monotonic()
    while True:
        found = sum(1 for _ in client.pages("/v1/accounts"))
        spent = time.monotonic() - begin
        print(f"  {found:,} of {expected:,} accounts scored, {spent:.0f} s", file=sys.stderr, flush=True)
        if found >= expected or spent > timeout:
            return {"accounts": found, "of": expected, "seconds": round(spent, 1)}
        time.sleep(10)


def run(opts: argparse.Namespace, lists: Lists, about: Row) -> int:
    """Sends all kinds in order, prints the report as JSON; 1 when any row was refused.

    Rows of an account that has not come yet are kept by the API (`parked`) and count as soon as it comes.
    """
    if not opts.accounts_first:
        lists = {kind: lists[kind] for kind in [*(kind for kind in lists if kind != "accounts"), "accounts"]}
    report: Row = {"tenant": opts.tenant, "from_files": about, "rows": {kind: sum(map(len, b)) for kind, b in lists.items()}}
    if opts.dry_run:
        print(json.dumps(report, indent=1))
        return 0
    stack = Stack.read(opts.stack)
    client = _client(opts, stack)
    folder = Path(opts.stack).parent / "bench"
    tallies: list[Tally] = []
    begin = time.monotonic()
    try:
        for kind, parts in lists.items():
            journal = Journal(folder, opts.tenant, kind, stack.fingerprint(), parts, fresh=opts.fresh)
            if journal.done:
                print(f"  {kind}: {len(journal.done)} of {len(parts)} batches went through before", file=sys.stderr)
            tallies.append(send(client, kind, parts, workers=opts.workers, skip=journal.done, done=journal.mark))
        report["seconds to send"] = round(time.monotonic() - begin, 1)
        if opts.wait:
            expected = len({row["external_id"] for batch in lists["accounts"] for row in batch})
            report["listed"] = wait_until_listed(client, expected, opts.wait)
    except (ApiError, RuntimeError, ConnectionError) as error:
        print(f"The load stopped: {error}\nRun it again: it goes on with the next batch.", file=sys.stderr)
        return 1
    finally:
        report["seconds in all"] = round(time.monotonic() - begin, 1)
        report["workers"] = opts.workers
        report["sent"] = {tally.kind: tally.report() for tally in tallies}
        report["calls"] = {"made": client.counters.calls, "retried": client.counters.retries, "throttled": client.counters.throttled}
        text = json.dumps(report, indent=1)
        print(text)
        if opts.report:
            opts.report.write_text(text + "\n", encoding="utf-8")
    refused = [tally for tally in tallies if tally.failed]
    for tally in refused:
        print(f"{tally.kind}: {tally.failed} refused, first: {tally.first_errors[0]}", file=sys.stderr)
    return 1 if refused else 0
