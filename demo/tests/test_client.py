"""The client against a small server that misbehaves on purpose."""

from __future__ import annotations

import http.server
import json
import threading
import unittest
from typing import Any

from demo.client import ApiError, Client, problem_code, retry_after, signature
from demo.sending import batches, send


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: list[tuple[int, dict[str, str]]] = []
    seen: list[Any] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        type(self).seen.append((self.command, self.path, body))
        status, headers = type(self).script.pop(0) if type(self).script else (200, {})
        rows = (body or {}).get("rows") or (body or {}).get("events") or []
        data = json.dumps({"results": [{"status": "created"} for _ in rows], "type": "https://x/problems/some_code"}).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *_: Any) -> None:
        pass


class ClientTest(unittest.TestCase):
    def setUp(self) -> None:
        Handler.script, Handler.seen = [], []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.client = Client(f"http://abc.execute-api.localhost:{self.server.server_port}/base", "key")

    def tearDown(self) -> None:
        self.client.close()
        self.server.shutdown()
        self.server.server_close()

    def test_tries_again_after_a_throttle(self) -> None:
        Handler.script = [(429, {"Retry-After": "0"}), (503, {})]
        self.client.call("GET", "/v1/me")
        self.assertEqual([seen[1] for seen in Handler.seen], ["/base/v1/me"] * 3)
        self.assertEqual((self.client.counters.retries, self.client.counters.throttled), (2, 1))

    def test_a_problem_is_named(self) -> None:
        Handler.script = [(422, {})]
        with self.assertRaises(ApiError) as caught:
            self.client.call("GET", "/v1/me")
        self.assertEqual(caught.exception.code, "some_code")

    def test_sends_every_row_once(self) -> None:
        rows = [{"external_id": str(n)} for n in range(2_500)]
        tally = send(self.client, "accounts", batches(rows), workers=3)
        self.assertEqual(tally.statuses["created"], 2_500)
        sent = [row["external_id"] for _, _, body in Handler.seen for row in body["rows"]]
        self.assertEqual(sorted(sent, key=int), [row["external_id"] for row in rows])


class Pure(unittest.TestCase):
    def test_batches_keep_revisions_apart_and_in_order(self) -> None:
        rows = [{"external_id": x, "n": n} for n, x in enumerate("aabacb")]
        cut = batches(rows, 2)
        self.assertEqual([[r["n"] for r in b] for b in cut], [[0, 2], [4], [1, 5], [3]])

    def test_retry_after(self) -> None:
        self.assertEqual(retry_after("3"), 3.0)
        self.assertEqual(retry_after("Thu, 01 Jan 1970 00:01:10 GMT", now=60.0), 10.0)
        self.assertEqual(retry_after("soon"), 0.0)
        self.assertEqual(retry_after(None), 0.0)
        self.assertEqual(retry_after("9999"), 60.0)

    def test_signature(self) -> None:
        # printf '1.{}' | openssl dgst -sha256 -hmac s
        self.assertEqual(signature("s", 1, b"{}"), "v1=b253639bcd705ed1cda3073f66104f16988bd40272584dea7d0d345ae93e61cc")
        self.assertNotEqual(signature("s", 1, b"{}"), signature("s", 2, b"{}"))

    def test_problem_code(self) -> None:
        self.assertEqual(problem_code({"type": "https://x/problems/invalid_json"}), "invalid_json")
        self.assertEqual(problem_code({"code": "a", "type": "b"}), "a")
        self.assertEqual(problem_code(None), "none")


if __name__ == "__main__":
    unittest.main()
