"""`make setup`: everything that is installed into the project or into its cache. Each part is skipped when it is current."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import prerequisites
from common import CACHE, REQUIREMENTS, ROOT, TOOLS, VENV, Problem, digest, put_stamp, run, say, stamped, step, tool_path

NEXTEST = "0.9.143"
CARGO_DENY = "0.20.2"


def environment(home: Path, lock: Path, what: str, usual: str) -> None:
    """A virtual environment that holds exactly what its lock file says."""
    stamp, key = home / ".stamp", digest(lock) + sys.version.split()[0]
    if stamped(stamp, key) and (home / "bin" / "python").exists():
        return
    with step(f"Installing {what}, each file checked by its hash", usual):
        run([sys.executable, "-m", "venv", home])
        # --no-deps: the lock file is complete, and pip must not add to it.
        run([home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes",
             "-r", lock])
        put_stamp(stamp, key)


def node_modules() -> None:
    """The dashboard's packages."""
    lock = ROOT / "dashboard" / "package-lock.json"
    if not lock.exists():
        say("    No dashboard/package-lock.json: nothing to install with npm.")
        return
    stamp, key = ROOT / "dashboard" / "node_modules" / ".stamp", digest(lock)
    if stamped(stamp, key):
        return
    with step("Installing the dashboard's packages with npm ci", "about 30 s"):
        # The browser of the tests is the system's Chromium.
        run(["npm", "ci", "--no-audit", "--no-fund"], cwd=ROOT / "dashboard", env={"PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1"})
        put_stamp(stamp, key)


def cargo_tool(name: str, version: str, usual: str) -> None:
    """A cargo subcommand: any installed one is taken, otherwise the pinned one is built into the cache."""
    if shutil.which(f"cargo-{name}", path=tool_path()):
        return
    with step(f"Building cargo-{name} {version} into {TOOLS}, once for all clones", usual):
        CACHE.mkdir(parents=True, exist_ok=True)
        # In the cache directory, so that the project's own cargo settings do not apply.
        run(["cargo", "install", "--locked", "--quiet", "--version", version, "--root", TOOLS, f"cargo-{name}"],
            cwd=CACHE, env={"CARGO_TARGET_DIR": str(CACHE / "tools-target")})
        shutil.rmtree(CACHE / "tools-target", ignore_errors=True)


def install(*, tests: bool, python_only: bool) -> None:
    """All parts; those that only the tests need when asked for."""
    prerequisites.check_python()
    if not python_only:
        prerequisites.check_all()
    environment(VENV, REQUIREMENTS / "tools.txt", "cargo-lambda, zig, SAM CLI and cfn-lint into .venv", "about 1 min")
    environment(VENV / "ministack", REQUIREMENTS / "ministack.txt", "MiniStack into .venv/ministack", "about 30 s")
    if python_only:
        return
    node_modules()
    if tests:
        cargo_tool("nextest", NEXTEST, "about 4 min")
        cargo_tool("deny", CARGO_DENY, "about 4 min")
        if (ROOT / "dashboard" / "package.json").exists():
            prerequisites.check_chromium()


def lock() -> None:
    """Writes the lock files anew from the .in files; only needed when a version changes."""
    tool = CACHE / "lock"
    with step("Resolving and hashing the Python packages", "about 30 s"):
        run([sys.executable, "-m", "venv", tool])
        run([tool / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "uv"])
        for name in ("tools", "ministack"):
            # By relative names, so that the lock says nothing about the machine it was made on.
            environment_without_local = {k: v for k, v in os.environ.items() if k not in ("UV_INDEX_URL", "PIP_FIND_LINKS")}
            done = subprocess.run(
                [tool / "bin" / "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.10",
                 "--generate-hashes", "--no-strip-extras", "--no-header", "--upgrade", "-o", f"{name}.txt", f"{name}.in"],
                cwd=REQUIREMENTS, env=environment_without_local, check=False)
            if done.returncode != 0:
                raise Problem(f"uv could not resolve {name}.in; its output is above.")


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also what only `make test` needs")
    parser.add_argument("--python-only", action="store_true", help="only the virtual environments")
    parser.add_argument("--lock", action="store_true", help="write the lock files anew instead")
    arguments = parser.parse_args()
    try:
        if arguments.lock:
            lock()
        else:
            install(tests=arguments.tests, python_only=arguments.python_only)
    except Problem as problem:
        sys.exit(f"\nsetup: {problem}")


if __name__ == "__main__":
    main()
