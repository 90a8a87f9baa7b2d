"""Writes the routes of infra/routes.txt into infra/template.yaml; with --check only says whether they agree."""

from __future__ import annotations

import re
import sys
from pathlib import Path

INFRA = Path(__file__).resolve().parent.parent
BEGIN = "  # routes: begin (written by `make routes`; edit infra/routes.txt)\n"
END = "  # routes: end\n"
FUNCTIONS = ("api", "webhook")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def parse(text: str) -> list[tuple[str, str, str]]:
    """The (function, method, path) triples of routes.txt."""
    routes = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        parts = line.split()
        if len(parts) != 3 or parts[0] not in FUNCTIONS or parts[1] not in METHODS or not parts[2].startswith("/"):
            raise SystemExit(f"infra/routes.txt line {number}: expected `function METHOD /path`, found: {line}")
        routes.append((parts[0], parts[1], parts[2]))
    doubled = {route for route in routes if routes.count(route) > 1}
    if doubled:
        raise SystemExit(f"infra/routes.txt: listed twice: {sorted(doubled)}")
    return routes


def logical_id(method: str, path: str) -> str:
    """A stable CloudFormation name for a route, as in RouteGetV1AccountsId."""
    words = re.findall(r"[A-Za-z0-9]+", f"{method.lower()} {path}")
    return "Route" + "".join(word[0].upper() + word[1:] for word in words)


def render(routes: list[tuple[str, str, str]]) -> str:
    """The block of resources."""
    blocks = [
        f"  {logical_id(method, path)}:\n"
        "    Type: AWS::ApiGatewayV2::Route\n"
        "    Properties:\n"
        "      ApiId: !Ref HttpApi\n"
        f"      RouteKey: {method} {path}\n"
        f"      Target: !Sub integrations/${{{function.capitalize()}Integration}}\n"
        for function, method, path in routes
    ]
    return "\n".join(blocks)


def main() -> None:
    template = INFRA / "template.yaml"
    old = template.read_text()
    before, rest = old.split(BEGIN)
    _, after = rest.split(END)
    new = before + BEGIN + "\n" + render(parse((INFRA / "routes.txt").read_text())) + "\n" + END + after
    if new == old:
        return
    if "--check" in sys.argv:
        raise SystemExit("infra/template.yaml does not have the routes of infra/routes.txt: run `make routes`")
    template.write_text(new)


if __name__ == "__main__":
    main()
