"""The few calls of the local AWS that the runs need: queue lengths, redrive, function settings. Standard library only.

The local stack reads the account from the `Authorization` header and checks no signature; on AWS itself these calls are
refused, which is right: the runs break things on purpose.
"""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

from demo.client import Client, Stack

QUEUES = ("ingest", "score", "notify", "hooks")
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")


class Aws:
    """Unsigned calls to the local AWS."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._client = Client(str(stack.data["endpoint_url"]), None, attempts=5)
        # A function may take a quarter of an hour, and is not started again beside itself.
        self._functions = Client(str(stack.data["endpoint_url"]), None, timeout=900, attempts=1)

    def _headers(self, service: str) -> dict[str, str]:
        scope = f"test/20260101/{self._stack.data['region']}/{service}/aws4_request"
        return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}

    def sqs(self, action: str, **body: Any) -> dict[str, Any]:
        """One call of SQS."""
        headers = {**self._headers("sqs"), "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
        answer = self._client.raw("POST", "/", json.dumps(body).encode(), headers)
        if answer.status != 200:
            raise SystemExit(f"SQS {action}: {answer.status} {answer.body[:300]!r}")
        return dict(answer.json() or {})

    def queue_url(self, name: str, *, dead: bool = False) -> str:
        """Address of a queue, or of its dead letters."""
        return str(self._stack.data[f"{name}_queue_url"]) + ("-dlq" if dead else "")

    def waiting(self, name: str, *, dead: bool = False) -> int:
        """Messages waiting, in flight or delayed."""
        found = self.sqs("GetQueueAttributes", QueueUrl=self.queue_url(name, dead=dead), AttributeNames=list(COUNTS))
        return sum(int(found["Attributes"].get(count, 0)) for count in COUNTS)

    def redrive(self, name: str) -> int:
        """Sends the dead letters of a queue back, as `make redrive` does; answers how many."""
        moved = 0
        while True:
            found = self.sqs("ReceiveMessage", QueueUrl=self.queue_url(name, dead=True), MaxNumberOfMessages=10, WaitTimeSeconds=0)
            messages = found.get("Messages") or []
            for message in messages:
                self.sqs("SendMessage", QueueUrl=self.queue_url(name), MessageBody=message["Body"])
                self.sqs("DeleteMessage", QueueUrl=self.queue_url(name, dead=True), ReceiptHandle=message["ReceiptHandle"])
                moved += 1
            if not messages:
                return moved

    def wait_until_quiet(self, timeout: float, *, polls: int = 3, every: float = 3.0, redrive: bool = True) -> dict[str, Any]:
        """Waits until the queues stay empty for a few polls. Dead letters are sent back and counted."""
        begin = time.monotonic()
        quiet = 0
        redriven = dict.fromkeys(QUEUES, 0)
        while quiet < polls:
            counts = {name: self.waiting(name) for name in QUEUES}
            dead = {name: self.waiting(name, dead=True) for name in QUEUES}
            if redrive and not any(counts.values()) and any(dead.values()):
                for name in QUEUES:
                    redriven[name] += self.redrive(name)
            quiet = quiet + 1 if not any(counts.values()) and not any(dead.values()) else 0
            spent = time.monotonic() - begin
            print(f"  queues {counts}, dead letters {dead}, {spent:.0f} s", flush=True)
            if spent > timeout:
                return {"quiet": False, "seconds": round(spent, 1), "left": counts, "dead": dead, "redriven": redriven}
            time.sleep(every)
        return {"quiet": True, "seconds": round(time.monotonic() - begin, 1), "redriven": redriven}

    def log_lines(self, group: str, since_ms: int) -> Iterator[str]:
        """Messages of a log group since an instant."""
        headers = {**self._headers("logs"), "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.FilterLogEvents"}
        asked: dict[str, Any] = {"logGroupName": group, "startTime": since_ms}
        while True:
            answer = self._client.raw("POST", "/", json.dumps(asked).encode(), headers)
            if answer.status != 200:
                return
            page = answer.json()
            for event in page.get("events", []):
                yield from str(event["message"]).splitlines()
            if not page.get("nextToken"):
                return
            asked["nextToken"] = page["nextToken"]

    def forget_object(self, key: str) -> int:
        """Deletes all versions of an object of the data bucket; answers how many."""
        bucket, headers = str(self._stack.data["data_bucket"]), self._headers("s3")
        query = urllib.parse.urlencode({"versions": "", "prefix": key})
        answer = self._client.raw("GET", f"/{bucket}?{query}", None, headers)
        versions = re.findall(r"<VersionId>([^<]+)</VersionId>", answer.body.decode())
        for version in versions:
            self._client.raw("DELETE", f"/{bucket}/{key}?{urllib.parse.urlencode({'versionId': version})}", None, headers)
        return len(versions)

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        """Runs a function now and answers what it said: an operator's way to what a schedule starts."""
        # A call that is never tried again starts on a connection of its own: the other end may have closed an idle one.
        self._functions.close()
        answer = self._functions.raw("POST", f"/2015-03-31/functions/{name}/invocations", json.dumps(event).encode(), self._headers("lambda"))
        if answer.status != 200 or answer.headers.get("X-Amz-Function-Error") or answer.headers.get("x-amz-function-error"):
            raise SystemExit(f"{name} failed: {answer.status} {answer.body[:500]!r}")
        return answer.json()

    def function_environment(self, name: str) -> dict[str, str]:
        """The environment variables of a function."""
        answer = self._client.raw("GET", f"/2015-03-31/functions/{name}/configuration", None, self._headers("lambda"))
        if answer.status != 200:
            raise SystemExit(f"there is no function {name}: {answer.status} {answer.body[:200]!r}")
        return dict((answer.json().get("Environment") or {}).get("Variables") or {})

    def set_function_environment(self, name: str, variables: dict[str, str]) -> None:
        """Sets them."""
        body = json.dumps({"Environment": {"Variables": variables}}).encode()
        headers = {**self._headers("lambda"), "Content-Type": "application/json"}
        answer = self._client.raw("PUT", f"/2015-03-31/functions/{name}/configuration", body, headers)
        if answer.status != 200:
            raise SystemExit(f"the settings of {name} cannot be changed: {answer.status} {answer.body[:200]!r}")
