"""Support tickets: opened, answered, solved and rated against a promise."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from demo.commerce import TOLD_TWICE_DAYS
from demo.world import UTC, Account, Row, back, working_time

PROMISED_HOURS = {"urgent": 8, "high": 24, "normal": 72, "low": 120}
TITLES = (
    "How do I share a dashboard?", "Export is missing a column", "Single sign-on for a new team", "Import stops at row 4,000",
    "Wrong time zone in a report", "Invoice address", "Filter is lost after reload", "Add a second approver",
)  # fmt: skip
ANGRY = (
    "Export fails again at month's end", "Third time: workflow runs twice", "Data gone after import", "Page takes a minute to open",
    "No answer for two days", "Approval mails are not sent",
)  # fmt: skip


def tickets(account: Account) -> Iterator[Row]:
    """All tickets of an account; of recent ones the open state is told first."""
    rng = account.rng("tickets")
    now = dt.datetime(account.now.year, account.now.month, account.now.day, tzinfo=UTC)
    planned = sorted(_planned(account, rng), key=lambda item: item[0])
    for number, (opened, priority, title, hours, csat, text) in enumerate(planned, start=1):
        row: Row = {
            "external_id": f"{account.external_id}-t{number:03d}",
            "account": account.external_id,
            "title": title,
            "priority": priority,
            "opened_at": _text(opened),
            "sla_due_at": _text(opened + dt.timedelta(hours=PROMISED_HOURS[priority])),
            "escalated": priority == "urgent" and account.has("ticket_burst"),
        }
        if text:
            row["text"] = text
        first = {"updated_at": row["opened_at"], "known_at": row["opened_at"]}
        solved = opened + dt.timedelta(hours=hours) if hours is not None else None
        answered = opened + dt.timedelta(hours=min(20.0, (hours or 60.0) / 4))
        if solved is None or solved >= now or (now - opened).days <= TOLD_TWICE_DAYS:
            yield {**row, **first}
        if solved is None or solved >= now:
            if answered < now:
                yield {**row, "answered_at": _text(answered), "updated_at": _text(answered), "known_at": _text(answered)}
            continue
        end: Row = {**row, "answered_at": _text(answered), "solved_at": _text(solved)}
        rated = solved + dt.timedelta(hours=3)
        if csat is not None and rated < now:
            end |= {"csat": csat, "rated_at": _text(rated)}
            solved = rated
        yield {**end, "updated_at": _text(solved), "known_at": _text(solved)}


Planned = tuple[dt.datetime, str, str, float | None, int | None, str]


def _planned(account: Account, rng: random.Random) -> Iterator[Planned]:
    last_usual = 25 if account.has("ticket_burst") else 0
    day = account.start + dt.timedelta(days=5)
    while day < account.end_day:
        day += dt.timedelta(days=1 + int(rng.expovariate(account.line.tickets_per_month / 30.0)))
        if day >= account.end_day or (account.now - day).days <= last_usual or account.has("silent") and (account.now - day).days < 40:
            break
        priority = rng.choices(("low", "normal", "high"), (3, 6, 1))[0]
        hours = PROMISED_HOURS[priority] * rng.uniform(0.1, 0.85)
        csat = rng.choice(account.line.csat if (account.now - day).days < 60 else (4, 5, 5)) if rng.random() < 0.6 else None
        yield _moment(day, rng), priority, rng.choice(TITLES), hours, csat, ""
    if account.has("ticket_burst"):
        for index, ago in enumerate((24, 20, 17, 13, 11, 8, 6, 5)):
            hours = PROMISED_HOURS["high"] * rng.uniform(1.5, 3.0)
            words = "This is the third time and still no fix. We are very unhappy and losing trust." if index % 2 else ""
            yield _moment(back(account.now, ago), rng), "high", ANGRY[index % len(ANGRY)], hours, rng.choice(account.line.csat), words
        yield _moment(back(account.now, rng.randint(3, 4)), rng), "urgent", "Month-end close is blocked", None, None, "We cannot close the month. Nobody answers."
    if account.has("competitor"):
        yield (_moment(back(account.now, 16), rng), "normal", "Can I export everything?", 20.0, 4,
               "We are comparing with Trellium and need all our data as CSV for the competitor's trial.")  # fmt: skip


def _moment(day: dt.date, rng: random.Random) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=UTC) + dt.timedelta(seconds=working_time(rng))


def _text(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
