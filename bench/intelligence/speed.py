#!/usr/bin/env python3
"""Trees of LightGBM in onnxruntime and in LightGBM itself, one thread: what the Criterion bench of tract is held against.

`models` grows 100, 500 and 2,000 trees of 31 leaves on `or2` and writes them as ONNX into `.local/bench-intelligence/speed`
with a thousand rows; without a word everything is timed, and printed beside what Criterion found.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.intelligence.files import FIT, OUT, ROOT, TEST, open_data

FOLDER = OUT / "speed"
TREES, BATCHES = (100, 500, 2_000), (1, 10, 100, 1_000)


def models() -> None:
    import lightgbm as lgb
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    data = open_data("or2")
    if data is None:
        sys.exit("or2 is not prepared")
    rows, role = data.load("x"), data.roles[0]
    fit = rows.take(role == FIT)
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows.x[role == TEST][:1_000].astype("<f4").tofile(FOLDER / "rows.f32")
    for trees in TREES:
        settings = {"objective": "binary", "num_leaves": 31, "learning_rate": 0.02, "num_threads": 1, "verbose": -1}
        booster = lgb.train(settings, lgb.Dataset(fit.x, fit.y), trees)
        booster.save_model(FOLDER / f"{trees}.txt")
        made = convert_lightgbm(booster, initial_types=[("input", FloatTensorType([None, fit.x.shape[1]]))], zipmap=False)
        (FOLDER / f"{trees}.onnx").write_bytes(made.SerializeToString())


def seconds(run: Callable[[], object]) -> float:
    """CPU time of this thread: the median of some runs of at least a fiftieth of a second each."""
    run()
    count, found = 1, 0.0
    while True:
        began = time.thread_time()
        for _ in range(count):
            run()
        found = time.thread_time() - began
        if found > 0.02:
            break
        count *= 2
    times = []
    for _ in range(5):
        began = time.thread_time()
        for _ in range(count):
            run()
        times.append((time.thread_time() - began) / count)
    return float(np.median(times))


def criterion(trees: int, name: str) -> float | None:
    """What Criterion measured last, in seconds."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = target / "criterion" / "tract" / str(trees) / name / "new" / "estimates.json"
    return json.loads(path.read_text())["median"]["point_estimate"] / 1e9 if path.exists() else None


def main() -> int:
    import lightgbm as lgb
    import onnxruntime

    if sys.argv[1:] == ["models"]:
        models()
        return 0
    rows = np.fromfile(FOLDER / "rows.f32", dtype="<f4").reshape(1_000, -1)
    lines = ["| trees | batch | tract, us a row | onnxruntime | LightGBM |", "| --- | --- | --- | --- | --- |"]

    def shown(value: float | None, rows: int) -> str:
        return "" if value is None else f"{value * 1e6 / rows:.1f}"

    for trees in TREES:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # A line of warning for each call would be timed, too.
        options.log_severity_level = 3
        file = FOLDER / f"{trees}.onnx"
        session = onnxruntime.InferenceSession(file, options)
        name = session.get_inputs()[0].name
        booster = lgb.Booster(model_file=FOLDER / f"{trees}.txt")
        for batch in BATCHES:
            some = np.ascontiguousarray(rows[:batch])
            ort = seconds(lambda: session.run(None, {name: some}))  # noqa: B023
            own = seconds(lambda: booster.predict(some, num_threads=1))  # noqa: B023
            lines.append(f"| {trees} | {batch} | {shown(criterion(trees, str(batch)), batch)} | {shown(ort, batch)} | {shown(own, batch)} |")
        load = seconds(lambda: onnxruntime.InferenceSession(file, options))  # noqa: B023
        lines.append(f"| {trees} | load, ms | {shown(criterion(trees, 'load'), 1000)} | {shown(load, 1000)} | |")
    (OUT / "speed.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
