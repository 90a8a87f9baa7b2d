#!/usr/bin/env python3
"""One table a data set from all `*.pred` files there are, ours minus each peer with intervals, and the bars.

Markdown on standard output and in `report.md`, the same figures one JSON object a line in `report.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bench.intelligence import metrics, text, warning
from bench.intelligence.bars import BARS, OPTIONAL, Bar
from bench.intelligence.files import OUT, TEST, DataSet, open_data, prepared
from bench.intelligence.splits import SEED

COSTS = {"cpu_s": "CPU s", "wall_s": "wall s", "peak_rss_mb": "RSS MB"}
WARNING_SHARES = (0.1, 0.2)
# What a pair is compared by. More draws tell no more, and rows of the synthetic set are no customers.
COMPARED = {"binary": ("AUC", "logloss"), "regression": ("Gini", "MAE")}
DRAWS = 200


class Report:
    """Collects what is told, in both forms."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.json: list[dict[str, Any]] = []
        # By name of the model: its figures, named as the bars name them.
        self.figures: dict[str, dict[str, float]] = {}
        # What the data allow at best, named as the bars name it.
        self.limits: dict[str, float] = {}

    def table(self, title: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
        columns = list(head)
        lines = ["| " + " | ".join(cells) + " |" for cells in (columns, ["---"] * len(columns), *rows)]
        self.text += [f"## {title}", "", *lines, ""]

    def add(self, data: str, model: str, found: dict[str, float]) -> None:
        self.json.append({"data": data, "model": model} | found)
        self.figures.setdefault(model, {}).update({f"{data} {name}": value for name, value in found.items()})


def ours_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (not name.startswith("ours"), name))


def predictions(data: DataSet, where: np.ndarray) -> dict[str, np.ndarray]:
    """What each model says of the rows `where`. A file of another length or with holes is an error and not a bad model."""
    found = {}
    for path in data.folder.glob("*.pred"):
        told = np.fromfile(path, dtype="<f8")
        if len(told) != data.rows:
            raise ValueError(f"{data.name}/{path.name}: {len(told)} predictions for {data.rows} rows")
        if not np.isfinite(told[where]).all():
            raise ValueError(f"{data.name}/{path.name}: {(~np.isfinite(told[where])).sum()} rows to test without a finite prediction")
        found[path.stem] = told[where]
    return {name: found[name] for name in ours_first(found)}


def cost(path: Path) -> dict[str, float]:
    """CPU seconds, memory; of ours, too, if the Rust side has written them."""
    return {name: value for name, value in json.loads(path.read_text()).items() if name in COSTS} if path.exists() else {}


def one(report: Report, data: DataSet, number: int) -> None:
    """The table of a data set, and ours minus each peer."""
    asked = data.roles == TEST
    where, split = asked.any(axis=0), asked.argmax(axis=0)
    revenue = data.meta["task"] == "regression"
    y = (data.array("spend.f64", "<f8") if revenue else data.y.astype(np.float64))[where]
    told, split, group = predictions(data, where), split[where], data.group[where]
    kinds, plain = metrics.REVENUE if revenue else metrics.BINARY, np.ones(len(y))
    rows = []
    for model, p in told.items():
        found = {name: metrics.over_splits(metric, y, p, split, plain) for name, metric in kinds.items()}
        found |= {"mean told": float(p.mean())} | cost(data.folder / f"{model}.cost.json")
        report.add(data.name, model, found)
        rows.append([model, *(shown(found.get(name)) for name in (*kinds, "mean told", *COSTS))])
    months = f" ({', '.join(data.meta['tested'])})" if "tested" in data.meta else ""
    title = f"{data.name}: {len(y):,} rows tested{months}, mean {y.mean():.4f}"
    if not revenue:
        limit = min(1 / metrics.TOP, float(1 / y.mean()))
        report.limits[f"{data.name} lift@10%"] = limit
        title += f", best possible lift {limit:.2f}"
    report.table(title, ("model", *kinds, "mean told", *COSTS.values()), rows)
    ours, peers = [m for m in told if m.startswith("ours")], [m for m in told if not m.startswith("ours")]
    if not ours or not number or data.name == "scale":
        return
    weights = metrics.draws(group, number, SEED)
    compared, rows = COMPARED[data.meta["task"]], []
    drawn = {(model, name): metrics.drawn(kinds[name], y, p, split, weights) for model, p in told.items() for name in compared}
    for our in ours:
        for peer in peers:
            seen = {name: metrics.paired(drawn[our, name], drawn[peer, name]) for name in compared}
            report.json.append({"data": data.name, "model": our, "minus": peer, "draws": number} | seen)
            rows.append([our, peer, *("{:+.4f} [{:+.4f}, {:+.4f}]".format(*seen[name]) for name in compared)])
    report.table(f"{data.name}: ours minus theirs, 95 % of {number} draws", ("ours", "minus", *compared), rows)


