"""Runs a command beside a MiniStack of its own: on a free port, without state, stopped at the end.

The command finds it in COPILOT_TEST_ENDPOINT. Each test takes a 12-digit access key of its own, which is an AWS account
of its own there, so that tests run in parallel and leave nothing behind.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from common import ROOT, Problem, tool_path
from server import Server


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    """Entry point."""
    if len(sys.argv) < 2:
        sys.exit("usage: with_server.py COMMAND ...")
    with tempfile.TemporaryDirectory(prefix="copilot-test-") as home:
        server = Server(port=free_port(), home=Path(home), keeps_state=False)
        try:
            server.start()
            done = subprocess.run(
                sys.argv[1:], cwd=ROOT, check=False,
                env={**os.environ, "PATH": tool_path(), "COPILOT_TEST_ENDPOINT": server.endpoint,
                     "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "localhost,127.0.0.1"})
        except Problem as problem:
            sys.exit(str(problem))
        finally:
            server.stop()
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
