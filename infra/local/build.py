"""Builds the bootstraps into .local/lambda/<function>/bootstrap, where the template looks for them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from common import FUNCTIONS, LAMBDA_DIR, ROOT, Problem, architecture, run, step, tool_path


ADMIN = "copilot-admin"


def target_dir() -> Path:
    """Where cargo puts what it builds."""
    out = run(["cargo", "metadata", "--no-deps", "--format-version", "1"], quiet=True, env={"CARGO_TERM_QUIET": "true"})
    return Path(json.loads(out[out.index("{"):])["target_directory"])


def release(arch: str) -> None:
    """The bootstraps as they go to AWS: optimised, against Amazon Linux's glibc.

    Built for this machine's own kind of processor, the operators' tool comes with them: by itself it would compile the
    AWS SDK once more.
    """
    flags = ["--arm64"] if arch == "arm64" else ["--x86-64"]
    names = [*FUNCTIONS, *([ADMIN] if arch == architecture() and (ROOT / "tools" / "admin").exists() else [])]
    packages = [word for name in names for word in ("-p", name)]
    with step(f"Building the {len(FUNCTIONS)} functions for {arch} with cargo lambda",
              "first time 5 to 15 min, then seconds"):
        LAMBDA_DIR.mkdir(parents=True, exist_ok=True)
        run(["cargo", "lambda", "build", "--release", "--locked", *flags, "--lambda-dir", LAMBDA_DIR, *packages],
            env={"PATH": tool_path(), **zig_env()})


def zig_env() -> dict[str, str]:
    """cargo-lambda links with zig, which does not know the mold of .cargo/config.toml: RUSTFLAGS takes its place."""
    return {"RUSTFLAGS": os.environ.get("RUSTFLAGS", "")}


def quick(tests: bool) -> None:
    """The bootstraps for this machine only, unoptimised: the quick way while developing.

    With `tests` the Rust tests are built beside them: what `cargo nextest` has compiled is taken as it is, since the
    features of the dependencies are the same then.
    """
    with step("Building the functions for this machine, unoptimised (PROFILE=dev)", "first time 5 min, then seconds"):
        # The whole workspace: packages built by themselves would compile the AWS SDK again with other features.
        run(["cargo", "build", "--locked", "--workspace", "--bins", *(["--tests"] if tests else [])])
        built = target_dir() / "debug"
        for name in FUNCTIONS:
            place = LAMBDA_DIR / name / "bootstrap"
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary = place.with_suffix(".new")
            shutil.copy2(built / name, temporary)
            temporary.replace(place)


def bootstraps(profile: str, arch: str | None = None) -> None:
    """Builds all functions; profile is `release`, `dev`, `tests` (dev, on the build of the tests), or
    `kept` for what an earlier build left."""
    if profile == "release":
        release(arch or architecture())
    elif profile in ("dev", "tests"):
        quick(tests=profile == "tests")
    elif profile != "kept":
        raise Problem(f"PROFILE is `release`, `dev`, `tests` or `kept`, not `{profile}`.")
    for name in FUNCTIONS:
        if not (LAMBDA_DIR / name / "bootstrap").exists():
            raise Problem(f"The build left no {LAMBDA_DIR.relative_to(ROOT)}/{name}/bootstrap.")


def admin_tool(profile: str) -> Path | None:
    """The operators' tool `copilot-admin`, built for this machine, when the project has it."""
    beside = LAMBDA_DIR / ADMIN / "bootstrap"
    if profile not in ("dev", "tests") and beside.exists():
        return beside
    built = target_dir() / "debug" / ADMIN
    if profile != "release" and built.exists():
        return built
    if not (ROOT / "tools" / "admin" / "Cargo.toml").exists():
        return None
    with step("Building the operators' tool copilot-admin", "first time 2 min, then a second"):
        run(["cargo", "build", "--locked", "-p", ADMIN])
    return built
