#!/usr/bin/env python3
"""Calls to AWS and list price for each scored account, and the length of the nightly sweep.

Runs the release bootstraps of `score`, `api` and `nightly` as black boxes: under a runtime API of our own, against the
running local stack, with a counting proxy in between. Three situations are told apart: `quiet` (nothing changed since the
last score), `changed` (one usage event came in) and `new_day` (nothing changed but the date: what the nightly sweep meets;
on a sandbox tenant of its own, whose clock is moved on a day). Calls are counted with the proxy, times are taken without
it. Prints one JSON line a figure.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.aws import Aws  # noqa: E402
from bench.load_test import percentile  # noqa: E402
from bench.meter import PRICES, Counts, Meter  # noqa: E402
from bench.proxy import Proxy  # noqa: E402
from bench.runtime_api import Answer, Function, http_event, lambda_environment, sqs_event  # noqa: E402
from bench.tenants import Admin, client  # noqa: E402
from bench.units import Template  # noqa: E402
from demo import generate  # noqa: E402
from demo.client import Client, Stack  # noqa: E402
from demo.sending import batches, send  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
BATCH = 10
"""Messages of a batch, by the template's event source."""
MILLION = 1_000_000
QUEUE_CALLS = 2 / BATCH
"""Of the event source for one message: receiving and deleting a batch of ten."""
VCPU_MB = 1_769
"""Memory at which Lambda gives one whole processor."""


def figure(name: str, value: float, unit: str) -> None:
    """One line; small numbers keep four digits."""
    print(json.dumps({"name": name, "value": round(value, 2) if abs(value) >= 10 else float(f"{value:.4g}"), "unit": unit}), flush=True)


@dataclass
class Pass:
    """Some invocations of a function."""

    millis: list[float] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    cpu_ms: float = 0.0
    log: bytes = b""
    counts: Counts = field(default_factory=Counts)


class Bench:
    """The bootstraps and the stack they run against."""

    def __init__(self, opts: argparse.Namespace) -> None:
        self.stack = Stack.read(opts.stack)
        self.aws = Aws(self.stack)
        self.admin = Admin(self.stack, opts.stack, opts.admin)
        self.template = Template.read(ROOT / "infra" / "template.yaml")
        self._folder, self._prefix = opts.lambda_dir, opts.prefix
        self._environments: dict[str, dict[str, str]] = {}

    def function(self, name: str, endpoint: str) -> Function:
        """A process of its own, with the settings that the stack gives the function."""
        bootstrap = self._folder / name / "bootstrap"
        if not bootstrap.exists():
            raise SystemExit(f"{bootstrap} is not there: run `make build` first")
        if name not in self._environments:
            self._environments[name] = self.aws.function_environment(f"{self._prefix}{name}")
        own = lambda_environment(f"bench-{name}", self.template.function(name).memory_mb)
        return Function(bootstrap, {**self._environments[name], **own, "AWS_ENDPOINT_URL": endpoint})

    def run(self, name: str, events: list[Any], *, warm: Any = None, meter: Meter | None = None) -> Pass:
        """Gives a fresh process the events one after the other; counted by the meter, or timed without."""
        endpoint = str(self.stack.data["endpoint_url"])
        proxy = Proxy(endpoint, meter) if meter else None
        done = Pass()
        try:
            with self.function(name, proxy.address if proxy else endpoint) as function:
                if warm is not None:
                    checked(function, warm)
                printed, cpu = len(function.output()), function.cpu_ms()
                answers = [checked(function, event) for event in events]
                done.millis, done.answers = [answer.millis for answer in answers], [answer.json() for answer in answers]
                done.cpu_ms, done.log = function.cpu_ms() - cpu, function.output()[printed:]
        finally:
            if proxy:
                proxy.close()
        if meter:
            done.counts = meter.counts
        return done

    def quiet(self) -> None:
        """Waits until the stack has nothing to do, so that only we measure."""
        with contextlib.redirect_stdout(sys.stderr):
            if not self.aws.wait_until_quiet(900, redrive=False)["quiet"]:
                raise SystemExit("the stack's queues do not empty")


def checked(function: Function, event: Any) -> Answer:
    """Invokes; an answer without failures."""
    answer = function.invoke(event)
    body = answer.json() if answer.body else {}
    if not answer.ok or (isinstance(body, dict) and (body.get("batchItemFailures") or int(body.get("statusCode", 200)) >= 300)):
        raise SystemExit(f"{function.name} failed: {answer.body[:300]!r}\n{function.output()[-1500:].decode(errors='replace')}")
    return answer


def score_events(tenant: str, ids: list[str], size: int) -> list[Any]:
    """Requests to score accounts, as the queue delivers them."""
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    bodies = [json.dumps({"tenant": tenant, "account": one, "reason": "sweep", "requested_at": now}) for one in ids]
    return [sqs_event(bodies[begin : begin + size]) for begin in range(0, len(bodies), size)]


