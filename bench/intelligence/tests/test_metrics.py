"""Metrics against values worked out by hand."""

from __future__ import annotations

import math
import unittest

import numpy as np

from bench.intelligence import metrics
from bench.intelligence.bars import Bar

ONES = np.ones(4)
Y = np.array([0.0, 1.0, 0.0, 1.0])


class Ranking(unittest.TestCase):
    def test_auc_is_the_share_of_pairs_in_order(self) -> None:
        self.assertAlmostEqual(metrics.auc(Y, np.array([0.1, 0.35, 0.4, 0.8]), ONES), 0.75)
        self.assertAlmostEqual(metrics.auc(Y, np.array([0.5, 0.5, 0.5, 0.5]), ONES), 0.5)
        self.assertAlmostEqual(metrics.auc(Y, np.array([0.1, 0.5, 0.5, 0.8]), ONES), 0.875)

    def test_a_weight_of_two_is_the_row_twice(self) -> None:
        score, weight = np.array([0.4, 0.35, 0.1, 0.8]), np.array([2.0, 1.0, 3.0, 1.0])
        again = np.repeat(np.arange(4), weight.astype(int))
        for metric in metrics.BINARY.values():
            self.assertAlmostEqual(metric(Y, score, weight), metric(Y[again], score[again], np.ones(len(again))))
        spend = np.array([0.0, 10.0, 3.0, 90.0])
        for metric in metrics.REVENUE.values():
            self.assertAlmostEqual(metric(spend, score, weight), metric(spend[again], score[again], np.ones(len(again))))

    def test_average_precision(self) -> None:
        # Down the score: 1 (of 1), 0, 1 (2 of 3), 0.
        self.assertAlmostEqual(metrics.pr_auc(Y, np.array([0.1, 0.35, 0.4, 0.8]), ONES), (1 + 2 / 3) / 2)
        self.assertAlmostEqual(metrics.pr_auc(Y, ONES, ONES), 0.5)

    def test_lift_is_the_rate_of_the_top_tenth_over_that_of_all(self) -> None:
        y = np.r_[1, 1, np.zeros(17), 1].astype(float)
        self.assertAlmostEqual(metrics.lift(y, -np.arange(20.0), np.ones(20)), 1 / 0.15)
        self.assertAlmostEqual(metrics.lift(y, np.zeros(20), np.ones(20)), 1.0)

    def test_gini_is_one_for_the_right_order_and_nothing_for_none(self) -> None:
        spend = np.array([0.0, 10.0, 3.0, 90.0])
        self.assertAlmostEqual(metrics.gini(spend, spend**2, ONES), 1.0)
        self.assertAlmostEqual(metrics.gini(spend, -spend, ONES), -1.0)
        self.assertAlmostEqual(metrics.gini(spend, ONES, ONES), 0.0)


class Probabilities(unittest.TestCase):
    def test_log_loss_and_brier(self) -> None:
        p = np.array([0.5, 0.5, 0.25, 1.0])
        self.assertAlmostEqual(metrics.log_loss(Y, p, ONES), (2 * math.log(2) - math.log(0.75)) / 4)
        self.assertAlmostEqual(metrics.brier(Y, p, ONES), (0.25 + 0.25 + 0.0625) / 4)
        self.assertTrue(math.isfinite(metrics.log_loss(Y, np.array([1.0, 0.0, 0.0, 1.0]), ONES)))

    def test_calibration_error_is_weighed_by_the_rows_of_a_bin(self) -> None:
        # Bin 0: told .05, came 0; bin 9: told .95 and 1, came 2 of 2; bin 5: told .5, came 0.
        y, p = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.05, 0.95, 1.0, 0.5])
        self.assertAlmostEqual(metrics.ece(y, p, ONES), (0.05 + 0.05 + 0.5) / 4)


class Spend(unittest.TestCase):
    def test_errors_in_pounds_and_of_logarithms(self) -> None:
        spend, told = np.array([0.0, math.e - 1]), np.array([math.e - 1, math.e - 1])
        self.assertAlmostEqual(metrics.mae(spend, told, np.ones(2)), (math.e - 1) / 2)
        self.assertAlmostEqual(metrics.rmse_log(spend, told, np.ones(2)), math.sqrt(0.5))
        self.assertAlmostEqual(metrics.total(spend, told, np.ones(2)), 2.0)


class Text(unittest.TestCase):
    def test_macro_f1_counts_each_label_alike(self) -> None:
        f1 = metrics.macro_f1(["a", "a", "a", "b"], ["a", "a", "b", "b"], ["a", "b", "c"])
        self.assertAlmostEqual(f1, (4 / 5 + 2 / 3 + 0) / 3)
        with self.assertRaisesRegex(ValueError, "1 labels told for 2 texts"):
            metrics.macro_f1(["a", "b"], ["a"], ["a", "b"])


class Bootstrap(unittest.TestCase):
    def test_whole_groups_are_drawn(self) -> None:
        weights = metrics.draws(np.array([7, 7, 3, 9, 9, 9]), 50, 1)
        self.assertTrue((weights[:, 0] == weights[:, 1]).all() and (weights[:, 3] == weights[:, 5]).all())
        self.assertTrue((weights[:, [0, 2, 3]].sum(axis=1) == 3).all())

    def test_a_model_does_not_differ_from_itself(self) -> None:
        y, score = np.tile(Y, 10), np.linspace(0, 1, 40)
        weights = metrics.draws(np.arange(40), 20, 1)
        drawn = metrics.drawn(metrics.auc, y, score, np.arange(40) // 20, weights)
        self.assertEqual(metrics.paired(drawn, drawn), (0.0, 0.0, 0.0))
        self.assertEqual((len(drawn), drawn[0]), (21, metrics.over_splits(metrics.auc, y, score, np.arange(40) // 20, np.ones(40))))

    def test_splits_are_not_ranked_together(self) -> None:
        # Each fold is in perfect order, but the scores of the second are all higher.
        y, score = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.8, 0.9])
        self.assertEqual(metrics.over_splits(metrics.auc, y, score, np.array([0, 0, 1, 1]), ONES), 1.0)


class Bars(unittest.TestCase):
    def test_a_bar_says_by_how_much_it_is_missed(self) -> None:
        bar = Bar("or2 AUC", True, 0.11, less="recency or2 AUC")
        value = bar.measured({"or2 AUC": 0.77}, {"recency or2 AUC": 0.68})
        self.assertEqual((bar.verdict(value), bar.verdict(0.12), bar.verdict(None)), ("missed by 0.02", "met", "not measured"))
        self.assertIsNone(bar.measured({"or2 AUC": 0.77}, {}))
        self.assertEqual(Bar("mae", False, 0.93, over="base").verdict(1.0), "missed by 0.07")


if __name__ == "__main__":
    unittest.main()
