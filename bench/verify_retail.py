#!/usr/bin/env python3
"""Compares tenant `retail`, read back through the API, with the file: counts, money per account and month, usage per day.

Written on its own: it shares no code with the loader. Exits with 1 on any difference.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import lzma
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.readback import Check, Reader, clock_of, options  # noqa: E402
from bench.readback import usage as usage_of  # noqa: E402

NOBODY = "no-customer"


class Truth:
    """What the file says, summed up line by line."""

    def __init__(self, path: Path) -> None:
        self.accounts: set[str] = set()
        self.invoice_pence: Counter[tuple[str, str]] = Counter()
        self.invoice_lines: Counter[tuple[str, str]] = Counter()
        self.invoice_time: dict[tuple[str, str], str] = {}
        self.usage: Counter[tuple[str, str, str]] = Counter()
        self.totals: Counter[str] = Counter()
        with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            header = next(reader)
            where = {name: header.index(name) for name in header}
            for line in reader:
                self._line({name: line[index] for name, index in where.items()})

    def _line(self, line: dict[str, str]) -> None:
        owner = line["CustomerID"] if line["CustomerID"] != "" else NOBODY
        key = (owner, line["Invoice"])
        self.accounts.add(owner)
        self.invoice_pence[key] += rounded_pence(Decimal(line["Quantity"]) * Decimal(line["Price"]))
        self.invoice_lines[key] += 1
        minute = line["InvoiceDate"].replace(" ", "T")
        if key not in self.invoice_time or minute < self.invoice_time[key]:
            self.invoice_time[key] = minute
        cancelled = line["Invoice"][:1] == "C"
        self.usage[(owner, minute[:10], "return_line" if cancelled else "order_line")] += 1
        self.totals["lines"] += 1
        self.totals["lines without a customer"] += owner == NOBODY
        self.totals["lines on cancelled invoices"] += cancelled

    def months(self) -> Counter[tuple[str, str]]:
        """Pence per account and month of the invoice."""
        sums: Counter[tuple[str, str]] = Counter()
        for (owner, invoice), pence in self.invoice_pence.items():
            sums[(owner, self.invoice_time[(owner, invoice)][:7])] += pence
        return sums


def rounded_pence(pounds: Decimal) -> int:
    """Whole pence; half a penny goes away from zero."""
    tenths, rest = divmod(abs(pounds) * 1000, 10)
    whole = int(tenths) + (1 if rest >= 5 else 0)
    return -whole if pounds < 0 else whole


def main() -> int:
    opts = options(__doc__, "retail").parse_args()
    begin = time.monotonic()
    print("Summing up the file (about 10 s)", file=sys.stderr)
    truth = Truth(opts.data / "online_retail_ii" / "online_retail_ii.csv.xz")
    if opts.file_only:
        months = truth.months()
        print(json.dumps({**truth.totals, "accounts": len(truth.accounts), "invoices": len(truth.invoice_pence),
                          "pence": sum(truth.invoice_pence.values()), "account months": len(months)}, indent=1))  # fmt: skip
        return 0
    reader = Reader(opts.stack, opts.tenant, opts.workers)
    check = Check()
    ids = {str(card["external_id"]): str(card["id"]) for card in reader.rows("/v1/accounts")}
    check.total("accounts", len(truth.accounts), len(ids))
    for name in sorted(truth.accounts ^ set(ids)):
        check.same("account by id", name, name in truth.accounts, name in ids)

    pence: Counter[tuple[str, str]] = Counter()
    lines: Counter[tuple[str, str]] = Counter()
    times: dict[tuple[str, str], str] = {}
    months: Counter[tuple[str, str]] = Counter()
    for owner, facts in reader.each("invoices of accounts", ids, lambda a: list(reader.rows(f"/v1/accounts/{ids[a]}/facts", {"kind": "invoices"}))):
        for fact in facts:
            row = fact["row"]
            key = (owner, str(fact["external_id"]))
            check.same("invoice told once", str(key), False, key in times)
            check.same("invoice currency", str(key), "GBP", row.get("currency"))
            pence[key] += int(row["amount_minor"])
            lines[key] += int(row["line_count"])
            times[key] = str(row["issued_at"])[:16]
            months[(owner, times[key][:7])] += int(row["amount_minor"])
    check.total("invoices", len(truth.invoice_pence), len(times))
    check.total("pence in all", sum(truth.invoice_pence.values()), sum(pence.values()))
    for name, prefix in (("cancelled invoices (C...)", "C"), ("adjustment invoices (A...)", "A")):
        check.total(name, sum(k[1].startswith(prefix) for k in truth.invoice_pence), sum(k[1].startswith(prefix) for k in pence))
        check.total(f"pence on {name}", sum(v for k, v in truth.invoice_pence.items() if k[1].startswith(prefix)),
                    sum(v for k, v in pence.items() if k[1].startswith(prefix)))  # fmt: skip
    check.total("pence without a customer", sum(v for k, v in truth.invoice_pence.items() if k[0] == NOBODY),
                sum(v for k, v in pence.items() if k[0] == NOBODY))  # fmt: skip
    check.same_maps("pence of an invoice", dict(truth.invoice_pence), dict(pence))
    check.same_maps("lines of an invoice", dict(truth.invoice_lines), dict(lines))
    check.same_maps("time of an invoice", truth.invoice_time, times)
    check.same_maps("pence per account and month", dict(truth.months()), dict(months))

    usage: Counter[tuple[str, str, str]] = Counter()
    clock = clock_of(opts.stack, opts.admin, opts.tenant, reader)
    for owner, day in usage_of(reader, clock, ids, dt.date(2011, 7, 1), 600):
        check.same("events of a day are the sum of its names", f"{owner} {day['day']}", day["events"], sum(day["by_name"].values()))
        for name, count in day["by_name"].items():
            usage[(owner, day["day"], name)] += int(count)
    usage = +usage
    check.total("events", truth.totals["lines"], sum(usage.values()))
    check.total("events without a customer", truth.totals["lines without a customer"], sum(v for k, v in usage.items() if k[0] == NOBODY))
    check.total("events return_line", truth.totals["lines on cancelled invoices"], sum(v for k, v in usage.items() if k[2] == "return_line"))
    check.same_maps("events per account, day and name", dict(truth.usage), dict(usage))
    return check.end(opts.tenant, begin, opts.report)


if __name__ == "__main__":
    sys.exit(main())
