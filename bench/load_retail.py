#!/usr/bin/env python3
"""Loads Online Retail II (a wholesaler's invoice lines, December 2009 to June 2011) into a sandbox tenant.

Each customer becomes an account, each invoice an invoice row, each line a usage event: `order_line`, or `return_line`
where the invoice is a cancellation. Lines without a customer hang on the account `no-customer`, so that they are
accounted for by name. Nothing is dropped.
"""

from __future__ import annotations

import csv
import lzma
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import loading  # noqa: E402
from bench.loading import Lists, Row  # noqa: E402

FILE = Path("online_retail_ii") / "online_retail_ii.csv.xz"
NO_CUSTOMER = "no-customer"
PENNY = Decimal("0.01")
MOST_PRODUCTS = 500
"""Names that one invoice may have."""


def pence(quantity: str, price: str) -> int:
    """Quantity times price in pence; half a penny goes away from zero."""
    return int((Decimal(quantity) * Decimal(price)).quantize(PENNY, rounding=ROUND_HALF_UP).scaleb(2))


def utc(text: str) -> str:
    """`2009-12-01 07:45` as an instant."""
    return f"{text[:10]}T{text[11:16]}:00Z"


@dataclass
class Invoice:
    """One invoice, summed up from its lines."""

    account: str
    at: str
    amount: int = 0
    lines: int = 0
    products: dict[str, None] = field(default_factory=dict)
    """Articles that were sold, each once, in the order of the lines."""


