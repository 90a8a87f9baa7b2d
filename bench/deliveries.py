"""Ten thousand deliveries about two hundred accounts: facts in several versions, usage events, then the accounts. Seeded.

Facts come first and wait for their accounts; each telling of an account is complete. So every evaluation of an account sees
the same facts, whatever the order of the deliveries, and the alerts of two runs can be compared exactly: an alert opens on
entry and closes after two clear evaluations, so it would otherwise rightly depend on what was known when.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]
Item = tuple[str, str, Row]
"""When it happened, the kind, the row."""
NAMES = ("report_run", "file_shared", "task_closed", "search_done", "import_run")
KINDS = ("calm",) * 7 + ("silent", "late", "angry", "leaving")
"""No rule is to trip at a fifth of the accounts: the storm guard would hold it, at whichever account came last."""
TELLINGS = 5
"""How often each account is told, each time in a newer version."""
OWNERS = 40
"""So many that nobody's daily cap of messages is reached."""


class Clock:
    """Instants before a day."""

    def __init__(self, now: dt.date) -> None:
        self._now = dt.datetime(now.year, now.month, now.day, tzinfo=dt.timezone.utc)

    def ago(self, days: float) -> str:
        """An instant so many days before, in whole seconds."""
        return (self._now - dt.timedelta(seconds=round(days * 86_400))).strftime("%Y-%m-%dT%H:%M:%SZ")

    def told(self, kind: str, row: Row, days: float) -> Item:
        """A row as it stood so many days ago."""
        at = self.ago(days)
        return at, kind, {**row, "updated_at": at, "known_at": at}


def account_kind(seed: str, number: int) -> str:
    """What happens at an account."""
    return random.Random(f"{seed}/kind/{number}").choice(KINDS)


def account_bodies(seed: str, number: int, clock: Clock) -> list[bytes]:
    """The tellings of one account, oldest first; each is complete but for name and a field of its own."""
    rng = random.Random(f"{seed}/account/{number}")
    kind = account_kind(seed, number)
    base: Row = {"external_id": f"c-{number:03d}", "touch": rng.choice(("high", "mid", "digital")), "currency": "EUR",
                 "owner": f"chaos-{number % OWNERS}@chaos.example", "contract_start": clock.ago(400)[:10],
                 "contract_end": clock.ago(-rng.randint(20, 340))[:10], "seats": 12, "mrr_minor": mrr(seed, number), "features_entitled": len(NAMES),
                 "pulse": 2 if kind == "angry" else rng.randint(4, 5), "pulse_at": clock.ago(12)}  # fmt: skip
    if kind == "leaving":
        base["cancel_notice_at"] = clock.ago(11)
    return [body([clock.told("accounts", {**base, "name": f"Chaos {number:03d} v{n}", "custom": {"told": n}}, 10 - n)]) for n in range(1, TELLINGS + 1)]


def mrr(seed: str, number: int) -> int:
    """Monthly recurring revenue in cents."""
    return random.Random(f"{seed}/mrr/{number}").randint(200, 9_000) * 100


