#!/usr/bin/env python3
"""Checks that the product finds what the storylines say: reads accounts, alerts and opportunities back through the API.

Of each storyline that expects rules, nine of ten accounts must have at least one of them open; where the story says so,
nine of ten must not be Healthy. Prints a table; exits with 1 when a storyline is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo.client import Client, Stack  # noqa: E402
from demo.generate import arguments, today  # noqa: E402
from demo.storylines import STORYLINES  # noqa: E402
from demo.world import cast  # noqa: E402

SHARE = 0.9


def found_rules(client: Client) -> dict[str, set[str]]:
    """Rules of live alerts and signals of opportunities, by account id."""
    rules: dict[str, set[str]] = defaultdict(set)
    for status in ("open", "acknowledged", "snoozed"):
        for alert in client.pages("/v1/alerts", {"filter[status][eq]": status}):
            rules[str(alert["account"]["id"])].add(str(alert["rule"]))
    for opportunity in client.pages("/v1/opportunities"):
        account = opportunity.get("account")
        key = str(account["id"] if isinstance(account, dict) else account)
        for signal in opportunity.get("signals") or []:
            rules[key].add(str(signal.get("rule") if isinstance(signal, dict) else signal))
    return rules


def judge(storyline: Any, bands: list[str], rules: list[set[str]]) -> list[str]:
    """What a storyline misses."""
    missed = []
    if storyline.expect_rules:
        hit = sum(bool(found & set(storyline.expect_rules)) for found in rules)
        if hit < SHARE * len(rules):
            missed.append(f"only {hit} of {len(rules)} have one of {', '.join(storyline.expect_rules)}")
    if storyline.expect_not_healthy:
        hit = sum(band != "healthy" for band in bands)
        if hit < SHARE * len(bands):
            missed.append(f"only {hit} of {len(bands)} are not Healthy")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, parents=[arguments()])
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--tenant", default="demo", help="tenant to read (default demo)")
    options = parser.parse_args()
    stack = Stack.read(options.stack)
    client = Client(str(stack.data["api_url"]), stack.key(options.tenant))
    cards = {str(card["external_id"]): card for card in client.pages("/v1/accounts")}
    rules = found_rules(client)
    # Names and storylines follow from seed and number alone, whatever the day.
    accounts = cast(options.seed, options.now or today(), options.accounts)
    gone = [account.external_id for account in accounts if account.external_id not in cards]
    if gone:
        print(f"{len(gone)} accounts are missing, first {gone[0]}: run demo/load.py first")
        return 1
    surprises = 0
    for line in STORYLINES:
        mine = [cards[account.external_id] for account in accounts if account.line.name == line.name]
        bands = Counter(str(card["band"]) for card in mine)
        fired = Counter(rule for card in mine for rule in rules[str(card["id"])])
        missed = judge(line, [str(card["band"]) for card in mine], [rules[str(card["id"])] for card in mine])
        surprises += bool(missed)
        print(f"{'MISS' if missed else 'ok  '} {line.name:20} {len(mine):3}  {dict(bands)}  {dict(fired.most_common(8))}  {'; '.join(missed)}")
    print(f"{len(STORYLINES)} storylines, {surprises} missed")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
