"""Checks what must be there before anything starts, and names the mend for what is not."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from common import ROOT, Problem, say

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def version_of(command: list[str]) -> tuple[int, ...] | None:
    """The first version number that a command prints, or nothing when it is not there."""
    if shutil.which(command[0]) is None:
        return None
    out = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", out.stdout + out.stderr)
    return tuple(int(part) for part in found.groups(default="0")) if found else None


def can_apt() -> bool:
    """Whether packages can be installed here without asking."""
    return sys.platform.startswith("linux") and hasattr(os, "geteuid") and os.geteuid() == 0 \
        and shutil.which("apt-get") is not None


def apt(packages: list[str], why: str) -> None:
    """Installs Debian packages as root."""
    say(f"==> Installing {' '.join(packages)} with apt-get: {why} (up to 2 min)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Problem(f"`{' '.join(command)}` failed:\n{(done.stdout + done.stderr)[-2000:]}")


def check_python() -> None:
    """Python 3.10 with venv."""
    if sys.version_info < (3, 10):
        raise Problem(f"Python 3.10 or newer is needed, this is {sys.version.split()[0]}. "
                      "Mend: install a newer one and run `make PYTHON=python3.12 ...`.")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        if can_apt():
            apt(["python3-venv"], "Python cannot make virtual environments")
            return
        raise Problem("Python has no venv module. Mend: `sudo apt-get install python3-venv`.") from error


def check_rust() -> None:
    """Cargo and the toolchain that rust-toolchain.toml names."""
    if shutil.which("cargo") is None:
        raise Problem("Rust is missing. Mend: install rustup from https://rustup.rs, then open a new shell.")
    wanted = re.search(r'channel\s*=\s*"([\d.]+)"', (ROOT / "rust-toolchain.toml").read_text())
    found = subprocess.run(["cargo", "--version"], capture_output=True, text=True, cwd=ROOT, check=False)
    if found.returncode != 0:
        channel = wanted.group(1) if wanted else "stable"
        raise Problem(f"The Rust toolchain {channel} is missing:\n{found.stderr.strip()}\n"
                      f"Mend: `rustup toolchain install {channel} --profile minimal -c clippy -c rustfmt`.")


def check_linker() -> None:
    """clang and mold, which .cargo/config.toml asks for on x86_64 Linux."""
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        return
    missing = [tool for tool in ("clang", "mold") if shutil.which(tool) is None]
    if not missing:
        return
    if can_apt():
        apt(missing, ".cargo/config.toml links with clang and mold")
        return
    raise Problem(f"{' and '.join(missing)} missing; .cargo/config.toml links with them. "
                  f"Mend: `sudo apt-get install {' '.join(missing)}` (or your system's way).")


def check_node() -> None:
    """Node 20 and npm, when the dashboard is there to be built."""
    if not (ROOT / "dashboard" / "package.json").exists():
        return
    version = version_of(["node", "--version"])
    if version is None or version < (20, 0, 0) or shutil.which("npm") is None:
        found = ".".join(map(str, version)) if version else "none"
        raise Problem(f"Node 20 or newer with npm is needed for the dashboard (found: {found}). Mend: https://nodejs.org.")


def chromium() -> str | None:
    """The browser for the browser tests."""
    named = os.environ.get("CHROMIUM_PATH")
    if named and Path(named).exists():
        return named
    return next((found for name in CHROMIUM if (found := shutil.which(name))), None)


def check_chromium() -> str:
    """Chromium, for the browser tests only."""
    found = chromium()
    if found:
        return found
    if can_apt():
        apt(["chromium"], "the browser tests run in it")
        found = chromium()
    if not found:
        raise Problem("Chromium is missing; the browser tests run in it. Mend: `sudo apt-get install chromium`, "
                      "or set CHROMIUM_PATH to a Chrome or Chromium binary.")
    return found


def port_is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.settimeout(1)
                if probe.connect_ex((address, port)) == 0:
                    return False
        except OSError:
            continue
    return True


def check_all() -> None:
    """All that `make up` needs. The port is looked at by the server module, which knows whose it may be."""
    check_python()
    check_rust()
    check_linker()
    check_node()
