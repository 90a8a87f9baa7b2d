#!/usr/bin/env python3
"""Loads the demo portfolio into a running stack, through the public endpoints only.

Sends batches with the tenant's API key, usage events, and surveys by the signed generic webhook; then waits until every
account is scored. Can be run again at any time: what is there already is left unchanged.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo import generate  # noqa: E402
from demo.client import ApiError, Client, Stack, problem_code, signed_headers  # noqa: E402
from demo.sending import Progress, Tally, batches, send  # noqa: E402

ORDER = ("contacts", "subscriptions", "invoices", "tickets", "activities", "outcomes", "events")
COMPETITOR = "Trellium"
WEBHOOK_ROWS = 200
SETTLED_POLLS = 3


def send_by_webhook(stack: Stack, tenant: str, source: str, kind: str, rows: list[dict[str, Any]]) -> bool:
    """Sends rows by signed deliveries; False when the stack knows no secret for the source."""
    secret = stack.webhook_secret(tenant, source)
    if secret is None:
        return False
    client = Client(str(stack.data["webhook_url"]), None)
    progress = Progress(f"{kind} (webhook)", len(rows))
    for begin in range(0, len(rows), WEBHOOK_ROWS):
        part = rows[begin : begin + WEBHOOK_ROWS]
        body = json.dumps({kind: part}, separators=(",", ":"), ensure_ascii=False).encode()
        path = f"/webhooks/{tenant}/{source}"
        answer = client.raw("POST", path, body, signed_headers(secret, body))
        if answer.status not in (200, 202):
            raise SystemExit(f"the webhook answered {answer.status} {problem_code(answer.json())} to {kind} from row {begin}")
        progress.add(len(part))
    progress.end()
    return True


def cards(client: Client) -> list[dict[str, Any]]:
    """All accounts as the portfolio list shows them."""
    return list(client.pages("/v1/accounts"))


def wait_until_scored(client: Client, expected: int, timeout: float, every: float = 4.0) -> list[dict[str, Any]]:
    """Polls until all accounts are scored and nothing has changed for a few polls."""
    begin = time.monotonic()
    before: dict[str, Any] = {}
    same = 0
    while True:
        found = cards(client)
        now = {card["id"]: card.get("computed_at") for card in found}
        scored = sum(1 for at in now.values() if at)
        spent = time.monotonic() - begin
        print(f"  scored {scored:,} of {expected:,} accounts, {spent:.0f} s", file=sys.stderr, flush=True)
        same = same + 1 if now == before else 0
        before = now
        if scored >= expected and same >= SETTLED_POLLS - 1:
            return found
        if spent > timeout:
            print(f"  not settled after {timeout:.0f} s: {scored} of {expected} scored; going on", file=sys.stderr)
            return found
        time.sleep(every)


def summary(found: list[dict[str, Any]], tallies: list[Tally], seconds: float) -> str:
    """What is there now."""
    bands = Counter(str(card.get("band")) for card in found)
    alerts = sum(int(card.get("open_alerts") or 0) for card in found)
    rows = sum(tally.rows for tally in tallies)
    statuses: Counter[str] = sum((tally.statuses for tally in tallies), Counter())
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(statuses.items()))
    return (
        f"{rows:,} rows in {seconds:.0f} s: {told}\n"
        f"{len(found):,} accounts, {alerts:,} open alerts; "
        + ", ".join(f"{name} {count}" for name, count in sorted(bands.items()))
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, parents=[generate.arguments()])
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--tenant", default="demo", help="tenant to load into (default demo)")
    parser.add_argument("--source", default="web", help="signed webhook source for the surveys (default web)")
    parser.add_argument("--workers", type=int, default=6, help="clients at once (default 6)")
    parser.add_argument("--wait", type=float, default=300, help="seconds to wait for the scores (default 300; 0: do not wait)")
    parser.add_argument("--again", action="store_true", help="send even when this stack has been loaded before")
    options = parser.parse_args()
    stack = Stack.read(options.stack)
    client = Client(str(stack.data["api_url"]), stack.key(options.tenant))
    marker = Path(options.stack).with_name(f"demo-{options.tenant}.json")
    about = {"stack": stack.fingerprint(), "seed": options.seed, "accounts": options.accounts, "daily_days": options.daily_days}
    loaded = _read(marker)
    if not options.now and {key: loaded.get(key) for key in about} == about:
        if not options.again:
            print(f"The demo portfolio is loaded already (history to {loaded['now']}); --again sends it once more.")
            return 0
        options.now = generate.dt.date.fromisoformat(loaded["now"])
    now = options.now or generate.today()
    begin = time.monotonic()
    print(f"Generating {options.accounts} accounts with their history to {now} (about 5 s)", file=sys.stderr)
    _, rows = generate.portfolio(options.seed, now, options.accounts, options.daily_days)
    try:
        # Whom tickets and notes are searched for.
        client.call("PATCH", "/v1/settings", {"competitors": [COMPETITOR]}, headers={"If-Match": "*"})
        # First that there are these companies, in the end that they are customers: nothing is judged on half its history.
        prospects = [row for row in rows["accounts"] if row.get("stage") == "prospect"]
        customers = [row for row in rows["accounts"] if row.get("stage") != "prospect"]
        tallies = [send(client, "accounts", batches(prospects), workers=options.workers)]
        tallies += [send(client, kind, batches(rows[kind]), workers=options.workers) for kind in ORDER]
        if not send_by_webhook(stack, options.tenant, options.source, "surveys", rows["surveys"]):
            print(f"  no secret for webhook source `{options.source}`: surveys go by batch", file=sys.stderr)
            tallies.append(send(client, "surveys", batches(rows["surveys"]), workers=options.workers))
        tallies.append(send(client, "accounts", batches(customers), workers=options.workers))
    except (ApiError, RuntimeError, ConnectionError) as error:
        print(f"The load stopped: {error}\nRun it again when the cause is mended; what was sent stays.", file=sys.stderr)
        return 1
    seconds = time.monotonic() - begin
    found = wait_until_scored(client, options.accounts, options.wait) if options.wait else cards(client)
    print(summary(found, tallies, seconds))
    failed = [tally for tally in tallies if tally.failed]
    for tally in failed:
        print(f"{tally.kind}: {tally.failed} rows refused: {dict(tally.error_codes)}; first: {tally.first_errors[0]}")
    if failed:
        return 1
    marker.write_text(json.dumps({**about, "now": now.isoformat()}) + "\n", encoding="utf-8")
    return 0


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


if __name__ == "__main__":
    sys.exit(main())
