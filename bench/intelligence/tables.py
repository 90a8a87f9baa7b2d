"""Flat tables: three of churn, two of offers if they are there, and any that describes itself.

Categories become one column each, what is missing stays NaN.

A further table is a folder of `data/` with one CSV (`.xz`, `.gz` or plain, any separator) and `table.json`: `label` (the column),
`positive` (its value that counts as 1; left out: the column is 0 and 1), `drop` (columns that must not be learnt from). The
folder's name is that of the data set and has no blanks.
Bank marketing and Hillstrom need no description: they are known by their columns.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from bench.intelligence.files import OUT, shared, source, write_data
from bench.intelligence.splits import folds

# A table without its label, and the label.
Read = Callable[[Path], tuple[pd.DataFrame, np.ndarray]]


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


def any_csv(path: Path, **how: object) -> pd.DataFrame:
    """A CSV with whatever separator it has."""
    return pd.read_csv(path, sep=None, engine="python", **how)


def bankmkt(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    table = any_csv(path)
    # How long the call took is known when it is over, and what it led to with it.
    return table.drop(columns=["duration", "y"]), (table["y"] == "yes").to_numpy(dtype=np.float32)


def hillstrom(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    table = any_csv(path)
    # A conversion is a visit; the segment of history is `history` once more.
    return table.drop(columns=["visit", "conversion", "spend", "history_segment"]), table["visit"].to_numpy(dtype=np.float32)


def described(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """A table with a `table.json` beside it."""
    said = json.loads((path.parent / "table.json").read_text())
    table = any_csv(path)
    drop = [said["label"], *said.get("drop", [])]
    if unknown := [column for column in drop if column not in table.columns]:
        raise ValueError(f"{path.parent.name}/table.json: no column {', '.join(unknown)}; there are {', '.join(table.columns)}")
    label = table[said["label"]]
    y = label.astype(str) == str(said["positive"]) if "positive" in said else pd.to_numeric(label, errors="coerce")
    if not set(np.unique(y)) == {0, 1}:
        raise ValueError(f"{path.parent.name}/table.json: label {said['label']} is not 0 and 1; name the value that counts as `positive`")
    return table.drop(columns=drop), y.to_numpy(dtype=np.float32)


TABLES: dict[str, tuple[Read, tuple[str, str]]] = {
    "telco": (telco, ("telco", "telco_customer_churn.csv.xz")),
    "bigml": (bigml, ("telecom_bigml", "churn_bigml.csv.xz")),
    "bank": (bank, ("bank_churn", "churn_modelling.csv.xz")),
}
# Tables that are known by columns, wherever they lie.
KNOWN: dict[str, tuple[Read, set[str]]] = {
    "bankmkt": (bankmkt, {"poutcome", "duration", "euribor3m", "y"}),
    "hillstrom": (hillstrom, {"recency", "history_segment", "visit", "conversion"}),
}


def further() -> dict[str, tuple[Read, Path]]:
    """What else lies in `data/` and can be read: its name, how, and where."""
    found: dict[str, tuple[Read, Path]] = {}
    ours = {parts[0] for _, parts in TABLES.values()}
    for folder in sorted(path for path in (shared() / "data").glob("*") if path.is_dir() and path.name not in ours):
        # The largest first: a sample beside the whole file is not what is asked about.
        files = sorted(folder.glob("*.csv*"), key=lambda path: (-path.stat().st_size, path.name))
        if (folder / "table.json").exists() and len(files) == 1 and not folder.name.split()[1:]:
            found[folder.name] = (described, files[0])
            continue
        for path in files:
            columns = heads(path)
            found = {name: (read, path) for name, (read, needs) in KNOWN.items() if needs <= columns} | found
    return found


def heads(path: Path) -> set[str]:
    """The names of a file's columns; none, said by name, of what is no table."""
    try:
        return set(any_csv(path, nrows=0).columns)
    except (csv.Error, ValueError) as error:
        print(f"skipped: {path.parent.name}/{path.name} ({error})")
        return set()


def prepare(name: str) -> Path | None:
    """Writes one of the three tables."""
    read, parts = TABLES[name]
    path = source(*parts)
    return None if path is None else write(name, read, path)


def write(name: str, read: Read, path: Path, out: Path = OUT) -> Path:
    """Writes a table as a data set of five folds."""
    table, y = read(path)
    x, columns = one_hot(table)
    return write_data(name, {"x": (x, columns)}, y, folds(y), out=out, task="binary")
