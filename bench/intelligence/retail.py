"""Online Retail II as an event log: who could be asked about at a cut-off, what became of them, and the data sets of it.

Point in time: features see what happened strictly before the cut-off, labels what happens from the cut-off on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench.intelligence import nbd, warning
from bench.intelligence.files import OUT, source, write_array, write_data
from bench.intelligence.retail_features import COLUMNS, features
from bench.intelligence.splits import slices

DAY = 86_400
ACTIVE_DAYS, LABEL_DAYS = 180, 90
TRAIN = [f"2010-{month:02}-01" for month in range(3, 12)]
# Their labels would reach into the months that are tested.
LEFT_OUT = ["2010-12-01", "2011-01-01"]
ASKED = ["2011-02-01", "2011-03-01", "2011-04-01"]


def seconds(day: str) -> int:
    """Midnight of a day in seconds since 1970."""
    return int(np.datetime64(day, "s").astype(np.int64))


@dataclass(frozen=True)
class Log:
    """The lines of known customers, sorted by customer and time, and the orders made of them."""

    lines: pd.DataFrame
    orders: pd.DataFrame


def make_log(lines: pd.DataFrame) -> Log:
    """`lines` has customer, invoice, at (seconds), article, quantity, price, country.

    An order is an invoice that is no cancellation; of its lines those count that sell something for money.
    """
    lines = lines.sort_values(["customer", "at"], kind="stable").reset_index(drop=True)
    lines["value"] = lines["quantity"] * lines["price"]
    back = lines["invoice"].str.startswith("C")
    lines["sold"] = ~back & (lines["quantity"] > 0) & (lines["price"] > 0)
    lines["returned"] = back & (lines["quantity"] < 0)
    sold = lines[lines["sold"]]
    orders = sold.groupby(["customer", "invoice"], sort=False).agg(
        at=("at", "min"), value=("value", "sum"), lines=("article", "size"), units=("quantity", "sum"), articles=("article", "nunique"))  # fmt: skip
    return Log(lines, orders.reset_index().sort_values(["customer", "at"], kind="stable").reset_index(drop=True))


def read_lines(path: Path) -> pd.DataFrame:
    """The file without the lines that name no customer."""
    raw = pd.read_csv(path, dtype={"Invoice": str, "StockCode": str})
    raw = raw[raw["CustomerID"].notna()]
    at = raw["InvoiceDate"].astype("datetime64[s]").astype("int64")
    return pd.DataFrame({"customer": raw["CustomerID"].astype("int64"), "invoice": raw["Invoice"], "at": at, "article": raw["StockCode"],
                         "quantity": raw["Quantity"], "price": raw["Price"], "country": raw["Country"]})  # fmt: skip


def population(orders: pd.DataFrame, cutoff: int, days: int = ACTIVE_DAYS) -> np.ndarray:
    """Customers with an order in the days before the cut-off, sorted."""
    seen = orders[(orders["at"] < cutoff) & (orders["at"] >= cutoff - days * DAY)]
    return np.unique(seen["customer"].to_numpy())


def spend_after(orders: pd.DataFrame, customers: np.ndarray, cutoff: int) -> np.ndarray:
    """What each customer orders for in the 90 days from the cut-off on; zero is a lapse."""
    after = orders[(orders["at"] >= cutoff) & (orders["at"] < cutoff + LABEL_DAYS * DAY)]
    return after.groupby("customer")["value"].sum().reindex(customers, fill_value=0.0).to_numpy()


def panel(log: Log, cutoffs: list[int], days: int = ACTIVE_DAYS) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Customer, cut-off, features and the NBD block of everyone in the population, one cut-off after the other."""
    parts = []
    for cutoff in cutoffs:
        customers = population(log.orders, cutoff, days)
        parts.append((customers, np.full(len(customers), cutoff), features(log, customers, cutoff), nbd.expected(log.orders, customers, cutoff)))
    customer, at, x, expected = (np.concatenate(part) for part in zip(*parts, strict=True))
    return customer, at, x, expected


def prepare(out: Path = OUT) -> Path | None:
    """Writes `or2`, `or2rev` (the same rows, told the spend), `or2weekly` (to be scored only) and the log for Rust."""
    path = source("online_retail_ii", "online_retail_ii.csv.xz")
    if path is None:
        return None
    lines = read_lines(path)
    out.mkdir(parents=True, exist_ok=True)
    lines.to_csv(out / "retail.csv", index=False)
    log = make_log(lines)
    customer, at, x, expected = panel(log, [seconds(day) for day in TRAIN + LEFT_OUT + ASKED])
    spend = np.concatenate([spend_after(log.orders, customer[at == cutoff], cutoff) for cutoff in np.unique(at)])
    roles = slices(at, customer, seconds(TRAIN[-1]), seconds(ASKED[0]))
    blocks = {"x": (x, COLUMNS), "nbd": (expected, nbd.COLUMNS)}
    for name, y, task in (("or2", spend == 0, "binary"), ("or2rev", np.log1p(spend), "regression")):
        folder = write_data(name, blocks, y, roles, customer, out, task=task)
        write_array(folder / "cutoff.i64", at, "<i8")
    write_array(folder / "runrate.f32", x[:, COLUMNS.index("runrate_90")], "<f4")
    write_array(folder / "spend.f64", spend, "<f8")
    warning.prepare(log, seconds(ASKED[0]), blocks.keys(), out)
    return folder
