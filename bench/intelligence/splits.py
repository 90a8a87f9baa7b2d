"""Who learns and who is asked: folds, time slices, and the inner part on which boosting stops. Seeds are fixed."""

from __future__ import annotations

import numpy as np

from bench.intelligence.files import FIT, LEFT_OUT, STOP, TEST

SEED = 20261121
FOLDS = 5
INNER = 0.15
DAY = 86_400
# Months that a log is tested on, and that are left out before them.
TESTED, GAP = 3, 2


def stratified(y: np.ndarray, parts: int, rng: np.random.Generator) -> np.ndarray:
    """A part for each row, so that each part has its share of each class."""
    part = np.empty(len(y), dtype=np.int64)
    start = 0
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        # The next class begins where this one ended, or the first parts would get every remainder.
        part[rows] = (start + np.arange(len(rows))) % parts
        start += len(rows)
    return part


def inner_rows(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Marks 15 % of the rows, of each class its share."""
    marked = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        marked[rows[: round(INNER * len(rows))]] = True
    return marked


def inner_groups(group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Marks all rows of 15 % of the groups. Random rows of a customer seen elsewhere never let boosting stop."""
    groups = rng.permutation(np.unique(group))
    return np.isin(group, groups[: round(INNER * len(groups))])


def folds(y: np.ndarray) -> np.ndarray:
    """Roles of five stratified folds: each row is tested once."""
    rng = np.random.default_rng(SEED)
    fold = stratified(y, FOLDS, rng)
    roles = np.full((FOLDS, len(y)), FIT, dtype=np.uint8)
    for number, role in enumerate(roles):
        role[fold == number] = TEST
        train = np.flatnonzero(fold != number)
        role[train[inner_rows(y[train], rng)]] = STOP
    return roles


def months(first: int, last: int, settle_days: int, label_days: int) -> tuple[list[int], list[int], list[int]]:
    """The firsts of months (seconds since 1970) that are learnt from, left out and tested, of a log from `first` to `last`.

    Learning begins when `settle_days` of history are there; the newest three whose label is known by the end are tested; the
    two before are left out, as their labels would reach into the months that are tested.
    """
    whole = np.arange(np.datetime64(first, "s").astype("datetime64[M]"), np.datetime64(last, "s").astype("datetime64[M]") + 1)
    begins = whole.astype("datetime64[s]").astype(np.int64)
    known = begins[(begins >= first - first % DAY + settle_days * DAY) & (begins + label_days * DAY <= last)].tolist()
    if len(known) <= TESTED + GAP:
        raise ValueError(f"{len(known)} months with a known label: {TESTED + GAP + 1} are needed to learn from one and test {TESTED}")
    tested = known[-TESTED:]
    # From 1 February on, in most years, 90 days end on 2 May: a label of the third month before may reach into the test, too.
    learnt = [at for at in known[: -TESTED - GAP] if at + label_days * DAY <= tested[0]]
    return learnt, known[len(learnt) : -TESTED], tested


def slices(at: np.ndarray, group: np.ndarray, train_until: int, test_from: int) -> np.ndarray:
    """Roles of one split in time: up to and with `train_until`, from `test_from` on; what lies between is left out."""
    role = np.full(len(at), LEFT_OUT, dtype=np.uint8)
    role[at >= test_from] = TEST
    train = np.flatnonzero(at <= train_until)
    inner = inner_groups(group[train], np.random.default_rng(SEED))
    role[train] = np.where(inner, STOP, FIT)
    return role[np.newaxis]
