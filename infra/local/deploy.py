"""Brings the stack of infra/template.yaml onto the local AWS with SAM, and reads what it has become."""

from __future__ import annotations

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from common import ENDPOINT, REGION, ROOT, STACK_NAME, VENV, architecture, aws_env, run, step

DEVELOPMENT_ORIGIN = "http://localhost:5173"
"""Where `npm run dev` serves the dashboard."""


def client(service: str):
    """A client of the local AWS."""
    return boto3.client(
        service, endpoint_url=ENDPOINT, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 5, "mode": "standard"}, s3={"addressing_style": "path"}))


def deploy() -> dict[str, str]:
    """Deploys and answers the stack's outputs. Deploying what is there already changes nothing."""
    remove_failed()
    with step("Deploying the stack with SAM", "about 10 s"):
        overrides = ["Stage=local", f"Architecture={architecture()}", f"LocalEndpoint={ENDPOINT}", "LogLevel=info",
                     # Demo, bench and browser tests send as fast as this machine takes it.
                     "RatePerMinute=60000"]
        run([VENV / "bin" / "sam", "deploy", "--config-file", ROOT / "samconfig.toml", "--config-env", "local",
             "--template-file", ROOT / "infra" / "template.yaml", "--parameter-overrides", *overrides],
            env={**aws_env(), "SAM_CLI_TELEMETRY": "0"}, quiet=True)
    found = outputs()
    allow_origins(found)
    return found


def remove_failed() -> None:
    """A stack whose first deployment failed cannot be updated, on AWS neither: it has to go."""
    cloudformation = client("cloudformation")
    try:
        status = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["StackStatus"]
    except ClientError:
        return
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"):
        with step(f"Removing a stack that did not come up ({status})"):
            cloudformation.delete_stack(StackName=STACK_NAME)
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=STACK_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def outputs() -> dict[str, str]:
    """The outputs of the deployed stack."""
    stack = client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def allow_origins(found: dict[str, str]) -> None:
    """MiniStack does not take an HTTP API's CORS settings from CloudFormation; the development server needs them."""
    client("apigatewayv2").update_api(
        ApiId=found["ApiId"],
        CorsConfiguration={
            "AllowOrigins": [ENDPOINT, DEVELOPMENT_ORIGIN],
            "AllowMethods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
            "AllowHeaders": ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match"],
            "ExposeHeaders": ["etag", "location", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id"],
            "MaxAge": 3600,
        })
