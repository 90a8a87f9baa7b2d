#!/usr/bin/env python3
"""Scores all accounts of a sandbox tenant as of several dates and writes what came out as a Markdown table.

The tenant's clock is pinned to each date in turn, oldest first, with the operators' tool; every account is scored and
stored then, as the nightly sweep would have done on that day. The clock is left at the last date.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.tenants import Admin, client  # noqa: E402
from demo.client import Client, Stack  # noqa: E402
from demo.sending import Progress  # noqa: E402

BANDS = ("healthy", "watch", "at_risk", "critical", "insufficient_data", "onboarding")
DATES = {"retail": ("2010-09-01", "2011-02-01", "2011-07-01"), "ravenstack": ("2024-01-01", "2024-07-01", "2025-01-01")}


def score_all(api: Client, ids: list[str], as_of: str, workers: int) -> list[dict[str, Any]]:
    """Scores every account as of an instant and stores it."""
    progress = Progress(f"as of {as_of[:10]}", len(ids), every=5)

    def one(account: str) -> dict[str, Any]:
        found = api.call("POST", f"/v1/accounts/{account}/score", query={"as_of": as_of, "store": "true"})
        progress.add(1)
        return dict(found)

    with ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(one, ids))
    progress.end()
    return answers


def summed(as_of: str, answers: list[dict[str, Any]], alerts: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """One row of the table."""
    scores = [a["health"]["score"] for a in answers if a["health"].get("score") is not None]
    churn = [p["probability"] for a in answers for p in a.get("predictions") or [] if p["kind"] == "churn"]
    methods = Counter(p["method"] for a in answers for p in a.get("predictions") or [] if p["kind"] == "churn")
    return {
        "as_of": as_of,
        "accounts": len(answers),
        "bands": dict(Counter(str(a["health"]["band"]) for a in answers)),
        "median score": round(statistics.median(scores), 1) if scores else None,
        "mean coverage": round(statistics.fmean(a["health"]["coverage"] for a in answers), 3) if answers else None,
        "mean churn probability": round(statistics.fmean(churn), 3) if churn else None,
        "churn by": dict(methods),
        "opened": sum(len(a["alerts"]["opened"]) for a in answers),
        "resolved": sum(len(a["alerts"]["resolved"]) for a in answers),
        "open alerts by rule": dict(Counter(alert["rule"] for alert in alerts).most_common()),
        "sums that are not exact": sum(a.get("sum_check", 0) != 0 for a in answers),
        "seconds": round(seconds, 1),
    }


def table(tenant: str, rows: list[dict[str, Any]]) -> str:
    """As Markdown."""
    lines = [f"### Tenant `{tenant}`", "", "| as of | accounts | " + " | ".join(BANDS) + " | median score | coverage | churn | alerts opened | resolved | open by rule |",
             "|" + "---|" * (len(BANDS) + 8)]  # fmt: skip
    for row in rows:
        bands = " | ".join(str(row["bands"].get(band, 0)) for band in BANDS)
        rules = ", ".join(f"{rule} {count}" for rule, count in row["open alerts by rule"].items())
        churn = f"{row['mean churn probability']} ({', '.join(f'{m} {n}' for m, n in row['churn by'].items())})"
        lines.append(f"| {row['as_of'][:10]} | {row['accounts']} | {bands} | {row['median score']} | {row['mean coverage']} | {churn} | {row['opened']} | "
                     f"{row['resolved']} | {rules} |")  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--admin", help="path of copilot-admin (default: where cargo puts it)")
    parser.add_argument("--tenant", required=True, help="sandbox tenant, e.g. retail or ravenstack")
    parser.add_argument("--dates", help="days, separated by commas (default: three that suit the data set)")
    parser.add_argument("--workers", type=int, default=8, help="clients at once (default 8)")
    parser.add_argument("--limit", type=int, help="only so many accounts")
    parser.add_argument("--report", type=Path, help="write the table here, and the figures as .json beside it")
    opts = parser.parse_args()
    dates = opts.dates.split(",") if opts.dates else DATES.get(opts.tenant)
    if not dates:
        parser.error(f"no dates are known for {opts.tenant}: give --dates")
    stack = Stack.read(opts.stack)
    admin = Admin(stack, opts.stack, opts.admin)
    api = client(stack, admin.access(opts.tenant, opts.workers))
    me = api.call("GET", "/v1/me")
    if not me.get("as_of"):
        raise SystemExit(f"tenant {opts.tenant} is no sandbox: its clock is not pinned")
    ids = [str(card["id"]) for card in api.pages("/v1/accounts", {"sort": "name"})][: opts.limit]
    rows = []
    for day in sorted(dates):
        begin = time.monotonic()
        as_of = f"{day}T00:00:00Z"
        admin.clock(opts.tenant, str(me["tenant_name"]), as_of, str(me["zone"]))
        answers = score_all(api, ids, as_of, opts.workers)
        rows.append(summed(as_of, answers, list(api.pages("/v1/alerts", {"filter[status][eq]": "open"})), time.monotonic() - begin))
    text = table(opts.tenant, rows)
    print(text)
    print(json.dumps(rows, indent=1))
    if opts.report:
        opts.report.write_text(text, encoding="utf-8")
        opts.report.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 1 if any(row["sums that are not exact"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
