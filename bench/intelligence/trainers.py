"""The peers: each fits on the rows for fitting, stops on the rows for stopping, and answers for rows it has not seen.

The boosters share one configuration, `es`: learning rate .05, depth 4, at most 15 leaves, four fifths of rows and columns
for each tree, at most 2,000 trees, stop after 50 without a better inner loss. One thread each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.intelligence.files import Rows

Predict = Callable[[Rows], np.ndarray]
RATE, DEPTH, LEAVES, SHARE, ROUNDS, PATIENCE, SEED = 0.05, 4, 15, 0.8, 2_000, 50, 1


@dataclass(frozen=True)
class Model:
    """What was learnt: an answer a row (a probability, or the plain target of a regression), and how many trees it took."""

    predict: Predict
    trees: int | None = None


Fit = Callable[[str, Rows, Rows], Model]


def lightgbm(task: str, fit: Rows, stop: Rows) -> Model:
    import lightgbm as lgb

    settings: dict[str, Any] = {
        "objective": "binary" if task == "binary" else "l2", "learning_rate": RATE, "max_depth": DEPTH, "num_leaves": LEAVES, "bagging_fraction": SHARE,
        "bagging_freq": 1, "feature_fraction": SHARE, "num_threads": 1, "seed": SEED, "deterministic": True, "force_row_wise": True, "verbose": -1}  # fmt: skip
    train = lgb.Dataset(fit.x, fit.y)
    booster = lgb.train(settings, train, ROUNDS, valid_sets=[lgb.Dataset(stop.x, stop.y, reference=train)],
                        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)])  # fmt: skip
    return Model(lambda rows: booster.predict(rows.x, num_threads=1), booster.best_iteration)


def xgboost(task: str, fit: Rows, stop: Rows) -> Model:
    import xgboost as xgb

    settings = {"objective": "binary:logistic" if task == "binary" else "reg:squarederror", "eta": RATE, "max_depth": DEPTH, "max_leaves": LEAVES,
                "subsample": SHARE, "colsample_bytree": SHARE, "tree_method": "hist", "nthread": 1, "seed": SEED,
                "eval_metric": "logloss" if task == "binary" else "rmse"}  # fmt: skip
    train = xgb.QuantileDMatrix(fit.x, fit.y, nthread=1)
    booster = xgb.train(settings, train, ROUNDS, evals=[(xgb.QuantileDMatrix(stop.x, stop.y, ref=train, nthread=1), "stop")],
                        early_stopping_rounds=PATIENCE, verbose_eval=False)  # fmt: skip
    trees = booster.best_iteration + 1
    return Model(lambda rows: booster.inplace_predict(rows.x, iteration_range=(0, trees)), trees)


def catboost(task: str, fit: Rows, stop: Rows) -> Model:
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if task == "binary" else CatBoostRegressor
    model = kind(iterations=ROUNDS, learning_rate=RATE, depth=DEPTH, bootstrap_type="Bernoulli", subsample=SHARE, rsm=SHARE, early_stopping_rounds=PATIENCE,
                 thread_count=1, random_seed=SEED, verbose=False, allow_writing_files=False)  # fmt: skip
    # It takes a 0.0 for a class of another name than 0.
    whole = np.int64 if task == "binary" else np.float32
    model.fit(fit.x, fit.y.astype(whole), eval_set=(stop.x, stop.y.astype(whole)), use_best_model=True)
    return Model((lambda rows: model.predict_proba(rows.x)[:, 1]) if task == "binary" else (lambda rows: model.predict(rows.x)), model.tree_count_)


def hist_gradient_boosting(task: str, fit: Rows, stop: Rows) -> Model:
    """scikit-learn's takes no share of the rows for each tree, and its share of columns is one of each node."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if task == "binary" else HistGradientBoostingRegressor
    model = kind(learning_rate=RATE, max_iter=ROUNDS, max_depth=DEPTH, max_leaf_nodes=LEAVES, max_features=SHARE, early_stopping=True,
                 n_iter_no_change=PATIENCE, random_state=SEED)  # fmt: skip
    model.fit(fit.x, fit.y, X_val=stop.x, y_val=stop.y)
    return Model((lambda rows: model.predict_proba(rows.x)[:, 1]) if task == "binary" else (lambda rows: model.predict(rows.x)), model.n_iter_)


