"""Ten thousand deliveries about two hundred accounts: records in several versions, and usage events. Seeded."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]
Item = tuple[str, str, Row]
"""When it happened, the kind, the row."""
NOW = dt.datetime(2026, 6, 30, tzinfo=dt.timezone.utc)
"""The pinned clock of both tenants."""
AS_OF = "2026-06-30T00:00:00Z"
DAYS = 150
NAMES = ("report_run", "file_shared", "task_closed", "search_done", "import_run")


def ago(days: float) -> str:
    """An instant so many days before the pinned clock, in whole seconds."""
    return (NOW - dt.timedelta(seconds=round(days * 86_400))).strftime("%Y-%m-%dT%H:%M:%SZ")


def account_items(seed: str, number: int) -> Iterator[Item]:
    """Everything that is told about one account."""
    rng = random.Random(f"{seed}/account/{number}")
    ext = f"c-{number:03d}"
    kind_of_account = rng.choice(("calm", "calm", "silent", "late", "angry", "leaving"))
    base = {"external_id": ext, "name": f"Chaos {number:03d}", "touch": rng.choice(("high", "mid", "digital")), "currency": "EUR",
            "owner": f"chaos-{number % 4}@chaos.example", "contract_start": ago(400)[:10], "contract_end": ago(-rng.randint(20, 340))[:10],
            "seats": 10, "mrr_minor": rng.randint(200, 9_000) * 100}  # fmt: skip
    yield version("accounts", base, DAYS)
    yield version("accounts", {"external_id": ext, "pulse": rng.randint(1, 5), "pulse_at": ago(70)}, 70)
    yield version("accounts", {"external_id": ext, "name": f"Chaos {number:03d} Ltd", "pulse": rng.randint(2, 5), "pulse_at": ago(9)}, 9)
    if kind_of_account == "leaving":
        yield version("accounts", {"external_id": ext, "cancel_notice_at": ago(6)}, 6)
    for n, role in enumerate(("champion", "sponsor", "user"), 1):
        contact = {"external_id": f"{ext}-p{n}", "account": ext, "name": f"Person {n}", "role": role}
        yield version("contacts", {**contact, "last_active_at": ago(100)}, 100)
        yield version("contacts", {**contact, "last_active_at": ago(rng.randint(3, 40))}, 3 - n / 2)
    sub = {"external_id": f"{ext}-s", "account": ext, "plan": "Team", "currency": "EUR", "started_at": ago(400)}
    yield version("subscriptions", {**sub, "status": "active", "mrr_minor": base["mrr_minor"], "seats": 10}, 140)
    yield version("subscriptions", {**sub, "status": "active", "mrr_minor": base["mrr_minor"] + 5_000, "seats": 12}, 60)
    for n in range(4):
        day = 130 - 30 * n
        bill = {"external_id": f"{ext}-i{n}", "account": ext, "amount_minor": base["mrr_minor"], "currency": "EUR", "issued_at": ago(day),
                "due_at": ago(day - 14), "line_count": 1}  # fmt: skip
        yield version("invoices", bill, day)
        if not (kind_of_account == "late" and n >= 2):
            yield version("invoices", {**bill, "paid_at": ago(day - 5)}, day - 5)
    for n in range(6 if kind_of_account == "angry" else 3):
        day = rng.uniform(4, 25) if kind_of_account == "angry" else rng.uniform(20, 120)
        urgent = kind_of_account == "angry" and n == 0
        ticket = {"external_id": f"{ext}-t{n}", "account": ext, "title": f"Ticket {n}", "priority": "urgent" if urgent else rng.choice(("low", "normal", "high")),
                  "opened_at": ago(day), "sla_due_at": ago(day - 1)}  # fmt: skip
        yield version("tickets", ticket, day)
        yield version("tickets", {**ticket, "answered_at": ago(day - 0.5)}, day - 0.5)
        if not urgent:
            yield version("tickets", {**ticket, "answered_at": ago(day - 0.5), "solved_at": ago(day - 2), "csat": rng.randint(1, 5), "rated_at": ago(day - 2)}, day - 2)
    for n in range(4):
        day = rng.uniform(2, 80)
        yield version("activities", {"external_id": f"{ext}-a{n}", "account": ext, "kind": rng.choice(("meeting", "email", "call")),
                                     "direction": rng.choice(("inbound", "both", "outbound")), "at": ago(day), "held": True, "subject": "Talk"}, day)  # fmt: skip
    day = rng.uniform(5, 60)
    yield version("surveys", {"external_id": f"{ext}-n", "account": ext, "kind": "nps", "score": rng.randint(0, 10), "at": ago(day)}, day)
    for n in range(rng.randint(150, 260)):
        day = rng.uniform(30, 120) if kind_of_account == "silent" else rng.uniform(0.01, 120)
        at = ago(day)
        yield at, "events", {"id": f"{ext}-e{n}", "account": ext, "user": f"{ext}-u{rng.randint(1, 9)}", "name": rng.choice(NAMES), "at": at, "known_at": at}


def version(kind: str, row: Row, days: float) -> Item:
    """A row as it stood so many days ago."""
    at = ago(days)
    return at, kind, {**row, "updated_at": at, "known_at": at}


def deliveries(seed: str, accounts: int, count: int) -> list[bytes]:
    """The bodies, in the order of what they tell. Some events are told by two of them."""
    rng = random.Random(f"{seed}/deliveries")
    items = sorted((item for n in range(accounts) for item in account_items(seed, n)), key=lambda item: (item[0], json.dumps(item[2], sort_keys=True)))
    if count > len(items):
        raise ValueError(f"{accounts} accounts give {len(items)} rows, fewer than {count} deliveries")
    edges = [0, *sorted(rng.sample(range(1, len(items)), count - 1)), len(items)]
    bodies = []
    for begin, end in zip(edges, edges[1:], strict=False):
        part = items[begin:end]
        if rng.random() < 0.1:
            part = part + [item for item in rng.sample(items[:end], min(end, 2)) if item[1] == "events"]
        body: dict[str, list[Row]] = {}
        for _, kind, row in part:
            body.setdefault(kind, []).append(row)
        bodies.append(json.dumps(body, separators=(",", ":"), sort_keys=True).encode())
    return bodies
