"""`make up`, `make status`, `make demo`, `make logs`: the local stack. Runs in .venv."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import build
import dashboard
import deploy
import seed
from common import ENDPOINT, LOCAL, REGION, ROOT, STACK_FILE, Problem, aws_env, read_json, run, say, step, write_json
from prerequisites import check_all
from server import Server

DEMO_LOADED = LOCAL / "demo-demo.json"
"""What the loader of the demo portfolio leaves behind."""
PAST_SCORED = LOCAL / "demo-past"
"""Names the load whose past weeks are scored."""
PAST_DAYS = 119
"""Days of the demo's history that are scored: usage of every day is told for two months before them, too."""
SAVED = LOCAL / "saved"
"""Names the table whose first load is safe in the saved state."""


def up(profile: str, demo: bool) -> None:
    """From nothing, or from anything in between, to the whole product."""
    begin = time.monotonic()
    check_all()
    build.bootstraps(profile)
    tool = build.admin_tool(profile)
    server = Server()
    server.start()
    outputs = deploy.deploy()
    seeded = seed.seed(outputs, tool)
    has_dashboard = dashboard.publish(outputs)
    write_json(STACK_FILE, stack_json(outputs, seeded))
    if demo and seeded["api_keys"]:
        load_demo(tool, outputs)
    if not SAVED.exists() or SAVED.read_text() != outputs["UserPoolId"]:
        with step("Saving the stack's state", "about 5 s"):
            server.stop()
            server.start()
            SAVED.write_text(outputs["UserPoolId"])
    farewell(outputs, has_dashboard, time.monotonic() - begin)


def stack_json(outputs: dict[str, str], seeded: dict) -> dict:
    """What other programs read: demo, bench, browser tests."""
    return {
        "api_url": outputs["ApiUrl"],
        "webhook_url": outputs["ApiUrl"],
        "dashboard_url": outputs["DashboardUrl"],
        "hosted_ui_url": outputs["SignInUrl"],
        "region": REGION,
        "endpoint_url": ENDPOINT,
        "user_pool_id": outputs["UserPoolId"],
        "client_id": outputs["UserPoolClientId"],
        "jwks_url": outputs["JwksUrl"],
        "users": [{"email": user.email, "password": user.password, "role": user.role, "tenant": user.tenant}
                  for user in seed.USERS],
        "api_keys": seeded["api_keys"],
        "webhook_secrets": seeded["webhook_secrets"],
        "inbox_url": f"{ENDPOINT}/_ministack/ses/messages",
        "table_name": outputs["TableName"],
        "data_bucket": outputs["DataBucket"],
        "dashboard_bucket": outputs["DashboardBucket"],
        "ingest_queue_url": outputs["IngestQueueUrl"],
        "score_queue_url": outputs["ScoreQueueUrl"],
        "notify_queue_url": outputs["NotifyQueueUrl"],
        "hooks_queue_url": outputs["HooksQueueUrl"],
        "train_queue_url": outputs["TrainQueueUrl"],
        "event_bus_name": outputs["EventBusName"],
        "secret_prefix": outputs["SecretPrefix"],
    }


def load_demo(tool: Path | None, outputs: dict[str, str]) -> None:
    """The generated portfolio, through the public endpoints, with its history of scores. What is there already is left unchanged."""
    loader = ROOT / "demo" / "load.py"
    if not loader.exists():
        say("==> No demo/load.py: no demo data.")
        return
    with step("Loading the demo portfolio through the public endpoints", "a few minutes the first time; DEMO=0 leaves it out"):
        run([sys.executable, loader, "--stack", STACK_FILE])
    loaded = DEMO_LOADED.read_text() if DEMO_LOADED.exists() else ""
    if tool is None or (PAST_SCORED.exists() and PAST_SCORED.read_text() == loaded):
        return
    with step("Scoring the demo portfolio's past weeks from what was known then", "about half a minute"):
        seed.Admin(tool, outputs).run("backfill", "--tenant", "demo", "--days", str(PAST_DAYS), "--every", "7")
        wait_until_empty(outputs["ScoreQueueUrl"])
        PAST_SCORED.write_text(loaded)