def logistic(task: str, fit: Rows, stop: Rows) -> Model:
    """Standardised columns, medians for what is missing; uses the rows for stopping to learn from, as it never stops."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    last = LogisticRegression(max_iter=2_000) if task == "binary" else Ridge()
    model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), last)
    model.fit(np.vstack([fit.x, stop.x]), np.concatenate([fit.y, stop.y]))
    return Model((lambda rows: model.predict_proba(rows.x)[:, 1]) if task == "binary" else (lambda rows: model.predict(rows.x)))


def rule(column: str, more_is_worse: bool) -> Fit:
    """One column as the score. A logistic curve with one input makes it a probability and leaves the order as it is."""

    def fit_rule(_task: str, fit: Rows, stop: Rows) -> Model:
        from sklearn.linear_model import LogisticRegression

        at = fit.columns.index(column)

        def score(rows: Rows) -> np.ndarray:
            # Counts and days are skewed; the logarithm keeps their order.
            value = np.log1p(rows.x[:, [at]].astype(np.float64))
            return value if more_is_worse else -value

        curve = LogisticRegression(C=1e6).fit(np.vstack([score(fit), score(stop)]), np.concatenate([fit.y, stop.y]))
        if curve.coef_[0, 0] <= 0:
            raise ValueError(f"{column} tells the opposite of what the rule says")
        return Model(lambda rows: curve.predict_proba(score(rows))[:, 1])

    return fit_rule


def so_far(column: str) -> Fit:
    """Spend goes on as it went: one column as the answer in pounds, given as the plain target."""
    return lambda _task, fit, _stop: Model(lambda rows: np.log1p(np.maximum(rows.x[:, fit.columns.index(column)].astype(np.float64), 0)))


def hurdle(to_runrate: bool) -> Fit:
    """P(buy) times the spend if so, by two LightGBM models; the second on log spend, or on its ratio to the run-rate.

    The exponential of a mean logarithm is too low: one factor makes the sum right over the buyers that were learnt from.
    """

    def fit_hurdle(_task: str, fit: Rows, stop: Rows) -> Model:
        def base(rows: Rows) -> np.ndarray:
            assert rows.runrate is not None
            return np.log1p(rows.runrate.astype(np.float64)) if to_runrate else np.zeros(len(rows.y))

        def buyers(rows: Rows) -> Rows:
            some = rows.take(rows.y > 0)
            return Rows(some.x, (some.y - base(some)).astype(np.float32), some.columns, some.runrate)

        buys = lightgbm("binary", *(Rows(rows.x, (rows.y > 0).astype(np.float32), rows.columns, rows.runrate) for rows in (fit, stop)))
        amount = lightgbm("regression", buyers(fit), buyers(stop))
        known = [rows.take(rows.y > 0) for rows in (fit, stop)]
        told = sum(np.expm1(amount.predict(rows) + base(rows)).sum() for rows in known)
        factor = sum(np.expm1(rows.y.astype(np.float64)).sum() for rows in known) / told
        answer = lambda rows: np.log1p(np.maximum(buys.predict(rows) * np.expm1(amount.predict(rows) + base(rows)) * factor, 0))  # noqa: E731
        return Model(answer, (buys.trees or 0) + (amount.trees or 0))

    return fit_hurdle


LEARNERS: dict[str, Fit] = {"lightgbm": lightgbm, "xgboost": xgboost, "catboost": catboost, "sklearn-hgb": hist_gradient_boosting, "logreg": logistic}
RULES: dict[str, Fit] = {"recency": rule("recency_days", True), "orders-90": rule("orders_90", False), "orders-365": rule("orders_365", False)}
NBD: dict[str, Fit] = {"bgnbd": rule("bgnbd_orders_90", False), "mbgnbd": rule("mbgnbd_orders_90", False)}
REVENUE: dict[str, Fit] = {"runrate": so_far("runrate_90"), "spend-365": so_far("spend_365"), "hurdle": hurdle(False), "hurdle-ratio": hurdle(True)}
TRAINERS: dict[str, Fit] = LEARNERS | RULES | NBD | REVENUE
