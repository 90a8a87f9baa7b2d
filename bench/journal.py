"""Remembers which batches are through, so that a long load goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Journal:
    """Numbers of finished batches of one kind, for one stack and one content."""

    def __init__(self, folder: Path, tenant: str, kind: str, stack: str, lists: Sequence[Sequence[dict[str, Any]]], *, fresh: bool = False) -> None:
        digest = hashlib.sha256(stack.encode())
        for batch in lists:
            digest.update(json.dumps([len(batch), batch[0], batch[-1]], sort_keys=True).encode())
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{tenant}-{kind}-{digest.hexdigest()[:12]}.done"
        if fresh:
            self._path.unlink(missing_ok=True)
        self._lock = threading.Lock()
        try:
            self.done = {int(line) for line in self._path.read_text(encoding="utf-8").split()}
        except FileNotFoundError:
            self.done = set()

    def mark(self, number: int) -> None:
        """Batch `number` is through."""
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(f"{number}\n")
