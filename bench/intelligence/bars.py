"""The bars of ../shared/intelligence.md that the files here can tell of, and whether a set of figures meets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Figures by name: `or2 AUC`, `telco logloss`, `text/senti4sd macro-F1`.
Figures = Mapping[str, float]


@dataclass(frozen=True)
class Bar:
    """One figure and what it has to be; `less` is subtracted from it first, `over` divides it."""

    figure: str
    at_least: bool
    value: float
    less: str | None = None
    over: str | None = None

    @property
    def data(self) -> str:
        """The data set; a figure without one is a data set of its own."""
        return self.figure.split(" ")[0]

    @property
    def name(self) -> str:
        words = self.figure + (f" minus {self.less}" if self.less else "") + (f" / {self.over}" if self.over else "")
        return f"{words} {'>=' if self.at_least else '<='} {self.value:g}"

    def measured(self, figures: Figures, reference: Figures) -> float | None:
        """The figure itself; what it is compared with stands among the `reference` figures."""
        value = figures.get(self.figure)
        if value is None or (self.less and self.less not in reference) or (self.over and self.over not in reference):
            return None
        return (value - (reference[self.less] if self.less else 0.0)) / (reference[self.over] if self.over else 1.0)

    def verdict(self, value: float | None) -> str:
        """`met`, `missed by` how much, or `not measured`."""
        if value is None:
            return "not measured"
        short = self.value - value if self.at_least else value - self.value
        return "met" if short <= 0 else f"missed by {short:.3g}"


# The first bar of a data set is the one that picks the peer that stands for all of them.
BARS = [
    Bar("or2 AUC", True, 0.78),
    Bar("or2 PR-AUC", True, 0.71),
    Bar("or2 lift@10%", True, 1.80),
    Bar("or2 Brier", False, 0.192),
    Bar("or2 AUC", True, 0.11, less="recency or2 AUC"),
    Bar("or2 ECE10", False, 0.035),
    Bar("telco AUC", True, 0.845),
    Bar("telco logloss", False, 0.417),
    Bar("telco ECE10", False, 0.030),
    Bar("bank AUC", True, 0.865),
    Bar("bigml AUC", True, 0.910),
    Bar("bankmkt AUC", True, 0.795),
    Bar("bankmkt ECE10", False, 0.012),
    Bar("hillstrom AUC", True, 0.643),
    Bar("or2weekly precision", True, 0.74),
    Bar("or2weekly days_60", True, 0.30),
    Bar("scale wall_s", False, 180),
    Bar("scale peak_rss_mb", False, 1_500),
    Bar("text/senti4sd macro-F1", True, 0.84),
    Bar("text/airline macro-F1", True, 0.77),
    Bar("or2rev Gini", True, 0.82),
    Bar("or2rev MAE", False, 0.93, over="runrate or2rev MAE"),
    # Told by the Rust side in `ours-figures.json`: tract, explanations and speed are not seen from here.
    Bar("tract_trainer_gap", False, 1e-5),
    Bar("tract_onnxruntime_gap", False, 1e-5),
    Bar("explanation_gap", False, 1e-9),
    Bar("tract_us_per_row", False, 20),
    Bar("tract_load_ms", False, 20),
    Bar("explanation_ms_per_row", False, 0.5),
]
# Data that is not beside every copy of the project: without it nothing is missed.
OPTIONAL = {"bankmkt", "hillstrom"}
