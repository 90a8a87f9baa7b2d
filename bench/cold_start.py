"""Cold start, memory and size of each bootstrap: spawns it under a runtime API stand-in of our own.

The stand-in answers the first `next` with one event and takes the time from the start of the process to the posted
answer. The events need no AWS (a public document, a refused signature, S3's test event, an empty batch), so what is
measured is the function's own start. `nightly` cannot do without: its list of tenants is answered by a table of our own
that holds none. Prints one JSON line a figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.proxy import Forward, Proxy, Reply, Request  # noqa: E402
from bench.runtime_api import Died, Function, http_event, lambda_environment, sqs_event  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
RUNS = 20
NOBODY = "http://127.0.0.1:9"
EVENTS = {
    "api": http_event("GET", "/v1/openapi.json"),
    "webhook": http_event("POST", "/webhooks/demo/web", "{}"),
    "ingest": sqs_event([json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})]),
    "score": sqs_event([]),
    "notify": sqs_event([]),
    "train": sqs_event([]),
    "nightly": {"version": "0", "detail-type": "Scheduled Event", "source": "aws.scheduler", "detail": "{}"},
}


@dataclass
class Run:
    """One start."""

    millis: float
    rss_mb: float


def empty_table(_request: Request, _forward: Forward) -> Reply:
    """Every query finds nothing."""
    return Reply(200, b'{"Items":[],"Count":0,"ScannedCount":0}', [("Content-Type", "application/x-amz-json-1.0")])


def environment(endpoint: str) -> dict[str, str]:
    """What Lambda and the template give a function; nothing listens behind the addresses but the endpoint."""
    return lambda_environment() | {
        "AWS_ENDPOINT_URL": endpoint, "TABLE_NAME": "bench", "DATA_BUCKET": "bench", "INGEST_QUEUE_URL": f"{NOBODY}/q",
        "SCORE_QUEUE_URL": f"{NOBODY}/q", "TRAIN_QUEUE_URL": f"{NOBODY}/q", "NOTIFY_QUEUE_URL": f"{NOBODY}/q",
        "HOOKS_QUEUE_URL": f"{NOBODY}/q", "EVENT_BUS_NAME": "bench",
        "SECRET_PREFIX": "copilot/bench/", "STAGE": "bench", "JWT_ISSUER": NOBODY, "JWKS_URL": f"{NOBODY}/jwks",
        "JWT_AUDIENCE": "bench", "EMAIL_FROM": "bench@example.com", "DASHBOARD_URL": f"{NOBODY}/", "DASHBOARD_ORIGIN": NOBODY,
        "WEBHOOK_URL": NOBODY, "RUST_LOG": "error",
    }  # fmt: skip


def start(bootstrap: Path, event: dict, endpoint: str) -> Run:
    """Starts the bootstrap, gives it one event, takes the time of its answer and its memory after it."""
    with Function(bootstrap, environment(endpoint)) as function:
        try:
            answer = function.invoke(event, timeout=30)
        except Died as error:
            raise SystemExit(str(error)) from None
        if not answer.ok:
            raise SystemExit(f"{function.name}: the function answered with an error: {answer.body[:500]!r}")
        return Run((answer.at - function.started) * 1000, function.rss_mb())


def figure(name: str, value: float, unit: str) -> None:
    """Prints one figure."""
    print(json.dumps({"name": name, "value": round(value, 2), "unit": unit}), flush=True)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lambda-dir", type=Path, default=ROOT / ".local" / "lambda")
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    table = Proxy(NOBODY, empty_table)
    for name, event in EVENTS.items():
        bootstrap = arguments.lambda_dir / name / "bootstrap"
        if not bootstrap.exists():
            sys.exit(f"{bootstrap} is not there: run `make build` first")
        figure(f"{name}.bootstrap_size", bootstrap.stat().st_size / 1e6, "MB")
        endpoint = table.address if name == "nightly" else NOBODY
        runs = [start(bootstrap, event, endpoint) for _ in range(arguments.runs)]
        times = sorted(run.millis for run in runs)
        figure(f"{name}.cold_start_p50", statistics.median(times), "ms")
        figure(f"{name}.cold_start_max", times[-1], "ms")
        figure(f"{name}.rss_after_first_answer", statistics.median(run.rss_mb for run in runs), "MB")


if __name__ == "__main__":
    main()
