"""Starts, finds and stops MiniStack. Standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from common import LOCAL, PORT, VENV, Problem, say, step
from prerequisites import port_is_free

KEEP = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE", "RUST_BACKTRACE")
"""What MiniStack inherits from us. It hands its own environment on to the functions, so this is short."""


SAVING_SECONDS = 900
"""How long saving may take before MiniStack counts as hanging: 100,000 accounts took longer than 30 s."""

LOG_LIMIT = 20_000_000
"""A longer log is put aside at the next start."""


@dataclass(frozen=True)
class Server:
    """One MiniStack: a port, and a home for its process id, log and state. Without state when it is for tests."""

    port: int = PORT
    home: Path = LOCAL
    keeps_state: bool = True

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://localhost:{self.port}"

    @property
    def pid_file(self) -> Path:
        """Holds the id of the process."""
        return self.home / "ministack.pid"

    @property
    def log(self) -> Path:
        """What it prints; the functions' output is in it too."""
        return self.home / "ministack.log"

    def healthy(self) -> bool:
        """Whether it answers as MiniStack does."""
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2) as answer:
                return "services" in json.load(answer)
        except (OSError, ValueError):
            return False

    def pid(self) -> int | None:
        """The id of our process, if it lives and is still what we started."""
        try:
            pid = int(self.pid_file.read_text())
            os.kill(pid, 0)
        except (OSError, ValueError):
            return None
        command = Path(f"/proc/{pid}/cmdline")
        if command.parent.parent.joinpath("self").exists():
            with contextlib.suppress(OSError):
                if b"ministack" not in command.read_bytes():
                    return None
        return pid

    def start(self) -> bool:
        """Starts it unless it runs. Answers whether it had to be started."""
        pid = self.pid()
        if pid and self.healthy():
            return False
        if pid:
            self.stop()
        if not port_is_free(self.port):
            raise Problem(
                f"Port {self.port} is taken by another program"
                + (" (a MiniStack that this project did not start)" if self.healthy() else "")
                + f". Mend: stop it (`lsof -i :{self.port}` names it), or use another port: `COPILOT_PORT=4666 make up`.")
        with step(f"Starting MiniStack, the local AWS, on port {self.port}", "about 2 s"):
            self.home.mkdir(parents=True, exist_ok=True)
            if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
                self.log.replace(self.log.with_suffix(".log.1"))
            with self.log.open("ab") as log:
                process = subprocess.Popen(
                    [VENV / "ministack" / "bin" / "ministack"], stdout=log, stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL, start_new_session=True, env=self.environment(), cwd=self.home)
            self.pid_file.write_text(str(process.pid))
            for _ in range(150):
                if self.healthy():
                    return True
                if process.poll() is not None:
                    break
                time.sleep(0.2)
        raise Problem(f"MiniStack did not come up. The end of {self.log}:\n" + self.log.read_text(errors="replace")[-2000:])

    def environment(self) -> dict[str, str]:
        """Its environment."""
        kept = {name: os.environ[name] for name in KEEP if name in os.environ}
        state = {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.home / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.home / "s3"),
            # The policies of the template are enforced: what a function may not do on AWS, it cannot do here.
            "AUTH": "true",
        } if self.keeps_state else {}
        return {
            **kept,
            **state,
            "GATEWAY_PORT": str(self.port),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "LOG_LEVEL": os.environ.get("MINISTACK_LOG_LEVEL", "INFO"),
            "PYTHONUNBUFFERED": "1",
        }

    def stop(self) -> bool:
        """Stops it in good order, so that it saves its state. Answers whether there was something to stop."""
        pid = self.pid()
        if pid is None:
            self.pid_file.unlink(missing_ok=True)
            return False
        os.kill(pid, signal.SIGTERM)
        # A large table takes its time to be written: killing it meanwhile would lose all of it.
        for tenths in range(SAVING_SECONDS * 10):
            if not alive(pid):
                break
            if tenths and tenths % 150 == 0:
                say(f"    still saving after {tenths // 10} s (a large table takes minutes)")
            time.sleep(0.1)
        else:
            say("    MiniStack does not stop, killing it; changes since its last good stop are lost.")
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
        self.pid_file.unlink(missing_ok=True)
        return True

    def forget(self) -> None:
        """Throws the state away."""
        for name in ("state", "s3"):
            shutil.rmtree(self.home / name, ignore_errors=True)


def alive(pid: int) -> bool:
    """Whether a process lives (a zombie does not)."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return True
