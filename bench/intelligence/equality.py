#!/usr/bin/env python3
"""Runs our files in onnxruntime on every row that was tested, beside what tract said of them, into `ours-figures.json`."""

from __future__ import annotations

import json
import sys

import numpy as np

from bench.intelligence.files import OUT, TEST, prepared

# The worst of all data sets stands for each figure.
FIGURES = ["tract_trainer_gap", "tract_onnxruntime_gap", "explanation_gap", "tract_us_per_row", "tract_load_ms", "explanation_ms_per_row"]


def main() -> int:
    import onnxruntime

    worst: dict[str, float] = {}
    for data in prepared():
        if data.meta["task"] != "binary":
            continue
        if not (data.folder / "ours-chosen.equal.json").exists():
            print(f"skipped: {data.name} (no file of ours)")
            continue
        found = json.loads((data.folder / "ours-chosen.equal.json").read_text())
        rows = data.load("+".join(found["blocks"])).x[data.roles[-1] == TEST].astype(np.float32)
        session = onnxruntime.InferenceSession(data.folder / "ours-chosen.onnx")
        told = session.run(None, {session.get_inputs()[0].name: rows})[0].ravel()
        found["tract_onnxruntime_gap"] = float(np.abs(told - data.array("ours-chosen.tract.f32", "<f4")).max())
        print(f"{data.name}: {len(rows):,} rows, {found['trees']} trees, " + ", ".join(f"{figure} {found[figure]:.3g}" for figure in FIGURES))
        worst = {figure: max(worst.get(figure, 0.0), found[figure]) for figure in FIGURES}
    (OUT / "ours-figures.json").write_text(json.dumps(worst, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
