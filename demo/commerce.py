"""Account rows, subscriptions, invoices and outcomes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from demo.usage import CORE
from demo.world import EMPLOYEES, PLANS, SEGMENTS, Account, Row, add_months, back, instant

PROSPECT = ("external_id", "name", "domain", "industry", "country", "owner", "identities")
"""What is known before the contract."""
WEBHOOK_SOURCE = "web"
"""The source of the signed webhook; the account claims its id there, so that what it tells counts here."""
ADD_ONS = {
    "insight": ("Forecasting", "Scorecards", "Benchmarks", "Data warehouse sync", "Scheduled exports"),
    "building": ("Automation studio", "Partner API", "Sandbox", "Webhooks pack", "Field app"),
    "governance": ("Single sign-on", "Audit archive", "Approval chains", "Data residency", "Priority support"),
}
"""What is sold beside the plan, by what an account is after."""
ADD_ON_EVERY_DAYS = 130
"""Days after which an account takes another add-on, on average."""
TOLD_TWICE_DAYS = 150
"""Invoices and tickets of so many last days are told as they arose: open first, then paid or solved."""


def account_rows(account: Account) -> Iterator[Row]:
    """The account as a prospect, at the start of the contract, and as it is now."""
    rng = account.rng("account")
    line = account.line
    base: Row = {
        "external_id": account.external_id,
        "name": account.name,
        "domain": account.domain,
        "industry": account.industry,
        "country": account.country,
        "employees": rng.randint(*EMPLOYEES[account.touch]),
        "segment": SEGMENTS[account.touch],
        "touch": account.touch,
        "owner": account.owner,
        "stage": "onboarding" if account.has("onboarding") else "active",
        "plan": PLANS[account.touch],
        "currency": account.currency,
        "features_entitled": len(CORE),
        "contract_start": account.start.isoformat(),
        "contract_end": add_months(account.start, 12).isoformat(),
        "identities": {WEBHOOK_SOURCE: account.external_id},
        "custom": {"storyline": line.name, "story": line.story},
    }
    goals = account.touch == "high"
    before = instant(back(account.start, 14))
    yield {**{key: base[key] for key in PROSPECT}, "stage": "prospect", "updated_at": before, "known_at": before}
    first = instant(account.start)
    yield {**base, "mrr_minor": account.mrr_minor(account.start), "seats": account.seats_on(account.start),
           "updated_at": first, "known_at": first}  # fmt: skip
    pulse_day = back(account.end_day, rng.randint(2, min(40, account.tenure // 2)))
    earlier = back(pulse_day, 75)
    if earlier > account.start:
        moment = instant(earlier, 43_200)
        patch: Row = {"external_id": account.external_id, "pulse": 2 if account.has("saved") else 4, "pulse_at": moment}
        if goals:
            patch |= {"goals_total": 4, "goals_on_track": 3}
        yield {**patch, "updated_at": moment, "known_at": moment}
    moment = instant(pulse_day, 43_200)
    now: Row = {
        **base,
        "stage": line.stage if not account.churn_day else "active",
        "mrr_minor": account.mrr_minor(account.now),
        "seats": account.seats,
        "contract_end": account.renewal.isoformat(),
        "pulse": rng.choice(line.pulse),
        "pulse_at": moment,
    }
    if goals:
        now |= {"goals_total": 4, "goals_on_track": 1 if line.expect_not_healthy else 4}
    if account.has("forecast_down"):
        now["forecast_mrr_minor"] = round(account.mrr_minor(account.now) * 0.79)
    if account.has("notice"):
        moment = instant(back(account.now, 14), 43_200)
        now |= {"cancel_notice_at": moment, "pulse_at": moment}
    yield {**now, "updated_at": moment, "known_at": moment}
    if account.churn_day:
        gone = instant(account.churn_day, 61_200)
        yield {"external_id": account.external_id, "stage": "churned", "updated_at": gone, "known_at": gone}


def subscriptions(account: Account) -> Iterator[Row]:
    """One subscription with a revision for each change."""
    base: Row = {
        "external_id": f"{account.external_id}-sub",
        "account": account.external_id,
        "plan": PLANS[account.touch],
        "currency": account.currency,
        "started_at": instant(account.start),
        "auto_renew": account.touch == "digital" and not account.has("notice"),
    }
    term = account.start
    while term < account.end_day:
        moment = instant(term)
        yield {**base, "status": "active", "mrr_minor": account.mrr_minor(term), "seats": account.seats_on(term),
               "term_ends_on": add_months(term, 12).isoformat(), "updated_at": moment, "known_at": moment}  # fmt: skip
        term = add_months(term, 12)
    if account.churn_day:
        moment = instant(account.churn_day, 61_200)
        yield {"external_id": base["external_id"], "account": account.external_id, "status": "canceled",
               "canceled_at": moment, "updated_at": moment, "known_at": moment}  # fmt: skip
    elif account.has("overdue"):
        moment = instant(back(account.now, 20))
        yield {"external_id": base["external_id"], "account": account.external_id, "status": "past_due",
               "updated_at": moment, "known_at": moment}  # fmt: skip


def add_ons(account: Account) -> list[tuple[dt.date, str]]:
    """Add-ons and since when, oldest first: mostly of one kind, so that accounts of one taste own the same."""
    rng = account.rng("add-ons")
    taste = rng.choice(sorted(ADD_ONS))
    left = [name for names in ADD_ONS.values() for name in names]
    day = account.start + dt.timedelta(days=rng.randint(0, 60))
    taken = []
    while day < account.end_day and len(taken) < 8:
        weights = [8.0 if name in ADD_ONS[taste] else 0.6 for name in left]
        name = rng.choices(left, weights)[0]
        left.remove(name)
        taken.append((day, name))
        day += dt.timedelta(days=1 + round(rng.expovariate(1 / ADD_ON_EVERY_DAYS)))
    return taken


def invoices(account: Account) -> Iterator[Row]:
    """A bill for each period, paid some days later, or not."""
    rng = account.rng("invoices")
    months = 3 if account.touch == "high" and not account.has("overdue") else 1
    unpaid_from = _unpaid_from(account, rng.randint(36, 58), months) if account.has("overdue") else None
    number = 0
    bought = add_ons(account)
    while (day := add_months(account.start, number * months)) < account.end_day:
        number += 1
        products = [PLANS[account.touch], *(name for since, name in bought if since <= day)]
        due = day + dt.timedelta(days=14)
        row: Row = {
            "external_id": f"{account.external_id}-inv-{number:03d}",
            "account": account.external_id,
            "number": f"{account.external_id[5:]}-{number:04d}",
            "amount_minor": account.mrr_minor(day) * months,
            "currency": account.currency,
            "issued_at": instant(day, 21_600),
            "due_at": instant(due, 21_600),
            "line_count": len(products),
            "products": products,
        }
        issued = {"updated_at": row["issued_at"], "known_at": row["issued_at"]}
        recent = (account.now - day).days <= TOLD_TWICE_DAYS
        if unpaid_from is not None and day >= unpaid_from:
            yield {**row, **issued}
            failed = day + dt.timedelta(days=1)
            if failed < account.now:
                moment = instant(failed, 32_400)
                yield {**row, "failed_at": moment, "updated_at": moment, "known_at": moment}
            continue
        paid = day + dt.timedelta(days=0 if account.touch == "digital" else rng.randint(2, 13))
        moment = instant(paid, 50_400)
        if recent or paid >= account.end_day:
            yield {**row, **issued}
        if paid < account.now:
            yield {**row, "paid_at": moment, "updated_at": moment, "known_at": moment}


def _unpaid_from(account: Account, days: int, months: int) -> dt.date:
    """The day of the first bill that stays unpaid: the last one that is due for at least so many days."""
    found = account.start
    number = 0
    while (day := add_months(account.start, number * months)) + dt.timedelta(days=14 + days) <= account.now:
        found = day
        number += 1
    return found


def outcomes(account: Account) -> Iterator[Row]:
    """How each finished term ended."""
    day = add_months(account.start, 12)
    number = 0
    while day < account.end_day:
        number += 1
        grown = account.has("expanded") and number == 1
        yield _outcome(account, number, day, "expanded" if grown else "renewed",
                       "use grew" if grown else "", "More teams joined." if grown else "")  # fmt: skip
        day = add_months(day, 12)
    if account.churn_day and account.churn_reason:
        reason, words = account.churn_reason
        yield _outcome(account, number + 1, account.churn_day, "churned", reason, words)


def _outcome(account: Account, number: int, day: dt.date, kind: str, reason: str, comment: str) -> Row:
    moment = instant(day, 61_200)
    before = account.mrr_minor(back(day, 1))
    amount = account.mrr_minor(day) - before if kind == "expanded" else before
    row: Row = {
        "external_id": f"{account.external_id}-out-{number}",
        "account": account.external_id,
        "kind": kind,
        "at": moment,
        "amount_minor": amount * 12,
        "currency": account.currency,
        "updated_at": moment,
        "known_at": moment,
    }
    if reason:
        row |= {"reason": reason, "comment": comment}
    return row
