"""Cold start, memory and size of each bootstrap: spawns it under a runtime API stand-in of our own.

The stand-in answers the first `next` with one event and takes the time from the start of the process to the posted
answer. The events need no AWS (a public document, a refused signature, S3's test event, an empty batch), so what is
measured is the function's own start. Prints one JSON line a figure.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 20


def http_event(method: str, path: str, body: str = "") -> dict:
    """An HTTP API event, payload format 2.0."""
    return {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": {"host": "bench"},
        "requestContext": {
            "accountId": "1", "apiId": "bench", "domainName": "bench", "domainPrefix": "bench", "requestId": "bench",
            "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1767225600000,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench"},
        },
        "body": body, "isBase64Encoded": False,
    }


def sqs_event(body: str | None) -> dict:
    """A batch of one message, or of none."""
    if body is None:
        return {"Records": []}
    return {"Records": [{"messageId": "m1", "receiptHandle": "r", "body": body, "attributes": {}, "messageAttributes": {},
                         "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:1:q",
                         "awsRegion": "us-east-1"}]}


EVENTS = {
    "api": http_event("GET", "/v1/openapi.json"),
    "webhook": http_event("POST", "/webhooks/demo/web", "{}"),
    "ingest": sqs_event(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})),
    "score": sqs_event(None),
    "notify": sqs_event(None),
}


@dataclass
class Run:
    """One start."""

    millis: float
    rss_mb: float


def environment(port: int) -> dict[str, str]:
    """What Lambda gives a function; nothing listens behind the AWS endpoint."""
    return {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}", "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_REGION": "us-east-1",
        "AWS_LAMBDA_LOG_GROUP_NAME": "bench", "AWS_LAMBDA_LOG_STREAM_NAME": "bench", "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_EC2_METADATA_DISABLED": "true",
        "TABLE_NAME": "bench", "DATA_BUCKET": "bench", "INGEST_QUEUE_URL": "http://127.0.0.1:9/q",
        "SCORE_QUEUE_URL": "http://127.0.0.1:9/q", "NOTIFY_QUEUE_URL": "http://127.0.0.1:9/q", "EVENT_BUS_NAME": "bench",
        "SECRET_PREFIX": "copilot/bench/", "STAGE": "bench", "JWT_ISSUER": "http://127.0.0.1:9",
        "JWKS_URL": "http://127.0.0.1:9/jwks", "JWT_AUDIENCE": "bench", "EMAIL_FROM": "bench@example.com",
        "DASHBOARD_URL": "http://127.0.0.1:9/", "DASHBOARD_ORIGIN": "http://127.0.0.1:9", "WEBHOOK_URL": "http://127.0.0.1:9",
        "RUST_LOG": "error",
    }


def read_request(connection: socket.socket) -> tuple[str, bytes]:
    """One HTTP request: its first line and its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return "", b""
        data += chunk
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65536)
    else:
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
    return lines[0], body


def start(bootstrap: Path, event: dict) -> Run:
    """Starts the bootstrap, gives it one event, takes the time of its answer and its memory after it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        begin = time.perf_counter()
        process = subprocess.Popen([str(bootstrap)], env=environment(server.getsockname()[1]),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            sent = False
            while True:
                connection, _ = server.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while True:
                    line, _ = read_request(connection)
                    if not line:
                        break
                    if "/invocation/next" in line and not sent:
                        sent = True
                        body = json.dumps(event).encode()
                        deadline = int((time.time() + 60) * 1000)
                        connection.sendall(
                            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlambda-runtime-aws-request-id: bench\r\n"
                            b"lambda-runtime-deadline-ms: %d\r\nlambda-runtime-invoked-function-arn: arn:aws:lambda:bench\r\n"
                            b"content-length: %d\r\n\r\n%s" % (deadline, len(body), body))
                    elif "/response" in line or "/error" in line:
                        millis = (time.perf_counter() - begin) * 1000
                        if "/error" in line:
                            raise SystemExit(f"{bootstrap.parent.name}: the function answered with an error")
                        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
                        return Run(millis, pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
        except TimeoutError:
            process.kill()
            raise SystemExit(f"{bootstrap.parent.name} did not answer: {process.stderr.read().decode()[:500]}") from None
        finally:
            process.kill()
            process.wait()


def figure(name: str, value: float, unit: str) -> None:
    """Prints one figure."""
    print(json.dumps({"name": name, "value": round(value, 2), "unit": unit}), flush=True)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lambda-dir", type=Path, default=ROOT / ".local" / "lambda")
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    for name, event in EVENTS.items():
        bootstrap = arguments.lambda_dir / name / "bootstrap"
        if not bootstrap.exists():
            sys.exit(f"{bootstrap} is not there: run `make build` first")
        figure(f"{name}.bootstrap_size", bootstrap.stat().st_size / 1e6, "MB")
        runs = [start(bootstrap, event) for _ in range(arguments.runs)]
        times = sorted(run.millis for run in runs)
        figure(f"{name}.cold_start_p50", statistics.median(times), "ms")
        figure(f"{name}.cold_start_max", times[-1], "ms")
        figure(f"{name}.rss_after_first_answer", statistics.median(run.rss_mb for run in runs), "MB")


if __name__ == "__main__":
    main()
