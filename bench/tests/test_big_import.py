"""The large file is what it says it is, the upload streams it, and the samples see a process grow."""

from __future__ import annotations

import csv
import datetime as dt
import http.server
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any, ClassVar

from bench.big_import import COLUMNS, Memory, lines, write
from bench.imports import upload

END = dt.datetime(2026, 6, 30, tzinfo=dt.UTC)
HUNGRY = "import time; time.sleep(1); held = bytearray(80_000_000); time.sleep(1); del held; time.sleep(20)"


class Bucket(http.server.BaseHTTPRequestHandler):
    got: ClassVar[list[tuple[str, int, str | None]]] = []

    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        left = length
        while left:
            left -= len(self.rfile.read(min(left, 65_536)))
        type(self).got.append((self.path, length, self.headers["Content-Type"]))
        self.send_response(200 if "good" in self.path else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class File(unittest.TestCase):
    def test_rows_are_as_long_and_as_many_as_asked(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "events.csv"
            count = write(path, lines("run", 20, 1.0, 400, 90, END))
            self.assertEqual(count, 2_500)
            self.assertAlmostEqual(path.stat().st_size, 1e6, delta=2e3)
            with path.open(newline="") as file:
                rows = list(csv.DictReader(file))
        self.assertEqual((len(rows), set(rows[0])), (2_500, {*COLUMNS, "details"}))
        self.assertEqual(len({row["id"] for row in rows}), 2_500)
        self.assertEqual([row["at"] for row in rows], sorted(row["at"] for row in rows))

    def test_upload_from_disk(self) -> None:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "a.csv"
                path.write_bytes(b"x" * 3_000_000)
                upload(f"http://localhost:{server.server_port}/good?signed=1", {"Content-Type": "text/csv"}, path)
                with self.assertRaisesRegex(RuntimeError, "403"):
                    upload(f"http://localhost:{server.server_port}/bad", {}, path)
        finally:
            server.shutdown()
            server.server_close()
        self.assertEqual(Bucket.got[0], ("/good?signed=1", 3_000_000, "text/csv"))


class Samples(unittest.TestCase):
    @unittest.skipUnless(Path("/proc/self/status").exists(), "needs /proc")
    def test_the_peak_is_seen(self) -> None:
        named = {**os.environ, "AWS_LAMBDA_FUNCTION_NAME": "bench-hungry", "AWS_ENDPOINT_URL": "http://here"}
        process = subprocess.Popen([sys.executable, "-c", HUNGRY], env=named)
        try:
            with Memory("bench-hungry", "http://here") as memory:
                time.sleep(3)
        finally:
            process.kill()
            process.wait()
        self.assertGreater(memory.max_mb, 80)
        self.assertLess(memory.end_mb, 80)
        self.assertEqual(memory.processes, {process.pid})


if __name__ == "__main__":
    unittest.main()
