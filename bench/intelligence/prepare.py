#!/usr/bin/env python3
"""Writes the matrices that every trainer sees into `.local/bench-intelligence`; README.md describes the files."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.intelligence import cdnow, retail, synthetic, tables, text
from bench.intelligence.files import prepared


def known() -> dict[str, Callable[[], Path | None]]:
    """How each data set is written: those that the project names, and what else lies in `data/`."""
    found: dict[str, Callable[[], Path | None]] = {name: partial(tables.prepare, name) for name in tables.TABLES}
    found |= {"or2": retail.prepare, "text": text.prepare, "scale": synthetic.prepare}
    found |= {name: partial(tables.write, name, *how) for name, how in tables.further().items()}
    log = cdnow.found()
    return found | ({} if log is None else {"cdnow": partial(cdnow.prepare, log)})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="*", metavar="NAME", help="only these (default: all)")
    parser.add_argument("--without", nargs="*", metavar="NAME", default=[], help="all but these")
    parser.add_argument("--names", action="store_true", help="only list what is written and can be fitted")
    options = parser.parse_args()
    if options.names:
        print("\n".join(data.name for data in prepared()))
        return 0
    ways = known()
    if unknown := sorted({*(options.data or ()), *options.without} - set(ways)):
        parser.error(f"no data set {', '.join(unknown)}; there are {', '.join(ways)}")
    for name in options.data or [name for name in ways if name not in options.without]:
        folder = ways[name]()
        if folder is not None and (folder / "meta.json").exists():
            meta = json.loads((folder / "meta.json").read_text())
            print(f"{meta['name']}: {meta['rows']} rows, {meta['blocks']} columns, mean of y {meta['mean_y']:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
