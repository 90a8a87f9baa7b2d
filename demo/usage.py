"""Usage events: who did what on which day."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from demo.world import Account, Row, back, instant, working_time

CORE = (
    "dashboard_viewed", "record_updated", "workflow_run", "report_exported", "comment_added", "automation_run",
    "data_imported", "api_called",
)  # fmt: skip
"""The core features that every plan entitles to, commonest first."""
RHYTHM = (0.92, 1.05, 1.08, 1.05, 0.9, 0.1, 0.05)
"""Monday to Sunday."""
VISITS = {"high": 0.4, "mid": 0.38, "digital": 0.3}
"""Chance that an active user comes on a working day of normal strength."""
SAMPLED_EVERY_WEEKS = 4


def days(account: Account, daily_days: int) -> Iterator[dt.date]:
    """The days with events: each of the last `daily_days`, before them one Wednesday in four weeks."""
    day = account.start
    while day < account.end_day:
        days_ago = (account.now - day).days
        if days_ago <= daily_days or (day.weekday() == 2 and (day.toordinal() // 7) % SAMPLED_EVERY_WEEKS == 0):
            yield day
        day += dt.timedelta(days=1)


def events(account: Account, daily_days: int) -> Iterator[Row]:
    """All usage events of an account, in the order of time."""
    rng = account.rng("usage")
    features = _features(account, rng)
    carry = 0.5
    for day in days(account, daily_days):
        level = account.level(day)
        users = max(1, round(account.active_users * account.seats_on(day) / account.seats))
        everyone = users
        if account.has("users_leave"):
            users = max(2, round(users * min(1.0, level)))
        # The fraction is carried over, so that a week's total follows the storyline and not chance.
        carry += everyone * VISITS[account.touch] * RHYTHM[day.weekday()] * level
        visitors = min(users, int(carry))
        carry -= int(carry)
        number = 0
        moments = []
        for user in rng.sample(range(users), visitors):
            for _ in range(2 if rng.random() < 0.12 else 1):
                name = rng.choices(CORE[: len(features)], features)[0]
                moments.append((working_time(rng), f"u{user + 1}", name))
        moments += [(working_time(rng), "u1", name) for name in _signals(account, day)]
        for second, user, name in sorted(moments):
            number += 1
            yield {
                "id": f"{account.external_id}-{day:%Y%m%d}-{number}",
                "account": account.external_id,
                "user": f"{account.external_id}-{user}",
                "name": name,
                "at": instant(day, second),
                "known_at": instant(day, second),
            }


def _features(account: Account, rng: random.Random) -> list[float]:
    """Weights of the features in use; an account that has not settled in uses few."""
    poor = account.line.name in ("seats_unused", "onboarding_stalled")
    return [1.0 / (rank + 1) ** 0.6 for rank in range(2 if poor else rng.randint(5, 8))]


def _signals(account: Account, day: dt.date) -> list[str]:
    """Single events that a storyline places on given days."""
    ago = (account.now - day).days
    found = []
    if account.has("invites") and ago in (3, 6, 9, 13, 17, 20, 24):
        found.append("user_invited")
    if account.has("upgrade_page") and ago in (2, 5):
        found.append("upgrade_page_viewed")
    if account.has("billing_page") and ago in (1, 3, 4, 6):
        found.append("billing_page_viewed")
    if account.has("cancel_page") and ago in (5, 16, 18):
        found.append("cancel_page_viewed")
    return found
