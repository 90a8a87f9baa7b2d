"""The deliveries are the same every time; the proxy breaks what it should and passes on the rest."""

from __future__ import annotations

import datetime as dt
import http.client
import http.server
import json
import threading
import unittest
from collections import defaultdict
from typing import Any, ClassVar

from bench.deliveries import deliveries
from bench.faults import FaultProxy, Faults, throttle_answer
from bench.tenant_state import differences, notifications


NOW = dt.date(2026, 6, 30)


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, str, bytes]]] = []
    hosts: ClassVar[list[str]] = []

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).seen.append((self.command, self.path, body))
        type(self).hosts = self.headers.get_all("Host") or []
        self.send_response(201)
        self.send_header("X-Own", "kept")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_POST = do_GET = _answer

    def log_message(self, *_: Any) -> None:
        pass


def faults(**shares: float) -> Faults:
    every = {"throttle": 0.0, "cut_before": 0.0, "cut_after": 0.0, "stall": 0.0, "stall_seconds": 0.0, **shares}
    return Faults("1", **every)


class Proxy(unittest.TestCase):
    def setUp(self) -> None:
        Echo.seen = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tearDown(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def call(self, made: Faults, headers: dict[str, str] | None = None, chunked: bool = False) -> tuple[int, bytes, Any]:
        proxy = FaultProxy(f"http://localhost:{self.server.server_port}", made)
        connection = http.client.HTTPConnection(proxy.address.removeprefix("http://"), timeout=5)
        try:
            body: Any = iter([b"ab", b"cd"]) if chunked else b"abcd"
            connection.request("PUT", "/bucket/key?x=1", body=body, headers=headers or {}, encode_chunked=chunked)
            response = connection.getresponse()
            return response.status, response.read(), response.headers
        finally:
            connection.close()
            proxy.close()

    def test_passes_on(self) -> None:
        status, body, headers = self.call(faults())
        self.assertEqual((status, body, headers["X-Own"]), (201, b"abcd", "kept"))
        self.assertEqual(Echo.seen, [("PUT", "/bucket/key?x=1", b"abcd")])

    def test_the_host_is_passed_on_once_and_as_it_was_signed(self) -> None:
        self.call(faults(), {"host": "bucket.localhost:1"})
        self.assertEqual(Echo.hosts, ["bucket.localhost:1"])

    def test_passes_on_a_chunked_body(self) -> None:
        self.assertEqual(self.call(faults(), {"Transfer-Encoding": "chunked"}, chunked=True)[1], b"abcd")

    def test_throttles_in_the_words_of_the_service(self) -> None:
        status, body, _ = self.call(faults(throttle=1.0), {"X-Amz-Target": "DynamoDB_20120810.PutItem"})
        self.assertEqual(status, 400)
        self.assertIn("ProvisionedThroughputExceededException", json.loads(body)["__type"])
        self.assertEqual(Echo.seen, [])
        self.assertEqual(throttle_answer({})[0], 503)

    def test_cuts_before_and_after(self) -> None:
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.call(faults(cut_before=1.0))
        self.assertEqual(Echo.seen, [])
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.call(faults(cut_after=1.0))
        self.assertEqual(len(Echo.seen), 1)

    def test_shares_are_kept(self) -> None:
        made = faults(throttle=0.1, cut_before=0.2)
        for _ in range(10_000):
            made.draw()
        self.assertAlmostEqual(made.counts["throttled"] / 10_000, 0.1, delta=0.02)
        self.assertAlmostEqual(made.counts["cut before"] / 10_000, 0.2, delta=0.02)


class Deliveries(unittest.TestCase):
    def test_same_every_time_and_of_the_asked_number(self) -> None:
        first, last = deliveries("1", 20, 900, NOW)
        self.assertEqual((len(first), len(last)), (800, 100))
        self.assertEqual((first, last), deliveries("1", 20, 900, NOW))
        self.assertNotEqual(first, deliveries("2", 20, 900, NOW)[0])

    def test_facts_come_in_versions_some_events_twice_and_accounts_last(self) -> None:
        versions: dict[str, set[str]] = defaultdict(set)
        events: dict[str, int] = defaultdict(int)
        first, last = deliveries("1", 20, 900, NOW)
        for one in first:
            for kind, rows in json.loads(one).items():
                self.assertNotEqual(kind, "accounts")
                for row in rows:
                    if kind == "events":
                        events[row["id"]] += 1
                    else:
                        versions[row["external_id"]].add(row["updated_at"])
        self.assertGreater(sum(len(v) > 1 for v in versions.values()), 100)
        self.assertGreater(sum(n > 1 for n in events.values()), 20)
        self.assertEqual({tuple(json.loads(one)) for one in last}, {("accounts",)})

    def test_tellings_of_an_account_differ_in_what_no_feature_reads(self) -> None:
        _, last = deliveries("1", 1, 50, NOW)
        rows = [json.loads(one)["accounts"][0] for one in last]
        for row in rows:
            for field in ("name", "custom", "updated_at", "known_at"):
                del row[field]
        self.assertTrue(all(row == rows[0] for row in rows))


class Comparison(unittest.TestCase):
    def test_differences(self) -> None:
        empty: dict[str, Any] = {part: {} for part in ("cards", "facts", "usage", "health", "alerts")}
        self.assertEqual(differences(empty, empty), [])
        self.assertEqual(differences({**empty, "usage": {"a": [1]}}, empty)[0]["part"], "usage")

    def test_notifications(self) -> None:
        one = {"channel": "email", "recipient_masked": "c***@x", "status": "sent"}
        told = notifications([{"id": "alr_1", "notifications": [one, one]}, {"id": "alr_2", "notifications": [one]}])
        self.assertEqual(told, {"by status": {"sent": 3}, "listed twice": [["alr_1", "email", "c***@x", "sent"]]})


if __name__ == "__main__":
    unittest.main()
