"""The synthetic accounts and the arithmetic of the figures."""

from __future__ import annotations

import unittest

from bench.load_test import percentile, rows
from bench.score_dates import summed, table


class Load(unittest.TestCase):
    def test_rows_are_the_same_whatever_the_size(self) -> None:
        few, more = list(rows(5)), list(rows(50))
        self.assertEqual(few, more[:5])
        self.assertEqual(len({row["external_id"] for row in more}), 50)

    def test_percentile_by_nearest_rank(self) -> None:
        values = [float(n) for n in range(1, 101)]
        self.assertEqual(percentile(values, 0.5), 50.0)
        self.assertEqual(percentile(values, 0.99), 99.0)
        self.assertEqual(percentile([7.0], 0.99), 7.0)


class Dates(unittest.TestCase):
    def test_table(self) -> None:
        answer = {"health": {"score": 80.0, "band": "healthy", "coverage": 0.9}, "sum_check": 0,
                  "predictions": [{"kind": "churn", "probability": 0.1, "method": "rules"}], "alerts": {"opened": ["a"], "resolved": []}}  # fmt: skip
        row = summed("2011-06-01T00:00:00Z", [answer, answer], [{"rule": "R03"}], 1.0)
        self.assertEqual((row["bands"], row["opened"], row["median score"]), ({"healthy": 2}, 2, 80.0))
        text = table("retail", [row])
        self.assertIn("| 2011-06-01 | 2 | 2 | 0 |", text)
        lines = text.splitlines()
        self.assertEqual(len({line.count("|") for line in lines[2:]}), 1)


if __name__ == "__main__":
    unittest.main()
