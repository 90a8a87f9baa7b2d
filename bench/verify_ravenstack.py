#!/usr/bin/env python3
"""Compares tenant `ravenstack`, read back through the API, with the five files.

Written on its own: it shares no code with the loader. Exits with 1 on any difference.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import lzma
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.readback import Check, Reader, clock_of, options  # noqa: E402
from bench.readback import usage as usage_of  # noqa: E402

MONTHS = [f"{year}-{month:02d}" for year in (2023, 2024) for month in range(1, 13)]
Fact = dict[str, Any]


def lines(folder: Path, name: str) -> list[dict[str, str]]:
    with lzma.open(folder / "ravenstack" / f"ravenstack_{name}.csv.xz", "rt", encoding="utf-8", newline="") as file:
        return [dict(line) for line in csv.DictReader(file)]


def cents(dollars: str) -> int:
    """Whole cents; the files have no smaller part."""
    value = Decimal(dollars).scaleb(2)
    if value != int(value):
        raise ValueError(f"{dollars} is not in whole cents")
    return int(value)


def active_months(start: str, end: str | None) -> list[str]:
    """The months in which a subscription runs, that of its start and that of its end among them."""
    return [month for month in MONTHS if start[:7] <= month and (not end or month <= end[:7])]


class Truth:
    """What the files say."""

    def __init__(self, folder: Path) -> None:
        self.accounts = {line["account_id"]: (line["account_name"], line["industry"], line["country"]) for line in lines(folder, "accounts")}
        self.mrr: Counter[tuple[str, str]] = Counter()
        self.subscriptions: dict[str, tuple[Any, ...]] = {}
        owner = {}
        for line in lines(folder, "subscriptions"):
            owner[line["subscription_id"]] = line["account_id"]
            amount = cents(line["mrr_amount"])
            end = line["end_date"] or None
            status = "canceled" if end else "trialing" if line["is_trial"] == "True" else "active"
            self.subscriptions[line["subscription_id"]] = (line["account_id"], amount, int(line["seats"]), line["plan_tier"], line["start_date"], end, status)
            for month in active_months(line["start_date"], end):
                self.mrr[(line["account_id"], month)] += amount
        self.usage: Counter[tuple[str, str, str]] = Counter()
        for line in lines(folder, "feature_usage"):
            self.usage[(owner[line["subscription_id"]], line["usage_date"], line["feature_name"])] += int(line["usage_count"])
        self.usage = +self.usage
        self.tickets: dict[str, tuple[Any, ...]] = {}
        for line in lines(folder, "support_tickets"):
            score = float(line["satisfaction_score"]) if line["satisfaction_score"] else None
            answered = dt.datetime.fromisoformat(line["submitted_at"]) + dt.timedelta(minutes=int(line["first_response_time_minutes"]))
            priority = "normal" if line["priority"] == "medium" else line["priority"]
            self.tickets[line["ticket_id"]] = (line["account_id"], priority, line["submitted_at"], answered.isoformat(sep=" "),
                                               line["closed_at"], score, line["escalation_flag"] == "True")  # fmt: skip
        self.churns: dict[str, tuple[Any, ...]] = {}
        self.refunds: dict[str, tuple[str, int]] = {}
        for line in lines(folder, "churn_events"):
            self.churns[line["churn_event_id"]] = (line["account_id"], line["churn_date"], line["reason_code"], line["feedback_text"] or None)
            if cents(line["refund_amount_usd"]):
                self.refunds[line["churn_event_id"] + "-refund"] = (line["account_id"], -cents(line["refund_amount_usd"]))


def clock(instant: str | None) -> str | None:
    """`2024-07-09T03:00:00Z` as the files write it."""
    return instant[:19].replace("T", " ") if instant else None


def date(instant: str | None) -> str | None:
    return instant[:10] if instant else None


def subscription(account: str, row: Fact) -> tuple[Any, ...]:
    return (account, row["mrr_minor"], row["seats"], row["plan"], date(row["started_at"]), date(row.get("canceled_at")), row["status"])


def ticket(account: str, row: Fact) -> tuple[Any, ...]:
    return (account, row["priority"], date(row["opened_at"]), clock(row.get("answered_at")), clock(row.get("solved_at")), row.get("csat"), row["escalated"])


def main() -> int:
    opts = options(__doc__, "ravenstack").parse_args()
    begin = time.monotonic()
    truth = Truth(opts.data)
    if opts.file_only:
        print(json.dumps({"accounts": len(truth.accounts), "subscriptions": len(truth.subscriptions), "tickets": len(truth.tickets),
                          "churn events": len(truth.churns), "refunds": len(truth.refunds), "uses": sum(truth.usage.values()),
                          "account months": len(truth.mrr), "sum of MRR cents over months": sum(truth.mrr.values())}, indent=1))  # fmt: skip
        return 0
    reader = Reader(opts.stack, opts.tenant, opts.workers)
    check = Check()
    ids = {str(card["external_id"]): str(card["id"]) for card in reader.rows("/v1/accounts")}
    check.total("accounts", len(truth.accounts), len(ids))
    check.same_maps("account is there", dict.fromkeys(truth.accounts, True), dict.fromkeys(ids, True))

    def facts(kind: str) -> dict[str, tuple[str, Fact]]:
        found: dict[str, tuple[str, Fact]] = {}
        read = reader.each(f"{kind} of accounts", ids, lambda a: list(reader.rows(f"/v1/accounts/{ids[a]}/facts", {"kind": kind})))
        for owner, rows in read:
            for fact in rows:
                check.same(f"{kind} told once", str(fact["external_id"]), False, fact["external_id"] in found)
                found[str(fact["external_id"])] = (owner, fact["row"])
        return found

    subscriptions = facts("subscriptions")
    check.total("subscriptions", len(truth.subscriptions), len(subscriptions))
    check.same_maps("subscription", truth.subscriptions, {k: subscription(*v) for k, v in subscriptions.items()})
    mrr: Counter[tuple[str, str]] = Counter()
    for owner, row in subscriptions.values():
        for month in active_months(str(row["started_at"]), row.get("canceled_at")):
            mrr[(owner, month)] += int(row["mrr_minor"])
    check.same_maps("MRR cents per account and month", dict(truth.mrr), dict(mrr))
    check.total("MRR cents over all months", sum(truth.mrr.values()), sum(mrr.values()))

    tickets = facts("tickets")
    check.total("tickets", len(truth.tickets), len(tickets))
    check.same_maps("ticket", truth.tickets, {k: ticket(*v) for k, v in tickets.items()})
    outcomes = facts("outcomes")
    check.total("churn events", len(truth.churns), len(outcomes))
    check.same_maps("churn event", truth.churns, {k: (a, date(r["at"]), r["reason"], r.get("comment")) for k, (a, r) in outcomes.items()})
    check.same_maps("churn event is churn", dict.fromkeys(truth.churns, "churned"), {k: r["kind"] for k, (_, r) in outcomes.items()})
    refunds = facts("invoices")
    check.total("refunds", len(truth.refunds), len(refunds))
    check.same_maps("refund", truth.refunds, {k: (a, r["amount_minor"]) for k, (a, r) in refunds.items()})

    details = reader.each("accounts", ids, lambda a: reader.get(f"/v1/accounts/{ids[a]}")["account"])
    check.same_maps("account", truth.accounts, {a: (d["name"], d["industry"], d["country"]) for a, d in details})
    usage: Counter[tuple[str, str, str]] = Counter()
    clock = clock_of(opts.stack, opts.admin, opts.tenant, reader)
    for owner, day in usage_of(reader, clock, ids, dt.date(2025, 1, 2), 800):
        for name, count in day["by_name"].items():
            usage[(owner, day["day"], name)] += int(count)
    check.total("uses", sum(truth.usage.values()), sum(usage.values()))
    check.same_maps("uses per account, day and feature", dict(truth.usage), dict(+usage))
    return check.end(opts.tenant, begin, opts.report)


if __name__ == "__main__":
    sys.exit(main())