def shown(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}" if 0 < abs(value) < 0.001 else f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"


def weekly(report: Report, data: DataSet) -> None:
    """Days of warning at a fixed share of the accounts each week."""
    rows = []
    for model, score in predictions(data, np.ones(data.rows, dtype=bool)).items():
        for share in WARNING_SHARES:
            found = warning.by_week(data, score, share)
            report.json.append({"data": data.name, "model": model, "share": share} | found)
            rows.append([model, f"{share:.0%}", *(f"{value:.3f}" if value <= 1 else f"{value:.0f}" for value in found.values())])
        # The bars are those of a fifth a week, the last of the shares.
        report.figures.setdefault(model, {}).update({f"{data.name} {name}": value for name, value in found.items()})
    if rows:
        report.table(f"{data.name}: days of warning", ("model", "a week", *found), rows)


def texts(report: Report) -> None:
    """Macro-F1 of every `*.labels` file."""
    for name in text.SETS:
        folder = OUT / "text" / name
        if not (folder / "test.jsonl").exists():
            continue
        labels, _ = text.read(folder / "test.jsonl")
        rows = []
        for model in ours_first(path.stem for path in folder.glob("*.labels")):
            found = {"macro-F1": metrics.macro_f1(labels, (folder / f"{model}.labels").read_text().split(), text.LABELS)}
            found |= cost(folder / f"{model}.cost.json")
            report.add(f"text/{name}", model, found)
            rows.append([model, shown(found["macro-F1"]), shown(found.get("cpu_s"))])
        report.table(f"text/{name}: {len(labels):,} texts tested", ("model", "macro-F1", "CPU s"), rows)


def chosen(report: Report, ours: bool, bar: Bar) -> str | None:
    """The one model that stands for ours, or for the peers, in all bars of a data set.

    `ours-chosen` is what the trainer picked without seeing the rows tested; without it, and for the peers, it is the best by
    the data set's first bar. One model and not the best for each bar: no product ships two models of the same thing.
    """
    data = "or2" if bar.data == "or2weekly" else bar.data
    first = next(known for known in BARS if known.data == data)
    models = {model: found[first.figure] for model, found in report.figures.items() if model.startswith("ours") == ours and first.figure in found}
    if ours and "ours-chosen" in models:
        return "ours-chosen"
    return (max if first.at_least else min)(models, key=models.__getitem__, default=None)


def bars(report: Report) -> None:
    """Each bar for ours and, so that one sees what the data allow, for the best of the peers."""
    own = OUT / "ours-figures.json"
    if own.exists():
        report.figures.setdefault("ours-figures", {}).update(json.loads(own.read_text()))
    reference = {f"{model} {name}": value for model, found in report.figures.items() for name, value in found.items()}
    rows = []
    for bar in BARS:
        if bar.data in OPTIONAL and open_data(bar.data) is None:
            rows.append([bar.name, "", "no data beside the project", "", ""])
            continue
        limit = report.limits.get(bar.figure)
        out_of_reach = f" (at best {limit:.2f} here)" if limit is not None and bar.at_least and limit < bar.value else ""
        cells = [bar.name + out_of_reach]
        for ours in (True, False):
            model = chosen(report, ours, bar)
            value = bar.measured(report.figures[model], reference) if model else None
            cells += [f"{shown(value)} {model or ''}".strip(), bar.verdict(value)]
            report.json.append({"bar": bar.name, "of": "ours" if ours else "peers", "model": model, "value": value, "verdict": bar.verdict(value)})
        rows.append(cells)
    report.table("Bars", ("bar", "ours", "verdict", "best peer", "verdict of the peer"), rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS, help=f"draws of each paired interval (default {DRAWS}; 0: no intervals)")
    options = parser.parse_args()
    report = Report()
    for data in prepared():
        one(report, data, options.draws)
        of_weeks = open_data(f"{data.name}weekly")
        if of_weeks is not None:
            weekly(report, of_weeks)
    texts(report)
    bars(report)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "report.md").write_text("\n".join(report.text))
    (OUT / "report.jsonl").write_text("".join(json.dumps(line) + "\n" for line in report.json))
    print("\n".join(report.text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
