"""`make down` and `make reset`. Standard library only, so that it stops what runs even when .venv is gone."""

from __future__ import annotations

import argparse
import sys

from common import LOCAL, STACK_FILE, Problem, say, step
from server import Server


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forget", action="store_true", help="throw the data away")
    forget = parser.parse_args().forget
    server = Server()
    try:
        with step("Stopping MiniStack and saving its state", "about 2 s"):
            if not server.stop():
                say("    It was not running.")
    except Problem as problem:
        sys.exit(f"\ndown: {problem}")
    if forget:
        server.forget()
        for path in (STACK_FILE, LOCAL / "saved", LOCAL / "seed.json"):
            path.unlink(missing_ok=True)
        say("    Its data is gone.")


if __name__ == "__main__":
    main()