def wait_until_empty(queue: str, timeout: float = 900) -> None:
    """Waits until a queue has nothing waiting and nothing in flight, three times in a row: the numbers are approximate."""
    sqs = deploy.client("sqs")
    end = time.monotonic() + timeout
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    empty = 0
    while empty < 3:
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        left = sum(int(found[name]) for name in names)
        empty = 0 if left else empty + 1
        if time.monotonic() > end:
            raise Problem(f"The score queue still holds {left} messages; `make logs FN=score` says why.")
        time.sleep(1)


def farewell(outputs: dict[str, str], has_dashboard: bool, seconds: float) -> None:
    """Where to go now."""
    say(f"\nThe stack is up ({seconds:.0f} s).\n")
    if has_dashboard:
        say(f"  Dashboard  {outputs['DashboardUrl']}")
    for user in seed.USERS[:3]:
        say(f"  Login      {user.email}  {user.password}  ({user.role})")
    say(f"  API        {outputs['ApiUrl']}/v1")
    say(f"  Inbox      {ENDPOINT}/_ministack/ses/messages")
    say(f"  Keys       {STACK_FILE.relative_to(ROOT)}\n\n  `make down` stops it and keeps its data; `make logs FN=api` shows a function's log.")


def status() -> None:
    """Whether it runs, and how full the queues are."""
    server = Server()
    if not server.healthy():
        raise Problem("The stack is not running. `make up` starts it.")
    say(f"MiniStack runs on {server.endpoint} (process {server.pid() or 'not ours'}).")
    stack = read_json(STACK_FILE)
    sqs = deploy.client("sqs")
    for name in ("ingest", "score", "notify", "hooks", "train"):
        for suffix in ("", "-dlq"):
            url = stack[f"{name}_queue_url"] + suffix
            found = sqs.get_queue_attributes(
                QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"])
            waiting, flying = (int(found["Attributes"][key]) for key in (
                "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"))
            say(f"  {name + suffix:12} {waiting:6} waiting {flying:6} in flight")


def redrive(name: str) -> None:
    """Sends the dead letters of a queue back to it."""
    sqs = deploy.client("sqs")
    queue = read_json(STACK_FILE)[f"{name}_queue_url"]
    moved = 0
    while messages := sqs.receive_message(QueueUrl=queue + "-dlq", MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages"):
        for message in messages:
            sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=queue + "-dlq", ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    say(f"{moved} messages went back to {name}.")


def logs(function: str, minutes: int) -> None:
    """Prints a function's log of the last minutes, oldest first."""
    found = deploy.client("logs").get_paginator("filter_log_events").paginate(
        logGroupName=f"/copilot/local/{function}", startTime=int((time.time() - 60 * minutes) * 1000))
    events = sorted((event for page in found for event in page["events"]), key=lambda event: event["timestamp"])
    for event in events:
        say(event["message"].rstrip("\n"))
    if not events:
        say(f"No log of {function} in the last {minutes} minutes.")


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    bring = commands.add_parser("up")
    bring.add_argument("--profile", default=os.environ.get("PROFILE") or "release")
    bring.add_argument("--demo", default=os.environ.get("DEMO") or "1")
    commands.add_parser("status")
    commands.add_parser("demo")
    commands.add_parser("build").add_argument("--profile", default=os.environ.get("PROFILE") or "release")
    commands.add_parser("redrive").add_argument("queue", choices=("ingest", "score", "notify", "hooks", "train"))
    show = commands.add_parser("logs")
    show.add_argument("function")
    show.add_argument("--minutes", type=int, default=15)
    arguments = parser.parse_args()
    os.environ.update(aws_env())
    try:
        match arguments.command:
            case "up":
                up(arguments.profile, arguments.demo not in ("0", "no", "false"))
            case "status":
                status()
            case "demo":
                load_demo(build.admin_tool(os.environ.get("PROFILE") or "release"), deploy.outputs())
            case "build":
                build.bootstraps(arguments.profile)
            case "redrive":
                redrive(arguments.queue)
            case "logs":
                logs(arguments.function, arguments.minutes)
    except Problem as problem:
        sys.exit(f"\n{arguments.command}: {problem}")
    except KeyboardInterrupt:
        sys.exit(f"\n{arguments.command}: interrupted; it can be run again at any time")


if __name__ == "__main__":
    main()
