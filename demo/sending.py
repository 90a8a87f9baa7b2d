"""Sends rows in batches with several clients, and tells how it goes."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from demo.client import ApiError, Client

BATCH = 1_000
SHOWN_ERRORS = 5


class Progress:
    """Rows, rate and time left, one line every few seconds."""

    def __init__(self, name: str, total: int, *, every: float = 2.0, out: TextIO | None = None) -> None:
        self.name, self.total, self.done = name, total, 0
        self._every, self._out = every, out or sys.stderr
        self._begin = self._shown = time.monotonic()
        self._lock = threading.Lock()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._begin

    def add(self, rows: int) -> None:
        """So many more rows are done."""
        with self._lock:
            self.done += rows
            now = time.monotonic()
            if now - self._shown >= self._every and self.done < self.total:
                self._shown = now
                self._show()

    def _show(self) -> None:
        rate = self.done / max(self.seconds, 1e-6)
        left = (self.total - self.done) / rate if rate else 0.0
        print(f"  {self.name:14} {self.done:>9,} of {self.total:,} rows  {self.seconds:6.1f} s  {rate:8,.0f}/s  {left:5.0f} s left",
              file=self._out, flush=True)  # fmt: skip

    def end(self) -> None:
        """The last line."""
        rate = self.done / max(self.seconds, 1e-6)
        print(f"  {self.name:14} {self.done:>9,} rows in {self.seconds:.1f} s ({rate:,.0f}/s)", file=self._out, flush=True)


@dataclass
class Tally:
    """What the API said about the rows of one kind."""

    kind: str
    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    error_codes: Counter[str] = field(default_factory=Counter)
    parked: int = 0
    queued: int = 0
    first_errors: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, results: Sequence[dict[str, Any]]) -> None:
        """Counts the results of one batch."""
        self.rows += len(results)
        for result in results:
            self.statuses[str(result.get("status"))] += 1
            self.parked += bool(result.get("parked"))
            if result.get("status") == "error":
                code = str((result.get("error") or {}).get("code"))
                self.error_codes[code] += 1
                self.queued += code == "queued"
                if not result.get("parked") and code != "queued" and len(self.first_errors) < SHOWN_ERRORS:
                    self.first_errors.append(result)

    @property
    def failed(self) -> int:
        """Rows that were refused. A parked row is kept and counts as soon as its account comes; a queued one is in the log
        and will be applied."""
        return self.statuses["error"] - self.parked - self.queued

    def report(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rows": self.rows,
            "statuses": dict(self.statuses),
            "errors": dict(self.error_codes),
            "parked": self.parked,
            "queued": self.queued,
            "seconds": round(self.seconds, 2),
            "rows_per_second": round(self.rows / self.seconds, 1) if self.seconds else None,
        }


def batches(rows: Iterable[dict[str, Any]], size: int = BATCH) -> list[list[dict[str, Any]]]:
    """Cuts rows into batches, so that no batch tells one record twice: a later revision waits for the next batch."""
    done: list[list[dict[str, Any]]] = []
    waiting = list(rows)
    while waiting:
        later: list[dict[str, Any]] = []
        batch: list[dict[str, Any]] = []
        seen: set[str] = set()
        for row in waiting:
            key = str(row.get("external_id", row.get("id")))
            if key in seen:
                later.append(row)
                continue
            if len(batch) == size:
                done.append(batch)
                batch = []
            seen.add(key)
            batch.append(row)
        if batch:
            done.append(batch)
        waiting = later
    return done


def send(client: Client, kind: str, lists: Sequence[Sequence[dict[str, Any]]], *, workers: int, source: str = "api",
         skip: set[int] | None = None, done: Any = None) -> Tally:  # fmt: skip
    """Sends the batches of one kind. `skip` holds numbers of batches that are through already, `done(n)` hears of each.

    A batch that fails as a whole ends the run with an error that names it; what was sent stays, and the next run goes on.
    """
    tally = Tally(kind)
    work: queue.SimpleQueue[tuple[int, Sequence[dict[str, Any]]]] = queue.SimpleQueue()
    for number, batch in enumerate(lists):
        if not skip or number not in skip:
            work.put((number, batch))
    progress = Progress(kind, sum(len(batch) for n, batch in enumerate(lists) if not skip or n not in skip))
    lock = threading.Lock()
    failures: list[Exception] = []

    def one() -> None:
        try:
            take()
        finally:
            client.close()

    def take() -> None:
        while not failures:
            try:
                number, batch = work.get_nowait()
            except queue.Empty:
                return
            try:
                results = send_batch(client, kind, batch, source)
            except (ApiError, ConnectionError) as error:
                failures.append(RuntimeError(f"{kind}, batch {number} of {len(lists)}: {error}"))
                return
            with lock:
                tally.add(results)
                if done is not None:
                    done(number)
            progress.add(len(batch))

    threads = [threading.Thread(target=one, daemon=True) for _ in range(max(1, workers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    tally.seconds = progress.seconds
    progress.end()
    return tally


def send_batch(client: Client, kind: str, batch: Sequence[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    """One batch call."""
    if kind == "events":
        answer = client.call("POST", "/v1/events:batch", {"source": source, "events": list(batch)})
    else:
        answer = client.call("PUT", f"/v1/{kind}:batch", {"source": source, "rows": list(batch)})
    results = answer.get("results")
    if not isinstance(results, list) or len(results) != len(batch):
        raise ConnectionError(f"asked about {len(batch)} rows, answered about {len(results or [])}")
    return results
