"""Drives a CSV import as the wizard does: announce, upload, preview, map, start, wait."""

from __future__ import annotations

import http.client
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.client import ApiError, Client

DONE = ("succeeded", "succeeded_with_errors", "failed")


@dataclass
class Imported:
    """How an import ended, or the code with which it was refused."""

    refused: str | None
    result: dict[str, Any]
    seconds: float

    @property
    def text(self) -> str:
        """For the table."""
        if self.refused:
            return f"refused: {self.refused}"
        done = {key: self.result.get(key) for key in ("status", "created", "updated", "unchanged", "errors")}
        first = (self.result.get("first_errors") or [{}])[0]
        more = f", line {first.get('line')} {first.get('code')}" if first else ""
        problem = f", {self.result['problem']}" if self.result.get("problem") else ""
        return ", ".join(f"{k} {v}" for k, v in done.items() if v) + more + problem


def upload(address: str, headers: dict[str, str], data: bytes | Path) -> None:
    """Puts a file to the address that the API gave; one on disk is never held in memory."""
    parts = urllib.parse.urlsplit(address)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if isinstance(data, Path):
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        name = parts.hostname or "localhost"
        connection = kind("127.0.0.1" if name == "localhost" else name, parts.port, timeout=1_800, blocksize=1 << 20)
        with data.open("rb") as file:
            connection.request("PUT", path, body=file, headers={"Host": parts.netloc, **headers, "Content-Length": str(data.stat().st_size)})
            response = connection.getresponse()
            status, body = response.status, response.read()
        connection.close()
    else:
        answer = Client(f"{parts.scheme}://{parts.netloc}", None, timeout=600).raw("PUT", path, data, headers)
        status, body = answer.status, answer.body
    if status not in (200, 204):
        raise RuntimeError(f"the upload was answered {status}: {body[:300]!r}")


def run(api: Client, kind: str, name: str, data: bytes | Path, *, source: str = "api", dry_run: bool = False, timeout: float = 3_600,
        mapping: Callable[[dict[str, Any]], dict[str, str | None]] | None = None,
        watch: Callable[[dict[str, Any]], None] = lambda _: None) -> Imported:  # fmt: skip
    """One import from beginning to end. Columns go to the fields that the preview suggests, unless told otherwise.

    `watch` sees the import every second while it runs. The seconds told are those of all, from the announcement on.
    """
    begin = time.monotonic()
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    try:
        ticket = api.call("POST", "/v1/imports", {"kind": kind, "filename": name, "size_bytes": size, "source": source})
        upload(ticket["upload_url"], dict(ticket.get("upload_headers") or {}), data)
        path = f"/v1/imports/{ticket['id']}"
        preview = _preview(api, path, time.monotonic() + 60)
        chosen = mapping(preview) if mapping else {c["name"]: c.get("suggested_field") for c in preview["columns"]}
        api.call("POST", f"{path}/start", {"mapping": chosen, "dry_run": dry_run})
        while True:
            found = api.call("GET", path)
            watch(found)
            if found["status"] in DONE:
                return Imported(None, found, time.monotonic() - begin)
            if time.monotonic() - begin > timeout:
                return Imported("still running", found, time.monotonic() - begin)
            time.sleep(1)
    except ApiError as error:
        fields = [str(field.get("code")) for field in error.problem.get("errors") or []]
        return Imported(" ".join([error.code, *fields]), {"problem": error.problem.get("detail")}, time.monotonic() - begin)


def _preview(api: Client, path: str, until: float) -> dict[str, Any]:
    """The preview, as soon as the upload has been noticed."""
    while True:
        try:
            return dict(api.call("GET", f"{path}/preview"))
        except ApiError as error:
            if error.status not in (404, 409) or time.monotonic() > until:
                raise
            time.sleep(0.5)
