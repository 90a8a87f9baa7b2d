#!/usr/bin/env python3
"""A CSV import of about a gigabyte, and the memory of `ingest` while it runs.

Writes a file of usage events, imports it into a throwaway tenant by the public way (announce, put to the presigned
address, map, start), and samples the memory of the processes of `ingest` meanwhile. A small import goes before it: fails
when the large one took over 64 MB more than the small one at the peak, or when rows were lost. Prints one JSON line a
figure; progress goes to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import imports  # noqa: E402
from bench.aws import Aws  # noqa: E402
from bench.chaos import processes  # noqa: E402
from bench.load_test import rows as account_rows  # noqa: E402
from bench.tenants import Admin, client  # noqa: E402
from demo.client import Client, Stack  # noqa: E402
from demo.sending import batches, send  # noqa: E402

COLUMNS = ("id", "account", "user", "name", "at")
NAMES = ("report_run", "file_shared", "task_closed", "search_done", "import_run")
SMALL_MB = 3
GROWTH_MB = 64
"""What a large file may take over a small one."""
EVERY = 0.2
"""Seconds between two samples."""
SPARE_BYTES = 10_000_000_000
"""Disk that stays free."""


def lines(run: str, accounts: int, megabytes: float, row_bytes: int, days: int, end: dt.datetime) -> Iterator[str]:
    """The file, a thousand rows at a time, in the order of time. A column that is mapped to nothing makes rows as long as
    they are in real exports."""
    yield ",".join((*COLUMNS, "details")) + "\r\n"
    rng = random.Random(f"import/{run}")
    count = max(1, round(megabytes * 1e6 / row_bytes))
    begin, step = end - dt.timedelta(days=days), days * 86_400 / count
    filler = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz ") for _ in range(row_bytes * 2))
    for first in range(0, count, 1_000):
        part = []
        for number in range(first, min(first + 1_000, count)):
            at = (begin + dt.timedelta(seconds=step * number)).strftime("%Y-%m-%dT%H:%M:%SZ")
            row = f"{run}-{number:09d},load-{rng.randrange(accounts):06d},user-{rng.randrange(200)}@load.example,{rng.choice(NAMES)},{at},"
            gap, start = max(0, row_bytes - len(row) - 4), rng.randrange(row_bytes)
            part.append(f'{row}"{filler[start : start + gap]}"\r\n')
        yield "".join(part)


def write(path: Path, parts: Iterator[str]) -> int:
    """Writes the file; answers its rows."""
    count = -1
    with path.open("w", encoding="ascii", newline="") as file:
        for part in parts:
            file.write(part)
            count += part.count("\n")
    return count


class Memory:
    """Samples the memory of a function's processes, in MB."""

    def __init__(self, function: str, endpoint: str) -> None:
        self._function, self._endpoint = function, endpoint
        self._known: list[int] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.start_mb = self.max_mb = self.end_mb = 0.0
        self.processes: set[int] = set()

    def __enter__(self) -> Self:
        self._known = processes(self._function, self._endpoint)
        for pid in self._known:
            # Forgets the peak of what was before.
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")
        self.start_mb = max((rss for rss, _ in self._sample()), default=0.0)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.end_mb = max((rss for rss, _ in self._sample()), default=0.0)

    def _run(self) -> None:
        looked = 0.0
        while not self._ended.wait(EVERY):
            if time.monotonic() - looked > 2:
                looked, self._known = time.monotonic(), processes(self._function, self._endpoint)
            self._sample()

    def _sample(self) -> list[tuple[float, float]]:
        """Memory now and at the peak, by process."""
        found = []
        for pid in self._known:
            with contextlib.suppress(OSError, KeyError):
                fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
                now, peak = (int(fields[name].split()[0]) * 1_024 / 1e6 for name in ("VmRSS", "VmHWM"))
                found.append((now, peak))
                self.processes.add(pid)
                self.max_mb = max(self.max_mb, peak)
        return found


class Shown:
    """Progress, a line every few seconds."""

    def __init__(self, total: int) -> None:
        self._total, self._begin, self._at = total, time.monotonic(), 0.0

    def __call__(self, found: dict[str, Any]) -> None:
        spent = time.monotonic() - self._begin
        if spent - self._at >= 10:
            self._at = spent
            done = int(found.get("rows_done") or 0)
            print(f"  {found['status']}: {done:,} of {self._total:,} rows, {spent:.0f} s, {done / spent:,.0f} rows/s", file=sys.stderr, flush=True)


def figure(name: str, value: float, unit: str) -> None:
    """One line."""
    print(json.dumps({"name": name, "value": round(value, 2), "unit": unit}), flush=True)


