"""The cast: one `Account` for each generated customer, with everything its rows are derived from."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

from demo import names
from demo.storylines import CHURN_REASONS, Storyline, assignments, between

Row = dict[str, Any]
UTC = dt.timezone.utc
OWNERS = (
    ("csm@demo.example", 40),
    ("lena.brandt@demo.example", 22),
    ("tomas.rossi@demo.example", 20),
    ("hana.kimura@demo.example", 18),
)
# Price of a seat and platform fee a month, in whole units of EUR; other currencies by a fixed rate.
PRICES = {"high": (79, 1_900), "mid": (49, 450), "digital": (29, 0)}
PLANS = {"high": "Enterprise", "mid": "Business", "digital": "Team"}
SEGMENTS = {"high": "Enterprise", "mid": "Mid-market", "digital": "Small business"}
EMPLOYEES = {"high": (800, 9_000), "mid": (120, 900), "digital": (8, 120)}
RATES = {"EUR": 1.0, "GBP": 0.85, "USD": 1.1, "SEK": 11.2, "CHF": 0.95, "CAD": 1.5, "JPY": 165.0}
MINOR = {"JPY": 1}
"""Minor units in a major one, where it is not 100."""
HISTORY_DAYS = 545


@dataclass
class Account:
    """One customer and what will happen to it."""

    external_id: str
    name: str
    domain: str
    industry: str
    country: str
    currency: str
    touch: str
    owner: str
    line: Storyline
    seats: int
    active_users: int
    start: dt.date
    now: dt.date
    churn_day: dt.date | None
    churn_reason: tuple[str, str] | None
    seed: str

    def rng(self, part: str) -> random.Random:
        """A random source of its own for each part, so that a change in one part leaves the others as they were."""
        return random.Random(f"{self.seed}/{self.external_id}/{part}")

    def has(self, flag: str) -> bool:
        """Whether the storyline has this flag."""
        return flag in self.line.flags

    @property
    def tenure(self) -> int:
        """Days since the contract began."""
        return (self.now - self.start).days

    @property
    def end_day(self) -> dt.date:
        """The day on which anything ends: the day of churn, or now."""
        return self.churn_day or self.now

    @property
    def renewal(self) -> dt.date:
        """Last day of the current term; of a churned account, the day it left."""
        if self.churn_day:
            return self.churn_day
        day = self.start
        while day <= self.now:
            day = add_months(day, 12)
        return day

    def level(self, day: dt.date) -> float:
        """Activity on a day relative to the account's normal level: storyline, ramp after the start, season."""
        if day < self.start or day >= self.end_day:
            return 0.0
        days_ago = (self.now - day).days
        value = self.line.curve(days_ago)
        if self.churn_day:
            value = between((self.churn_day - day).days, 80, 0, 1.0, 0.05)
        if "onboarding" not in self.line.flags:
            value *= min(1.0, 0.4 + 0.6 * (day - self.start).days / 45)
        # Holidays; not within the last weeks, where they would hide what the storyline says.
        if days_ago > 45 and (day.month, day.day) >= (12, 22):
            value *= 0.5
        elif days_ago > 45 and day.month == 8:
            value *= 0.88
        return value

    def seats_on(self, day: dt.date) -> int:
        """Seats paid for on a day; an expanded account had fewer before its renewal."""
        if self.has("expanded") and day < add_months(self.start, 12):
            return max(3, round(self.seats * 0.75))
        return self.seats

    def mrr_minor(self, day: dt.date) -> int:
        """Monthly recurring revenue on a day, in minor units."""
        seat, fee = PRICES[self.touch]
        major = (seat * self.seats_on(day) + fee) * RATES[self.currency]
        return round(major) * MINOR.get(self.currency, 100)


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day so many months later; the month's last day where there is no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    last = (dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month, min(day.day, last))


def instant(day: dt.date, seconds: int = 0) -> str:
    """RFC 3339 in UTC."""
    moment = dt.datetime(day.year, day.month, day.day, tzinfo=UTC) + dt.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def working_time(rng: random.Random) -> int:
    """A second of the day in office hours."""
    return rng.randint(8 * 3600, 18 * 3600)


def back(day: dt.date, days: int) -> dt.date:
    """So many days earlier."""
    return day - dt.timedelta(days=days)


def cast(seed: str, now: dt.date, count: int) -> list[Account]:
    """All accounts, in the order of their external ids."""
    rng = random.Random(f"{seed}/cast")
    lines = assignments(count)
    rng.shuffle(lines)
    companies = names.companies(rng, count)
    owners = [name for name, _ in OWNERS]
    weights = [weight for _, weight in OWNERS]
    accounts = []
    for index, (line, (name, industry)) in enumerate(zip(lines, companies, strict=True)):
        touch = rng.choice(line.touches)
        country = rng.choice(list(names.COUNTRIES))
        seats = rng.choice(line.seats.get(touch) or next(iter(line.seats.values())))
        low, high = line.active_share
        active = max(2, min(seats, int(seats * high + 1e-9), round(seats * rng.uniform(low, high) + 0.499)))
        start = back(now, rng.randint(*line.tenure_days))
        churn_day = reason = None
        if line.stage == "churned":
            churn_day = back(now, rng.randint(15, min(330, (now - start).days - 160)))
            reason = rng.choice(CHURN_REASONS)
        accounts.append(
            Account(
                external_id=f"demo-{index + 1:04d}",
                name=name,
                domain=f"{names.slug(name)}.example",
                industry=industry,
                country=country,
                currency=names.COUNTRIES[country],
                touch=touch,
                owner=rng.choices(owners, weights)[0],
                line=line,
                seats=seats,
                active_users=active,
                start=start,
                now=now,
                churn_day=churn_day,
                churn_reason=reason,
                seed=seed,
            )
        )
    return accounts
