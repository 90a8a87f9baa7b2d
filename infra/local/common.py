"""What every step shares: where things are, how a step is announced, how a command is run. Standard library only."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOCAL = ROOT / ".local"
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "infra" / "local" / "requirements"
STACK_FILE = LOCAL / "stack.json"
SECRETS_FILE = LOCAL / "seed.json"
LAMBDA_DIR = LOCAL / "lambda"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "customer-success-copilot"
TOOLS = CACHE / "tools"

PORT = int(os.environ.get("COPILOT_PORT", "4566"))
ENDPOINT = f"http://localhost:{PORT}"
REGION = "us-east-1"
STACK_NAME = "copilot-local"
FUNCTIONS = ("webhook", "ingest", "score", "notify", "api", "nightly", "train")
"""The bootstraps of the stack: package, binary and directory have the same name."""


class Problem(Exception):
    """Something the reader can mend. The message says what is wrong and how to mend it."""


def say(text: str) -> None:
    """One line to the reader, at once."""
    print(text, flush=True)


@contextlib.contextmanager
def step(what: str, usual: str = "") -> Iterator[None]:
    """Announces a step with its usual duration, and says afterwards how long it took."""
    say(f"==> {what}" + (f" ({usual})" if usual else ""))
    begin = time.monotonic()
    yield
    say(f"    done in {time.monotonic() - begin:.1f} s")


def run(command: list[str | Path], *, cwd: Path = ROOT, env: dict[str, str] | None = None, quiet: bool = False) -> str:
    """Runs a command. Its output goes to the terminal, or is returned when `quiet`, and shown when it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.STDOUT if quiet else None,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise Problem(f"{words[0]} is not installed ({error}). `make setup` installs what can be installed.") from error
    if done.returncode != 0:
        if quiet and done.stdout:
            sys.stdout.write(done.stdout[-6000:])
        raise Problem(f"`{' '.join(words)}` failed with status {done.returncode}; its output is above.")
    return done.stdout or ""


def digest(*paths: Path) -> str:
    """A hash of the contents of files, for stamps."""
    total = hashlib.sha256()
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()


def stamped(stamp: Path, key: str) -> bool:
    """Whether the step of this stamp was already done for this key."""
    return stamp.exists() and stamp.read_text() == key


def put_stamp(stamp: Path, key: str) -> None:
    """Remembers that the step was done."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)


def read_json(path: Path) -> dict:
    """A JSON object from a file, empty when there is none."""
    return json.loads(path.read_text()) if path.exists() else {}


def write_json(path: Path, value: dict, *, private: bool = True) -> None:
    """Writes JSON so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.touch(mode=0o600 if private else 0o644)
    temporary.write_text(json.dumps(value, indent=2) + "\n")
    temporary.replace(path)


def architecture() -> str:
    """The processor of this machine, in Lambda's words."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def aws_env() -> dict[str, str]:
    """Environment of a program that talks to the local AWS."""
    return {
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "NO_PROXY": "localhost,127.0.0.1",
    }


def tool_path() -> str:
    """PATH with our tools first."""
    return os.pathsep.join([str(VENV / "bin"), str(TOOLS / "bin"), os.environ.get("PATH", "")])
