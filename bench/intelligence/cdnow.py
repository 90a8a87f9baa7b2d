"""CDNOW's purchases of compact discs, if they lie in `data/cdnow`: a second log, by the same code as Online Retail II.

The file is that of Fader and Hardie: customer, day as 19970101, discs, dollars, parted by blanks or commas, with or without a
head; the smaller sample of it has a second number of the customer before the day.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.intelligence.files import OUT, shared
from bench.intelligence.retail import prepare_log


def found() -> Path | None:
    """The file, where it is there."""
    return next((path for path in sorted((shared() / "data" / "cdnow").glob("*")) if {".txt", ".csv"} & set(path.suffixes)), None)


def read_lines(path: Path) -> pd.DataFrame:
    """Purchases as lines of a log. There are no articles: each purchase is one line of one article."""
    raw = pd.read_csv(path, sep=r"[\s,]+", engine="python", header=None, dtype=str)
    raw = raw[pd.to_numeric(raw.iloc[:, -1], errors="coerce").notna()].reset_index(drop=True)
    day, discs, dollars = raw.iloc[:, -3].str.replace("-", ""), raw.iloc[:, -2].astype(float), raw.iloc[:, -1].astype(float)
    at = pd.to_datetime(day, format="%Y%m%d").astype("datetime64[s]").astype("int64")
    return pd.DataFrame({"customer": raw.iloc[:, 0].astype("int64"), "invoice": raw.index.astype(str), "at": at, "article": "disc",
                         "quantity": discs, "price": dollars / discs.where(discs > 0), "country": "US"})  # fmt: skip


def prepare(path: Path, out: Path = OUT) -> Path:
    """Writes `cdnow`, `cdnowrev` and `cdnowweekly`."""
    return prepare_log("cdnow", read_lines(path), out)