@dataclass
class Done:
    """One import."""

    rows: int
    imported: imports.Imported
    memory: Memory

    @property
    def whole(self) -> bool:
        """Whether every row went in."""
        result = self.imported.result
        return result.get("status") == "succeeded" and result.get("created") == self.rows

    def tell(self, name: str, size: int) -> None:
        """The figures."""
        result, seconds = self.imported.result, self.imported.seconds
        figure(f"{name}.bytes", size, "B")
        figure(f"{name}.rows", self.rows, "rows")
        figure(f"{name}.seconds", seconds, "s")
        figure(f"{name}.rate", self.rows / seconds, "rows/s")
        figure(f"{name}.created", int(result.get("created") or 0), "rows")
        figure(f"{name}.unchanged", int(result.get("unchanged") or 0), "rows")
        figure(f"{name}.errors", int(result.get("errors") or 0), "rows")
        figure(f"{name}.rss_start", self.memory.start_mb, "MB")
        figure(f"{name}.rss_max", self.memory.max_mb, "MB")
        figure(f"{name}.rss_end", self.memory.end_mb, "MB")
        figure(f"{name}.processes", len(self.memory.processes), "count")
        if not self.whole:
            print(f"  not whole: {self.imported.text}", file=sys.stderr)


def one(opts: argparse.Namespace, stack: Stack, api: Client, name: str, megabytes: float, folder: Path) -> Done:
    """Writes, imports and forgets one file."""
    path = folder / f"{name}.csv"
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    try:
        print(f"Writing {megabytes:,.0f} MB", file=sys.stderr)
        rows = write(path, lines(f"{opts.tenant}-{name}", opts.accounts, megabytes, opts.row_bytes, opts.days, now))
        size = path.stat().st_size
        with Memory(f"{opts.prefix}ingest", str(stack.data["endpoint_url"])) as memory:
            done = imports.run(api, "events", path.name, path, timeout=opts.timeout, watch=Shown(rows),
                               mapping=lambda _: {**{column: column for column in COLUMNS}, "details": None})  # fmt: skip
    finally:
        path.unlink(missing_ok=True)
    if done.result.get("id"):
        Aws(stack).forget_object(f"imports/{opts.tenant}/{done.result['id']}.csv")
    found = Done(rows, done, memory)
    found.tell(f"import.{name}", size)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--admin", help="path of copilot-admin (default: where cargo puts it)")
    parser.add_argument("--prefix", default="copilot-local-", help="what the functions' names begin with (default copilot-local-)")
    parser.add_argument("--tenant", default=f"import-{int(time.time())}", help="tenant to import into, a new one for each run (default import-<time>)")
    parser.add_argument("--megabytes", type=float, default=1_000, help="size of the file (default 1,000; the product takes 1,073)")
    parser.add_argument("--row-bytes", type=int, default=1_000, help="bytes of a row, most of them in a column that is left out (default 1,000)")
    parser.add_argument("--accounts", type=int, default=200, help="accounts that the events are of (default 200)")
    parser.add_argument("--days", type=int, default=90, help="days over which the events are spread (default 90)")
    parser.add_argument("--timeout", type=float, default=4 * 3_600, help="seconds that an import may take (default 14,400)")
    opts = parser.parse_args()
    # Whoever stops the run has it tidy up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    stack = Stack.read(opts.stack)
    home = Path(opts.stack).resolve().parent
    # The file, the local AWS's copy of it, and its copy in the making.
    if shutil.disk_usage(home).free < SPARE_BYTES + 3 * opts.megabytes * 1e6:
        raise SystemExit(f"too little disk: {opts.megabytes:,.0f} MB take three times that, and {SPARE_BYTES / 1e9:.0f} GB stay free")
    admin = Admin(stack, opts.stack, opts.admin)
    admin.clock(opts.tenant, "Large import", None)
    api = client(stack, admin.access(opts.tenant, 2))
    send(api, "accounts", batches(account_rows(opts.accounts)), workers=1)
    with contextlib.redirect_stdout(sys.stderr):
        Aws(stack).wait_until_quiet(900, redrive=False)
    with tempfile.TemporaryDirectory(dir=home, prefix="import-") as folder:
        small = one(opts, stack, api, "small", SMALL_MB, Path(folder))
        large = one(opts, stack, api, "large", opts.megabytes, Path(folder))
    growth = large.memory.max_mb - small.memory.max_mb
    figure("import.large.rss_over_small", growth, "MB")
    if growth > GROWTH_MB:
        print(f"  the large import took {growth:.0f} MB more than the small one, {GROWTH_MB} are allowed", file=sys.stderr)
    return 0 if small.whole and large.whole and growth <= GROWTH_MB else 1


if __name__ == "__main__":
    sys.exit(main())
