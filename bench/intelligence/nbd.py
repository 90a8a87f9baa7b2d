"""Buy-till-you-die models, fitted anew at each cut-off on what came before it: expected orders of the next 90 days.

BG/NBD and MBG/NBD are those of Lifetimes. Less than a year into a log hardly anyone has been seen to drop out: the share
that leaves goes to zero, both models become the plain NBD (gamma-Poisson), and the optimiser of Lifetimes gives up on the
two parameters that then mean nothing. There the NBD itself is fitted, which is what they tend to.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

DAY = 86_400
HORIZON_WEEKS = 90 / 7
# `a + b` from which on all customers are as likely to leave.
ALL_ALIKE = 10_000.0
COLUMNS = ["bgnbd_orders_90", "mbgnbd_orders_90"]


def summary(orders: pd.DataFrame, cutoff: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Customer, repeat visits, and the weeks from the first visit to the last and to the cut-off.

    Visits of one day are one: the models know no two purchases at the same instant.
    """
    seen = orders[orders["at"] < cutoff]
    visits = pd.DataFrame({"customer": seen["customer"], "day": seen["at"] // DAY}).drop_duplicates().groupby("customer")["day"].agg(["size", "min", "max"])
    recency = (visits["max"] - visits["min"]).to_numpy() / 7
    age = (cutoff / DAY - visits["min"].to_numpy()) / 7
    return visits.index.to_numpy(), visits["size"].to_numpy() - 1, recency, age


def plain(repeats: np.ndarray, age: np.ndarray) -> tuple[float, float]:
    """Shape and rate of the gamma that the customers' paces are drawn from, by maximum likelihood; no one leaves."""
    from scipy.optimize import minimize
    from scipy.special import gammaln

    def loss(logs: np.ndarray) -> float:
        shape, rate = np.exp(logs)
        return -float(np.mean(gammaln(shape + repeats) - gammaln(shape) + shape * logs[1] - (shape + repeats) * np.log(rate + age)))

    shape, rate = np.exp(minimize(loss, np.zeros(2), method="Nelder-Mead").x)
    return float(shape), float(rate)


def orders_ahead(params: Mapping[str, float], modified: bool, weeks: float, repeats: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Expected orders of the next `weeks`: the formulas of Fader et al. (2005) and Batislam et al. (2007).

    Written with Euler's transformation of the hypergeometric function: as Lifetimes has it, the function of a customer with
    200 visits is more than a float holds, times a power that is less.
    """
    from scipy.special import hyp2f1

    r, alpha, a, b = (float(params[name]) for name in ("r", "alpha", "a", "b"))
    # MBG lets a customer leave right after the first visit, too: one more chance for each.
    chances = repeats + 1 if modified else repeats
    z = weeks / (alpha + age + weeks)
    c = a + b + chances - 1
    growth = c / (a - 1) * (1 - (1 - z) ** (a - 1) * hyp2f1(a + b - r - (0 if modified else 1), a - 1, c, z))
    with np.errstate(over="ignore"):
        # Without a chance to leave the odds are not used; they only must not be a division by zero.
        odds = a / np.maximum(b + chances - 1, 1e-300) * ((alpha + age) / (alpha + recency)) ** (r + repeats)
    return growth / (1 + np.where(chances > 0, odds, 0.0))


def tamed(params: Mapping[str, float]) -> Mapping[str, float]:
    """The same chance to leave with a smaller `a` and `b` where both went off: there all customers have that chance, their
    size says nothing more, and the hypergeometric function of such numbers is none."""
    both = float(params["a"] + params["b"])
    if both <= ALL_ALIKE:
        return params
    return dict(params) | {name: float(params[name]) * ALL_ALIKE / both for name in ("a", "b")}


def expected(orders: pd.DataFrame, customers: np.ndarray, cutoff: int) -> np.ndarray:
    """Two columns for each of `customers` (sorted), by BG/NBD and by MBG/NBD fitted on everyone seen so far."""
    # Imported here: the tests of everything else run without Lifetimes, and it warns of what pandas will no longer have.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter
        from lifetimes.utils import ConvergenceError

        who, repeats, recency, age = summary(orders, cutoff)
        at = np.searchsorted(who, customers)
        found = []
        for model in (BetaGeoFitter, ModifiedBetaGeoFitter):
            try:
                # It prints what its optimiser says before it raises.
                with contextlib.redirect_stdout(io.StringIO()):
                    fitter = model(penalizer_coef=0.0).fit(repeats, recency, age)
                ahead = orders_ahead(tamed(fitter.params_), model is ModifiedBetaGeoFitter, HORIZON_WEEKS, repeats[at], recency[at], age[at])
            except ConvergenceError:
                print(f"{model.__name__}: no one drops out in {age.max():.0f} weeks, NBD instead")
                shape, rate = plain(repeats, age)
                ahead = (shape + repeats[at]) / (rate + age[at]) * HORIZON_WEEKS
            found.append(np.asarray(ahead, dtype=float))
    table = np.column_stack(found)
    if not np.isfinite(table).all():
        raise ValueError(f"the expected orders at cut-off {cutoff} are not all finite")
    return table
