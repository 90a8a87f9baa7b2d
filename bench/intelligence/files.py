"""Where things lie and how matrices are written: plain little-endian arrays that a Rust program reads with `from_le_bytes`.

README.md describes the format. Nothing here is compressed or self-describing on purpose: the trainer in Rust and the
peers in Python have to see the same bytes, and the fewer readers there are to trust, the better.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / ".local" / "bench-intelligence"

# The part that a row plays in a split.
FIT, STOP, TEST, LEFT_OUT = 0, 1, 2, 3


def shared() -> Path:
    """What lies beside the project: `COPILOT_SHARED`, or `../shared` from the project's root."""
    return Path(os.environ.get("COPILOT_SHARED") or ROOT.parent / "shared")


def source(*parts: str) -> Path | None:
    """A file of the shared data, or nothing (said by name) where it is absent."""
    path = shared().joinpath("data", *parts)
    if path.exists():
        return path
    print(f"skipped: {'/'.join(parts)} (no ../shared/data beside the project, and COPILOT_SHARED does not lead there)")
    return None


def write_array(path: Path, values: np.ndarray, kind: str) -> None:
    """Writes row-major; `kind` is a little-endian numpy type such as `<f4`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.ascontiguousarray(values, dtype=kind).tofile(path)


def write_json(path: Path, value: Any) -> None:
    """Writes JSON that a person can read, too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_matrix(folder: Path, name: str, values: np.ndarray, columns: list[str]) -> None:
    """One block of columns: `<name>.f32` and `<name>.columns.json`."""
    if values.shape[1] != len(columns):
        raise ValueError(f"{folder.name}/{name}: {values.shape[1]} columns and {len(columns)} names")
    write_array(folder / f"{name}.f32", values, "<f4")
    write_json(folder / f"{name}.columns.json", columns)


@dataclass(frozen=True)
class Rows:
    """Some rows of a data set, with all that a trainer may look at."""

    x: np.ndarray
    y: np.ndarray
    columns: list[str]
    # Only of `or2rev`: spend of the next 90 days as it went so far, the base of the ratio.
    runrate: np.ndarray | None = None

    def take(self, where: np.ndarray) -> Rows:
        """The rows that `where` marks."""
        return replace(self, x=self.x[where], y=self.y[where], runrate=None if self.runrate is None else self.runrate[where])


@dataclass(frozen=True)
class DataSet:
    """One folder of `.local/bench-intelligence`."""

    folder: Path
    meta: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.meta["name"])

    @property
    def rows(self) -> int:
        return int(self.meta["rows"])

    def array(self, file: str, kind: str) -> np.ndarray:
        """A whole file as a flat array."""
        return np.fromfile(self.folder / file, dtype=kind)

    @property
    def roles(self) -> np.ndarray:
        """`splits x rows`: what each row is for in each split."""
        return self.array("roles.u8", "u1").reshape(int(self.meta["splits"]), self.rows)

    @property
    def y(self) -> np.ndarray:
        return self.array("y.f32", "<f4")

    @property
    def group(self) -> np.ndarray:
        return self.array("group.i64", "<i8")

    def load(self, matrix: str) -> Rows:
        """All rows, with the columns of the named blocks side by side (`x`, `x+nbd`, `product`)."""
        blocks, columns = [], []
        for block in matrix.split("+"):
            names = json.loads((self.folder / f"{block}.columns.json").read_text())
            blocks.append(self.array(f"{block}.f32", "<f4").reshape(self.rows, len(names)))
            columns += names
        runrate = self.array("runrate.f32", "<f4") if (self.folder / "runrate.f32").exists() else None
        return Rows(blocks[0] if len(blocks) == 1 else np.hstack(blocks), self.y, columns, runrate)


# The order in which data sets are told; others follow by name.
FIRST = ("telco", "bigml", "bank", "bankmkt", "hillstrom", "or2", "or2rev", "cdnow", "cdnowrev", "scale")


def prepared(out: Path = OUT) -> list[DataSet]:
    """All data sets that are written and can be fitted: not those that are only scored."""
    found = [DataSet(meta.parent, json.loads(meta.read_text())) for meta in out.glob("*/meta.json")]
    place = {name: at for at, name in enumerate(FIRST)}
    found = [data for data in found if data.meta["task"] != "score only"]
    return sorted(found, key=lambda data: (place.get(data.name, len(FIRST)), data.name))


def open_data(name: str, out: Path = OUT) -> DataSet | None:
    """A data set that `prepare.py` has written, or nothing."""
    meta = out / name / "meta.json"
    return DataSet(meta.parent, json.loads(meta.read_text())) if meta.exists() else None


def write_data(name: str, blocks: dict[str, tuple[np.ndarray, list[str]]], y: np.ndarray, roles: np.ndarray,
               group: np.ndarray | None = None, out: Path = OUT, **meta: Any) -> Path:
    """Writes a data set; a row that has no customer is a group of its own."""
    folder, rows = out / name, len(y)
    # First away with the description: a run that breaks off leaves no data set that looks whole.
    (folder / "meta.json").unlink(missing_ok=True)
    for block, (values, columns) in blocks.items():
        write_matrix(folder, block, values, columns)
    write_array(folder / "y.f32", y, "<f4")
    write_array(folder / "roles.u8", roles, "u1")
    write_array(folder / "group.i64", np.arange(rows) if group is None else group, "<i8")
    described = {"name": name, "rows": rows, "splits": len(roles), "blocks": {block: len(columns) for block, (_, columns) in blocks.items()},
                 "role_names": ["fit", "stop", "test", "left out"], "mean_y": float(np.mean(y))}
    write_json(folder / "meta.json", described | meta)
    return folder
