"""Days of warning: who is told about a lapse, and how long before the silence itself proves it.

Every week the accounts that bought in the last 90 days are scored, and the top share is flagged. A silence lasts from an
order to the next one; it is a lapse once it has lasted 90 days. Counted are silences that began on or after the first week
scored, so that all of them is seen, and at least 90 days before the log ends, so that it is known how they went on.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.intelligence.files import OUT, TEST, DataSet, write_array, write_data

if TYPE_CHECKING:
    from bench.intelligence.retail import Log

DAY = 86_400
SILENCE_DAYS = 90


def prepare(name: str, log: Log, first: int, blocks: Iterable[str], out: Path = OUT) -> Path:
    """Writes `<name>weekly`: each week's population with features, when its silence began and whether it became a lapse."""
    from bench.intelligence import nbd, retail
    from bench.intelligence.retail_features import COLUMNS

    end = int(log.lines["at"].max())
    weeks = list(range(first, end + 1, 7 * DAY))
    customer, at, x, expected = retail.panel(log, weeks, SILENCE_DAYS)
    began, lapsed = silences(log.orders["customer"].to_numpy(), log.orders["at"].to_numpy(), customer, at)
    known = (began >= first) & (began + SILENCE_DAYS * DAY <= end)
    of = {"x": (x, COLUMNS), "nbd": (expected, nbd.COLUMNS)}
    roles = np.full((1, len(at)), TEST, dtype=np.uint8)
    folder = write_data(f"{name}weekly", {block: of[block] for block in blocks}, lapsed, roles, customer, out, task="score only", log=name, fitted_on=name)
    write_array(folder / "cutoff.i64", at, "<i8")
    write_array(folder / "began.i64", began, "<i8")
    write_array(folder / "counts.u8", known, "u1")
    return folder


def silences(of: np.ndarray, ordered: np.ndarray, customer: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The last order before `at`, and whether 90 days pass after it without another (the log has to be that long).

    `of` and `ordered` are the orders, sorted by customer and time.
    """
    # One number that sorts like (customer, time).
    span = int(max(ordered.max(), at.max())) + 1
    key = of * span + ordered
    last = np.searchsorted(key, customer * span + at, side="left") - 1
    began = ordered[last]
    following = np.minimum(last + 1, len(key) - 1)
    again = (last + 1 < len(key)) & (of[following] == customer) & (ordered[following] <= began + SILENCE_DAYS * DAY)
    return began, ~again


def measure(score: np.ndarray, customer: np.ndarray, at: np.ndarray, began: np.ndarray, lapsed: np.ndarray, counts: np.ndarray, share: float) -> dict[str, float]:
    """Precision of the flags, and of the lapses the part flagged in time and the days before their ninetieth."""
    flagged = np.zeros(len(score), dtype=bool)
    for week in np.unique(at):
        rows = np.flatnonzero(at == week)
        flagged[rows[np.argsort(-score[rows], kind="stable")[: round(share * len(rows))]]] = True
    used = flagged & counts
    ahead = SILENCE_DAYS - (at - began) / DAY
    # A lapse is one silence of one customer; the first flag in it is the warning.
    lapses = np.unique(np.stack([customer, began])[:, counts & lapsed], axis=1)
    early: dict[tuple[int, int], float] = {}
    for row in np.flatnonzero(used & lapsed):
        silence = (int(customer[row]), int(began[row]))
        early[silence] = max(early.get(silence, 0.0), float(ahead[row]))
    days = np.array(list(early.values()))
    total = lapses.shape[1]
    return {"lapses": total, "precision": float(lapsed[used].mean()), "flagged": len(days) / total, "median_days": float(np.median(days)),
            "days_30": float((days >= 30).sum() / total), "days_60": float((days >= 60).sum() / total)}  # fmt: skip


def by_week(data: DataSet, score: np.ndarray, share: float) -> dict[str, float]:
    """`measure` on what `prepare` has written."""
    return measure(score, data.group, data.array("cutoff.i64", "<i8"), data.array("began.i64", "<i8"),
                   data.y > 0, data.array("counts.u8", "u1") > 0, share)  # fmt: skip
