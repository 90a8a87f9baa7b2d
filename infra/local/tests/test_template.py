"""What the template promises: rights, alarms, dead letters, and a sample event for every function."""

import json
import re
import unittest
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

from common import FUNCTIONS

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = yaml_parse((ROOT / "infra" / "template.yaml").read_text())
RESOURCES = TEMPLATE["Resources"]
ANY_RESOURCE = {"Traces"}
"""Statements that cannot name a resource: AWS offers none for them."""


def of_type(kind: str) -> dict:
    """The resources of a type."""
    return {name: resource for name, resource in RESOURCES.items() if resource["Type"] == kind}


def words(value: object) -> list[str]:
    """One or several strings as a list."""
    return [value] if isinstance(value, str) else list(value)


class Rights(unittest.TestCase):
    """One role a function, with only its actions on its resources."""

    def statements(self, role: str) -> list[dict]:
        return [statement for policy in RESOURCES[role]["Properties"]["Policies"]
                for statement in policy["PolicyDocument"]["Statement"]]

    def test_every_function_has_a_role_of_its_own(self) -> None:
        functions = of_type("AWS::Serverless::Function")
        self.assertEqual(sorted(name.removesuffix("Function").lower() for name in functions), sorted(FUNCTIONS))
        for name, function in functions.items():
            role = name.removesuffix("Function") + "Role"
            self.assertIn(role, json.dumps(function["Properties"]["Role"]))
            self.assertNotIn("Policies", function["Properties"])
            self.assertNotIn("ManagedPolicyArns", RESOURCES[role]["Properties"])

    def test_no_right_is_wider_than_it_must_be(self) -> None:
        for role in of_type("AWS::IAM::Role"):
            for statement in self.statements(role):
                self.assertEqual(statement["Effect"], "Allow")
                for action in words(statement["Action"]):
                    self.assertNotIn("*", action, f"{role}: {action}")
                    self.assertNotEqual(action, "dynamodb:Scan", f"{role} may not scan")
                if statement.get("Sid") not in ANY_RESOURCE:
                    self.assertNotEqual(statement["Resource"], "*", f"{role}: {statement}")

    def test_each_function_gets_the_variables_that_it_reads_and_no_others(self) -> None:
        everywhere = set(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"])
        for name, function in of_type("AWS::Serverless::Function").items():
            given = set(function["Properties"].get("Environment", {}).get("Variables", {}))
            sources = (ROOT / "functions" / name.removesuffix("Function").lower() / "src").rglob("*.rs")
            text = "".join(source.read_text().split("#[cfg(test)]")[0] for source in sources)
            needed = set(re.findall(r'\.required\(\s*"(\w+)"', text))
            read = needed | set(re.findall(r'\.(?:optional|parsed|parsed_or|secret)(?:::<\w+>)?\(\s*"(\w+)"', text))
            self.assertLessEqual(needed, given | everywhere, f"{name} needs variables that the template does not set")
            self.assertLessEqual(given, read, f"{name} is given variables that it does not read")

    def test_the_webhook_can_only_write_raw_deliveries_and_read_its_secrets(self) -> None:
        actions = {action for statement in self.statements("WebhookRole") for action in words(statement["Action"])}
        self.assertEqual(actions, {
            "logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords",
            "kms:Decrypt", "kms:GenerateDataKey", "s3:PutObject", "secretsmanager:GetSecretValue"})


class Queues(unittest.TestCase):
    """Nothing lost."""

    def test_every_queue_has_dead_letters_an_alarm_and_time_enough(self) -> None:
        alarmed = json.dumps([alarm["Properties"]["Dimensions"] for alarm in of_type("AWS::CloudWatch::Alarm").values()])
        for name, queue in of_type("AWS::SQS::Queue").items():
            self.assertIn("KmsMasterKeyId", queue["Properties"], name)
            if name.endswith("DeadLetters"):
                self.assertIn(name, alarmed)
                continue
            self.assertEqual(queue["Properties"]["RedrivePolicy"]["maxReceiveCount"], 5)
            source = RESOURCES[name.removesuffix("Queue") + "Source"]["Properties"]
            self.assertIn(name, json.dumps(source["EventSourceArn"]))
            function = RESOURCES[str(source["FunctionName"]["Ref"])]
            self.assertEqual(queue["Properties"]["VisibilityTimeout"], 6 * function["Properties"]["Timeout"])

    def test_every_source_reports_partial_failures(self) -> None:
        for name, source in of_type("AWS::Lambda::EventSourceMapping").items():
            self.assertEqual(source["Properties"]["FunctionResponseTypes"], ["ReportBatchItemFailures"], name)


class Data(unittest.TestCase):
    """What must never be left open."""

    def test_buckets_are_private_encrypted_and_tls_only(self) -> None:
        for name in ("DataBucket", "DashboardBucket"):
            self.assertIn("BucketEncryption", RESOURCES[name]["Properties"])
            policy = json.dumps(RESOURCES[f"{name}Policy"]["Properties"]["PolicyDocument"])
            self.assertIn("aws:SecureTransport", policy)
        self.assertEqual(set(RESOURCES["DataBucket"]["Properties"]["PublicAccessBlockConfiguration"].values()), {True})

    def test_the_table_has_what_the_keys_module_expects(self) -> None:
        table = RESOURCES["Table"]["Properties"]
        self.assertEqual([index["IndexName"] for index in table["GlobalSecondaryIndexes"]], [f"gsi{i}" for i in range(1, 7)])
        self.assertEqual(table["TimeToLiveSpecification"], {"AttributeName": "ttl", "Enabled": True})
        self.assertTrue(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"])

    def test_a_user_cannot_change_his_tenant(self) -> None:
        client = RESOURCES["UserPoolClient"]["Properties"]
        self.assertIn("custom:tenant", client["ReadAttributes"])
        self.assertNotIn("custom:tenant", client["WriteAttributes"])
        self.assertFalse(client["GenerateSecret"])
        self.assertEqual(client["AllowedOAuthFlows"], ["code"])


class Events(unittest.TestCase):
    """events/."""

    def test_every_function_has_a_sample_and_all_are_json(self) -> None:
        files = sorted((ROOT / "events").glob("*.json"))
        for file in files:
            json.loads(file.read_text())
        for function in FUNCTIONS:
            self.assertTrue(any(re.match(rf"{function}-", file.name) for file in files), function)


if __name__ == "__main__":
    unittest.main()
