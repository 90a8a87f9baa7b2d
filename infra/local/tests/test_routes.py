"""The list of routes, and that it covers what the API says of itself."""

import json
import re
import unittest
from pathlib import Path

import routes

ROOT = Path(__file__).resolve().parents[3]


class Routes(unittest.TestCase):
    """infra/routes.txt."""

    def setUp(self) -> None:
        self.routes = routes.parse((ROOT / "infra" / "routes.txt").read_text())

    def test_names_are_unique(self) -> None:
        names = [routes.logical_id(method, path) for _, method, path in self.routes]
        self.assertEqual(len(names), len(set(names)))

    def test_a_bad_line_is_named(self) -> None:
        for line in ("api GET", "nobody GET /v1/x", "api FETCH /v1/x", "api GET v1/x"):
            with self.assertRaisesRegex(SystemExit, "line 1"):
                routes.parse(line)
        with self.assertRaisesRegex(SystemExit, "twice"):
            routes.parse("api GET /a\napi GET /a")

    def test_every_operation_of_the_api_has_a_route(self) -> None:
        document = ROOT / "functions" / "api" / "openapi.json"
        if not document.exists():
            self.skipTest("functions/api/openapi.json is not there yet")
        missing = []
        for path, operations in json.loads(document.read_text())["paths"].items():
            for method in operations:
                if method in ("get", "post", "put", "patch", "delete") and not self.serves(method.upper(), path):
                    missing.append(f"api {method.upper()} {path}")
        self.assertEqual(missing, [], "add these lines to infra/routes.txt and run `make routes`")

    def serves(self, method: str, path: str) -> bool:
        """Whether a route takes an operation; a variable takes one whole segment."""
        concrete = re.sub(r"\{[^}]+\}", "x", path)
        return any(
            function == "api" and method == verb and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", route), concrete)
            for function, verb, route in self.routes)


if __name__ == "__main__":
    unittest.main()
