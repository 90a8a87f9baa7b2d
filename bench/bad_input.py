#!/usr/bin/env python3
"""Every bad input gets a named error, and the rest goes through.

Runs against a stack with tenants of its own (`bad-input`, `bad-other`), prints a table, exits with 1 on any surprise.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import imports  # noqa: E402
from bench.tenants import Access, Admin, client  # noqa: E402
from demo.client import Answer, ApiError, Client, Stack, problem_code, signature, signed_headers  # noqa: E402

SOURCE = "web"
DAY = "2026-01-02T03:04:05Z"


@dataclass
class Result:
    """One line of the table."""

    name: str
    expected: str
    got: str
    good: bool
    seconds: float


class Run:
    """The stack, two tenants and names that no run before has used."""

    def __init__(self, stack: Stack, mine: Access, other: Access, quote_line: int) -> None:
        self.stack, self.mine, self.other, self.quote_line = stack, mine, other, quote_line
        self.api = client(stack, mine)
        self.other_api = client(stack, other)
        self.hook = Client(str(stack.data["webhook_url"]), None, attempts=1)
        self.mark = f"b{int(time.time()):x}"
        self.results: list[Result] = []
        self._number = 0

    def new(self) -> str:
        """An external id never used before."""
        self._number += 1
        return f"{self.mark}-{self._number}"

    def check(self, name: str, expected: str, act: Callable[[], tuple[bool, str]]) -> None:
        """Runs one check; whatever it raises is a surprise, not the end."""
        begin = time.monotonic()
        try:
            good, got = act()
        except (ApiError, OSError, RuntimeError, KeyError, IndexError, TypeError, ValueError) as error:
            good, got = False, f"{type(error).__name__}: {error}"
        result = Result(name, expected, got[:160], good, time.monotonic() - begin)
        self.results.append(result)
        print(f"{'ok  ' if good else 'BAD '} {name:48} {result.got}  ({result.seconds:.1f} s)", flush=True)

    def deliver(self, body: bytes, headers: dict[str, str] | None = None, tenant: str | None = None, source: str = SOURCE) -> Answer:
        """One signed delivery, tried once."""
        sent = headers if headers is not None else signed_headers(self.mine.secrets[SOURCE], body)
        return self.hook.raw("POST", f"/webhooks/{tenant or self.mine.tenant}/{source}", body, {"Content-Type": "application/json", **sent})

    def refused(self, answer: Answer, status: int, *codes: str) -> tuple[bool, str]:
        """Whether an answer is this refusal."""
        code = problem_code(answer.json())
        return answer.status == status and code in codes, f"{answer.status} {code}"

    def batch(self, kind: str, text: str) -> Answer:
        """A batch call with a body as it is."""
        method = "POST" if kind == "events" else "PUT"
        headers = {"Authorization": f"Bearer {self.mine.keys[0]}", "Content-Type": "application/json"}
        return self.api.raw(method, f"/v1/{kind}:batch", text.encode(), headers)

    def account(self, ext: str, wait: float = 60) -> dict[str, Any] | None:
        """An account by its external id, once it is there."""
        until = time.monotonic() + wait
        while True:
            for card in self.api.pages("/v1/accounts", {"filter[name][prefix]": ext}):
                if card["external_id"] == ext:
                    return dict(card)
            if time.monotonic() > until:
                return None
            time.sleep(1)


def account_row(ext: str) -> str:
    return json.dumps({"external_id": ext, "name": ext, "updated_at": DAY})


def webhook_checks(run: Run) -> None:
    """What the signed endpoint refuses."""
    def body() -> bytes:
        return f'{{"accounts":[{account_row(run.new())}]}}'.encode()

    now = int(time.time())
    run.check("wrong signature", "401 invalid_signature", lambda: run.refused(
        run.deliver(one := body(), {**signed_headers("whs_wrong", one)}), 401, "invalid_signature"))
    run.check("no signature", "401 missing_signature", lambda: run.refused(run.deliver(body(), {}), 401, "missing_signature"))
    run.check("body changed after signing", "401 invalid_signature", lambda: run.refused(
        run.deliver(body(), signed_headers(run.mine.secrets[SOURCE], b"{}")), 401, "invalid_signature"))
    for name, stamp in (("timestamp 301 s old", now - 301), ("timestamp ten minutes ahead", now + 600)):
        run.check(name, "401 timestamp_out_of_tolerance", lambda stamp=stamp: run.refused(
            run.deliver(one := body(), signed_headers(run.mine.secrets[SOURCE], one, stamp)), 401, "timestamp_out_of_tolerance"))
    run.check("timestamp is no number", "401", lambda: run.refused(run.deliver(
        one := body(), {"X-Copilot-Timestamp": "soon", "X-Copilot-Signature": signature(run.mine.secrets[SOURCE], "soon", one)}),
        401, "invalid_signature", "timestamp_out_of_tolerance"))
    run.check("replayed delivery", "202, then 200 duplicate_delivery", lambda: replayed(run, body()))
    run.check("10 MB body by webhook", "413 body_too_large", lambda: run.refused(
        run.deliver(big(run, 10_000_000)), 413, "body_too_large"))
    run.check("1 MiB and one byte by webhook", "413 body_too_large", lambda: run.refused(
        run.deliver(big(run, 1024 * 1024 + 1)), 413, "body_too_large"))
    run.check("invalid JSON by webhook", "400 invalid_json", lambda: run.refused(run.deliver(b'{"accounts":['), 400, "invalid_json"))
    torn = b'{"accounts":[{"external_id":"\xff\xfe"}]}'
    run.check("invalid UTF-8 by webhook", "400 invalid_utf8", lambda: run.refused(
        run.deliver(torn, {**signed_headers(run.mine.secrets[SOURCE], torn), "Content-Type": "application/octet-stream"}), 400, "invalid_utf8"))
    # A gateway that takes the body for text puts other bytes in the place of the wrong ones: then the signature is wrong.
    run.check("invalid UTF-8 declared as JSON", "400 invalid_utf8 or 401 invalid_signature", lambda: either(
        run.refused(run.deliver(torn), 400, "invalid_utf8"), run.refused(run.deliver(torn), 401, "invalid_signature")))
    run.check("wrong tenant: my secret, their address", "401 invalid_signature", lambda: run.refused(
        run.deliver(body(), tenant=run.other.tenant), 401, "invalid_signature"))
    run.check("tenant that does not exist", "404 unknown_source", lambda: run.refused(
        run.deliver(body(), tenant="nobody-here"), 404, "unknown_source"))
    run.check("source that does not exist", "404 unknown_source", lambda: run.refused(
        run.deliver(body(), source="nothing"), 404, "unknown_source"))
    run.check("bad rows among good ones by webhook", "errors listed, good rows applied", lambda: mixed(run))


def either(*results: tuple[bool, str]) -> tuple[bool, str]:
    """The first that is as expected."""
    return next((result for result in results if result[0]), results[0])


def replayed(run: Run, body: bytes) -> tuple[bool, str]:
    headers = signed_headers(run.mine.secrets[SOURCE], body)
    first, second = run.deliver(body, headers), run.deliver(body, headers)
    told = json.dumps(second.json())
    return first.status == 202 and second.status == 200 and "duplicate_delivery" in told, f"{first.status}, then {second.status} {told}"


def big(run: Run, size: int) -> bytes:
    """A valid body of this many bytes."""
    frame = f'{{"accounts":[{account_row(run.new())}],"pad":""}}'
    return frame.replace('"pad":""', '"pad":"' + "x" * (size - len(frame)) + '"').encode()


def mixed(run: Run) -> tuple[bool, str]:
    good, late = run.new(), run.new()
    body = (f'{{"accounts":[{account_row(good)},{{"external_id":"{run.new()}","name":"x","seats":NaN}},'
            f'{{"external_id":"{run.new()}","colour":"red"}},{account_row(late)}]}}').encode()  # fmt: skip
    accepted = run.deliver(body)
    if accepted.status != 202:
        return False, f"{accepted.status} {problem_code(accepted.json())}"
    delivery = accepted.json()["delivery_id"]
    there = run.account(good) is not None and run.account(late) is not None
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for record in run.api.pages(f"/v1/integrations/{SOURCE}/deliveries", {"limit": 100}):
            if record["delivery_id"] == delivery and record.get("processed_at"):
                codes = sorted(error["code"] for error in record["errors"])
                return there and codes == ["not_finite", "unknown_field"], f"good rows there: {there}; errors {codes}"
        time.sleep(1)
    return False, f"good rows there: {there}; no delivery record"


def api_checks(run: Run) -> None:
    """What the batch calls refuse, row by row."""
    run.check("wrong API key", "401 invalid_credentials", lambda: run.refused(
        run.api.raw("GET", "/v1/me", None, {"Authorization": "Bearer cpk_wrong_key"}), 401, "invalid_credentials", "unauthenticated"))
    run.check("wrong tenant: their account by my key", "404 not_found", lambda: foreign(run))
    run.check("10 MB body by API", "413 body_too_large", lambda: run.refused(
        run.batch("accounts", '{"rows":[{"external_id":"x","name":"' + "x" * 10_000_000 + '"}]}'), 413, "body_too_large"))
    run.check("1,001 rows", "422 or 400 too_many_rows", lambda: too_many(run))
    run.check("invalid JSON by API", "400 invalid_json", lambda: run.refused(run.batch("accounts", '{"rows":[}'), 400, "invalid_json"))
    bad_rows = {
        "NaN": ('{"external_id":"%s","name":"x","seats":NaN}', "not_finite"),
        "1e400": ('{"external_id":"%s","name":"x","seats":1e400}', "not_finite"),
        "a date in year 30000": ('{"external_id":"%s","name":"x","contract_end":"30000-01-01"}', "year_out_of_range"),
        "a field of no kind": ('{"external_id":"%s","tenant":"demo"}', "unknown_field"),
        "no external id": ('{"name":"%s"}', "missing_field"),
        "text where a number belongs": ('{"external_id":"%s","seats":"many"}', "wrong_type"),
    }
    for name, (row, code) in bad_rows.items():
        run.check(f"{name} in a row", f"error {code}, neighbours created",
                  lambda row=row, code=code: neighbours(run, "accounts", row % run.new(), [account_row(run.new()), account_row(run.new())], code))
    ext = run.new()
    run.batch("accounts", f'{{"rows":[{account_row(ext)}]}}')
    event = '{"id":"%s","account":"' + ext + '","name":"used","at":"%s"}'
    run.check("an event in year 30000", "error year_out_of_range, neighbours counted", lambda: neighbours(
        run, "events", event % (run.new(), "+030000-01-01T00:00:00Z"), [event % (run.new(), DAY), event % (run.new(), DAY)], "year_out_of_range", "malformed_date"))
    run.check("unknown account", "unknown_account, parked; counts when the account comes", lambda: parked(run))


def foreign(run: Run) -> tuple[bool, str]:
    ext = run.new()
    made = run.other_api.call("PUT", "/v1/accounts:batch", {"rows": [{"external_id": ext, "name": ext, "updated_at": DAY}]})
    headers = {"Authorization": f"Bearer {run.mine.keys[0]}"}
    return run.refused(run.api.raw("GET", f"/v1/accounts/{made['results'][0]['id']}", None, headers), 404, "not_found")


def too_many(run: Run) -> tuple[bool, str]:
    answer = run.batch("accounts", '{"rows":[' + ",".join(account_row(f"{run.mark}-many-{n}") for n in range(1_001)) + "]}")
    text = json.dumps(answer.json())
    return answer.status in (400, 413, 422) and "too_many_rows" in text, f"{answer.status} {text[:120]}"


def neighbours(run: Run, kind: str, bad: str, good: list[str], *codes: str) -> tuple[bool, str]:
    """The bad row in the middle has the error, the rows beside it went through."""
    name = "events" if kind == "events" else "rows"
    answer = run.batch(kind, f'{{"{name}":[{good[0]},{bad},{good[1]}]}}')
    if answer.status != 200:
        return False, f"{answer.status} {problem_code(answer.json())}"
    results = answer.json()["results"]
    statuses = [result["status"] for result in results]
    code = (results[1].get("error") or {}).get("code")
    passed = "counted" if kind == "events" else "created"
    return statuses == [passed, "error", passed] and code in codes, f"{statuses} {code}"


def parked(run: Run) -> tuple[bool, str]:
    ext, invoice = run.new(), run.new()
    row = {"external_id": invoice, "account": ext, "amount_minor": 100, "currency": "EUR", "issued_at": DAY, "updated_at": DAY}
    first = run.api.call("PUT", "/v1/invoices:batch", {"rows": [row]})["results"][0]
    made = run.api.call("PUT", "/v1/accounts:batch", {"rows": [{"external_id": ext, "name": ext, "updated_at": DAY}]})["results"][0]
    facts = [fact["external_id"] for fact in run.api.pages(f"/v1/accounts/{made['id']}/facts", {"kind": "invoices"})]
    code = (first.get("error") or {}).get("code")
    return code == "unknown_account" and first.get("parked") is True and facts == [invoice], f"{code}, parked {first.get('parked')}, then {len(facts)} fact"


def csv_checks(run: Run) -> None:
    """What the importer takes, and what it names."""
    def accounts(separator: str, count: int = 3) -> str:
        return f"external_id{separator}name\n" + "".join(f"{(ext := run.new())}{separator}{ext}\n" for _ in range(count))

    def clean(data: bytes, rows: int) -> tuple[bool, str]:
        done = imports.run(run.api, "accounts", "a.csv", data)
        return done.refused is None and done.result["status"] == "succeeded" and done.result["created"] == rows, done.text

    run.check("CSV with a BOM", "succeeded, 3 created", lambda: clean(b"\xef\xbb\xbf" + accounts(",").encode(), 3))
    run.check("CSV with semicolons", "succeeded, 3 created", lambda: clean(accounts(";").encode(), 3))
    run.check("CSV with a BOM, semicolons and CRLF", "succeeded, 3 created",
              lambda: clean(b"\xef\xbb\xbf" + accounts(";").replace("\n", "\r\n").encode(), 3))
    run.check("CSV with 5,000 columns", "too_many_columns", lambda: wide(run))
    run.check("CSV with one bad row of three", "1 error with its line, 2 created", lambda: one_bad(run))
    run.check(f"CSV with a broken quote on line {run.quote_line:,}", f"1 error on line {run.quote_line:,}, the rest counted", lambda: broken(run))


def wide(run: Run) -> tuple[bool, str]:
    header = ",".join(["external_id", "name", *(f"c{n}" for n in range(4_998))])
    row = ",".join([run.new(), "Wide", *("x" for _ in range(4_998))])
    done = imports.run(run.api, "accounts", "wide.csv", f"{header}\n{row}\n".encode())
    named = "too_many_columns" in (done.refused or "") or "too_many_columns" in str(done.result.get("problem")) or "5000 columns" in str(done.result.get("problem"))
    return named, done.text


def one_bad(run: Run) -> tuple[bool, str]:
    text = f"external_id,name,seats\n{run.new()},A,5\n{run.new()},B,many\n{run.new()},C,7\n"
    done = imports.run(run.api, "accounts", "bad.csv", text.encode())
    errors = [(error["line"], error["code"]) for error in done.result.get("first_errors") or []]
    return done.result.get("created") == 2 and errors == [(3, "wrong_type")], done.text


def broken(run: Run) -> tuple[bool, str]:
    """A file of events, about as long as the bad line is far; the bad line opens a quote that never closes."""
    rows = run.quote_line + 1_000
    accounts = [run.new() for _ in range(10)]
    run.api.call("PUT", "/v1/accounts:batch", {"rows": [{"external_id": ext, "name": ext, "updated_at": DAY} for ext in accounts]})
    lines = ["id,account,name,at"]
    for number in range(2, rows + 2):
        quote = '"' if number == run.quote_line else ""
        at = f"2025-{number // 1_000 % 12 + 1:02d}-{number // 12_000 % 28 + 1:02d}T10:00:00Z"
        lines.append(f"{run.mark}-e{number},{accounts[number % 10]},{quote}used,{at}")
    done = imports.run(run.api, "events", "quote.csv", ("\n".join(lines) + "\n").encode())
    errors = [(error["line"], error["code"]) for error in done.result.get("first_errors") or []]
    good = len(errors) == 1 and errors[0][0] == run.quote_line and errors[0][1] in ("broken_quote", "unclosed_quote")
    through = sum(int(done.result.get(key) or 0) for key in ("created", "updated", "unchanged"))
    return good and through == rows - 1 and done.result.get("errors") == 1, f"{done.text}; {rows / max(done.seconds, 0.1):,.0f} rows/s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--admin", help="path of copilot-admin (default: where cargo puts it)")
    parser.add_argument("--quote-line", type=int, default=900_000, help="line of the broken quote (default 900,000; less for a quick run)")
    parser.add_argument("--only", choices=("webhook", "api", "csv"), help="only this part")
    parser.add_argument("--report", type=Path, help="write the table as Markdown here, too")
    opts = parser.parse_args()
    stack = Stack.read(opts.stack)
    admin = Admin(stack, opts.stack, opts.admin)
    for tenant in ("bad-input", "bad-other"):
        admin.clock(tenant, "Bad input", None)
    run = Run(stack, admin.access("bad-input", 2, (SOURCE,)), admin.access("bad-other", 1, (SOURCE,)), opts.quote_line)
    parts = {"webhook": webhook_checks, "api": api_checks, "csv": csv_checks}
    for name, part in parts.items():
        if opts.only in (None, name):
            part(run)
    surprises = [result for result in run.results if not result.good]
    lines = ["| input | expected | got | |", "|---|---|---|---|"]
    lines += [f"| {r.name} | {r.expected} | {r.got.replace('|', '/')} | {'ok' if r.good else 'SURPRISE'} |" for r in run.results]
    text = "\n".join(lines) + "\n"
    if opts.report:
        opts.report.write_text(text, encoding="utf-8")
    print("\n" + text)
    print(f"{len(run.results)} inputs, {len(surprises)} surprises")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
