"""A proxy between functions and the local AWS that throttles, delays and cuts. Seeded; standard library only."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bench.aws import Aws
from bench.proxy import Forward, Proxy, Reply, Request

SERVICES = ("DYNAMODB", "S3", "SQS", "EVENTBRIDGE", "SECRETS_MANAGER")
"""The SDK reads `AWS_ENDPOINT_URL_<service>` before `AWS_ENDPOINT_URL`; MiniStack overrides only the latter.

E-mail is not among them: when the answer to a send is cut off, no sender can know whether the mail went out."""


class Faults:
    """How often what goes wrong, and how often it did."""

    def __init__(self, seed: str, *, throttle: float, cut_before: float, cut_after: float, stall: float, stall_seconds: float) -> None:
        self._rng = random.Random(f"{seed}/faults")
        self._lock = threading.Lock()
        self._shares = (("throttled", throttle), ("cut before", cut_before), ("cut after", cut_after), ("stalled", stall))
        self.stall_seconds = stall_seconds
        self.counts: Counter[str] = Counter()

    def draw(self) -> str:
        """What happens to the next request."""
        with self._lock:
            point = self._rng.random()
            for name, share in self._shares:
                if point < share:
                    self.counts[name] += 1
                    return name
                point -= share
            self.counts["passed"] += 1
            return "passed"


def throttle_answer(headers: Any) -> tuple[int, str, bytes]:
    """The throttle that the service called would send."""
    target = next((str(value) for name, value in headers.items() if name.lower() == "x-amz-target"), "")
    if target.startswith("DynamoDB"):
        kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
        return 400, "application/x-amz-json-1.0", json.dumps({"__type": kind, "message": "injected"}).encode()
    if target:
        return 400, "application/x-amz-json-1.1", json.dumps({"__type": "ThrottlingException", "message": "injected"}).encode()
    return 503, "application/xml", b"<Error><Code>SlowDown</Code><Message>injected</Message></Error>"


class FaultProxy(Proxy):
    """Passes on to the local AWS what it does not break."""

    def __init__(self, endpoint: str, faults: Faults) -> None:
        def handle(request: Request, forward: Forward) -> Reply | None:
            fault = faults.draw()
            if fault == "cut before":
                return None
            if fault == "throttled":
                status, kind, body = throttle_answer(request.headers)
                return Reply(status, body, [("Content-Type", kind)])
            if fault == "stalled":
                time.sleep(faults.stall_seconds)
            reply = forward(request)
            return None if fault == "cut after" else reply

        super().__init__(endpoint, handle)


@contextlib.contextmanager
def injected(aws: Aws, endpoint: str, functions: list[str], faults: Faults) -> Iterator[None]:
    """Puts the proxy between these functions and the local AWS, and takes it out again."""
    proxy = FaultProxy(endpoint, faults)
    before = {name: aws.function_environment(name) for name in functions}
    try:
        for name, variables in before.items():
            aws.set_function_environment(name, {**variables, **{f"AWS_ENDPOINT_URL_{service}": proxy.address for service in SERVICES}})
        yield
    finally:
        for name, variables in before.items():
            aws.set_function_environment(name, variables)
        proxy.close()
