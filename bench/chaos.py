#!/usr/bin/env python3
"""Nothing lost, nothing twice: a noisy run against a clean one.

Ten thousand signed deliveries go to tenant `chaos`, each one to three times, in random order, by eight clients, while
the functions `ingest` and `score` are killed at random and their calls are throttled, stalled and cut: first the facts, then
the accounts they wait for (`deliveries.py` says why). Tenant `chaos-calm` gets each delivery once and in order, undisturbed. In the end both tenants must tell the same state, each alert must exist
once, and each notification must have gone out once. Prints the figures as JSON; exits with 1 when anything differs.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import queue
import random
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.aws import QUEUES, Aws  # noqa: E402
from bench.deliveries import deliveries  # noqa: E402
from bench.faults import Faults, injected  # noqa: E402
from bench.readback import Reader  # noqa: E402
from bench.tenant_state import differences, inbox, notifications, state  # noqa: E402
from bench.tenants import Access, Admin, client  # noqa: E402
from demo.client import Client, Stack, problem_code, signed_headers  # noqa: E402
from demo.sending import Progress  # noqa: E402

SOURCE = "web"
REUSE_SECONDS = 240
"""A signature is sent again while it is younger than this: the tolerance is 300 s."""


class Sender:
    """Sends bodies by several clients and counts the answers."""

    def __init__(self, stack: Stack, access: Access, seed: str) -> None:
        self._client = Client(str(stack.data["webhook_url"]), None, attempts=12)
        self._path = f"/webhooks/{access.tenant}/{SOURCE}"
        self._secret = access.secrets[SOURCE]
        self._seed = seed
        self._signed: dict[int, tuple[float, dict[str, str]]] = {}
        self.answers: Counter[str] = Counter()

    def send(self, bodies: list[bytes], order: list[int], clients: int) -> float:
        """Sends the bodies by number in this order; answers the seconds it took."""
        work: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in order:
            work.put(number)
        progress = Progress("deliveries", len(order), every=5)
        failures: list[Exception] = []

        def one(name: int) -> None:
            rng = random.Random(f"{self._seed}/client/{name}")
            try:
                while not failures:
                    number = work.get_nowait()
                    self._one(number, bodies[number], rng)
                    progress.add(1)
            except queue.Empty:
                pass
            except (OSError, RuntimeError) as error:
                failures.append(error)
            finally:
                self._client.close()

        threads = [threading.Thread(target=one, args=(n,)) for n in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        progress.end()
        return progress.seconds

    def _one(self, number: int, body: bytes, rng: random.Random) -> None:
        signed_at, headers = self._signed.get(number, (0.0, {}))
        if time.monotonic() - signed_at > REUSE_SECONDS or rng.random() < 0.5:
            headers = signed_headers(self._secret, body)
            self._signed[number] = (time.monotonic(), headers)
        answer = self._client.raw("POST", self._path, body, headers)
        if answer.status not in (200, 202):
            raise RuntimeError(f"delivery {number} was answered {answer.status} {problem_code(answer.json())}")
        self.answers[f"{answer.status} {(answer.json() or {}).get('status', '')}".strip()] += 1


class Killer(threading.Thread):
    """Kills processes of some functions at random, as a machine that dies would."""

    def __init__(self, functions: list[str], endpoint: str, every: float, seed: str) -> None:
        super().__init__(daemon=True)
        self._functions, self._endpoint, self._every = functions, endpoint, every
        self._rng = random.Random(f"{seed}/kills")
        self._ended = threading.Event()
        self.kills: Counter[str] = Counter()

    def run(self) -> None:
        while not self._ended.wait(self._rng.expovariate(1 / self._every)):
            function = self._rng.choice(self._functions)
            found = processes(function, self._endpoint)
            if found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._rng.choice(found), signal.SIGKILL)
                    self.kills[function] += 1

    def end(self) -> None:
        """No more kills."""
        self._ended.set()
        self.join()


def processes(function: str, endpoint: str) -> list[int]:
    """Processes of a function that this stack started: by the name that the stack puts into their environment."""
    wanted = {f"AWS_LAMBDA_FUNCTION_NAME={function}".encode(), f"AWS_ENDPOINT_URL={endpoint}".encode()}
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted <= set((folder / "environ").read_bytes().split(b"\0")):
                    found.append(int(folder.name))
    return sorted(found)


def settle(stack: Stack, access: Access, aws: Aws, timeout: float, passes: int) -> dict[str, Any]:
    """Empty queues, then a few evaluations of each account: an alert needs two clear ones to resolve."""
    quiet = aws.wait_until_quiet(timeout)
    api = client(stack, access)
    ids = [str(card["id"]) for card in api.pages("/v1/accounts")]
    for _ in range(passes):
        for account in ids:
            api.call("POST", f"/v1/accounts/{account}/score")
    aws.wait_until_quiet(timeout)
    return {**quiet, "accounts": len(ids)}


def same_instant(stack: Stack, admin: Admin, accesses: dict[str, Access], aws: Aws, timeout: float) -> str:
    """Pins both tenants' clocks to one instant and scores every account as of it: else an age in hours would differ by the minutes
    between the runs. It also opens what the storm guard held while accounts were still coming in, in both tenants alike."""
    as_of = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for tenant, access in accesses.items():
        admin.clock(tenant, f"Run {tenant}", as_of)
        api = client(stack, access)
        end, seen = time.monotonic() + timeout, 0
        # Each process of the API keeps a tenant for half a minute.
        while seen < 20:
            seen = seen + 1 if api.call("GET", "/v1/me").get("as_of") == as_of else 0
            if time.monotonic() > end:
                raise SystemExit(f"the API does not see the pinned clock of {tenant}")
            time.sleep(2)
    # Functions keep a tenant's settings for half a minute; the API's own copy is new now, and scores by it.
    for access in accesses.values():
        api = client(stack, access)
        for card in list(api.pages("/v1/accounts")):
            api.call("POST", f"/v1/accounts/{card['id']}/score")
    aws.wait_until_quiet(timeout)
    return as_of


def several(rng: random.Random, count: int) -> list[int]:
    """Each number one to three times, in random order."""
    order = [number for number in range(count) for _ in range(rng.randint(1, 3))]
    rng.shuffle(order)
    return order


def noisy_run(opts: argparse.Namespace, stack: Stack, aws: Aws, access: Access, parts: tuple[list[bytes], list[bytes]]) -> dict[str, Any]:
    """Facts, then accounts; each delivery one to three times, in random order, with kills and faults."""
    endpoint = str(stack.data["endpoint_url"])
    rng = random.Random(f"{opts.seed}/order")
    functions = [f"{opts.prefix}{name}" for name in ("ingest", "score")]
    faults = Faults(opts.seed, throttle=opts.throttle, cut_before=opts.cut / 2, cut_after=opts.cut / 2, stall=opts.stall, stall_seconds=opts.stall_seconds)
    kills: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    sent = seconds = 0.0
    settled: list[dict[str, Any]] = []
    under_fire: list[dict[str, Any]] = []
    with visibility(aws, opts.visibility):
        for name, bodies in zip(("facts", "accounts"), parts, strict=True):
            order = several(rng, len(bodies))
            print(f"Noisy run, {name}: {len(order)} sends of {len(bodies)} deliveries", file=sys.stderr)
            sender = Sender(stack, access, f"{opts.seed}/{name}")
            killer = Killer(functions, endpoint, opts.kill_every, f"{opts.seed}/{name}")
            with injected(aws, endpoint, [*functions, f"{opts.prefix}notify"], faults):
                killer.start()
                try:
                    seconds += sender.send(bodies, order, opts.clients)
                    # Most of the work is done after the last send: kills and faults go on until it is, or for so long.
                    under_fire.append(aws.wait_until_quiet(opts.linger))
                finally:
                    killer.end()
            sent += len(order)
            kills += killer.kills
            answers += sender.answers
            settled.append(aws.wait_until_quiet(opts.timeout))
        settled.append(settle(stack, access, aws, opts.timeout, opts.passes))
    return {"sent": int(sent), "noisy seconds": round(seconds, 1), "noisy answers": dict(answers), "kills": dict(kills),
            "faults": dict(faults.counts), "worked off under fire": under_fire, "noisy settled": settled}  # fmt: skip


def main() -> int:
    opts = arguments().parse_args()
    # Whoever stops the run leaves the functions and queues as they were.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    stack = Stack.read(opts.stack)
    aws = Aws(stack)
    admin = Admin(stack, opts.stack, opts.admin)
    noisy, calm = f"{opts.tenant}", f"{opts.tenant}-calm"
    accesses = {}
    for tenant in (noisy, calm):
        admin.clock(tenant, f"Run {tenant}", None)
        accesses[tenant] = admin.access(tenant, opts.clients, (SOURCE,))
    parts = deliveries(opts.seed, opts.accounts, opts.deliveries, opts.now)
    figures: dict[str, Any] = {"seed": opts.seed, "accounts": opts.accounts, "deliveries": sum(map(len, parts)), "clients": opts.clients}
    figures |= noisy_run(opts, stack, aws, accesses[noisy], parts)

    print("Clean run: each delivery once, in order", file=sys.stderr)
    figures["clean seconds"] = 0.0
    for bodies in parts:
        sender = Sender(stack, accesses[calm], opts.seed)
        figures["clean seconds"] += round(sender.send(bodies, list(range(len(bodies))), 1), 1)
        aws.wait_until_quiet(opts.timeout)
    figures["clean settled"] = settle(stack, accesses[calm], aws, opts.timeout, opts.passes)
    figures["compared as of"] = same_instant(stack, admin, accesses, aws, opts.timeout)
    return compare(opts, stack, noisy, calm, figures)


def compare(opts: argparse.Namespace, stack: Stack, noisy: str, calm: str, figures: dict[str, Any]) -> int:
    """Reads both tenants back and prints what was found."""
    clean_state = state(Reader(opts.stack, calm, opts.clients))
    noisy_state = state(Reader(opts.stack, noisy, opts.clients))
    found = differences(clean_state, noisy_state)
    twice = [key for key, count in noisy_state["open keys"].items() if count > 1]
    told = notifications(noisy_state["all alerts"])
    mails = inbox(str(stack.data["inbox_url"]), "chaos.example")
    figures |= {
        "differences": len(found),
        "compared": {part: len(clean_state[part]) for part in ("cards", "facts", "usage", "health", "alerts")},
        "facts compared": sum(len(rows) for kinds in clean_state["facts"].values() for rows in kinds.values()),
        "events compared": sum(day[1] for days in clean_state["usage"].values() for day in days),
        "open alerts twice": twice,
        "alerts in all": {"clean": len(clean_state["all alerts"]), "noisy": len(noisy_state["all alerts"])},
        "notifications": told,
        "inbox": mails,
        "first differences": found[:20],
    }
    same_number = len(clean_state["all alerts"]) == len(noisy_state["all alerts"])
    good = not found and same_number and not twice and not told["listed twice"] and not mails["mails sent twice"] and clean_state["cards"]
    figures["passed"] = bool(good)
    text = json.dumps(figures, indent=1)
    print(text)
    if opts.report:
        opts.report.write_text(text + "\n", encoding="utf-8")
    return 0 if good else 1


@contextlib.contextmanager
def visibility(aws: Aws, seconds: int) -> Any:
    """A shorter visibility time-out of the queues, so that what a killed function held comes back in time for the run."""
    before = {name: aws.sqs("GetQueueAttributes", QueueUrl=aws.queue_url(name), AttributeNames=["VisibilityTimeout"])["Attributes"] for name in QUEUES}
    try:
        for name in QUEUES:
            aws.sqs("SetQueueAttributes", QueueUrl=aws.queue_url(name), Attributes={"VisibilityTimeout": str(seconds)})
        yield
    finally:
        for name, attributes in before.items():
            aws.sqs("SetQueueAttributes", QueueUrl=aws.queue_url(name), Attributes=attributes)


def arguments() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--admin", help="path of copilot-admin (default: where cargo puts it)")
    parser.add_argument("--seed", default="1", help="data, order, kills and faults follow from it (default 1)")
    parser.add_argument("--now", type=dt.date.fromisoformat, default=dt.datetime.now(dt.timezone.utc).date(),
                        help="day on which the history ends (default: today, UTC; do not run over midnight)")  # fmt: skip
    parser.add_argument("--tenant", default="chaos", help="tenant of the noisy run, a new one for each run; the clean one gets `-calm` (default chaos)")
    parser.add_argument("--prefix", default="copilot-local-", help="what the functions' names begin with (default copilot-local-)")
    parser.add_argument("--accounts", type=int, default=200, help="accounts (default 200)")
    parser.add_argument("--deliveries", type=int, default=10_000, help="deliveries (default 10,000)")
    parser.add_argument("--clients", type=int, default=8, help="clients at once (default 8)")
    parser.add_argument("--kill-every", type=float, default=2.0, help="mean seconds between two kills (default 2)")
    parser.add_argument("--throttle", type=float, default=0.02, help="share of calls to AWS that are throttled (default 0.02)")
    parser.add_argument("--cut", type=float, default=0.01, help="share of connections that are cut, half before and half after the call took effect (default 0.01)")
    parser.add_argument("--stall", type=float, default=0.002, help="share of calls that hang (default 0.002)")
    parser.add_argument("--stall-seconds", type=float, default=12.0, help="how long a hanging call hangs (default 12)")
    parser.add_argument("--linger", type=float, default=900.0, help="seconds at most for which kills and faults go on after the last send, until the queues are empty (default 900)")
    parser.add_argument("--visibility", type=int, default=65, help="visibility time-out of the queues for the run (default 65)")
    parser.add_argument("--passes", type=int, default=3, help="evaluations of each account at the end (default 3)")
    parser.add_argument("--timeout", type=float, default=3_600, help="seconds to wait for empty queues (default 3,600)")
    parser.add_argument("--report", type=Path, help="write the figures as JSON here, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
