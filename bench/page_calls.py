#!/usr/bin/env python3
"""What a page of the list and an account's pages ask of AWS, in tenants of several sizes (those of `load_test.py`).

The emulator sorts a whole partition at every query, so that times on the local stack grow with the tenant whatever we do. What
AWS would charge and what the function itself works does not hang on that: calls, read units and CPU of the handler, one JSON
line a figure. The same numbers at each size are the promise that a portfolio's size does not change a page.
"""

from __future__ import annotations

import argparse
import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.calls import Bench, figure  # noqa: E402
from bench.load_test import LISTS, PAGES  # noqa: E402
from bench.meter import Meter  # noqa: E402
from bench.runtime_api import http_event  # noqa: E402
from bench.tenants import client  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--admin", help="path of copilot-admin (default: where cargo puts it)")
    parser.add_argument("--lambda-dir", type=Path, default=ROOT / ".local" / "lambda", help="the bootstraps (default .local/lambda)")
    parser.add_argument("--prefix", default="copilot-local-", help="what the functions' names begin with (default copilot-local-)")
    parser.add_argument("--sizes", default="1000,10000", help="sizes of the tenants that load_test.py filled (default 1000,10000)")
    parser.add_argument("--repeats", type=int, default=5, help="calls of each kind (default 5)")
    opts = parser.parse_args()
    bench = Bench(opts)
    for size in opts.sizes.split(","):
        access = bench.admin.access(f"load-{size}", 1)
        headers = {"authorization": f"Bearer {access.keys[0]}"}
        cards = client(bench.stack, access).call("GET", "/v1/accounts", query={"limit": 5, "sort": "score"})["data"]
        asked = {f"list {name}": ("/v1/accounts", urllib.parse.urlencode(query)) for name, query in LISTS.items()}
        asked |= {f"account page{part or ' itself'}": (f"/v1/accounts/{cards[0]['id']}{part}", "") for part in PAGES}
        for name, (path, query) in asked.items():
            events = [http_event("GET", path, "", headers, query)] * opts.repeats
            meter = Meter(bench.template)
            done = bench.run("api", events, warm=events[0], meter=meter)
            number = opts.repeats + 1
            figure(f"{name} {size} calls", sum(done.counts.calls.values()) / number, "calls")
            figure(f"{name} {size} read units", sum(done.counts.reads.values()) / number, "units")
            figure(f"{name} {size} CPU", done.cpu_ms / opts.repeats, "ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