def facts(seed: str, number: int, clock: Clock) -> Iterator[Item]:
    """Everything else that is told about one account."""
    rng = random.Random(f"{seed}/facts/{number}")
    kind = account_kind(seed, number)
    ext, amount, ago, told = f"c-{number:03d}", mrr(seed, number), clock.ago, clock.told
    for n, role in enumerate(("champion", "sponsor", "user"), 1):
        contact = {"external_id": f"{ext}-p{n}", "account": ext, "name": f"Person {n}", "role": role}
        yield told("contacts", {**contact, "last_active_at": ago(100)}, 100)
        yield told("contacts", {**contact, "last_active_at": ago(rng.randint(5, 20))}, 3 - n / 2)
    sub = {"external_id": f"{ext}-s", "account": ext, "plan": "Team", "currency": "EUR", "started_at": ago(400), "status": "active"}
    yield told("subscriptions", {**sub, "mrr_minor": amount - 5_000, "seats": 10}, 140)
    yield told("subscriptions", {**sub, "mrr_minor": amount, "seats": 12}, 60)
    for n in range(4):
        day = 130 - 30 * n
        bill = {"external_id": f"{ext}-i{n}", "account": ext, "amount_minor": amount, "currency": "EUR", "issued_at": ago(day),
                "due_at": ago(day - 14), "line_count": 1}  # fmt: skip
        yield told("invoices", bill, day)
        if not (kind == "late" and n >= 2):
            yield told("invoices", {**bill, "paid_at": ago(day - 5)}, day - 5)
    angry = kind == "angry"
    for n in range(7 if angry else 3):
        day = rng.uniform(4, 25) if angry else rng.uniform(20, 120)
        urgent = angry and n == 0
        ticket = {"external_id": f"{ext}-t{n}", "account": ext, "title": f"Ticket {n}", "opened_at": ago(day), "sla_due_at": ago(day - 1),
                  "priority": "urgent" if urgent else rng.choice(("low", "normal", "high"))}  # fmt: skip
        yield told("tickets", ticket, day)
        answered = {**ticket, "answered_at": ago(day - 0.5)}
        yield told("tickets", answered, day - 0.5)
        if not urgent:
            yield told("tickets", {**answered, "solved_at": ago(day - 0.8), "csat": rng.randint(1, 2) if angry else rng.randint(4, 5),
                                   "rated_at": ago(day - 0.8)}, day - 0.8)  # fmt: skip
    for n, (what, direction, day) in enumerate((("meeting", "both", 12), ("email", "inbound", 5), ("email", "outbound", 4), ("call", "both", 40))):
        yield told("activities", {"external_id": f"{ext}-a{n}", "account": ext, "kind": what, "direction": direction, "at": ago(day + rng.random()),
                                  "held": True, "subject": "Talk"}, day)  # fmt: skip
    day = rng.uniform(5, 60)
    yield told("surveys", {"external_id": f"{ext}-n", "account": ext, "kind": "nps", "score": rng.randint(0, 4) if angry else rng.randint(7, 8), "at": ago(day)}, day)
    count = rng.randint(180, 260)
    for n in range(count):
        day = 0.02 + 119.9 * (n + 0.5) / count
        if kind == "silent" and day < 25:
            continue
        at = ago(day)
        yield at, "events", {"id": f"{ext}-e{n}", "account": ext, "user": f"{ext}-u{n % 9}", "name": NAMES[n % 4], "at": at, "known_at": at}


def body(items: list[Item]) -> bytes:
    """A delivery."""
    found: dict[str, list[Row]] = {}
    for _, kind, row in items:
        found.setdefault(kind, []).append(row)
    return json.dumps(found, separators=(",", ":"), sort_keys=True).encode()


def deliveries(seed: str, accounts: int, count: int, now: dt.date) -> tuple[list[bytes], list[bytes]]:
    """The bodies with facts, in the order of what they tell, and those with accounts. Some events are told by two of them."""
    clock = Clock(now)
    last = [telling for n in range(accounts) for telling in account_bodies(seed, n, clock)]
    rng = random.Random(f"{seed}/deliveries")
    items = sorted((item for n in range(accounts) for item in facts(seed, n, clock)), key=lambda item: (item[0], json.dumps(item[2], sort_keys=True)))
    first = count - len(last)
    if not 0 < first <= len(items):
        raise ValueError(f"{accounts} accounts give {len(last) + 1} to {len(last) + len(items)} deliveries, not {count}")
    edges = [0, *sorted(rng.sample(range(1, len(items)), first - 1)), len(items)]
    bodies = []
    for begin, end in zip(edges, edges[1:], strict=False):
        part = items[begin:end]
        if rng.random() < 0.1:
            part = part + [item for item in rng.sample(items[:end], min(end, 2)) if item[1] == "events"]
        bodies.append(body(part))
    return bodies, last
