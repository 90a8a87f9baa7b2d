"""Arithmetic of the loaders, and that the independent checks agree with it on lines made for the purpose."""

from __future__ import annotations

import random
import tempfile
import unittest
from decimal import Decimal
from pathlib import Path

from bench import load_ravenstack, load_retail, verify_ravenstack, verify_retail
from bench.journal import Journal
from bench.loading import spread
from bench.readback import Check


def line(invoice: str, quantity: str, price: str, customer: str = "1", at: str = "2010-01-31 23:59") -> dict[str, str]:
    return {"Invoice": invoice, "StockCode": "12345", "Quantity": quantity, "InvoiceDate": at, "Price": price,
            "CustomerID": customer, "Country": "France"}  # fmt: skip


class Pence(unittest.TestCase):
    def test_half_a_penny_goes_away_from_zero(self) -> None:
        for quantity, price, pence in (("1", "0.005", 1), ("-1", "0.005", -1), ("3", "0.125", 38), ("-3", "0.125", -38),
                                       ("2", "0.0024", 0), ("1", "-53594.36", -5359436), ("12", "6.95", 8340)):  # fmt: skip
            self.assertEqual(load_retail.pence(quantity, price), pence)
            self.assertEqual(verify_retail.rounded_pence(Decimal(quantity) * Decimal(price)), pence)

    def test_both_scripts_round_alike(self) -> None:
        rng = random.Random(1)
        for _ in range(5_000):
            quantity, price = str(rng.randint(-500, 500)), f"{rng.randint(-99999, 99999) / 1000:.3f}"
            self.assertEqual(load_retail.pence(quantity, price), verify_retail.rounded_pence(Decimal(quantity) * Decimal(price)))


class Retail(unittest.TestCase):
    def test_nothing_is_dropped(self) -> None:
        book = load_retail.Book()
        for number, item in enumerate((line("1", "2", "1.5"), line("1", "1", "0", at="2010-01-31 23:58"), line("C2", "-1", "1.5"),
                                       line("3", "5", "2", customer="")), 1):  # fmt: skip
            book.add(number, item)
        lists = book.lists()
        invoices = {row["external_id"]: row for batch in lists["invoices"] for row in batch}
        self.assertEqual({k: (r["account"], r["amount_minor"], r["line_count"], r["issued_at"]) for k, r in invoices.items()}, {
            "1": ("1", 300, 2, "2010-01-31T23:58:00Z"), "C2": ("1", -150, 1, "2010-01-31T23:59:00Z"),
            "3": ("no-customer", 1000, 1, "2010-01-31T23:59:00Z")})  # fmt: skip
        events = [row for batch in lists["events"] for row in batch]
        self.assertEqual(sorted((e["id"], e["name"]) for e in events), [("line-0000001", "order_line"), ("line-0000002", "order_line"),
                         ("line-0000003", "return_line"), ("line-0000004", "order_line")])  # fmt: skip
        names = {row["external_id"]: row["name"] for batch in lists["accounts"] for row in batch}
        self.assertEqual(names, {"1": "Customer 1", "no-customer": "No customer recorded"})

    def test_an_invoice_of_two_customers_becomes_two_rows(self) -> None:
        book = load_retail.Book()
        book.add(1, line("1", "1", "1", customer="7"))
        book.add(2, line("1", "1", "2", customer="8"))
        self.assertEqual({k: i.amount for k, i in book.invoices.items()}, {"1": 100, "1-8": 200})


class Raven(unittest.TestCase):
    def test_instants(self) -> None:
        self.assertEqual(load_ravenstack.day("2024-07-09 03:00:00"), "2024-07-09T03:00:00Z")
        self.assertEqual(load_ravenstack.later("2024-12-31T00:00:00Z", 1500), "2025-01-01T01:00:00Z")
        self.assertEqual(verify_ravenstack.clock("2024-07-09T03:00:00Z"), "2024-07-09 03:00:00")

    def test_months(self) -> None:
        self.assertEqual(verify_ravenstack.active_months("2024-11-30", None), ["2024-11", "2024-12"])
        self.assertEqual(verify_ravenstack.active_months("2023-02-01", "2023-04-01"), ["2023-02", "2023-03", "2023-04"])


class Tools(unittest.TestCase):
    def test_heavy_batches_are_spread(self) -> None:
        main = [{"id": f"a{n}"} for n in range(40)]
        heavy = [{"id": f"b{n}"} for n in range(20)]
        order = "".join(batch[0]["id"][0] for batch in spread(main, heavy, 10))
        self.assertEqual(order, "abaaba")

    def test_journal_goes_on_where_it_stopped(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            lists = [[{"id": 1}], [{"id": 2}]]
            Journal(Path(folder), "t", "events", "stack", lists).mark(1)
            self.assertEqual(Journal(Path(folder), "t", "events", "stack", lists).done, {1})
            self.assertEqual(Journal(Path(folder), "t", "events", "another", lists).done, set())
            self.assertEqual(Journal(Path(folder), "t", "events", "stack", [[{"id": 1}], [{"id": 3}]]).done, set())
            self.assertEqual(Journal(Path(folder), "t", "events", "stack", lists, fresh=True).done, set())

    def test_check_names_differences(self) -> None:
        check = Check()
        check.same_maps("x", {"a": 1, "b": 2}, {"a": 1, "c": 3})
        self.assertEqual(check.count, 2)
        self.assertEqual([d["key"] for d in check.differences], ["b", "c"])


if __name__ == "__main__":
    unittest.main()
