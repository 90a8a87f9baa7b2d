#!/usr/bin/env python3
"""Makes the virtual environment of these benchmarks: `.local/bench-venv`, beside the product's own and never mixed with it.

Standard library only. Can be repeated: a stamp holds what was installed, and nothing is done while it is still true.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WANTED = Path(__file__).with_name("requirements.txt")
VENV = ROOT / ".local" / "bench-venv"
STAMP = VENV / ".stamp"
IMPORTS = ("catboost", "lifetimes", "lightgbm", "numpy", "onnx", "onnxmltools", "onnxruntime", "pandas", "skl2onnx", "sklearn", "vaderSentiment", "xgboost")


def main() -> int:
    """Installs what is pinned and proves that it can be imported together."""
    stamp = f"{sys.version_info.major}.{sys.version_info.minor} {hashlib.sha256(WANTED.read_bytes()).hexdigest()}"
    if STAMP.exists() and STAMP.read_text() == stamp:
        return 0
    if sys.version_info < (3, 11):
        print("the pinned versions need Python 3.11 or newer; set PYTHON", file=sys.stderr)
        return 1
    venv.create(VENV, with_pip=True, symlinks=True)
    python = VENV / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", WANTED], check=True)
    subprocess.run([python, "-c", f"import {', '.join(IMPORTS)}"], check=True)
    STAMP.write_text(stamp)
    return 0


if __name__ == "__main__":
    sys.exit(main())
