"""Splits that do not overlap, features that see nothing from the cut-off on, files that are read as they were written."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from bench.intelligence import cdnow, nbd, retail, splits, synthetic, tables, warning
from bench.intelligence.files import FIT, LEFT_OUT, STOP, TEST, open_data
from bench.intelligence.peers import file_name
from bench.intelligence.retail_features import COLUMNS, features

DAY = 86_400
CUT = 1_000 * DAY


def seconds(instant: str) -> int:
    return int(np.datetime64(instant, "s").astype(np.int64))


def log(*lines: tuple[int, str, float, int, float]) -> retail.Log:
    """Lines of (customer, invoice, days before the cut-off, quantity, price)."""
    table = pd.DataFrame(lines, columns=["customer", "invoice", "ago", "quantity", "price"])
    table["at"] = (CUT - table.pop("ago") * DAY).astype("int64")
    return retail.make_log(table.assign(article="A", country="United Kingdom"))


def of(found: retail.Log, customer: int = 1) -> dict[str, float]:
    return dict(zip(COLUMNS, features(found, np.array([customer]), CUT)[0].tolist(), strict=True))


class PointInTime(unittest.TestCase):
    def test_an_order_at_the_instant_of_the_cut_off_is_not_seen(self) -> None:
        seen = of(log((1, "1", 10, 1, 5.0)))
        with_later = of(log((1, "1", 10, 1, 5.0), (1, "2", 0, 7, 5.0), (1, "C3", 0, -1, 5.0), (1, "4", -1, 1, 5.0)))
        np.testing.assert_equal(with_later, seen)
        self.assertEqual((seen["recency_days"], seen["orders_30"], seen["spend_all"]), (10, 1, 5))

    def test_an_order_a_minute_before_the_cut_off_is_seen(self) -> None:
        self.assertEqual(of(log((1, "1", 10, 1, 5.0), (1, "2", 1 / 1440, 1, 5.0)))["orders_30"], 2)

    def test_the_label_begins_at_the_cut_off_and_lasts_90_days(self) -> None:
        found = log((1, "1", 10, 1, 5.0), (1, "2", 0, 1, 7.0), (2, "3", 10, 1, 5.0), (2, "4", -90, 1, 7.0), (3, "5", 10, 1, 5.0), (3, "6", -89.9, 1, 9.0))
        self.assertEqual(retail.spend_after(found.orders, np.array([1, 2, 3]), CUT).tolist(), [7.0, 0.0, 9.0])

    def test_the_population_bought_in_the_last_180_days(self) -> None:
        found = log((1, "1", 180, 1, 5.0), (2, "2", 180.1, 1, 5.0), (3, "3", 0, 1, 5.0), (4, "C4", 5, -1, 5.0), (5, "5", 5, 1, 0.0))
        self.assertEqual(retail.population(found.orders, CUT).tolist(), [1])

    def test_visits_of_one_day_are_one_for_the_gaps(self) -> None:
        seen = of(log((1, "1", 40, 1, 5.0), (1, "2", 40, 1, 5.0), (1, "3", 30, 1, 5.0), (1, "4", 10, 1, 5.0)))
        self.assertEqual((seen["orders_all"], seen["gap_mean"], seen["gap_last"], seen["gaps_longer"]), (4, 15, 20, 0.5))

    def test_others_do_not_matter(self) -> None:
        alone = of(log((2, "1", 10, 1, 5.0), (2, "C2", 5, -1, 5.0)), 2)
        np.testing.assert_equal(of(log((1, "8", 3, 1, 5.0), (2, "1", 10, 1, 5.0), (2, "C2", 5, -1, 5.0), (3, "9", 3, 1, 5.0)), 2), alone)
        self.assertEqual((alone["return_lines_90"], alone["return_share"]), (1, 1))


class Nbd(unittest.TestCase):
    def test_only_days_before_the_cut_off_are_summed_up(self) -> None:
        who, repeats, recency, age = nbd.summary(log((1, "1", 28, 1, 5.0), (1, "2", 14, 1, 5.0), (1, "3", 14, 1, 5.0), (1, "4", 0, 1, 5.0)).orders, CUT)
        self.assertEqual((who.tolist(), repeats.tolist(), recency.tolist(), age.tolist()), ([1], [1], [2.0], [4.0]))

    def test_the_expectation_is_that_of_lifetimes(self) -> None:
        try:
            from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter
        except ImportError:
            self.skipTest("Lifetimes is not installed")
        params = pd.Series({"r": 0.24, "alpha": 4.4, "a": 0.79, "b": 2.4})
        x, seen, age = np.array([0, 1, 5, 30]), np.array([0.0, 3.0, 20.0, 38.0]), np.array([10.0, 39.0, 39.0, 39.0])
        for modified, model in enumerate((BetaGeoFitter, ModifiedBetaGeoFitter)):
            fitter = model()
            fitter.params_ = params
            theirs = fitter.conditional_expected_number_of_purchases_up_to_time(13.0, x, seen, age)
            np.testing.assert_allclose(nbd.orders_ahead(params, bool(modified), 13.0, x, seen, age), theirs, rtol=1e-9)


    def test_parameters_that_went_off_mean_the_same_chance_to_leave_for_all(self) -> None:
        x, seen, age = np.array([1, 4]), np.array([5.3, 11.4]), np.array([9.4, 14.3])
        for both in (4_000.0, 1_086_409.0, 1e9):
            params = nbd.tamed({"r": 0.83, "alpha": 10.5, "a": 0.003 * both, "b": 0.997 * both})
            ahead = nbd.orders_ahead(params, True, 13.0, x, seen, age)
            np.testing.assert_allclose(ahead, nbd.orders_ahead({"r": 0.83, "alpha": 10.5, "a": 12.0, "b": 3_988.0}, True, 13.0, x, seen, age), rtol=1e-3)


class Warnings(unittest.TestCase):
    def test_a_silence_of_90_days_is_a_lapse(self) -> None:
        of_, ordered = np.array([1, 1, 2, 2, 3]), np.array([0, 90, 0, 91, 5]) * DAY
        began, lapsed = warning.silences(of_, ordered, np.array([1, 2, 2, 3]), np.array([90, 91, 98, 40]) * DAY)
        # An order at the instant asked for is not known yet.
        self.assertEqual((began.tolist(), lapsed.tolist()), ([0, 0, 91 * DAY, 5 * DAY], [False, True, True, True]))

    def test_days_of_warning_count_from_the_first_flag(self) -> None:
        at, customer = np.array([7, 7, 14, 14]) * DAY, np.array([1, 2, 1, 2])
        found = warning.measure(np.array([0.9, 0.1, 0.8, 0.2]), customer, at, np.zeros(4, dtype=int), np.full(4, True), np.full(4, True), 0.5)
        self.assertEqual((found["lapses"], found["flagged"], found["median_days"], found["days_60"], found["precision"]), (2, 0.5, 83.0, 0.5, 1.0))


class Splits(unittest.TestCase):
    def test_each_row_is_tested_in_one_fold_and_stops_in_none_of_its_own(self) -> None:
        y = (np.arange(1_003) % 7 == 0).astype(float)
        roles = splits.folds(y)
        self.assertTrue(((roles == TEST).sum(axis=0) == 1).all())
        for role in roles:
            self.assertAlmostEqual((role == STOP).sum() / (role != TEST).sum(), splits.INNER, delta=0.002)
            for part in (FIT, STOP, TEST):
                self.assertAlmostEqual(y[role == part].mean(), y.mean(), delta=0.005)

    def test_slices_leave_out_what_is_between_and_keep_customers_apart(self) -> None:
        at, customer = np.repeat([1, 2, 3, 4, 5], 200), np.tile(np.arange(200), 5)
        (role,) = splits.slices(at, customer, 2, 5)
        self.assertEqual(set(role[(at > 2) & (at < 5)]), {LEFT_OUT})
        self.assertEqual(set(role[at == 5]), {TEST})
        self.assertFalse(set(customer[role == FIT]) & set(customer[role == STOP]))
        self.assertEqual((role == STOP).sum(), 2 * 30)

    def test_the_months_of_a_log_follow_from_its_length(self) -> None:
        for last, learnt_to, tested in (("2011-06-30T20:08", "2010-11-01", "2011-02-01"), ("2011-12-09T12:50", "2011-04-01", "2011-07-01")):
            learnt, left_out, asked = splits.months(seconds("2009-12-01T07:45"), seconds(last), 90, 90)
            self.assertEqual((retail.day(learnt[0]), retail.day(learnt[-1]), retail.day(asked[0])), ("2010-03-01", learnt_to, tested))
            self.assertEqual((len(left_out), len(asked)), (2, 3))
            self.assertLessEqual(learnt[-1] + 90 * DAY, asked[0], "labels end before the test begins")
            self.assertLessEqual(asked[-1] + 90 * DAY, seconds(last), "labels are known")

    def test_no_label_reaches_into_the_tested_months_wherever_the_log_ends(self) -> None:
        for year in (2011, 2012, 2013):
            for month in range(1, 13):
                last = seconds(f"{year}-{month:02}-15")
                learnt, left_out, asked = splits.months(seconds("2008-12-01"), last, 90, 90)
                self.assertLessEqual(learnt[-1] + 90 * DAY, asked[0])
                self.assertLessEqual(asked[-1] + 90 * DAY, last)
                self.assertGreaterEqual(len(left_out), 2)
                self.assertEqual(learnt + left_out + asked, sorted({*learnt, *left_out, *asked}))

    def test_a_log_of_a_few_months_says_how_many_it_needs(self) -> None:
        with self.assertRaisesRegex(ValueError, "5 months with a known label: 6 are needed"):
            splits.months(seconds("2010-01-01"), seconds("2010-11-01"), 90, 90)


class Files(unittest.TestCase):
    def test_matrices_are_read_as_they_were_written(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            synthetic.prepare(100, 10, Path(folder))
            data = open_data("scale", Path(folder))
            assert data is not None
            rows = data.load("x")
            self.assertEqual((rows.x.shape, rows.x.dtype.str, data.roles.shape), ((110, 60), "<f4", (1, 110)))
            self.assertTrue(np.isnan(rows.x).any())
            self.assertEqual((data.folder / "x.f32").stat().st_size, 110 * 60 * 4)
            self.assertEqual(np.bincount(data.roles[0]).tolist(), [85, 15, 10])

    def test_each_category_is_a_column_and_what_is_missing_stays_so(self) -> None:
        x, columns = tables.one_hot(pd.DataFrame({"plan": ["b", "a", "b"], "age": [1.0, np.nan, 3.0]}))
        self.assertEqual(columns, ["plan=a", "plan=b", "age"])
        np.testing.assert_equal(x, np.array([[0, 1, 1], [1, 0, np.nan], [0, 1, 3]], dtype=np.float32))

    def test_known_and_described_tables_are_found_and_read_without_what_gives_the_label_away(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict("os.environ", {"COPILOT_SHARED": folder}):
            files = {
                "bank_marketing/full.csv": '"age";"poutcome";"duration";"euribor3m";"y"\n30;"none";7;4.8;"no"\n41;"success";900;1.3;"yes"\n',
                "mailing/h.csv": "recency,history_segment,history,segment,visit,conversion,spend\n10,1) $0,142.4,Mens,0,0,0\n6,2) $100,329,No,1,0,0\n",
                "mine/t.csv": "id,plan,left\n1,a,gone\n2,b,here\n", "mine/table.json": '{"label": "left", "positive": "gone", "drop": ["id"]}',
                "other/o.csv": "a,b\n1,2\n", "odd/empty.csv": "", "bank_marketing/a_part.csv": '"age";"poutcome";"duration";"euribor3m";"y"\n9;"none";7;4.8;"no"\n',
            }  # fmt: skip
            for name, text in files.items():
                path = Path(folder, "data", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            found = {name: read(path) for name, (read, path) in tables.further().items()}
            self.assertEqual({name: (table.columns.tolist(), y.tolist()) for name, (table, y) in found.items()}, {
                "bankmkt": (["age", "poutcome", "euribor3m"], [0, 1]), "hillstrom": (["recency", "history", "segment"], [0, 1]),
                "mine": (["plan"], [1, 0])})  # fmt: skip
            Path(folder, "data", "mine", "table.json").write_text('{"label": "left"}')
            with self.assertRaisesRegex(ValueError, "mine/table.json"):
                tables.described(Path(folder, "data", "mine", "t.csv"))

    def test_a_purchase_of_cdnow_is_a_line_of_a_log(self) -> None:
        for text in (" 00001 19970101  1   11.77\n 00002 19970112  5  77.00\n", "id,date,discs,dollars\n1,1997-01-01,1,11.77\n2,1997-01-12,5,77.00\n"):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "CDNOW_master.txt")
                path.write_text(text)
                lines = cdnow.read_lines(path)
            self.assertEqual((lines["customer"].tolist(), [retail.day(at) for at in lines["at"]]), ([1, 2], ["1997-01-01", "1997-01-12"]))
            self.assertEqual(retail.make_log(lines).orders["value"].tolist(), [11.77, 77.0])

    def test_predictions_are_named_by_their_matrix(self) -> None:
        names = [file_name(*pair) for pair in (("lightgbm", "x"), ("lightgbm", "x+nbd"), ("mbgnbd", "nbd"), ("lightgbm", "product"))]
        self.assertEqual(names, ["lightgbm", "lightgbm+nbd", "mbgnbd", "lightgbm@product"])


if __name__ == "__main__":
    unittest.main()
