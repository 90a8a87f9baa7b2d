#!/usr/bin/env python3
"""Fits every peer on every data set and writes what it says about the rows it was not shown.

Each peer runs in a process of its own, one after the other: memory is that of the process, CPU time that of fitting and
predicting, without the imports. What is written is said in README.md; ours are written by the Rust side in the same form.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.intelligence.files import FIT, ROOT, STOP, TEST, DataSet, open_data, prepared, write_array, write_json
from bench.intelligence.trainers import LEARNERS, NBD, REVENUE, RULES, TRAINERS

# Everything that counts threads in its own way.
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")}
BOOSTERS = [name for name in LEARNERS if name != "logreg"]
TABLE = [(peer, "x") for peer in LEARNERS]
LOG = [*((peer, "x") for peer in (*LEARNERS, *RULES)), *((peer, "nbd") for peer in NBD), *((peer, "x+nbd") for peer in BOOSTERS)]
SPEND = [(peer, "x") for peer in (*BOOSTERS, *REVENUE)]
SCALE = [(peer, "x") for peer in ("lightgbm", "xgboost")]


def usual(data: DataSet) -> list[tuple[str, str]]:
    """The peers of a data set, each with the columns that it is given."""
    if data.name == "scale":
        return SCALE
    return TABLE if "log" not in data.meta else SPEND if data.meta["task"] == "regression" else LOG


def file_name(peer: str, matrix: str) -> str:
    """`lightgbm` on the first block, `lightgbm+nbd` on two, `lightgbm@product` on another one."""
    return peer + matrix[1:] if matrix == "x" or matrix.startswith("x+") else peer if peer in NBD else f"{peer}@{matrix}"


def plan(sets: list[DataSet], matrix: str | None, peers: list[str] | None) -> Iterator[tuple[str, str, str]]:
    """Data set, peer and matrix of each run. A matrix named on the command line is given to the learners of each data set."""
    for data in sets:
        for peer, given in usual(data) if matrix is None else [(peer, matrix) for peer in LEARNERS]:
            if peers is None or peer in peers:
                yield data.name, peer, given


def peak_rss_mb() -> float:
    """The most memory this process ever held. `ru_maxrss` would count what the parent held before it became this one."""
    status = Path("/proc/self/status")
    if status.exists():
        kilobytes = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return kilobytes / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def run(name: str, peer: str, matrix: str) -> None:
    """Fits one peer on all splits of a data set, in this process."""
    data = open_data(name)
    assert data is not None
    rows, roles = data.load(matrix), data.roles
    weekly = open_data(f"{name}weekly")
    # Once on next to nothing, so that the import is over before the clock starts.
    few = rows.take(np.arange(len(rows.y)) < 2_000)
    TRAINERS[peer](data.meta["task"], few, few)
    answers, cpu, wall, trees = np.full(data.rows, np.nan), [], [], []
    for role in roles:
        began, began_wall = time.process_time(), time.monotonic()
        model = TRAINERS[peer](data.meta["task"], rows.take(role == FIT), rows.take(role == STOP))
        answers[role == TEST] = model.predict(rows.take(role == TEST))
        cpu.append(time.process_time() - began)
        wall.append(time.monotonic() - began_wall)
        trees.append(model.trees)
        if weekly is not None and all((weekly.folder / f"{block}.f32").exists() for block in matrix.split("+")):
            write_array(weekly.folder / f"{file_name(peer, matrix)}.pred", model.predict(weekly.load(matrix)), "<f8")
    if data.meta["task"] == "regression":
        answers = np.expm1(answers)
    out = data.folder / file_name(peer, matrix)
    write_array(Path(f"{out}.pred"), answers, "<f8")
    write_json(Path(f"{out}.cost.json"), {"cpu_s": float(np.mean(cpu)), "wall_s": float(np.mean(wall)), "peak_rss_mb": peak_rss_mb(), "threads": 1,
                                         "trees": trees})  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="*", metavar="NAME", help="only these data sets (default: all that prepare has written)")
    parser.add_argument("--without", nargs="*", metavar="NAME", default=[], help="all but these")
    parser.add_argument("--peers", nargs="*", choices=list(TRAINERS), help="only these peers (default: all)")
    parser.add_argument("--matrix", help="other columns than the usual, for the learners: `product`, `product+nbd`")
    parser.add_argument("--one", nargs=3, metavar=("DATA", "PEER", "MATRIX"), help="fit in this process (what the others are started with)")
    options = parser.parse_args()
    if options.one:
        run(*options.one)
        return 0
    for name in options.data or ():
        if open_data(name) is None:
            print(f"skipped: {name} (prepare.py has not written the data set)")
    failed = 0
    sets = [data for data in prepared() if data.name not in options.without and (options.data is None or data.name in options.data)]
    for name, peer, matrix in plan(sets, options.matrix, options.peers):
        began = time.monotonic()
        command = [sys.executable, "-W", "ignore", "-m", "bench.intelligence.peers", "--one", name, peer, matrix]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | ONE_THREAD).returncode
        failed += done != 0
        print(f"{name} {file_name(peer, matrix)}: {'failed' if done else 'done'} in {time.monotonic() - began:.1f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
