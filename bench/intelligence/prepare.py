#!/usr/bin/env python3
"""Writes the matrices that every trainer sees into `.local/bench-intelligence`; README.md describes the files."""

from __future__ import annotations

import argparse
import json
import sys

from bench.intelligence import retail, synthetic, tables, text

PREPARE = {name: lambda name=name: tables.prepare(name) for name in tables.TABLES} | {
    "or2": retail.prepare, "text": text.prepare, "scale": synthetic.prepare}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="*", choices=list(PREPARE), help="only these (default: all)")
    for name in parser.parse_args().data or PREPARE:
        folder = PREPARE[name]()
        if folder is not None and (folder / "meta.json").exists():
            meta = json.loads((folder / "meta.json").read_text())
            print(f"{meta['name']}: {meta['rows']} rows, {meta['blocks']} columns, mean of y {meta['mean_y']:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
