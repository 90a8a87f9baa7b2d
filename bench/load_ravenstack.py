#!/usr/bin/env python3
"""Loads RavenStack (a synthetic B2B SaaS company, 2023 and 2024) into a sandbox tenant.

Accounts, subscriptions with their ends, each use of a feature as a usage event, tickets, churn events as outcomes, and
refunds as credit notes. Nothing is dropped; what has no place in the canonical facts is counted by name in the report.
"""

from __future__ import annotations

import csv
import datetime as dt
import lzma
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import loading  # noqa: E402
from bench.loading import Lists, Row  # noqa: E402

PRIORITY = {"low": "low", "medium": "normal", "high": "high", "urgent": "urgent"}
LAST_DAY = "2024-12-31"
Line = dict[str, str]


def table(folder: Path, name: str) -> list[Line]:
    """All lines of one file."""
    with lzma.open(folder / "ravenstack" / f"ravenstack_{name}.csv.xz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def day(text: str, clock: str = "00:00:00") -> str:
    """A day, or a day with a time behind a blank, as an instant."""
    return f"{text[:10]}T{text[11:19] or clock}Z"


def later(instant: str, minutes: int) -> str:
    """So many minutes later."""
    moment = dt.datetime.fromisoformat(instant.replace("Z", "+00:00")) + dt.timedelta(minutes=minutes)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def known(at: str) -> Row:
    """Version and time of learning."""
    return {"updated_at": at, "known_at": at}


@dataclass
class Company:
    """The five files."""

    accounts: list[Line]
    subscriptions: list[Line]
    usage: list[Line]
    tickets: list[Line]
    churns: list[Line]

    @classmethod
    def read(cls, folder: Path) -> "Company":
        """Reads all of them."""
        names = ("accounts", "subscriptions", "feature_usage", "support_tickets", "churn_events")
        return cls(*(table(folder, name) for name in names))

    def account_rows(self) -> Iterator[Row]:
        """The account at sign-up, and its flag at the end of the data.

        Entitled to are the features that any account of its plan uses. No meeting or contact is recorded: touch is digital.
        """
        plan_of = {line["subscription_id"]: line["plan_tier"] for line in self.subscriptions}
        used: dict[str, set[str]] = {}
        for line in self.usage:
            used.setdefault(plan_of[line["subscription_id"]], set()).add(line["feature_name"])
        for line in self.accounts:
            yield {"external_id": line["account_id"], "name": line["account_name"], "industry": line["industry"],
                   "country": line["country"], "plan": line["plan_tier"], "seats": int(line["seats"]),
                   "touch": "digital", "features_entitled": len(used.get(line["plan_tier"], ())), "segment": line["plan_tier"], "currency": "USD",
                   "contract_start": line["signup_date"], "stage": "active",
                   "custom": {"referral_source": line["referral_source"], "is_trial": line["is_trial"] == "True"},
                   **known(day(line["signup_date"]))}  # fmt: skip
        for line in self.accounts:
            yield {"external_id": line["account_id"],
                   "custom": {"referral_source": line["referral_source"], "is_trial": line["is_trial"] == "True",
                              "churn_flag": line["churn_flag"] == "True"}, **known(day(LAST_DAY, "23:59:00"))}  # fmt: skip

    def subscription_rows(self) -> Iterator[Row]:
        """Each subscription at its start, and again at its end."""
        for line in self.subscriptions:
            yield {"external_id": line["subscription_id"], "account": line["account_id"], "plan": line["plan_tier"],
                   "status": "trialing" if line["is_trial"] == "True" else "active",
                   "mrr_minor": int(Decimal(line["mrr_amount"]) * 100), "currency": "USD", "seats": int(line["seats"]),
                   "started_at": day(line["start_date"]), "auto_renew": line["auto_renew_flag"] == "True",
                   **known(day(line["start_date"]))}  # fmt: skip
        for line in self.subscriptions:
            if line["end_date"]:
                end = day(line["end_date"], "23:59:00")
                yield {"external_id": line["subscription_id"], "account": line["account_id"], "status": "canceled",
                       "canceled_at": end, **known(end)}  # fmt: skip

    def ticket_rows(self) -> Iterator[Row]:
        """Each ticket as opened, and as solved."""
        for line in self.tickets:
            opened = day(line["submitted_at"])
            yield {"external_id": line["ticket_id"], "account": line["account_id"], "priority": PRIORITY[line["priority"]],
                   "opened_at": opened, "escalated": line["escalation_flag"] == "True", **known(opened)}  # fmt: skip
        for line in self.tickets:
            opened, solved = day(line["submitted_at"]), day(line["closed_at"])
            row: Row = {"external_id": line["ticket_id"], "account": line["account_id"],
                        "answered_at": later(opened, int(line["first_response_time_minutes"])), "solved_at": solved, **known(solved)}  # fmt: skip
            if line["satisfaction_score"]:
                row |= {"csat": float(line["satisfaction_score"]), "rated_at": solved}
            yield row

    def outcome_rows(self) -> Iterator[Row]:
        """Each churn event."""
        for line in self.churns:
            row: Row = {"external_id": line["churn_event_id"], "account": line["account_id"], "kind": "churned",
                        "at": day(line["churn_date"]), "reason": line["reason_code"], **known(day(line["churn_date"]))}  # fmt: skip
            if line["feedback_text"]:
                row["comment"] = line["feedback_text"]
            yield row

    def refund_rows(self) -> Iterator[Row]:
        """Each refund that is not zero, as a credit note."""
        for line in self.churns:
            cents = int(Decimal(line["refund_amount_usd"]) * 100)
            if cents:
                at = day(line["churn_date"])
                yield {"external_id": f"{line['churn_event_id']}-refund", "account": line["account_id"], "amount_minor": -cents,
                       "currency": "USD", "issued_at": at, "paid_at": at, "line_count": 1, **known(at)}  # fmt: skip

    def event_rows(self) -> Iterator[Row]:
        """One event for each use. A usage id that several lines bear gets the number of its line."""
        account_of = {line["subscription_id"]: line["account_id"] for line in self.subscriptions}
        times = Counter(line["usage_id"] for line in self.usage)
        keyed = [(account_of[line["subscription_id"]], line["usage_date"], number, line) for number, line in enumerate(self.usage, 1)]
        for account, date, number, line in sorted(keyed, key=lambda item: item[:3]):
            name = line["usage_id"] if times[line["usage_id"]] == 1 else f"{line['usage_id']}@{number}"
            for use in range(1, int(line["usage_count"]) + 1):
                yield {"id": f"{name}-{use}", "account": account, "name": line["feature_name"], "at": day(date, "12:00:00")}

    def lists(self) -> Lists:
        """What is to be sent, in order."""
        return {
            "accounts": loading.cut(self.account_rows()),
            "subscriptions": loading.cut(self.subscription_rows()),
            "tickets": loading.cut(self.ticket_rows()),
            "outcomes": loading.cut(self.outcome_rows()),
            "invoices": loading.cut(self.refund_rows()),
            "events": loading.cut(self.event_rows()),
        }

    def about(self) -> Row:
        """Counts by name."""
        ids = Counter(line["usage_id"] for line in self.usage)
        start = {line["subscription_id"]: line["start_date"] for line in self.subscriptions}
        return {
            "accounts": len(self.accounts),
            "subscriptions": len(self.subscriptions),
            "subscriptions that ended": sum(bool(line["end_date"]) for line in self.subscriptions),
            "subscriptions in trial (MRR 0)": sum(line["is_trial"] == "True" for line in self.subscriptions),
            "usage lines": len(self.usage),
            "usage lines with no use": sum(line["usage_count"] == "0" for line in self.usage),
            "usage lines that share their id with another": sum(n for n in ids.values() if n > 1),
            "usage lines before their subscription began": sum(line["usage_date"] < start[line["subscription_id"]] for line in self.usage),
            "uses of a feature": sum(int(line["usage_count"]) for line in self.usage),
            "errors (not carried over: no fact holds them)": sum(int(line["error_count"]) for line in self.usage),
            "tickets": len(self.tickets),
            "churn events": len(self.churns),
            "churn events of accounts that came back (flag not carried over)": sum(line["is_reactivation"] == "True" for line in self.churns),
            "refunds": sum(line["refund_amount_usd"] != "0.0" for line in self.churns),
        }


def main() -> int:
    opts = loading.options(__doc__, "ravenstack").parse_args()
    company = Company.read(opts.data)
    return loading.run(opts, company.lists(), company.about())


if __name__ == "__main__":
    sys.exit(main())
