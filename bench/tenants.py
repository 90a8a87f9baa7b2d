#!/usr/bin/env python3
"""Tenants, API keys and webhook secrets for the runs, made with the operators' tool `copilot-admin`.

A key may make 600 requests a minute, so each client of a run has a key of its own. What was made is kept beside
stack.json in `bench/tenants.json`, by the stack it belongs to.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo.client import Client, Stack  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Access:
    """What a run needs to speak for a tenant."""

    tenant: str
    keys: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)


class Admin:
    """The operators' tool against a local stack."""

    def __init__(self, stack: Stack, stack_file: str | Path, tool: str | None = None) -> None:
        self._stack = stack
        self._tool = Path(tool) if tool else find_tool()
        self._file = Path(stack_file).parent / "bench" / "tenants.json"

    def run(self, *words: str) -> dict[str, Any]:
        """Runs one command and reads its line of JSON."""
        data = self._stack.data
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": str(data["endpoint_url"]),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": str(data["region"]),
            "AWS_EC2_METADATA_DISABLED": "true",
            "TABLE_NAME": str(data["table_name"]),
            "DATA_BUCKET": str(data["data_bucket"]),
            "SECRET_PREFIX": str(data["secret_prefix"]),
        }
        done = subprocess.run([str(self._tool), *words], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"copilot-admin {' '.join(words[:2])} failed: {(done.stderr or done.stdout).strip()[-800:]}")
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))

    def clock(self, tenant: str, name: str, as_of: str | None, zone: str = "UTC") -> None:
        """Makes the tenant, or sets its name, zone and pinned clock."""
        pinned = ["--as-of", as_of] if as_of else []
        self.run("tenant", "create", "--id", tenant, "--name", name, "--zone", zone, *pinned)

    def access(self, tenant: str, keys: int, sources: tuple[str, ...] = ()) -> Access:
        """So many keys and the secrets of these sources; made where they are missing."""
        kept = _read(self._file)
        mark = self._stack.fingerprint()
        entry = kept.setdefault(mark, {}).setdefault(tenant, {"keys": [], "secrets": {}})
        while len(entry["keys"]) < keys:
            made = self.run("key", "create", "--tenant", tenant, "--name", f"bench-{len(entry['keys'])}", "--scopes", "read,write,admin")
            entry["keys"].append(made["key"])
        for source in sources:
            if source not in entry["secrets"]:
                known = self._stack.webhook_secret(tenant, source)
                entry["secrets"][source] = known or self.run("webhook-secret", "create", "--tenant", tenant, "--source", source)["secret"]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps({mark: kept[mark]}, indent=1) + "\n", encoding="utf-8")
        return Access(tenant, list(entry["keys"][:keys]), {source: entry["secrets"][source] for source in sources})


def find_tool() -> Path:
    """`copilot-admin` where the release build or cargo puts it."""
    beside = ROOT / ".local" / "lambda" / "copilot-admin" / "bootstrap"
    if beside.exists():
        return beside
    targets = [Path(os.environ["CARGO_TARGET_DIR"])] if os.environ.get("CARGO_TARGET_DIR") else []
    for folder in [*targets, ROOT / "target"]:
        for profile in ("release", "debug"):
            if (folder / profile / "copilot-admin").exists():
                return folder / profile / "copilot-admin"
    raise SystemExit("copilot-admin is not built: run `cargo build -p copilot-admin`, or name it with --admin")


def client(stack: Stack, access: Access) -> Client:
    """A client whose threads take turns with the keys."""
    return Client(str(stack.data["api_url"]), access.keys)


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default=".local/stack.json", help="what `make up` wrote (default .local/stack.json)")
    parser.add_argument("--admin", help="path of copilot-admin (default: where cargo puts it)")
    parser.add_argument("--id", required=True, help="tenant to make or change")
    parser.add_argument("--name", required=True, help="its name")
    parser.add_argument("--zone", default="UTC", help="its zone (default UTC)")
    parser.add_argument("--as-of", help="pin its clock to this instant")
    options = parser.parse_args()
    admin = Admin(Stack.read(options.stack), options.stack, options.admin)
    admin.clock(options.id, options.name, options.as_of, options.zone)
    print(f"{options.id}: ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
