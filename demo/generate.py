#!/usr/bin/env python3
"""Writes the demo portfolio as JSON lines, one file a kind. The same seed, day and count give the same bytes."""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo import commerce, people, support, usage, world  # noqa: E402
from demo.world import Account, Row  # noqa: E402

DAILY_DAYS = 185
MAKERS: dict[str, Callable[[Account], Iterator[Row]]] = {
    "accounts": commerce.account_rows,
    "contacts": people.contacts,
    "subscriptions": commerce.subscriptions,
    "invoices": commerce.invoices,
    "tickets": support.tickets,
    "activities": people.activities,
    "surveys": people.surveys,
    "outcomes": commerce.outcomes,
}


def portfolio(
    seed: str, now: dt.date, accounts: int = 300, daily_days: int = DAILY_DAYS
) -> tuple[list[Account], dict[str, list[Row]]]:
    """The accounts and all rows by kind (`events` among them), in the order in which they are to be sent."""
    cast = world.cast(seed, now, accounts)
    rows = {kind: [row for account in cast for row in make(account)] for kind, make in MAKERS.items()}
    rows["events"] = [row for account in cast for row in usage.events(account, daily_days)]
    return cast, rows


def line(row: Row) -> str:
    """One row as it stands in the file."""
    return json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"


def write(out: Path, rows: dict[str, list[Row]], about: Row) -> Row:
    """Writes the files and `summary.json`; returns the summary."""
    out.mkdir(parents=True, exist_ok=True)
    files = {}
    for kind, items in rows.items():
        data = "".join(map(line, items)).encode()
        (out / f"{kind}.jsonl").write_bytes(data)
        files[kind] = {"rows": len(items), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    summary = {**about, "files": files}
    (out / "summary.json").write_text(json.dumps(summary, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return summary


def arguments() -> argparse.ArgumentParser:
    """The options shared with the loader."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seed", default="1", help="any text; the same text gives the same portfolio (default 1)")
    parser.add_argument("--now", type=dt.date.fromisoformat, help="the day on which the history ends (default: today, UTC)")
    parser.add_argument("--accounts", type=int, default=300, help="accounts (default 300)")
    parser.add_argument("--daily-days", type=int, default=DAILY_DAYS,
                        help=f"days with usage of every day; older usage is sampled (default {DAILY_DAYS})")  # fmt: skip
    return parser


def today() -> dt.date:
    """This day in UTC."""
    return dt.datetime.now(dt.timezone.utc).date()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, parents=[arguments()])
    parser.add_argument("--out", type=Path, default=Path(".local/demo-data"), help="folder to write to (default .local/demo-data)")
    options = parser.parse_args()
    now = options.now or today()
    cast, rows = portfolio(options.seed, now, options.accounts, options.daily_days)
    about: Row = {
        "seed": options.seed,
        "now": now.isoformat(),
        "accounts": len(cast),
        "storylines": dict(sorted(Counter(account.line.name for account in cast).items())),
        "account_days": len({(row["account"], row["at"][:10]) for row in rows["events"]}),
    }
    summary = write(options.out, rows, about)
    for kind, file in summary["files"].items():
        print(f"{kind:14} {file['rows']:>8,} rows {file['bytes']:>12,} bytes")
    print(f"account days   {about['account_days']:>8,}")
    print(f"written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