def measure(bench: Bench, situation: str, tenant: str, ids: list[str], prepare: Callable[[], None]) -> float:
    """Counts and times the scoring of accounts in a situation, which is prepared before each pass; answers milliseconds a batch."""
    *ids, spare = ids
    warm, tens = score_events(tenant, [spare], 1)[0], score_events(tenant, ids, BATCH)
    prepare()
    meter = Meter(bench.template)
    counted = bench.run("score", tens, meter=meter)
    prepare()
    timed = bench.run("score", tens, warm=warm)
    prepare()
    singly = bench.run("score", score_events(tenant, ids, 1), warm=warm)
    calls(f"score.{situation}", counted.counts, len(ids), "account")
    figure(f"score.{situation}.stored", counted.log.count(b'"stored":true') / len(ids), "share")
    memory = bench.template.function("score").memory_mb
    batch_ms = sum(timed.millis) / len(timed.millis)
    figure(f"score.{situation}.batch_of_{BATCH}_mean", batch_ms, "ms")
    figure(f"score.{situation}.batch_of_{BATCH}_p99", percentile(timed.millis, 0.99), "ms")
    figure(f"score.{situation}.account_in_batch_mean", sum(timed.millis) / len(ids), "ms")
    for name, value in (("mean", sum(singly.millis) / len(ids)), ("p50", percentile(singly.millis, 0.5)), ("p99", percentile(singly.millis, 0.99))):
        figure(f"score.{situation}.account_alone_{name}", value, "ms")
    figure(f"score.{situation}.cpu", timed.cpu_ms / len(ids), "ms/account")
    figure(f"score.{situation}.log", len(timed.log) / len(ids), "B/account")
    parts = {part: dollars / len(ids) for part, dollars in counted.counts.price().items()}
    parts["SQS"] = parts.get("SQS", 0.0) + QUEUE_CALLS * PRICES["SQS request"]
    parts["Lambda requests"] = PRICES["Lambda request"] / BATCH
    parts["Lambda time"] = batch_ms / 1_000 / BATCH * memory / 1_024 * PRICES["Lambda GB-second"]
    parts["logs"] = len(timed.log) / len(ids) * PRICES["log byte"]
    prices(f"score.{situation}", parts, MILLION, "million accounts")
    hours = MILLION / BATCH / bench.template.score_concurrency * batch_ms / 3_600_000
    figure(f"score.{situation}.sweep_of_a_million", hours, "h")
    share = min(1.0, memory / VCPU_MB)
    figure(f"score.{situation}.sweep_of_a_million_by_cpu_alone", MILLION * timed.cpu_ms / len(ids) / share / bench.template.score_concurrency / 3_600_000, "h")
    return batch_ms


def calls(name: str, counts: Counts, number: int, unit: str) -> None:
    """Calls and units for each account, row, or whatever is counted."""
    for call, count in sorted(counts.calls.items()):
        figure(f"{name}.calls.{call}", count / number, f"calls/{unit}")
    figure(f"{name}.calls", counts.calls.total() / number, f"calls/{unit}")
    for call, count in sorted(counts.failed.items()):
        figure(f"{name}.refused.{call}", count / number, f"calls/{unit}")
    for kind, by_operation in (("read_units", counts.reads), ("table_write_units", counts.table_writes), ("index_write_units", counts.index_writes)):
        for operation, value in sorted(by_operation.items()):
            if value:
                figure(f"{name}.{kind}.{operation}", value / number, f"units/{unit}")
    for kind, value in sorted(counts.entities.items(), key=lambda entry: -entry[1]):
        figure(f"{name}.write_units_of.{kind}", value / number, f"units/{unit}")
    figure(f"{name}.read_units", sum(counts.reads.values()) / number, f"units/{unit}")
    figure(f"{name}.write_units", (sum(counts.table_writes.values()) + sum(counts.index_writes.values())) / number, f"units/{unit}")


def prices(name: str, parts: dict[str, float], number: int, unit: str) -> None:
    """Dollars by part, and their sum."""
    for part, dollars in parts.items():
        figure(f"{name}.price.{part}", dollars * number, f"$/{unit}")
    figure(f"{name}.price", sum(parts.values()) * number, f"$/{unit}")


