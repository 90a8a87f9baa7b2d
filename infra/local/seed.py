"""Tenants, users, API keys and webhook secrets of the local stack. Can be repeated: what is there is kept."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from common import ROOT, SECRETS_FILE, Problem, aws_env, read_json, say, step, write_json
from deploy import client

EMAIL_DOMAIN = "demo.example"
WEBHOOK_SOURCES = ("web", "stripe")


@dataclass(frozen=True)
class Tenant:
    """A tenant to seed. With `as_of` it is a sandbox whose clock stands still."""

    id: str
    name: str
    zone: str
    as_of: str | None = None


@dataclass(frozen=True)
class User:
    """A person who may sign in. The password is for this machine only and is printed."""

    email: str
    name: str
    role: str
    tenant: str

    @property
    def password(self) -> str:
        """A fixed password, so that a demo can be told to others."""
        return f"Try-{self.tenant}-{self.role}-2026"


TENANTS = (
    Tenant("demo", "Demo Co", "Europe/Berlin"),
    Tenant("retail", "Retail sandbox", "Europe/London", "2011-06-01T00:00:00Z"),
    Tenant("ravenstack", "RavenStack sandbox", "America/New_York", "2024-12-31T00:00:00Z"),
)

USERS = (
    User("admin@demo.example", "Ada Admin", "admin", "demo"),
    User("lead@demo.example", "Lena Lead", "lead", "demo"),
    User("csm@demo.example", "Carla Manager", "csm", "demo"),
    User("viewer@demo.example", "Vic Viewer", "viewer", "demo"),
    User("admin@retail.example", "Rita Retail", "admin", "retail"),
    User("admin@ravenstack.example", "Ravi Raven", "admin", "ravenstack"),
)


def seed(outputs: dict[str, str], tool: Path | None) -> dict:
    """Seeds everything; answers the keys and secrets for stack.json."""
    with step("Seeding tenants, users, API keys and webhook secrets", "a few seconds"):
        sender()
        people(outputs["UserPoolId"])
        if tool is None:
            say("    tools/admin is not there yet: no tenants, keys and secrets.")
            return {"api_keys": [], "webhook_secrets": []}
        return keys(outputs, tool)


def sender() -> None:
    """The sender of e-mails has to be verified, as on AWS."""
    mail = client("sesv2")
    try:
        mail.create_email_identity(EmailIdentity=EMAIL_DOMAIN)
    except mail.exceptions.AlreadyExistsException:
        pass


def people(pool: str) -> None:
    """The users, with permanent passwords, their tenant and their role's group."""
    cognito = client("cognito-idp")
    for user in USERS:
        attributes = [
            {"Name": "email", "Value": user.email},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "name", "Value": user.name},
            {"Name": "custom:tenant", "Value": user.tenant},
        ]
        try:
            cognito.admin_create_user(
                UserPoolId=pool, Username=user.email, UserAttributes=attributes, MessageAction="SUPPRESS")
        except cognito.exceptions.UsernameExistsException:
            cognito.admin_update_user_attributes(UserPoolId=pool, Username=user.email, UserAttributes=attributes)
        cognito.admin_set_user_password(UserPoolId=pool, Username=user.email, Password=user.password, Permanent=True)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=user.email, GroupName=user.role)


def keys(outputs: dict[str, str], tool: Path) -> dict:
    """Tenants, API keys and webhook secrets through the operators' tool.

    A key is shown only once, so the first ones are kept in .local/seed.json and belong to the table's identity: a new
    table (after its state was thrown away) gets new ones.
    """
    admin = Admin(tool, outputs)
    table = client("dynamodb").describe_table(TableName=outputs["TableName"])["Table"]
    identity = table.get("TableId") or str(table["CreationDateTime"])
    kept = read_json(SECRETS_FILE)
    if kept.get("table") != identity:
        kept = {"table": identity, "api_keys": [], "webhook_secrets": []}
    for tenant in TENANTS:
        pinned = ["--as-of", tenant.as_of] if tenant.as_of else []
        admin.run("tenant", "create", "--id", tenant.id, "--name", tenant.name, "--zone", tenant.zone, *pinned)
        if not any(key["tenant"] == tenant.id and key_lives(outputs["TableName"], key) for key in kept["api_keys"]):
            kept["api_keys"] = [key for key in kept["api_keys"] if key["tenant"] != tenant.id]
            kept["api_keys"].append(
                admin.run("key", "create", "--tenant", tenant.id, "--name", "local", "--scopes", "read,write,admin"))
        for source in WEBHOOK_SOURCES:
            known = next((s for s in kept["webhook_secrets"]
                          if (s["tenant"], s["source"]) == (tenant.id, source)), None)
            if known is None or not secret_lives(outputs["SecretPrefix"], known):
                kept["webhook_secrets"] = [s for s in kept["webhook_secrets"] if s is not known]
                kept["webhook_secrets"].append(
                    admin.run("webhook-secret", "create", "--tenant", tenant.id, "--source", source))
    write_json(SECRETS_FILE, kept)
    return {"api_keys": kept["api_keys"], "webhook_secrets": kept["webhook_secrets"]}


class Admin:
    """The operators' tool `copilot-admin`, which answers one line of JSON."""

    def __init__(self, tool: Path, outputs: dict[str, str]) -> None:
        self.tool = tool
        self.environment = {
            **aws_env(),
            "TABLE_NAME": outputs["TableName"],
            "DATA_BUCKET": outputs["DataBucket"],
            "SECRET_PREFIX": outputs["SecretPrefix"],
            "SCORE_QUEUE_URL": outputs["ScoreQueueUrl"],
            "INGEST_QUEUE_URL": outputs["IngestQueueUrl"],
        }

    def run(self, *words: str) -> dict:
        """Runs one command; a tenant that exists already is no error."""
        done = subprocess.run([str(self.tool), *words], env={**self.environment}, cwd=ROOT, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            if words[:2] == ("tenant", "create") and "exist" in (done.stderr + done.stdout).lower():
                return {}
            raise Problem(f"copilot-admin {' '.join(words[:2])} failed:\n{(done.stdout + done.stderr).strip()[-1500:]}")
        lines = done.stdout.strip().splitlines()
        return json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}


def key_lives(table: str, key: dict) -> bool:
    """Whether the table still knows an API key: it holds the key's SHA-256."""
    place = "KEY#" + hashlib.sha256(key["key"].encode()).hexdigest()
    found = client("dynamodb").get_item(TableName=table, Key={"pk": {"S": place}, "sk": {"S": "KEY"}})
    return "Item" in found


def secret_lives(prefix: str, known: dict) -> bool:
    """Whether Secrets Manager still holds a webhook secret."""
    try:
        client("secretsmanager").get_secret_value(SecretId=f"{prefix}{known['tenant']}/webhook/{known['source']}")
    except ClientError:
        return False
    return True
