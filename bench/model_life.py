#!/usr/bin/env python3
"""The life of a model on the wholesaler's history (Online Retail II), through the public API, with what each step said.

Past features, outcomes, training, shadow, promotion, answers with reasons, next products, the check of what was predicted, a
season that the model has not seen, a second model that has, an alarm when an input is broken on purpose and its end, and the way
back. `load_retail.py` goes before. The sandbox's clock is moved from step to step with the operators' tool, as the days would
have passed; what a night does is asked for by the events that its schedule sends.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import learn, load_retail, loading  # noqa: E402
from bench.aws import Aws  # noqa: E402
from bench.score_dates import score_all  # noqa: E402
from bench.tenants import Admin, client  # noqa: E402
from demo.client import ApiError, Client, Stack  # noqa: E402
from demo.sending import batches, send  # noqa: E402

KIND = "churn"
NIGHTLY = "copilot-local-nightly"
TRAINED = "2011-03-01"
"""Outcomes of the 90 days after the first of December are known."""
PROMOTED = "2011-04-13"
"""After 42 days in the shadow."""
CHECKED = "2011-06-02"
"""The 90 days after the first predictions have passed."""
AGAIN = "2011-06-03"
"""A second model is trained, whose newest year has every season."""
BROKEN, MENDED = "2011-06-06", "2011-06-07"
CLOSED_AFTER = timedelta(days=180)
"""A customer is recorded as gone after so long without an order."""
REASON = "the run on the wholesaler's history: seen and accepted"
Row = dict[str, Any]


class Life:
    """The steps, and what they said."""

    answered: list[str]
    """Accounts that a model spoke for in the newest sweep."""

    def __init__(self, opts: argparse.Namespace) -> None:
        self.opts = opts
        self.stack = Stack.read(opts.stack)
        self.admin = Admin(self.stack, opts.stack, opts.admin)
        self.api: Client = client(self.stack, self.admin.access(opts.tenant, opts.workers))
        self.aws = Aws(self.stack)
        self.me: Row = self.api.call("GET", "/v1/me")
        if not self.me.get("as_of"):
            raise SystemExit(f"tenant {opts.tenant} is no sandbox: its clock is not pinned")
        self.ids = [str(card["id"]) for card in self.api.pages("/v1/accounts", {"sort": "name"})]
        self.sample = self.ids[: opts.sample]
        self.answered = self.sample
        self.out: dict[str, Any] = {"tenant": opts.tenant, "accounts": len(self.ids)}

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """Does a step and keeps what it said; the report is written after each, so that a broken run leaves one."""
        print(f"==> {name}", flush=True)
        begin = time.monotonic()
        said = work()
        self.out[name] = {"seconds": round(time.monotonic() - begin, 1), "said": said}
        print(json.dumps(said, indent=1)[:2_000], flush=True)
        if self.opts.report:
            self.opts.report.write_text(json.dumps(self.out, indent=1) + "\n", encoding="utf-8")
        return said

    def day(self, day: str) -> None:
        """Moves the sandbox's clock."""
        self.admin.clock(self.opts.tenant, str(self.me["tenant_name"]), f"{day}T00:00:00Z", str(self.me["zone"]))

    def night(self, day: str) -> Row:
        """What a night does on a day: every account is scored, what is due is checked, features are written and held against what
        the models learnt. Then a sample is asked who speaks for it."""
        self.day(day)
        swept = self.aws.invoke(NIGHTLY, {"tenant": self.opts.tenant})
        quiet = self.aws.wait_until_quiet(self.opts.patience, redrive=False)
        written = self.aws.invoke(NIGHTLY, {"snapshot": self.opts.tenant})
        answers = score_all(self.api, self.sample, f"{day}T00:00:00Z", self.opts.workers)
        said = [p for answer in answers for p in answer["predictions"] if p["kind"] == KIND]
        by_model = [answer["account"] for answer in answers if any(p["kind"] == KIND and p["method"] == "model" for p in answer["predictions"])]
        self.answered = by_model or self.answered
        by = Counter(f"{p['model_version'] or 'rules'}{' (watched)' if p['shadow'] else ''}" for p in said)
        return {"day": day, "swept": swept, "scored": quiet, "written": written, "predictions of a sample by": dict(by)}

    def models(self) -> Row:
        """What the API says of the models."""
        return learn.models_of(self.api, KIND)

    # The steps.

    def past(self) -> Row:
        """Features at the ends of the months, computed from what was known then."""
        self.day(TRAINED)
        return self.admin.run("backfill-features", "--tenant", self.opts.tenant, "--from", "2010-02", "--to", "2011-02")

    def outcomes(self) -> Row:
        """Customers that have not ordered for 180 days are recorded as gone, as a CSM would note it on that day."""
        last: dict[str, str] = defaultdict(str)
        for invoice in load_retail.read(self.opts.data / load_retail.FILE).invoices.values():
            if invoice.account != load_retail.NO_CUSTOMER and invoice.amount > 0:
                last[invoice.account] = max(last[invoice.account], invoice.at)
        rows = []
        for account, at in sorted(last.items()):
            closed = date.fromisoformat(at[:10]) + CLOSED_AFTER
            if closed <= date.fromisoformat(CHECKED):
                when = f"{closed}T00:00:00Z"
                rows.append({"external_id": f"closed-{account}", "account": account, "kind": "churned", "at": when,
                             "reason": "engagement", "comment": "no order for 180 days", "updated_at": when, "known_at": when})  # fmt: skip
        tally = send(self.api, "outcomes", batches(rows), workers=self.opts.workers)
        return {"recorded": len(rows), **tally.report()}

    def train(self, accept_drift: str | None = None) -> Row:
        """A run of the `train` function."""
        return learn.train(self.api, KIND, self.opts.patience, accept_drift)

    def again(self) -> Row:
        """A second model. While what the first reads has moved, a run is held: then it is accepted with a reason."""
        self.day(AGAIN)
        run = self.train()
        if run["status"] != "held":
            return {"run": run}
        return {"held": run["verdict"], "run": self.train("seen: a season that the first model had not learnt, no source is broken")}

    def promote(self, version: str) -> Row:
        """Asks for promotion; what is missed is accepted by name, with a reason."""
        entry = next(row for row in self.models()["versions"] if row["version"] == version)
        missed = [check["name"] for check in entry["checks"] if not check["passed"]]
        said: Row = {"checks": entry["checks"], "validation": entry["validation"], "missed": missed}
        try:
            learn.place(self.api, KIND, version, {"role": "champion"})
        except ApiError as refusal:
            said["refused at first"] = str(refusal)[:800]
            learn.place(self.api, KIND, version, {"role": "champion", "accept": missed, "reason": REASON})
        learn.until_asked(self.api, self.answered, KIND, version)
        return {**said, "answers": self.models()["answers"]}

    def products(self) -> Row:
        """What shops take next, learnt from their bills; what one of them is told, and whom one product fits."""
        asked = self.api.call("POST", "/v1/products/runs")
        run = learn.until_ended(asked, lambda: self.api.call("GET", "/v1/products")["last_run"], self.opts.patience)
        if run["status"] != "registered":
            return {"run": run}
        told = ((account, self.api.call("GET", f"/v1/accounts/{account}/products")) for account in self.answered)
        found = next(((account, row) for account, row in told if row["next"]), None)
        if found is None:
            return {"run": run, "is told": "nothing, of any account of the sample"}
        account, first = found
        product = first["next"][0]["product"]
        fits = self.api.call("GET", "/v1/products/white-space", query={"product": product, "limit": "5"})
        return {"run": run, "an account": account, "owns": first["owned_total"], "is told": first["next"][:3], "whom it fits": fits["data"]}

    def accuracy(self) -> Row:
        """How right the predictions of March were, and which were wrong by name."""
        figures = self.api.call("GET", "/v1/accuracy", query={"kind": KIND})
        misses = self.api.call("GET", "/v1/accuracy/misses", query={"kind": KIND, "method": "shadow", "limit": "5"})
        return {"figures": figures, "some misses": misses["data"]}

    def invoices(self, factor: int, day: str) -> Row:
        """Every invoice of the last 180 days again, its amount times a factor: a source that mistakes pence for pounds."""
        # Before they are sent: what they ask to be scored sees them.
        self.day(day)
        since = str(date.fromisoformat(BROKEN) - timedelta(days=180))
        at = f"{(date.fromisoformat(day) - timedelta(days=1))}T12:00:00Z"
        rows = [{**row, "amount_minor": row["amount_minor"] * factor, "updated_at": at, "known_at": at}
                for row in load_retail.read(self.opts.data / load_retail.FILE).invoice_rows()
                if since <= row["issued_at"] <= at and row["account"] != load_retail.NO_CUSTOMER]  # fmt: skip
        tally = send(self.api, "invoices", batches(rows), workers=self.opts.workers)
        return {**tally.report(), "queues": self.aws.wait_until_quiet(self.opts.patience, redrive=False)}

    def watched(self) -> Row:
        """What the monitor says, and whom it told."""
        found: Row = self.api.call("GET", f"/v1/models/{KIND}/monitoring")
        worlds = (found.get("latest") or {}).get("models", [])
        short = [{"version": world["version"], "role": world["role"], "state": world["state"], "drifted": world["drifted"],
                  "moved": [f"{m['name']} {m['psi']:.2f} {m['movement']}" for m in world["moved"] if m["is_drifted"]]} for world in worlds]  # fmt: skip
        held = (found.get("latest") or {}).get("held")
        return {"off since": found["off_since"], "training": held or "goes on", "models": short, "monitoring": found}

    def back(self) -> Row:
        """To what answered before."""
        tag = self.models()["etag"]
        found = self.api.call("POST", f"/v1/models/{KIND}/rollback", {"reason": REASON}, headers={"If-Match": tag})
        return {"answers": found["answers"]}

    def run(self) -> int:
        """All of it."""
        self.step("backfill features at month ends", self.past)
        self.step("record outcomes", self.outcomes)
        run = self.step("train and register", self.train)
        if run["status"] != "registered":
            print(f"No model was registered: {run['verdict']}", file=sys.stderr)
            return 1
        version = str(run["version"])
        self.step("shadow: the first predictions", lambda: self.night("2011-03-02"))
        self.step("shadow: 42 days later", lambda: self.night(PROMOTED))
        self.step("promote", lambda: self.promote(version))
        answers = self.step("score and explain", lambda: learn.scored(self.api, self.answered[:200], KIND, version))
        self.step("next products", self.products)
        self.step("90 days after the first predictions", lambda: self.night(CHECKED))
        self.step("accuracy", self.accuracy)
        self.step("a season that the model had not seen", self.watched)
        run = self.step("train again", self.again)["run"]
        if run["status"] != "registered":
            print(f"No second model was registered: {run['verdict']}", file=sys.stderr)
            return 1
        self.step("promote the second", lambda: self.promote(str(run["version"])))
        self.step("a night of the second", lambda: self.night("2011-06-04"))
        self.step("monitoring before", self.watched)
        self.step("break a source: amounts times 100", lambda: self.invoices(100, BROKEN))
        self.step("the night after", lambda: self.night(BROKEN))
        self.step("drift alarm", self.watched)
        self.step("training is held", self.train)
        self.step("mend the source", lambda: self.invoices(1, MENDED))
        self.step("the night after the mending", lambda: self.night(MENDED))
        self.step("the alarm is over", self.watched)
        self.step("roll back", self.back)
        return 1 if (answers["largest gap of the reasons"] or 0) > 1e-5 else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--admin", help="path of copilot-admin (default: where cargo puts it)")
    parser.add_argument("--data", type=Path, default=loading.DATA, help="folder with the data sets (default ../shared/data)")
    parser.add_argument("--tenant", default="retail", help="sandbox tenant that load_retail.py filled (default retail)")
    parser.add_argument("--workers", type=int, default=8, help="clients at once (default 8)")
    parser.add_argument("--sample", type=int, default=300, help="accounts that are asked who speaks for them (default 300)")
    parser.add_argument("--patience", type=float, default=1800, help="seconds to wait for a training run (default 1800)")
    parser.add_argument("--report", type=Path, help="write what every step said here, as JSON")
    return Life(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
