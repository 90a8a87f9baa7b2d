"""The whole final state of a tenant as the API tells it, without what may differ between two runs (ids, wall clock)."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from typing import Any

from bench.readback import Reader

Row = dict[str, Any]
KINDS = ("contacts", "subscriptions", "invoices", "tickets", "activities", "surveys", "outcomes")
CARD = ("external_id", "name", "domain", "owner", "stage", "touch", "segment", "arr", "mrr", "renewal_date", "days_to_renewal", "score", "band",
        "coverage", "churn_probability", "churn_method", "open_alerts", "last_touch_at", "pulse", "top_reason")  # fmt: skip


def state(reader: Reader, days: int = 400) -> Row:
    """Cards, facts, usage, health and open alerts by external id."""
    ids = {str(card["external_id"]): card for card in reader.rows("/v1/accounts")}
    found: Row = {"cards": {ext: {key: card.get(key) for key in CARD} for ext, card in ids.items()}, "facts": {}, "usage": {}, "health": {}, "alerts": {}}

    def read(ext: str) -> tuple[Row, list[Row], Row]:
        path = f"/v1/accounts/{ids[ext]['id']}"
        facts = {kind: {fact["external_id"]: [fact["version"], fact["known_at"], fact["row"]] for fact in reader.rows(f"{path}/facts", {"kind": kind})}
                 for kind in KINDS}  # fmt: skip
        usage = [[day["day"], day["events"], day["users"], day["by_name"]] for day in reader.get(f"{path}/usage", {"days": days})["data"] if day["events"]]
        health = reader.get(f"{path}/health")
        return facts, usage, {key: health.get(key) for key in ("score", "band", "coverage", "subscores", "measures", "caps")}

    for ext, (facts, usage, health) in reader.each("accounts", sorted(ids), read):
        found["facts"][ext], found["usage"][ext], found["health"][ext] = facts, usage, health
    by_id = {card["id"]: ext for ext, card in ids.items()}
    alerts = list(reader.rows("/v1/alerts", {"filter[status][eq]": "all"}))
    found["alerts"] = {}
    found["open keys"] = Counter()
    for alert in alerts:
        if alert["status"] not in ("resolved",):
            key = f"{by_id.get(alert['account']['id'], alert['account']['id'])} {alert['rule']} {alert['subject']}"
            found["open keys"][key] += 1
            found["alerts"][key] = {"severity": alert["severity"], "status": alert["status"], "type": alert["type"],
                                    "clauses": [[c["expression"], c["true"]] for c in alert["clauses"]]}  # fmt: skip
    found["all alerts"] = alerts
    return found


def differences(clean: Row, noisy: Row) -> list[Row]:
    """What differs, by part and account."""
    found = []
    for part in ("cards", "facts", "usage", "health", "alerts"):
        for key in sorted(set(clean[part]) | set(noisy[part])):
            a, b = clean[part].get(key), noisy[part].get(key)
            if a != b:
                found.append({"part": part, "key": key, "clean": _short(a), "noisy": _short(b)})
    return found


def _short(value: Any) -> Any:
    text = json.dumps(value, sort_keys=True)
    return value if len(text) < 2_000 else text[:2_000]


def notifications(alerts: list[Row]) -> Row:
    """Per alert, channel and recipient: how many were sent."""
    sent = Counter((alert["id"], n["channel"], n["recipient_masked"], n["status"]) for alert in alerts for n in alert.get("notifications") or [])
    return {"by status": dict(Counter(key[3] for key in sent.elements())),
            "listed twice": [list(key) for key, count in sent.items() if count > 1 and key[3] == "sent"]}  # fmt: skip


def inbox(address: str, domain: str) -> Row:
    """Mails to a domain in the local inbox; those that came twice with the same words."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=60) as answer:
        data = json.load(answer)
    messages = data if isinstance(data, list) else data.get("messages", [])
    if isinstance(messages, dict):  # by AWS account
        messages = [message for mails in messages.values() for message in mails]
    texts = [json.dumps({k: v for k, v in m.items() if k.lower() not in ("messageid", "id", "timestamp", "sent_at", "created_at", "date")}, sort_keys=True)
             for m in messages if domain in json.dumps(m)]  # fmt: skip
    again = {text: count for text, count in Counter(texts).items() if count > 1}
    return {"mails": len(texts), "mails sent twice": sum(again.values()) - len(again), "examples": [text[:300] for text in list(again)[:3]]}
