"""Contacts, activities and surveys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from demo import names
from demo.world import Account, Row, back, instant, working_time

CADENCE = {"high": 28, "mid": 52}
"""Days between meetings; digital accounts have none."""
INBOUND = {"high": 9, "mid": 11, "digital": 13}
"""Days between e-mails of the customer."""
CLOSE_DAYS = 150
"""E-mails are told for so many days; meetings for the whole history."""
SUBJECTS = ("Question about exports", "Next steps", "Access for a colleague", "Report for the board", "Re: roadmap")


def contacts(account: Account) -> Iterator[Row]:
    """The people: each as first known, and as known now."""
    rng = account.rng("contacts")
    taken: set[str] = set()
    roles = ["champion", "sponsor", "admin", "user", "user"]
    if account.touch == "high":
        roles.append("economic_buyer")
    if account.has("nps_fell"):
        roles.append("detractor")
    for number, role in enumerate(roles, start=1):
        name = names.person(rng, taken)
        row: Row = {
            "external_id": f"{account.external_id}-c{number}",
            "account": account.external_id,
            "name": name,
            "email": f"{names.slug(name).replace('-', '.')}@{account.domain}",
            "title": rng.choice(names.TITLES[role]),
            "team": rng.choice(names.TEAMS),
            "role": role,
            "joined_at": instant(account.start, 9 * 3600),
        }
        first = max(account.start, back(account.now, 200))
        seen = max(first, back(account.end_day, _quiet(account, role, rng.randint(1, 12))))
        yield {**row, "last_active_at": instant(first, 10 * 3600), **_known(first, 10 * 3600)}
        if role == "champion" and account.has("champion_left"):
            left = back(account.now, rng.randint(22, 36))
            row["left_at"] = instant(left, 17 * 3600)
            yield {**row, "last_active_at": instant(back(left, 2), 15 * 3600), **_known(left, 17 * 3600)}
        elif seen > first:
            yield {**row, "last_active_at": instant(seen, 15 * 3600), **_known(seen, 15 * 3600)}


def _quiet(account: Account, role: str, usual: int) -> int:
    """Days since a contact was last seen."""
    if account.has("silent"):
        return 24 + usual * 2
    if account.has("stalled"):
        return 20 + usual
    return usual if role != "user" else usual + 5


def _known(day: dt.date, seconds: int) -> Row:
    moment = instant(day, seconds)
    return {"updated_at": moment, "known_at": moment}


def activities(account: Account) -> Iterator[Row]:
    """Meetings, e-mails, notes and milestones."""
    for number, row in enumerate(sorted(_activities(account), key=lambda r: str(r["at"])), start=1):
        yield {"external_id": f"{account.external_id}-a{number:03d}", "account": account.external_id, **row,
               "updated_at": row["at"], "known_at": row["at"]}  # fmt: skip


def _activities(account: Account) -> Iterator[Row]:
    rng = account.rng("activities")
    silent = account.has("silent")
    stalled = account.has("stalled")
    kickoff = account.start + dt.timedelta(days=4)
    if account.touch in CADENCE or account.has("onboarding"):
        yield _activity(kickoff, rng.choice((36_000, 50_400)), "meeting", "both", "Kick-off")
    if account.has("onboarding"):
        yield _activity(kickoff, 54_000, "milestone", "both", "Kick-off held")
        if not stalled:
            for days, text in ((8, "First users invited"), (11, "First workflow live"), (17, "First report to the board"), (24, "Second team live")):
                if days < account.tenure:
                    yield _activity(account.start + dt.timedelta(days=days), 50_000, "milestone", "both", text)
    cadence = CADENCE.get(account.touch)
    if cadence and not stalled:
        day = back(account.end_day, 85 if silent else rng.randint(2, cadence // 2))
        while day > kickoff:
            yield _activity(day, working_time(rng), "meeting", "both", rng.choice(("Monthly call", "Review", "Check-in")))
            day = back(day, cadence + rng.randint(-3, 3))
    day = back(account.end_day, 52 if silent else 33 if stalled else rng.randint(1, 6))
    while day > max(account.start, back(account.now, CLOSE_DAYS)):
        yield _activity(day, working_time(rng), "email", "inbound", rng.choice(SUBJECTS))
        if account.touch != "digital" and rng.random() < 0.5:
            yield _activity(day, 64_800 + rng.randint(0, 3_600), "email", "outbound", "Re: your question")
        day = back(day, INBOUND[account.touch] + rng.randint(-3, 3))
    if silent:
        for ago, text in ((23, "Checking in"), (16, "Are we still on for this week?"), (9, "One last try"), (4, "Shall I call?")):
            yield _activity(back(account.now, ago), working_time(rng), "email", "outbound", text)
        for ago in (26, 12):
            yield {**_activity(back(account.now, ago), 36_000, "meeting", "both", "Check-in"), "held": False}
    if account.has("competitor"):
        yield {**_activity(back(account.now, 9), 57_600, "call", "both", "Renewal call"),
               "text": "They are trying out our competitor Trellium next to us and will decide before the renewal."}  # fmt: skip
    if account.has("saved"):
        yield {**_activity(back(account.now, 172), 36_000, "meeting", "both", "Rescue workshop"),
               "text": "Agreed a 60-day plan with the sponsor: retrain two teams, fix the import, weekly calls."}  # fmt: skip
    if account.has("overdue"):
        yield {**_activity(back(account.now, 12), 40_000, "email", "outbound", "Open invoices"),
               "text": "Second reminder; accounts payable promised an answer."}  # fmt: skip
        yield _activity(back(account.now, 10), 42_000, "email", "inbound", "Re: Open invoices")


def _activity(day: dt.date, seconds: int, kind: str, direction: str, subject: str) -> Row:
    return {"kind": kind, "direction": direction, "at": instant(day, seconds), "held": True, "subject": subject}


def surveys(account: Account) -> Iterator[Row]:
    """An NPS answer every four months; the last one by the storyline."""
    rng = account.rng("surveys")
    if account.has("onboarding"):
        return
    day = back(account.end_day, rng.randint(8, 50))
    number = 0
    rows = []
    while day > account.start + dt.timedelta(days=60):
        last = number == 0
        score = rng.choice(account.line.nps) if last else 8 if account.has("nps_fell") and number == 1 else rng.choice((8, 9, 9))
        row: Row = {"kind": "nps", "score": score, "at": instant(day, working_time(rng))}
        if last and score <= 6:
            row["comment"] = _complaint(account)
        rows.append(row)
        number += 1
        day = back(day, rng.randint(110, 130))
    for index, row in enumerate(reversed(rows), start=1):
        yield {"external_id": f"{account.external_id}-s{index}", "account": account.external_id, **row,
               "updated_at": row["at"], "known_at": row["at"]}  # fmt: skip


def _complaint(account: Account) -> str:
    if account.has("ticket_burst"):
        return "Support takes days to answer and the same fault comes back."
    if account.churn_reason:
        return account.churn_reason[1]
    if account.has("notice"):
        return "We will not renew; the price no longer fits what we use."
    return "The new editor made our monthly close slower and nobody asked us."
