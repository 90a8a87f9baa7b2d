"""What is known of a customer at a cut-off: 53 columns from events strictly before it. None tells the month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from bench.intelligence.retail import Log

DAY = 86_400
WINDOWS = (30, 60, 90, 180, 365)
COLUMNS = [
    "recency_days", "tenure_days", "recency_share",
    *(f"orders_{days}" for days in WINDOWS), "orders_all", "order_rate_90",
    *(f"spend_{days}" for days in WINDOWS), "spend_all", "runrate_90", "value_mean", "value_last", "value_last_ratio", "value_sd", "value_max",
    "gap_mean", "gap_median", "gap_sd", "gap_max", "gap_last", "gap_last_ratio", "overdue_mean", "overdue_median", "overdue_sds", "gaps_longer",
    "orders_trend_30", "orders_trend_90", "spend_trend_90", "spend_trend_180", "orders_slope_180",
    "months_active_180", "months_active_365", "weeks_active_90",
    "articles_90", "articles_180", "articles_all", "articles_new_share", "lines_mean", "lines_last", "units_mean", "price_mean", "weekdays",
    "return_lines_90", "return_lines_365", "return_value_365", "return_share", "return_recency",
    "home_country",
]  # fmt: skip


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """A quotient, NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def trend(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Between -1 (stopped) and 1 (new); NaN where neither period has anything."""
    return ratio(now - before, now + before)


def features(log: Log, customers: np.ndarray, cutoff: int) -> np.ndarray:
    """One row for each of `customers` (sorted, each with an order before the cut-off)."""
    orders = log.orders[(log.orders["at"] < cutoff) & log.orders["customer"].isin(customers)]
    lines = log.lines[(log.lines["at"] < cutoff) & log.lines["customer"].isin(customers)]
    row = np.searchsorted(customers, orders["customer"].to_numpy())
    found = times(orders, row, len(customers), cutoff)
    found |= amounts(orders, row, len(customers), cutoff, found)
    found |= breadth(lines, customers, cutoff)
    return np.column_stack([found[name] for name in COLUMNS]).astype(np.float32)


def times(orders: pd.DataFrame, row: np.ndarray, count: int, cutoff: int) -> dict[str, np.ndarray]:
    """Recency, how often in which window, the gaps between days with an order, and where the pace goes."""
    ago = (cutoff - orders["at"].to_numpy()) / DAY
    f: dict[str, np.ndarray] = {}
    f["recency_days"] = np.full(count, np.inf)
    np.minimum.at(f["recency_days"], row, ago)
    f["tenure_days"] = np.zeros(count)
    np.maximum.at(f["tenure_days"], row, ago)
    f["recency_share"] = ratio(f["recency_days"], f["tenure_days"])

    def within(start: float, end: float) -> np.ndarray:
        return np.bincount(row[(ago > start) & (ago <= end)], minlength=count).astype(float)

    for days in WINDOWS:
        f[f"orders_{days}"] = within(0, days)
    f["orders_all"] = within(0, np.inf)
    # Who came a week ago has no rate of 13 orders a quarter yet.
    f["order_rate_90"] = f["orders_365"] * 90 / np.clip(f["tenure_days"], 90, 365)
    f["orders_trend_30"] = trend(f["orders_30"], within(30, 60))
    f["orders_trend_90"] = trend(f["orders_90"], within(90, 180))
    months = np.stack([within(30 * month, 30 * (month + 1)) for month in range(6)])
    f["orders_slope_180"] = np.tensordot(np.linspace(2.5, -2.5, 6) / 17.5, months, axes=1)
    for days, length, name in ((180, 30, "months_active_180"), (365, 30, "months_active_365"), (90, 7, "weeks_active_90")):
        near = ago <= days
        f[name] = distinct(row[near], (ago[near] // length).astype(np.int64), count)
    f["weekdays"] = distinct(row, orders["at"].to_numpy() // DAY % 7, count)
    return f | gaps(orders, row, count, f)


def distinct(row: np.ndarray, value: np.ndarray, count: int) -> np.ndarray:
    """How many different values each row has."""
    pairs = np.unique(np.stack([row, value]), axis=1)
    return np.bincount(pairs[0], minlength=count).astype(float)


def gaps(orders: pd.DataFrame, row: np.ndarray, count: int, f: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Days between days with an order; two invoices of one day are one visit. NaN before there is a gap."""
    visits = np.unique(np.stack([row, orders["at"].to_numpy() // DAY]), axis=1)
    same = visits[0, 1:] == visits[0, :-1]
    of, gap = visits[0, 1:][same], np.diff(visits[1])[same].astype(float)
    grouped = pd.Series(gap).groupby(of)

    def column(found: pd.Series) -> np.ndarray:
        return found.reindex(range(count)).to_numpy(dtype=float)

    mean, sd, recency = column(grouped.mean()), column(grouped.std()), f["recency_days"]
    median = column(grouped.median())
    longer = np.bincount(of[gap > recency[of]], minlength=count)
    return {"gap_mean": mean, "gap_median": median, "gap_sd": sd, "gap_max": column(grouped.max()), "gap_last": column(grouped.last()),
            "gap_last_ratio": column(grouped.last()) / mean, "overdue_mean": recency / mean, "overdue_median": recency / median,
            "overdue_sds": (recency - mean) / (sd + 1), "gaps_longer": ratio(longer, np.bincount(of, minlength=count))}  # fmt: skip


def amounts(orders: pd.DataFrame, row: np.ndarray, count: int, cutoff: int, known: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Spend in which window, the size of an order, and where both go."""
    ago = (cutoff - orders["at"].to_numpy()) / DAY
    value = orders["value"].to_numpy()

    def within(start: float, end: float) -> np.ndarray:
        near = (ago > start) & (ago <= end)
        return np.bincount(row[near], value[near], minlength=count)

    f = {f"spend_{days}": within(0, days) for days in WINDOWS}
    f["spend_all"] = within(0, np.inf)
    f["runrate_90"] = f["spend_365"] * 90 / np.clip(known["tenure_days"], 90, 365)
    f["spend_trend_90"] = trend(f["spend_90"], within(90, 180))
    f["spend_trend_180"] = trend(f["spend_180"], within(180, 360))
    grouped = orders.groupby(row)
    f["value_mean"], f["value_sd"] = grouped["value"].mean().to_numpy(), grouped["value"].std().to_numpy()
    f["value_max"], f["value_last"] = grouped["value"].max().to_numpy(), grouped["value"].last().to_numpy()
    f["value_last_ratio"] = ratio(f["value_last"], f["value_mean"])
    f["lines_mean"], f["lines_last"] = grouped["lines"].mean().to_numpy(), grouped["lines"].last().to_numpy()
    f["units_mean"] = grouped["units"].mean().to_numpy()
    f["price_mean"] = ratio(grouped["value"].sum().to_numpy(), grouped["units"].sum().to_numpy())
    return f


def breadth(lines: pd.DataFrame, customers: np.ndarray, cutoff: int) -> dict[str, np.ndarray]:
    """How many articles, how many of them new, what came back, and whether the customer is at home."""
    count = len(customers)
    sold, back = lines[lines["sold"]], lines[lines["returned"]]
    pairs = sold.groupby(["customer", "article"], sort=False)["at"].agg(["min", "max"]).reset_index()
    of = np.searchsorted(customers, pairs["customer"].to_numpy())
    since, until = ((cutoff - pairs[name].to_numpy()) / DAY for name in ("min", "max"))
    f = {f"articles_{days}": np.bincount(of[until <= days], minlength=count).astype(float) for days in (90, 180)}
    f["articles_all"] = np.bincount(of, minlength=count).astype(float)
    f["articles_new_share"] = ratio(np.bincount(of[since <= 90], minlength=count), f["articles_90"])
    row, ago = np.searchsorted(customers, back["customer"].to_numpy()), (cutoff - back["at"].to_numpy()) / DAY
    value = -back["value"].to_numpy()
    near = ago <= 365
    f["return_lines_90"] = np.bincount(row[ago <= 90], minlength=count).astype(float)
    f["return_lines_365"] = np.bincount(row[near], minlength=count).astype(float)
    f["return_value_365"] = np.bincount(row[near], value[near], minlength=count)
    bought = np.bincount(np.searchsorted(customers, sold["customer"].to_numpy()), sold["value"].to_numpy(), minlength=count)
    f["return_share"] = ratio(np.bincount(row, value, minlength=count), bought)
    f["return_recency"] = np.full(count, np.inf)
    np.minimum.at(f["return_recency"], row, ago)
    f["return_recency"][np.isinf(f["return_recency"])] = np.nan
    # The country of the last line before the cut-off; customers move.
    f["home_country"] = (lines.groupby("customer")["country"].last().reindex(customers) == "United Kingdom").to_numpy(dtype=float)
    return f
