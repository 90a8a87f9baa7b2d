"""Builds the dashboard and puts it into its bucket, with a config.json that says where everything is."""

from __future__ import annotations

import json
import mimetypes
import os
from pathlib import Path

from common import LOCAL, REGION, ROOT, digest, put_stamp, run, say, stamped, step
from deploy import client

SOURCE = ROOT / "dashboard"
BUILT = SOURCE / "dist"
INPUTS = ("src", "public")


def publish(outputs: dict[str, str]) -> bool:
    """Builds when something changed, uploads what differs. Answers whether there is a dashboard."""
    if not (SOURCE / "package.json").exists():
        say("==> No dashboard/package.json: the dashboard is left out.")
        return False
    build()
    with step("Uploading the dashboard", "about a second"):
        upload(outputs["DashboardBucket"], config(outputs))
    return True


def build() -> None:
    """`npm run build`, skipped when no input changed."""
    files = sorted(path for name in INPUTS for path in (SOURCE / name).rglob("*") if path.is_file())
    files += sorted(path for path in SOURCE.iterdir() if path.is_file())
    key, stamp = digest(*files) + str(len(files)), LOCAL / "stamps" / "dashboard"
    if stamped(stamp, key) and (BUILT / "index.html").exists():
        return
    with step("Building the dashboard", "about 20 s"):
        run(["npm", "run", "build"], cwd=SOURCE, quiet=not os.environ.get("VERBOSE"))
        put_stamp(stamp, key)


def config(outputs: dict[str, str]) -> dict[str, str]:
    """What the dashboard has to know about its stack."""
    return {
        "api_url": outputs["ApiUrl"],
        "hosted_ui": outputs["SignInUrl"],
        "client_id": outputs["UserPoolClientId"],
        "user_pool_id": outputs["UserPoolId"],
        "redirect_uri": outputs["DashboardUrl"],
        "region": REGION,
    }


def upload(bucket: str, settings: dict[str, str]) -> None:
    """Puts the built files, then index.html last, so that nobody sees a page whose parts are not there yet."""
    s3 = client("s3")
    files = [path for path in sorted(BUILT.rglob("*")) if path.is_file() and path.name not in ("config.json", "index.html")]
    for path in files:
        put(s3, bucket, path.relative_to(BUILT).as_posix(), path.read_bytes(), path)
    s3.put_object(Bucket=bucket, Key="config.json", Body=json.dumps(settings, indent=2).encode(),
                  ContentType="application/json", CacheControl="no-cache")
    index = BUILT / "index.html"
    put(s3, bucket, "index.html", index.read_bytes(), index)


def put(s3, bucket: str, key: str, body: bytes, path: Path) -> None:
    """One file, with its type; files whose name holds a hash may be kept for ever."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind in ("application/javascript", "application/json"):
        kind += "; charset=utf-8"
    lasting = "public, max-age=31536000, immutable" if key.startswith("assets/") else "no-cache"
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind, CacheControl=lasting)
