"""Units by DynamoDB's rules, calls by their names, prices; the runtime API stand-in with a function of a few lines."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from bench import units
from bench.calls import ROOT, score_events
from bench.meter import Meter, name_of, sunk
from bench.proxy import Reply, Request
from bench.runtime_api import Died, Function, http_event, sqs_event
from bench.units import Template, Written

TEMPLATE = Template.read(ROOT / "infra" / "template.yaml")
INDEXES = TEMPLATE.indexes
SCRIPT = """#!{python}
import http.client, json, os, sys
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    event = json.loads(api.getresponse().read())
    if event == "die":
        sys.exit("as told")
    print("saw", event, flush=True)
    path = "error" if event == "fail" else "response"
    body = iter([json.dumps([event]).encode()[:3], json.dumps([event]).encode()[3:]])
    api.request("POST", "/2018-06-01/runtime/invocation/bench/" + path, body=body, headers={{"Transfer-Encoding": "chunked"}}, encode_chunked=True)
    api.getresponse().read()
"""


def item(data: int = 0, **indexed: str) -> units.Item:
    """An item with some bytes of data, and index keys."""
    return {"pk": {"S": "p"}, "sk": {"S": "s"}, "et": {"S": "thing"}, "data": {"S": "x" * data}, **{name: {"S": value} for name, value in indexed.items()}}


class Units(unittest.TestCase):
    def test_size_is_that_of_names_and_values(self) -> None:
        self.assertEqual(units.size({"pk": {"S": "ä"}, "n": {"N": "-12345"}, "b": {"B": "AAAA"}}), 2 + 2 + 1 + 5 + 1 + 3)
        self.assertEqual(units.size({"l": {"L": [{"S": "ab"}, {"BOOL": True}]}, "m": {"M": {"k": {"NULL": True}}}}), 1 + 3 + 3 + 2 + 1 + 3 + 3)

    def test_template(self) -> None:
        self.assertEqual(INDEXES[0], ("g1pk", "g1sk"))
        self.assertEqual(len(INDEXES), 6)
        self.assertEqual((TEMPLATE.function("score").memory_mb, TEMPLATE.function("score").timeout_s), (512, 60))
        self.assertGreater(TEMPLATE.score_concurrency, 1)

    def test_reads(self) -> None:
        two = {"Items": [item(3_000), item(3_000)]}
        self.assertEqual(units.read_units("Query", {"ConsistentRead": True}, two), 2)
        self.assertEqual(units.read_units("Query", {}, two), 1)
        self.assertEqual(units.read_units("Query", {}, {"Items": []}), 0.5)
        self.assertEqual(units.read_units("GetItem", {"ConsistentRead": True}, {}), 1)
        wanted = {"RequestItems": {"t": {"Keys": [{}, {}, {}], "ConsistentRead": True}}}
        self.assertEqual(units.read_units("BatchGetItem", wanted, {"Responses": {"t": two["Items"]}}), 3)

    def test_a_filter_or_a_projection_is_taken_away(self) -> None:
        asked = {"TableName": "t", "KeyConditionExpression": "#pk = :pk", "ProjectionExpression": "#a0", "FilterExpression": "b = :b",
                 "ExpressionAttributeNames": {"#pk": "pk", "#a0": "x"}, "ExpressionAttributeValues": {":pk": {"S": "p"}, ":b": {"S": "1"}}}  # fmt: skip
        self.assertEqual(units.whole(asked), {"TableName": "t", "KeyConditionExpression": "#pk = :pk", "ExpressionAttributeNames": {"#pk": "pk"},
                                              "ExpressionAttributeValues": {":pk": {"S": "p"}}})  # fmt: skip
        self.assertIsNone(units.whole({"KeyConditionExpression": "#pk = :pk"}))

    def test_writes(self) -> None:
        def cost(old: units.Item | None, new: units.Item | None, transaction: bool = False) -> Written:
            return units.write_units(old, new, INDEXES, transaction=transaction)

        listed = item(1_500, g1pk="a", g1sk="b", g2pk="a", g2sk="b")
        self.assertEqual(cost(None, None), Written(1, 0))
        self.assertEqual(cost(None, item(1_500)), Written(2, 0))
        self.assertEqual(cost(item(5_000), item(10), transaction=True), Written(10, 0))
        self.assertEqual(cost(None, listed), Written(2, 4))
        self.assertEqual(cost(None, listed, transaction=True), Written(4, 4))
        self.assertEqual(cost(listed, listed), Written(2, 0))
        self.assertEqual(cost(listed, {**listed, "g1sk": {"S": "c"}}), Written(2, 6))
        self.assertEqual(cost(listed, None), Written(2, 4))
        self.assertEqual(cost(None, item(10, g1pk="only half")), Written(1, 0))


class Counting(unittest.TestCase):
    def setUp(self) -> None:
        self.stored: list[units.Item] = []
        self.sent: list[str] = []
        self.refusal: bytes | None = None

    def forward(self, request: Request) -> Reply:
        operation = request.header("x-amz-target").partition(".")[2]
        self.sent.append(operation)
        if operation == "BatchGetItem":
            return Reply(200, json.dumps({"Responses": {"t": self.stored}}).encode())
        return Reply(400, self.refusal) if self.refusal else Reply(200, b"{}")

    def call(self, meter: Meter, target: str, body: Any) -> Reply | None:
        return meter(Request("POST", "/", {"x-amz-target": target}, json.dumps(body).encode()), self.forward)

    def test_names(self) -> None:
        self.assertEqual(name_of(Request("POST", "/", {"X-Amz-Target": "AmazonSQS.SendMessage"}, b"")), ("SQS", "SendMessage"))
        self.assertEqual(name_of(Request("PUT", "/bucket/key", {}, b"")), ("S3", "PutObject"))
        self.assertEqual(name_of(Request("GET", "/bucket?list-type=2&prefix=a", {}, b"")), ("S3", "ListObjects"))

    def test_a_write_costs_by_what_was_there(self) -> None:
        meter = Meter(TEMPLATE)
        self.stored = [item(3_000)]
        self.call(meter, "DynamoDB_20120810.PutItem", {"TableName": "t", "Item": item(10)})
        self.assertEqual((dict(meter.counts.table_writes), dict(meter.counts.entities)), ({"PutItem": 3.0}, {"thing": 3.0}))
        self.assertEqual(dict(meter.counts.calls), {"DynamoDB PutItem": 1})
        self.assertAlmostEqual(meter.counts.price()["DynamoDB writes to the table"], 3 * 0.625e-6)

    def test_a_condition_that_does_not_hold_costs_too(self) -> None:
        meter = Meter(TEMPLATE)
        self.stored, self.refusal = [item(3_000, g1pk="a", g1sk="b")], b'{"__type":"x#ConditionalCheckFailedException"}'
        self.call(meter, "DynamoDB_20120810.PutItem", {"TableName": "t", "Item": item(10)})
        self.assertEqual((dict(meter.counts.table_writes), dict(meter.counts.index_writes)), ({"PutItem": 3.0}, {"PutItem": 0.0}))
        self.assertEqual(dict(meter.counts.failed), {"DynamoDB PutItem": 1})

    def test_what_is_throttled_costs_nothing(self) -> None:
        meter = Meter(TEMPLATE)
        self.refusal = b'{"__type":"x#ProvisionedThroughputExceededException"}'
        self.call(meter, "DynamoDB_20120810.PutItem", {"TableName": "t", "Item": item(10)})
        self.assertEqual(sum(meter.counts.table_writes.values()), 0)

    def test_what_is_kept_back_is_sent_on_later(self) -> None:
        meter = Meter(TEMPLATE, sink=("SQS SendMessageBatch",))
        entries = [{"Id": str(n), "MessageBody": "x"} for n in range(3)]
        reply = self.call(meter, "AmazonSQS.SendMessageBatch", {"QueueUrl": "q", "Entries": entries})
        self.assertEqual([one["Id"] for one in json.loads(reply.body if reply else b"")["Successful"]], ["0", "1", "2"])
        self.assertEqual((self.sent, meter.counts.charged["SQS request"]), ([], 1))
        self.assertEqual((meter.release(), self.sent), (1, ["SendMessageBatch"]))
        self.assertEqual(json.loads(sunk("PutEvents", {"Entries": [{}, {}]}).body)["FailedEntryCount"], 0)


class RuntimeApi(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.bootstrap = Path(self.folder.name) / "echo" / "bootstrap"
        self.bootstrap.parent.mkdir()
        self.bootstrap.write_text(SCRIPT.format(python=sys.executable))
        self.bootstrap.chmod(self.bootstrap.stat().st_mode | stat.S_IXUSR)

    def tearDown(self) -> None:
        self.folder.cleanup()

    def test_events_and_answers(self) -> None:
        with Function(self.bootstrap, os.environ) as function:
            self.assertEqual(function.invoke("one").json(), ["one"])
            answer = function.invoke({"two": "ä"})
            self.assertEqual((answer.json(), answer.ok), ([{"two": "ä"}], True))
            self.assertGreater(answer.at - function.started, answer.millis / 1_000)
            self.assertFalse(function.invoke("fail").ok)
            self.assertGreater(function.rss_mb(), 1)
            self.assertIn(b"saw one", function.output())
            with self.assertRaisesRegex(Died, "as told"):
                function.invoke("die")

    def test_events_are_those_of_lambda(self) -> None:
        self.assertEqual([record["messageId"] for record in sqs_event(["a", "b"])["Records"]], ["m0", "m1"])
        self.assertEqual(http_event("GET", "/v1/x")["requestContext"]["http"]["path"], "/v1/x")
        batches = score_events("demo", [f"acc_{n}" for n in range(25)], 10)
        self.assertEqual([len(batch["Records"]) for batch in batches], [10, 10, 5])


if __name__ == "__main__":
    unittest.main()
