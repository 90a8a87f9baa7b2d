#!/usr/bin/env python3
"""Learns a model from a tenant's history and lets it answer, through the public API only; writes what each step said.

Train, read what was found, promote (accepting by name what is missed, with a reason), score some accounts by the model,
check that the reasons add up, and go back. The tenant must hold its history already (load_retail.py, load_ravenstack.py).
Where the data carries no signal or holds too few outcomes, the run says so, and that is its result.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.tenants import Admin, client  # noqa: E402
from demo.client import ApiError, Client, Stack  # noqa: E402

REASON = "bench: the run shows the whole way, missed checks included"


def models_of(api: Client, kind: str) -> dict[str, Any]:
    """Everything about the models of a kind."""
    return next(row for row in api.call("GET", "/v1/models")["data"] if row["kind"] == kind)


def until_ended(first: dict[str, Any], again: Callable[[], dict[str, Any]], patience: float) -> dict[str, Any]:
    """Asks again how a run stands until it has ended, and shows what changes."""
    run, shown, deadline = first, "", time.monotonic() + patience
    while True:
        says = f"{run['status']}: {run['accounts_done']} of {run['accounts']} accounts; {run['verdict']}"
        if says != shown:
            print(says, flush=True)
            shown = says
        if run["status"] not in ("queued", "running"):
            return run
        if time.monotonic() > deadline:
            raise SystemExit(f"the run {run['id']} did not end within {patience:.0f} s: {shown}")
        time.sleep(2)
        run = again()


def train(api: Client, kind: str, patience: float, accept_drift: str | None = None) -> dict[str, Any]:
    """Asks for a run and waits until it has ended; a drift of what the model reads is accepted by a reason."""
    path = f"/v1/models/{kind}/runs"
    run = api.call("POST", path, {"accept_drift": accept_drift} if accept_drift else None)
    return until_ended(run, lambda: next(row for row in api.call("GET", path)["data"] if row["id"] == run["id"]), patience)


def place(api: Client, kind: str, version: str, body: dict[str, Any]) -> dict[str, Any]:
    """Decides where a version stands."""
    tag = models_of(api, kind)["etag"]
    return dict(api.call("POST", f"/v1/models/{kind}/versions/{version}/place", body, headers={"If-Match": tag}))


def gap(prediction: dict[str, Any]) -> float:
    """By how much the reasons of a prediction miss its margin, as a probability."""
    margin = prediction["base_margin"] + sum(factor["contribution"] for factor in prediction["factors"])
    return abs(1 / (1 + math.exp(-margin)) - prediction["probability"])


def scored(api: Client, ids: list[str], kind: str, version: str) -> dict[str, Any]:
    """Scores accounts; says by whom they were answered, how surely, and whether the reasons add up."""
    own, gaps, confidences, example = [], [], [], None
    for account in ids:
        assessment = api.call("POST", f"/v1/accounts/{account}/score")
        for prediction in assessment["predictions"]:
            if prediction["kind"] == kind and prediction["model_version"] == f"{kind}@{version}" and not prediction["shadow"]:
                own.append(prediction["probability"])
                gaps.append(gap(prediction))
                confidences.append(prediction["confidence"])
                example = example or prediction
    return {
        "accounts": len(ids), "answered by the model": len(own),
        "mean probability": round(statistics.fmean(own), 4) if own else None,
        "decided at 90 %": sum(c >= 0.9 for c in confidences),
        "largest gap of the reasons": max(gaps, default=None), "example": example,
    }  # fmt: skip


def until_asked(api: Client, ids: list[str], kind: str, version: str) -> None:
    """Waits until the new champion is asked: a warm function keeps its settings for half a minute. It answers, or it is named by
    the note that says why not."""
    deadline = time.monotonic() + 90
    name = f"{kind}@{version}"
    while time.monotonic() < deadline:
        for account in ids[:10]:
            # Of an account that is gone nothing is predicted: the next one tells.
            for prediction in api.call("POST", f"/v1/accounts/{account}/score")["predictions"]:
                if not prediction["shadow"] and name in (prediction["model_version"] or "", *(prediction["note"] or "").split()):
                    return
        time.sleep(1)
    raise SystemExit(f"{name} was not asked within 90 s of its promotion")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--admin", help="path of copilot-admin (default: where cargo puts it)")
    parser.add_argument("--tenant", required=True, help="tenant with a history, e.g. retail or ravenstack")
    parser.add_argument("--kind", default="churn", choices=("churn", "downgrade", "payment", "expansion", "revenue"))
    parser.add_argument("--accounts", type=int, default=100, help="accounts to score by the model (default 100)")
    parser.add_argument("--patience", type=float, default=1800, help="seconds to wait for the run (default 1800)")
    parser.add_argument("--report", type=Path, help="write everything here, as JSON")
    opts = parser.parse_args()
    stack = Stack.read(opts.stack)
    api = client(stack, Admin(stack, opts.stack, opts.admin).access(opts.tenant, 8))
    out: dict[str, Any] = {"tenant": opts.tenant, "kind": opts.kind}
    begin = time.monotonic()
    run = out["run"] = train(api, opts.kind, opts.patience)
    out["seconds"] = round(time.monotonic() - begin, 1)
    if run["status"] == "registered":
        version = str(run["version"])
        found = models_of(api, opts.kind)
        entry = next(row for row in found["versions"] if row["version"] == version)
        out["version"] = {key: entry[key] for key in ("version", "maker", "role", "trained_on", "validation", "checks")}
        missed = [check["name"] for check in entry["checks"] if not check["passed"]]
        try:
            place(api, opts.kind, version, {"role": "champion"})
            out["promoted without acceptance"] = not missed
        except ApiError as refusal:
            out["refused at first"] = str(refusal)[:600]
            place(api, opts.kind, version, {"role": "champion", "accept": missed, "reason": REASON})
        ids = [str(card["id"]) for card in api.pages("/v1/accounts", {"sort": "name"})][: opts.accounts]
        until_asked(api, ids, opts.kind, version)
        out["answers"] = scored(api, ids, opts.kind, version)
        tag = models_of(api, opts.kind)["etag"]
        back = api.call("POST", f"/v1/models/{opts.kind}/rollback", {"reason": REASON}, headers={"If-Match": tag})
        out["answers after going back"] = back["answers"]
    text = json.dumps(out, indent=1)
    print(text)
    if opts.report:
        opts.report.write_text(text + "\n", encoding="utf-8")
    answers = out.get("answers", {})
    return 1 if run["status"] == "failed" or (answers.get("largest gap of the reasons") or 0) > 1e-5 else 0


if __name__ == "__main__":
    sys.exit(main())