class Changes:
    """New usage events, sent through `api` while the requests to score are kept back, so that nobody scores before us."""

    def __init__(self, bench: Bench, key: str, cards: list[dict[str, Any]]) -> None:
        self._bench = bench
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        self._meter = Meter(bench.template, sink=("SQS SendMessageBatch",))
        self._accounts = [str(card["external_id"]) for card in cards]

    def make(self) -> None:
        """One event for each account."""
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        events = [{"id": f"bench-{uuid.uuid4()}", "account": one, "user": "bench", "name": "report_run", "at": now} for one in self._accounts]
        done = self._bench.run("api", [http_event("POST", "/v1/events:batch", json.dumps({"events": events}), self._headers)], meter=self._meter)
        told = json.loads(done.answers[0]["body"])
        if told["counted"] != len(events):
            raise SystemExit(f"of {len(events)} events {told['counted']} were counted")

    def release(self) -> None:
        """Sends the requests to score that were kept back."""
        self._meter.release()


@contextlib.contextmanager
def changes(bench: Bench, key: str, cards: list[dict[str, Any]]) -> Iterator[Changes]:
    """Whatever happens, the stack hears of the changes in the end."""
    made = Changes(bench, key, cards)
    try:
        yield made
    finally:
        made.release()


class Days:
    """A sandbox with a demo portfolio of its own, whose clock is moved on day by day."""

    def __init__(self, bench: Bench, tenant: str, accounts: int) -> None:
        self._bench, self.tenant = bench, tenant
        try:
            api = client(bench.stack, bench.admin.access(tenant, 8))
            # A run before has moved the clock; it goes on from there, since the past was scored already.
            self._day = dt.datetime.fromisoformat(api.call("GET", "/v1/me")["as_of"])
        except SystemExit:
            self._day = dt.datetime.now(dt.UTC).replace(hour=12, minute=0, second=0, microsecond=0)
            self._clock()
            api = client(bench.stack, bench.admin.access(tenant, 8))
        # Counted, since the total is a figure that may be missing: a second portfolio would come on top of the first.
        if sum(1 for _ in api.pages("/v1/accounts")) < accounts:
            _, rows = generate.portfolio("calls", self._day.date(), accounts)
            for kind in ("contacts", "subscriptions", "invoices", "tickets", "activities", "surveys", "outcomes", "events", "accounts"):
                send(api, kind, batches(rows[kind]), workers=8)
            bench.quiet()
        self.ids = [card["id"] for card in api.pages("/v1/accounts")][:accounts]
        bench.run("score", score_events(tenant, self.ids, BATCH))

    def _clock(self) -> None:
        self._bench.admin.clock(self.tenant, "Calls by the day", self._day.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def move_on(self) -> None:
        """The next day."""
        self._day += dt.timedelta(days=1)
        self._clock()


def nightly(bench: Bench, tenant: str) -> None:
    """What asking for the scores of a sandbox costs; the messages stay here. No digest is announced for a sandbox."""
    meter = Meter(bench.template, sink=("SQS SendMessageBatch",))
    counted = bench.run("nightly", [{"tenant": tenant}], meter=meter)
    swept = int(counted.answers[0]["accounts"])
    calls("nightly", counted.counts, swept, "account")
    prices("nightly", {part: dollars / swept for part, dollars in counted.counts.price().items()}, MILLION, "million accounts")
    figure("nightly.accounts", swept, "count")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--admin", help="path of copilot-admin (default: where cargo puts it)")
    parser.add_argument("--lambda-dir", type=Path, default=ROOT / ".local" / "lambda", help="the bootstraps (default .local/lambda)")
    parser.add_argument("--prefix", default="copilot-local-", help="what the functions' names begin with (default copilot-local-)")
    parser.add_argument("--tenant", default="demo", help="tenant with accounts to score (default demo)")
    parser.add_argument("--accounts", type=int, default=100, help="accounts to score in each pass (default 100)")
    parser.add_argument("--days-tenant", default="calls", help="sandbox for the situation new_day; made when it is missing (default calls)")
    opts = parser.parse_args()
    # Whoever stops the run has it tidy up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    bench = Bench(opts)
    begin = time.monotonic()
    api = Client(str(bench.stack.data["api_url"]), bench.stack.key(opts.tenant))
    # By their ids, which are hashes: a fair sample. The list itself begins with those that have most alerts.
    cards = sorted(api.pages("/v1/accounts"), key=lambda card: str(card["id"]))[: opts.accounts + 1]
    ids = [card["id"] for card in cards]
    if len(ids) < 2:
        raise SystemExit(f"tenant {opts.tenant} has too few accounts: load the demo portfolio first")
    bench.quiet()
    bench.run("score", score_events(opts.tenant, ids, BATCH))
    measure(bench, "quiet", opts.tenant, ids, lambda: None)
    with changes(bench, bench.stack.key(opts.tenant), cards[:-1]) as made:
        measure(bench, "changed", opts.tenant, ids, made.make)
    days = Days(bench, opts.days_tenant, len(ids))
    bench.quiet()
    measure(bench, "new_day", days.tenant, days.ids, days.move_on)
    nightly(bench, days.tenant)
    print(f"  measured in {time.monotonic() - begin:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
