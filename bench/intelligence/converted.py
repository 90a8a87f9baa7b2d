#!/usr/bin/env python3
"""Small models of the usual libraries as their converters write them, and what the libraries themselves say of some rows.

They are kept in `shared/scoring/tests/models`, where the Rust tests hold our reader against them:
`.local/bench-venv/bin/python -W ignore -m bench.intelligence.converted`
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.intelligence.files import ROOT

OUT = ROOT / "shared" / "scoring" / "tests" / "models"
COLUMNS, TRAIN, ASKED, TREES, SEED = 5, 400, 12, 12, 3
Made = tuple[bytes, Callable[[np.ndarray], np.ndarray]]


def rows(count: int, rng: np.random.Generator, gaps: bool) -> np.ndarray:
    """Numbers, in the last column a category from 0 to 5; some missing."""
    x = rng.normal(size=(count, COLUMNS)).astype(np.float32)
    x[:, -1] = rng.integers(0, 6, count)
    if gaps:
        x[:, :-1][rng.random((count, COLUMNS - 1)) < 0.1] = np.nan
    return x


def lightgbm(x: np.ndarray, y: np.ndarray, classes: int, categorical: bool = False) -> Made:
    import lightgbm as lgb
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    kind = lgb.LGBMClassifier if classes else lgb.LGBMRegressor
    model = kind(n_estimators=TREES, num_leaves=7, verbose=-1, num_threads=1, min_child_samples=5)
    model.fit(x, y, categorical_feature=[COLUMNS - 1] if categorical else "auto")
    made = convert_lightgbm(model, initial_types=[("input", FloatTensorType([None, COLUMNS]))], zipmap=False)
    return made.SerializeToString(), model.predict_proba if classes else model.predict


def xgboost(x: np.ndarray, y: np.ndarray, classes: int) -> Made:
    import xgboost as xgb
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    kind = xgb.XGBClassifier if classes else xgb.XGBRegressor
    model = kind(n_estimators=TREES, max_depth=3, n_jobs=1).fit(x, y)
    made = convert_xgboost(model, initial_types=[("input", FloatTensorType([None, COLUMNS]))])
    return made.SerializeToString(), model.predict_proba if classes else model.predict


def catboost(x: np.ndarray, y: np.ndarray, classes: int) -> Made:
    import tempfile
    from pathlib import Path

    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if classes else CatBoostRegressor
    model = kind(iterations=TREES, depth=3, thread_count=1, verbose=False, allow_writing_files=False).fit(x, y)
    with tempfile.TemporaryDirectory() as folder:
        model.save_model(f"{folder}/model.onnx", format="onnx")
        return Path(f"{folder}/model.onnx").read_bytes(), model.predict_proba if classes else model.predict


def sklearn(pipeline: Any, x: np.ndarray, y: np.ndarray, classes: int) -> Made:
    from skl2onnx import to_onnx

    pipeline.fit(x, y)
    options = {id(pipeline): {"zipmap": False}} if classes else None
    return to_onnx(pipeline, x[:1], options=options).SerializeToString(), pipeline.predict_proba if classes else pipeline.predict


def pipelines() -> dict[str, Any]:
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {"sklearn-forest": make_pipeline(SimpleImputer(), RandomForestClassifier(TREES, max_depth=4, random_state=SEED)),
            "sklearn-forest-amount": make_pipeline(SimpleImputer(), RandomForestRegressor(TREES, max_depth=4, random_state=SEED)),
            "sklearn-boosting": make_pipeline(SimpleImputer(), GradientBoostingClassifier(n_estimators=TREES, max_depth=3, random_state=SEED)),
            "sklearn-line": make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())}  # fmt: skip


def models() -> dict[str, Callable[[], tuple[Made, np.ndarray]]]:
    rng = np.random.default_rng(SEED)
    x, whole = rows(TRAIN, rng, True), rows(TRAIN, rng, False)
    asked, whole_asked = rows(ASKED, rng, True), rows(ASKED, rng, False)

    def amount(x: np.ndarray) -> np.ndarray:
        known = np.nan_to_num(x)
        return (2 * known[:, 0] - known[:, 1] * known[:, 2] + np.isin(known[:, -1], [1, 4]) * 2 + rng.normal(size=len(x)) / 4).astype(np.float32)

    y, whole_y = amount(x), amount(whole)
    label, three = (y > 0).astype(int), np.digitize(y, [-1, 1])
    some: dict[str, Callable[[], tuple[Made, np.ndarray]]] = {}
    for name, make in (("lightgbm", lightgbm), ("xgboost", xgboost), ("catboost", catboost)):
        some[name] = lambda make=make: (make(x, label, 2), asked)
        some[f"{name}-amount"] = lambda make=make: (make(x, y, 0), asked)
        some[f"{name}-three"] = lambda make=make: (make(x, three, 3), asked)
    some["lightgbm-categories"] = lambda: (lightgbm(whole, (whole_y > 0).astype(int), 2, categorical=True), whole_asked)
    for name, pipeline in pipelines().items():
        is_amount = name.endswith("amount")
        some[name] = lambda p=pipeline, a=is_amount: (sklearn(p, x, y if a else label, 0 if a else 2), asked)
    return some


def main() -> int:
    import onnxruntime

    OUT.mkdir(exist_ok=True)
    samples = {}
    for name, make in models().items():
        (file, predict), asked = make()
        told = np.asarray(predict(asked), dtype=np.float64)
        session = onnxruntime.InferenceSession(file)
        ran = session.run(None, {session.get_inputs()[0].name: asked})[-1]
        if not isinstance(ran, np.ndarray):
            # Scores in dictionaries: a ZipMap that the library's own export cannot leave out.
            ran = np.array([[row[label] for label in sorted(row)] for row in ran])
        gap = float(np.abs(ran.reshape(told.shape) - told).max())
        (OUT / f"{name}.onnx").write_bytes(file)
        shown = [[None if np.isnan(value) else float(value) for value in row] for row in asked]
        samples[name] = {"rows": shown, "told": told.reshape(len(asked), -1).round(7).tolist(), "onnxruntime_gap": gap}
        print(f"{name}: {len(file):,} bytes, onnxruntime is {gap:.1e} off")
    (OUT / "samples.json").write_text(json.dumps(samples, separators=(",", ":")).replace('},"', '},\n"') + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
