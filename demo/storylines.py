"""The storylines: what happens at an account, told once, here. README.md explains each; a test keeps both in step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Curve = Callable[[int], float]
"""Activity relative to the account's normal level, by days before now."""


def between(days_ago: int, start: int, end: int, before: float, after: float) -> float:
    """`before` until `start` days ago, `after` since `end` days ago, a straight line between."""
    if days_ago >= start:
        return before
    if days_ago <= end:
        return after
    return before + (after - before) * (start - days_ago) / (start - end)


def flat(_: int) -> float:
    """No change."""
    return 1.0


def dip(days_ago: int) -> float:
    """Falls from 240 to 190 days ago, comes back from 160 to 95 days ago."""
    if days_ago >= 175:
        return between(days_ago, 240, 190, 1.0, 0.35)
    return between(days_ago, 160, 95, 0.35, 1.05)


@dataclass(frozen=True)
class Storyline:
    """What is true of every account that follows it."""

    name: str
    count: int
    story: str
    expect_rules: tuple[str, ...] = ()
    """Rules of which at least one must be found at nine of ten of its accounts."""
    expect_not_healthy: bool = False
    curve: Curve = flat
    active_share: tuple[float, float] = (0.76, 0.795)
    """Share of the purchased seats that are in use; by default under the 80 % that make an expansion signal."""
    seats: dict[str, tuple[int, ...]] = field(
        default_factory=lambda: {"high": (14, 18, 19, 22, 23, 24), "mid": (9, 13, 14), "digital": (9,)}
    )
    """Sizes to choose from; by default such that the share above can be met exactly."""
    touches: tuple[str, ...] = ("high", "mid", "mid", "digital", "digital")
    pulse: tuple[int, ...] = (4, 4, 5)
    nps: tuple[int, ...] = (7, 8, 8, 8, 9)
    csat: tuple[int, ...] = (4, 5, 5)
    tickets_per_month: float = 0.35
    tenure_days: tuple[int, int] = (100, 545)
    stage: str = "active"
    flags: frozenset[str] = frozenset()