@dataclass
class Book:
    """Everything read from the file."""

    invoices: dict[str, Invoice] = field(default_factory=dict)
    events: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    countries: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    first_seen: dict[str, str] = field(default_factory=dict)
    last_country: dict[str, str] = field(default_factory=dict)
    named: Counter[str] = field(default_factory=Counter)

    def add(self, number: int, line: dict[str, str]) -> None:
        """One line of the file; `number` counts from 1 and names its event."""
        account = line["CustomerID"] or NO_CUSTOMER
        at = utc(line["InvoiceDate"])
        invoice_id = line["Invoice"]
        # No invoice of this file has two customers; if one had, each would get its own row.
        key = invoice_id
        if key in self.invoices and self.invoices[key].account != account:
            key = f"{invoice_id}-{account}"
            self.named["lines on an invoice of several customers"] += 1
        invoice = self.invoices.setdefault(key, Invoice(account, at))
        invoice.at = min(invoice.at, at)
        invoice.amount += pence(line["Quantity"], line["Price"])
        invoice.lines += 1
        back = invoice_id.startswith("C")
        if not back and not line["Quantity"].startswith("-") and (article := self._article(line)):
            if len(invoice.products) < MOST_PRODUCTS:
                invoice.products[article] = None
            elif article not in invoice.products:
                self.named[f"articles beyond {MOST_PRODUCTS} of an invoice"] += 1
        self.events[account].append(
            {"id": f"line-{number:07d}", "account": account, "name": "return_line" if back else "order_line", "at": at}
        )
        self.countries[account][line["Country"]] += 1
        self.last_country[account] = line["Country"]
        self.first_seen[account] = min(at, self.first_seen.get(account, at))
        self._name(line, back)

    @staticmethod
    def _article(line: dict[str, str]) -> str | None:
        """The article of a line; letters after the digits of its code are colours. Postage and the like is none."""
        code = line["StockCode"][:5]
        return code if re.fullmatch(r"\d{5}", code) else None

    def _name(self, line: dict[str, str], back: bool) -> None:
        """Counts what is odd, by name."""
        named = self.named
        named["lines"] += 1
        named["lines without a customer"] += not line["CustomerID"]
        named["lines on cancelled invoices (C...)"] += back
        named["lines on adjustment invoices (A...)"] += line["Invoice"].startswith("A")
        named["lines with price zero"] += Decimal(line["Price"]) == 0
        named["lines with a negative price"] += Decimal(line["Price"]) < 0
        named["lines with a negative quantity outside cancellations"] += not back and line["Quantity"].startswith("-")
        named["lines with a positive quantity on cancellations"] += back and not line["Quantity"].startswith("-")
        named["lines with a test stock code"] += line["StockCode"].startswith("TEST")
        named["lines whose stock code is not an article"] += re.match(r"\d{5}", line["StockCode"]) is None
        named["lines with a price in tenths of pence"] += Decimal(line["Price"]) != Decimal(line["Price"]).quantize(PENNY)

    def account_rows(self) -> Iterator[Row]:
        """One row for each customer, and one for the lines that have none."""
        for account in sorted(self.events):
            at = self.first_seen[account]
            # No contract, seats or renewal: these customers buy by invoice, and nothing is made up for them.
            row: Row = {"external_id": account, "touch": "digital", "currency": "GBP", "stage": "active", "updated_at": at, "known_at": at}
            if account == NO_CUSTOMER:
                row |= {"name": "No customer recorded"}
            else:
                row |= {"name": f"Customer {account}", "country": self.last_country[account]}
                if len(self.countries[account]) > 1:
                    row["custom"] = {"countries": ", ".join(sorted(self.countries[account]))}
            yield row

    def invoice_rows(self) -> Iterator[Row]:
        """One row for each invoice, paid at once as a cash sale."""
        for key, invoice in sorted(self.invoices.items(), key=lambda item: (item[1].account, item[1].at, item[0])):
            yield {"external_id": key, "account": invoice.account, "number": key, "amount_minor": invoice.amount, "currency": "GBP",
                   "issued_at": invoice.at, "paid_at": invoice.at, "line_count": invoice.lines,
                   "products": list(invoice.products),
                   "updated_at": invoice.at, "known_at": invoice.at}  # fmt: skip

    def only(self, customers: int) -> None:
        """Leaves out all but so many customers, for a quick try."""
        kept = set(sorted(self.events)[:customers])
        self.events = defaultdict(list, {account: events for account, events in self.events.items() if account in kept})
        self.invoices = {key: invoice for key, invoice in self.invoices.items() if invoice.account in kept}

    def lists(self) -> Lists:
        """What is to be sent, in order."""
        events = [event for account in sorted(self.events) if account != NO_CUSTOMER
                  for event in sorted(self.events[account], key=lambda e: (e["at"], e["id"]))]  # fmt: skip
        nobody = sorted(self.events.get(NO_CUSTOMER, []), key=lambda e: (e["at"], e["id"]))
        return {
            "accounts": loading.cut(self.account_rows()),
            "invoices": loading.cut(self.invoice_rows()),
            "events": loading.spread(events, nobody) if nobody else loading.cut(events),
        }

    def about(self) -> Row:
        """Counts by name."""
        invoices = self.invoices.values()
        return {
            **dict(sorted(self.named.items())),
            "customers": len(self.events) - (NO_CUSTOMER in self.events),
            "customers in several countries": sum(len(c) > 1 for a, c in self.countries.items() if a != NO_CUSTOMER),
            "invoices": len(self.invoices),
            "invoices without a customer": sum(i.account == NO_CUSTOMER for i in invoices),
            "cancelled invoices (C...)": sum(key.startswith("C") for key in self.invoices),
            "adjustment invoices (A...)": sum(key.startswith("A") for key in self.invoices),
            "pence in all": sum(i.amount for i in invoices),
            "pence on cancelled invoices": sum(i.amount for key, i in self.invoices.items() if key.startswith("C")),
            "pence without a customer": sum(i.amount for i in invoices if i.account == NO_CUSTOMER),
        }


def read(path: Path) -> Book:
    """Reads the whole file (about 15 s)."""
    book = Book()
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        for number, line in enumerate(csv.DictReader(file), start=1):
            book.add(number, line)
    return book


def main() -> int:
    parser = loading.options(__doc__, "retail")
    parser.add_argument("--customers", type=int, help="only so many customers, for a quick try (the check compares all)")
    opts = parser.parse_args()
    print(f"Reading {FILE.name} (about 15 s)", file=sys.stderr)
    book = read(opts.data / FILE)
    about = book.about()
    if opts.customers:
        book.only(opts.customers)
    return loading.run(opts, book.lists(), about)


if __name__ == "__main__":
    sys.exit(main())
