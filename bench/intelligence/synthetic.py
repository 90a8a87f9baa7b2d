"""A million made-up rows, for time and memory only: no figure of quality on them means anything for customers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.intelligence.files import FIT, OUT, STOP, TEST, write_data
from bench.intelligence.splits import INNER, SEED

TRAIN, ASKED, COLUMNS = 1_000_000, 100_000, 60
MISSING = 0.05


def rows(number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Skewed, counted and plain columns; a label that depends on a third of them, on pairs, and mostly on chance."""
    x = rng.standard_normal((number, COLUMNS), dtype=np.float32)
    x[:, 20:40] = np.exp(x[:, 20:40])
    x[:, 40:50] = np.floor(np.abs(x[:, 40:50]) * 3)
    margin = (-2.35 + 0.5 * x[:, 0] - 0.4 * x[:, 1] + 0.35 * (x[:, 2] > 0.5) * x[:, 3] + 0.3 * np.log1p(x[:, 20])
              - 0.3 * np.minimum(x[:, 21], 3) + 0.15 * x[:, 40] - 0.5 * (x[:, 41] == 0) + 0.25 * np.sin(2 * x[:, 4]) + 0.2 * x[:, 5] * x[:, 6])  # fmt: skip
    for weak in range(7, 15):
        margin += 0.08 * x[:, weak]
    y = rng.random(number, dtype=np.float32) < 1 / (1 + np.exp(-margin))
    x[rng.random(x.shape, dtype=np.float32) < MISSING] = np.nan
    return x, y.astype(np.float32)


def prepare(train: int = TRAIN, asked: int = ASKED, out: Path = OUT) -> Path:
    """Writes the data set `scale`."""
    rng = np.random.default_rng(SEED)
    x, y = rows(train + asked, rng)
    roles = np.full((1, train + asked), FIT, dtype=np.uint8)
    roles[0, rng.permutation(train)[: round(INNER * train)]] = STOP
    roles[0, train:] = TEST
    return write_data("scale", {"x": (x, [f"c{n:02}" for n in range(COLUMNS)])}, y, roles, out=out, task="binary")