def _lines() -> tuple[Storyline, ...]:
    s = Storyline
    big = ("high", "high", "mid")
    return (
        s("steady", 50, "Uses what it bought, pays on time, meets its CSM. Nothing to do."),
        s("healthy_growth", 32, "Use has grown over the year and the last renewal was an expansion.",
          curve=lambda d: between(d, 540, 0, 0.65, 1.1), active_share=(0.84, 0.95), tenure_days=(400, 545), nps=(8, 8, 9, 10), flags=frozenset({"expanded"})),
        s("expansion_candidate", 20, "Nearly every seat is in use, use is up by a third this month, people are invited and the upgrade page is read.",
          ("O01", "O05", "O06", "O08"), curve=lambda d: between(d, 34, 20, 0.8, 1.15), active_share=(0.97, 1.0),
          touches=("high", "mid", "digital"), pulse=(5,), nps=(9, 10), flags=frozenset({"invites", "upgrade_page"})),
        s("slow_decline", 22, "Use has been falling by some 4 % a week for three months; no single day looks alarming.",
          ("R02",), True, curve=lambda d: between(d, 90, 0, 1.0, 0.4), pulse=(3, 4), nps=(7, 8), touches=big, flags=frozenset({"users_leave"})),
        s("sudden_drop", 10, "A team stopped a week ago: the last seven days are less than half of the four weeks before.",
          ("R01",), curve=lambda d: between(d, 8, 7, 1.0, 0.35), touches=("high",), seats={"high": (44, 48, 52)}),
        s("champion_left", 18, "The champion left three to five weeks ago; no one has taken over.",
          ("R06",), True, curve=lambda d: between(d, 30, 5, 1.0, 0.85), touches=big, flags=frozenset({"champion_left"})),
        s("payment_trouble", 16, "Two invoices are open, the oldest for more than five weeks after a failed card payment.",
          ("R18",), pulse=(3, 4), flags=frozenset({"overdue"})),
        s("support_pain", 16, "A burst of tickets this month, one urgent case open for days, promises missed, bad ratings.",
          ("R12", "R13", "R14", "R17"), True, pulse=(2, 3), nps=(4, 5), csat=(1, 2, 3), flags=frozenset({"ticket_burst"})),
        s("gone_dark", 14, "No event for over two weeks, three e-mails without an answer, meetings cancelled.",
          ("R03", "R09", "R11"), True, curve=lambda d: between(d, 60, 22, 1.0, 0.0), pulse=(3,), nps=(7,), touches=big,
          flags=frozenset({"silent"})),
        s("onboarding_on_track", 9, "Signed in the last weeks; kick-off held, first milestones reached.",
          curve=lambda d: between(d, 25, 5, 0.3, 0.9), tenure_days=(12, 28), stage="onboarding", flags=frozenset({"onboarding"})),
        s("onboarding_stalled", 10, "Signed seven weeks ago; no milestone since the kick-off and hardly any use.",
          ("R24",), curve=lambda _: 0.08, tenure_days=(46, 58), stage="onboarding", pulse=(3,), flags=frozenset({"onboarding", "stalled"})),
        s("seats_unused", 14, "Pays for three times the seats it uses; the few users are busy.",
          ("R04",), active_share=(0.22, 0.34), seats={"high": (26, 36, 44), "mid": (18, 22, 26), "digital": (14,)}, pulse=(3, 4), nps=(8,), touches=big),
        s("detractor", 10, "The last NPS answer was 2 to 4 after an 8; the words say why.",
          ("R16",), nps=(2, 3, 4), pulse=(3,), flags=frozenset({"nps_fell"})),
        s("competitor_named", 8, "A ticket and a call note name a competitor that is being tried out; renewal within 90 days.",
          ("R25",), True, curve=lambda d: between(d, 45, 0, 1.0, 0.6), pulse=(2,), nps=(6, 7), touches=big, tenure_days=(280, 345), flags=frozenset({"competitor", "users_leave"})),
        s("notice_given", 7, "Notice was given two weeks ago, the cancellation page was opened before; the contract runs out within 60 days.",
          ("R20",), True, curve=lambda d: between(d, 50, 5, 1.0, 0.45), pulse=(1,), nps=(5,), stage="will_churn", touches=big, tenure_days=(310, 350), flags=frozenset({"notice", "cancel_page"})),
        s("downgrade_risk", 8, "The forecast is a fifth under the contract; the billing page is opened again and again.",
          ("R19", "R20"), curve=lambda d: between(d, 120, 0, 1.0, 0.8), pulse=(3,), nps=(7,), flags=frozenset({"forecast_down", "billing_page"})),
        s("recovered", 14, "Fell to a third last year, the CSM stepped in, and it is back to normal since three months.",
          curve=dip, pulse=(4, 4), tenure_days=(380, 545), touches=big, flags=frozenset({"saved"})),
        s("churned", 22, "Left within the last year for the reason recorded with the outcome.",
          pulse=(2,), nps=(5, 6), tenure_days=(260, 545), stage="churned", flags=frozenset({"churned"})),
    )  # fmt: skip


STORYLINES: tuple[Storyline, ...] = _lines()
BY_NAME: dict[str, Storyline] = {line.name: line for line in STORYLINES}
CHURN_REASONS: tuple[tuple[str, str], ...] = (
    ("lack_of_adoption", "Only two people ever used it."),
    ("product_gap", "We needed approvals across companies and they are not there."),
    ("quality", "Exports failed at month's end three times."),
    ("lost_sponsor", "Our new COO brought her own tools."),
    ("budget", "All software was cut by a quarter."),
    ("corporate_decision", "The group standardised on one supplier."),
    ("competitor", "Went to Trellium after a four-week trial."),
    ("acquisition_or_closure", "The company was bought and wound up."),
    ("poor_fit", "Our process was too simple for it."),
)


def assignments(accounts: int) -> list[Storyline]:
    """One storyline for each account, in proportion to the counts; exactly the counts for 300 accounts."""
    total = sum(line.count for line in STORYLINES)
    if accounts < len(STORYLINES):
        raise ValueError(f"at least {len(STORYLINES)} accounts are needed, one for each storyline")
    shares = [max(1, line.count * accounts // total) for line in STORYLINES]
    order = sorted(range(len(STORYLINES)), key=lambda i: -STORYLINES[i].count)
    turn = 0
    while sum(shares) != accounts:
        step = 1 if sum(shares) < accounts else -1
        index = order[turn % len(order)]
        if shares[index] + step >= 1:
            shares[index] += step
        turn += 1
    return [line for line, share in zip(STORYLINES, shares, strict=True) for _ in range(share)]
