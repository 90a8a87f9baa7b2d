"""What a prediction is worth, with a weight for each row: a bootstrap draw is nothing but other weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
BINS = 10
TOP = 0.1


def auc(y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """The chance that a positive is above a negative; equal scores count half."""
    _, rank = np.unique(score, return_inverse=True)
    positive = np.bincount(rank, weight * y)
    negative = np.bincount(rank, weight * (1 - y))
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))


def pr_auc(y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """Average precision: precision where each positive is found, equal scores at once."""
    _, rank = np.unique(-score, return_inverse=True)
    positive = np.bincount(rank, weight * y)
    seen = np.cumsum(np.bincount(rank, weight))
    precision = np.divide(np.cumsum(positive), seen, out=np.zeros_like(seen), where=seen > 0)
    return float((precision * positive).sum() / positive.sum())


def log_loss(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    p = np.clip(p, 1e-15, 1 - 1e-15)
    return float(np.average(-np.where(y > 0, np.log(p), np.log1p(-p)), weights=weight))


def brier(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    return float(np.average((p - y) ** 2, weights=weight))


def ece(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """How far, on average, the mean probability of ten bins of equal width is from what came true in them."""
    part = np.minimum((p * BINS).astype(np.int64), BINS - 1)
    return float(np.abs(np.bincount(part, weight * (p - y))).sum() / weight.sum())


def lift(y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """The rate in the top tenth over the rate of all; of equal scores at its edge each gives its share."""
    values, rank = np.unique(-score, return_inverse=True)
    size, positive = np.bincount(rank, weight, len(values)), np.bincount(rank, weight * y, len(values))
    room = np.clip(TOP * weight.sum() - (np.cumsum(size) - size), 0, size)
    share = np.divide(room, size, out=np.zeros_like(size), where=size > 0)
    return float((share * positive).sum() / room.sum() / np.average(y, weights=weight))


def gini(actual: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """How much of the amount is found going down the score: 0 for chance, 1 for the order of the amounts themselves."""
    return concentration(actual, score, weight) / concentration(actual, actual, weight)


def concentration(actual: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """Twice the area between the diagonal and the curve of the amount found; equal scores at once."""
    _, rank = np.unique(-score, return_inverse=True)
    rows, amount = np.bincount(rank, weight), np.bincount(rank, weight * actual)
    found = np.concatenate([[0.0], np.cumsum(amount) / amount.sum()])
    return float((rows / rows.sum() * (found[1:] + found[:-1])).sum() - 1)


def mae(actual: np.ndarray, told: np.ndarray, weight: np.ndarray) -> float:
    return float(np.average(np.abs(told - actual), weights=weight))


def rmse_log(actual: np.ndarray, told: np.ndarray, weight: np.ndarray) -> float:
    """On the logarithm of one more, as the models that are told log spend see it."""
    return float(np.sqrt(np.average((np.log1p(np.maximum(told, 0)) - np.log1p(actual)) ** 2, weights=weight)))


def total(actual: np.ndarray, told: np.ndarray, weight: np.ndarray) -> float:
    """The sum told over the sum that came."""
    return float((weight * told).sum() / (weight * actual).sum())


def macro_f1(actual: list[str], told: list[str], labels: list[str]) -> float:
    """The mean over the labels of the harmonic mean of precision and recall."""
    if len(actual) != len(told):
        raise ValueError(f"{len(told)} labels told for {len(actual)} texts")
    scores = []
    for label in labels:
        hits = sum(a == label and t == label for a, t in zip(actual, told, strict=True))
        named = sum(a == label for a in actual) + sum(t == label for t in told)
        scores.append(2 * hits / named if named else 0.0)
    return sum(scores) / len(scores)


BINARY: dict[str, Metric] = {"AUC": auc, "PR-AUC": pr_auc, "logloss": log_loss, "Brier": brier, "ECE10": ece, "lift@10%": lift}
REVENUE: dict[str, Metric] = {"Gini": gini, "MAE": mae, "RMSE log": rmse_log, "total": total}


def over_splits(metric: Metric, y: np.ndarray, told: np.ndarray, split: np.ndarray, weight: np.ndarray) -> float:
    """The mean over the splits: scores of two models of two folds are not to be ranked together."""
    return float(np.mean([metric(y[split == s], told[split == s], weight[split == s]) for s in np.unique(split)]))


def draws(group: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Weights of each row in each draw: whole groups are drawn, with replacement. The same for every pair compared."""
    _, of = np.unique(group, return_inverse=True)
    groups = int(of.max()) + 1
    rng = np.random.default_rng(seed)
    return np.stack([np.bincount(rng.integers(0, groups, groups), minlength=groups)[of] for _ in range(number)]).astype(np.float64)


def drawn(metric: Metric, y: np.ndarray, told: np.ndarray, split: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The metric on all rows once, then in each draw."""
    return np.array([over_splits(metric, y, told, split, weight) for weight in (np.ones(len(y)), *weights)])


def paired(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
    """Ours minus theirs, each as `drawn` with the same weights: the difference and its 95 % interval."""
    difference = ours - theirs
    low, high = np.percentile(difference[1:], [2.5, 97.5])
    return float(difference[0]), float(low), float(high)
