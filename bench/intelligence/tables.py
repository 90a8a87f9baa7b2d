"""The three flat churn tables: categories become one column each, what is missing stays NaN."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from bench.intelligence.files import source, write_data
from bench.intelligence.splits import folds


def one_hot(table: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """All columns as numbers, a category as one column for each of its values, in the order of their names."""
    columns: list[str] = []
    values: list[np.ndarray] = []
    for name in table.columns:
        column = table[name]
        if pd.api.types.is_numeric_dtype(column):
            columns.append(name)
            values.append(column.to_numpy(dtype=np.float64))
            continue
        for value in sorted(column.dropna().unique()):
            columns.append(f"{name}={value}")
            values.append((column == value).to_numpy(dtype=np.float64))
    return np.column_stack(values).astype(np.float32), columns


def telco(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    table = pd.read_csv(path)
    # Eleven customers in their first month have a blank here.
    table["TotalCharges"] = pd.to_numeric(table["TotalCharges"], errors="coerce")
    return table.drop(columns=["customerID", "Churn"]), (table["Churn"] == "Yes").to_numpy(dtype=np.float32)


def bigml(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    table = pd.read_csv(path)
    table["Area code"] = table["Area code"].astype(str)
    # 51 states for 3,328 rows say nothing; `part` is how the repository split its files.
    return table.drop(columns=["State", "part", "Churn"]), table["Churn"].to_numpy(dtype=np.float32)


def bank(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    table = pd.read_csv(path)
    return table.drop(columns=["rowNumber", "customerId", "exited"]), table["exited"].to_numpy(dtype=np.float32)


TABLES = {
    "telco": (telco, ("telco", "telco_customer_churn.csv.xz")),
    "bigml": (bigml, ("telecom_bigml", "churn_bigml.csv.xz")),
    "bank": (bank, ("bank_churn", "churn_modelling.csv.xz")),
}


def prepare(name: str) -> Path | None:
    """Writes one of the tables."""
    read, parts = TABLES[name]
    path = source(*parts)
    if path is None:
        return None
    table, y = read(path)
    x, columns = one_hot(table)
    return write_data(name, {"x": (x, columns)}, y, folds(y), task="binary")
