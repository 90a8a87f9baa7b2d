"""`make deploy STAGE=dev|prod`: builds for the stage's processor, deploys with SAM, publishes the dashboard."""

from __future__ import annotations

import argparse
import json
import mimetypes
import sys

import boto3

import build
import dashboard
from common import ROOT, VENV, Problem, run, say, step
from prerequisites import check_all


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", choices=("dev", "prod"), required=True)
    stage = parser.parse_args().stage
    try:
        check_all()
        deploy(stage)
    except Problem as problem:
        sys.exit(f"\ndeploy: {problem}")


def deploy(stage: str) -> None:
    """The whole way."""
    build.bootstraps("release", "arm64")
    with step(f"Deploying copilot-{stage} to AWS with SAM", "first time about 10 min, most of it CloudFront"):
        run([VENV / "bin" / "sam", "deploy", "--config-file", ROOT / "samconfig.toml", "--config-env", stage,
             "--template-file", ROOT / "infra" / "template.yaml"], env={"SAM_CLI_TELEMETRY": "0"})
    session = boto3.Session()
    stack = session.client("cloudformation").describe_stacks(StackName=f"copilot-{stage}")["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    if (dashboard.SOURCE / "package.json").exists():
        dashboard.build()
        with step("Uploading the dashboard", "a few seconds"):
            publish(session, outputs)
    say(f"\n  Dashboard  {outputs['DashboardUrl']}\n  API        {outputs['ApiUrl']}/v1\n"
        "  First tenant and users: docs/runbook.md, First steps.")


def publish(session: boto3.Session, outputs: dict[str, str]) -> None:
    """Files, config.json, index.html, then the cache is told."""
    s3, bucket = session.client("s3"), outputs["DashboardBucket"]
    files = [path for path in sorted(dashboard.BUILT.rglob("*")) if path.is_file()]
    files.sort(key=lambda path: path.name == "index.html")
    for path in files:
        if path.name != "config.json":
            dashboard.put(s3, bucket, path.relative_to(dashboard.BUILT).as_posix(), path.read_bytes(), path)
    settings = {**dashboard.config(outputs), "region": session.region_name}
    s3.put_object(Bucket=bucket, Key="config.json", Body=json.dumps(settings, indent=2).encode(),
                  ContentType=mimetypes.types_map[".json"], CacheControl="no-cache")
    session.client("cloudfront").create_invalidation(
        DistributionId=outputs["DistributionId"],
        InvalidationBatch={"Paths": {"Quantity": 2, "Items": ["/index.html", "/config.json"]},
                           "CallerReference": str(s3.head_object(Bucket=bucket, Key="index.html")["LastModified"])})


if __name__ == "__main__":
    main()
