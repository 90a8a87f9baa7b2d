"""Logs of purchases: who could be asked about at a cut-off, what became of them, and the data sets of Online Retail II.

Point in time: features see what happened strictly before the cut-off, labels what happens from the cut-off on. Which months
are learnt from and which are tested follows from how long the log is: of the whole Online Retail II July to September 2011.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench.intelligence import nbd, warning
from bench.intelligence.files import OUT, source, write_array, write_data
from bench.intelligence.retail_features import COLUMNS, features
from bench.intelligence.splits import DAY, months, slices

# The first cut-off has a quarter of history before it.
ACTIVE_DAYS, LABEL_DAYS, SETTLE_DAYS = 180, 90, 90


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
    return None if path is None else prepare_log("or2", read_lines(path), out)


def prepare_log(name: str, lines: pd.DataFrame, out: Path = OUT) -> Path:
    """Writes the data set of a log and the log itself for Rust; `<name>rev` and `<name>weekly` beside it."""
    out.mkdir(parents=True, exist_ok=True)
    lines.to_csv(out / f"{name}.csv", index=False)
    log = make_log(lines)
    learnt, left_out, asked = months(int(lines["at"].min()), int(lines["at"].max()), SETTLE_DAYS, LABEL_DAYS)
    customer, at, x, expected = panel(log, learnt + left_out + asked)
    spend = np.concatenate([spend_after(log.orders, customer[at == cutoff], cutoff) for cutoff in np.unique(at)])
    roles = slices(at, customer, learnt[-1], asked[0])
    blocks = {"x": (x, COLUMNS), "nbd": (expected, nbd.COLUMNS)}
    days = {"learnt": [day(at) for at in learnt], "tested": [day(at) for at in asked]}
    for own, y, task in ((name, spend == 0, "binary"), (f"{name}rev", np.log1p(spend), "regression")):
        folder = write_data(own, blocks, y, roles, customer, out, task=task, log=name, **days)
        write_array(folder / "cutoff.i64", at, "<i8")
    write_array(folder / "runrate.f32", x[:, COLUMNS.index("runrate_90")], "<f4")
    write_array(folder / "spend.f64", spend, "<f8")
    warning.prepare(name, log, asked[0], blocks.keys(), out)
    return out / name


def day(at: int) -> str:
    """The day of an instant, as in 2011-02-01."""
    return str(np.datetime64(at, "s").astype("datetime64[D]"))
