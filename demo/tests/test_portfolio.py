"""The generated portfolio says what its storylines say, and is the same every time."""

from __future__ import annotations

import datetime as dt
import hashlib
import unittest
from collections import Counter, defaultdict
from pathlib import Path

from demo import generate
from demo.check import judge
from demo.commerce import ADD_ONS
from demo.storylines import BY_NAME, STORYLINES, assignments
from demo.world import Account, Row, add_months

NOW = dt.date(2026, 11, 21)
CAST, ROWS = generate.portfolio("1", NOW)
PER_DAY: dict[str, Counter[int]] = defaultdict(Counter)
for _event in ROWS["events"]:
    PER_DAY[_event["account"]][(NOW - dt.date.fromisoformat(_event["at"][:10])).days] += 1


def following(name: str) -> list[Account]:
    return [account for account in CAST if account.line.name == name]


def used(account: Account, first: int, last: int) -> int:
    """Events from `first` to `last` days ago, both counted."""
    return sum(PER_DAY[account.external_id][day] for day in range(last, first + 1))


def current(kind: str) -> dict[str, Row]:
    """Rows by external id, later revisions over earlier ones."""
    found: dict[str, Row] = defaultdict(dict)
    for row in sorted(ROWS[kind], key=lambda r: r["updated_at"]):
        found[row["external_id"]].update(row)
    return found


class Shape(unittest.TestCase):
    def test_counts(self) -> None:
        self.assertEqual(len(CAST), 300)
        self.assertEqual(sum(line.count for line in STORYLINES), 300)
        self.assertEqual({a.line.name for a in CAST}, set(BY_NAME))
        self.assertEqual(len({a.domain for a in CAST}), 300)
        self.assertTrue(120_000 <= len(ROWS["events"]) <= 230_000, len(ROWS["events"]))

    def test_every_size_has_every_storyline(self) -> None:
        for count in (len(STORYLINES), 30, 77, 300, 500):
            self.assertEqual(len(assignments(count)), count)
            self.assertEqual({line.name for line in assignments(count)}, set(BY_NAME))

    def test_same_seed_same_bytes_other_seed_other_bytes(self) -> None:
        def digest(seed: str) -> str:
            _, rows = generate.portfolio(seed, NOW, 30)
            return hashlib.sha256("".join(generate.line(r) for k in rows for r in rows[k]).encode()).hexdigest()

        self.assertEqual(digest("x"), digest("x"))
        self.assertNotEqual(digest("x"), digest("y"))

    def test_rows_hang_together_and_nothing_lies_ahead(self) -> None:
        ids = {account.external_id for account in CAST}
        end = NOW.isoformat() + "T00:00:00Z"
        ahead = {"due_at", "sla_due_at"}
        for kind, rows in ROWS.items():
            for row in rows:
                self.assertIn(row["external_id"] if kind == "accounts" else row["account"], ids)
                for key, value in row.items():
                    if key.endswith("_at") and key not in ahead or key == "at":
                        self.assertLessEqual(value, end, f"{kind} {row}")

    def test_ids_count_once(self) -> None:
        ids = [row["id"] for row in ROWS["events"]]
        self.assertEqual(len(ids), len(set(ids)))
        for kind in ("contacts", "tickets", "invoices", "activities", "surveys", "outcomes", "subscriptions"):
            keys = [(row["external_id"], row["updated_at"]) for row in ROWS[kind]]
            self.assertEqual(len(keys), len(set(keys)), kind)

    def test_readme_tells_every_storyline(self) -> None:
        text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
        for line in STORYLINES:
            self.assertIn(f"| `{line.name}` | {line.count} | {line.story}", text)

    def test_months(self) -> None:
        self.assertEqual(add_months(dt.date(2026, 1, 31), 1), dt.date(2026, 2, 28))
        self.assertEqual(add_months(dt.date(2026, 12, 15), 1), dt.date(2027, 1, 15))


class Stories(unittest.TestCase):
    def most(self, name: str, share: float, true: "list[bool]") -> None:
        self.assertTrue(true)
        self.assertGreaterEqual(sum(true) / len(true), share, f"{name}: {sum(true)} of {len(true)}")

    def test_sudden_drop(self) -> None:
        accounts = following("sudden_drop")
        self.most("drop", 1.0, [used(a, 7, 1) <= 0.75 * used(a, 28, 1) / 4 and used(a, 28, 1) / 4 >= 50 for a in accounts])

    def test_only_falling_accounts_fall_by_a_quarter_in_a_week(self) -> None:
        calm = following("steady") + following("payment_trouble") + following("detractor")
        falls = [used(a, 7, 1) <= 0.75 * used(a, 28, 1) / 4 for a in calm if used(a, 28, 1) >= 50]
        self.assertLessEqual(sum(falls), len(falls) * 0.03)

    def test_slow_decline(self) -> None:
        def three_weeks_under(a: Account) -> bool:
            return all(used(a, 7 * w + 7, 7 * w + 1) <= 0.9 * used(a, 90, 1) / 90 * 7 for w in range(3))

        self.most("decline", 0.9, [three_weeks_under(a) for a in following("slow_decline")])
        steady = [three_weeks_under(a) for a in following("steady") if a.tenure > 140]
        self.assertLessEqual(sum(steady), len(steady) * 0.05)

    def test_gone_dark(self) -> None:
        self.most("dark", 1.0, [used(a, 14, 0) == 0 and used(a, 80, 60) > 0 for a in following("gone_dark")])

    def test_seats(self) -> None:
        def share(a: Account) -> float:
            users = {e["user"] for e in by_account[a.external_id] if e["at"] >= since}
            return len(users) / a.seats

        since = (NOW - dt.timedelta(days=28)).isoformat()
        by_account: dict[str, list[Row]] = defaultdict(list)
        for event in ROWS["events"]:
            by_account[event["account"]].append(event)
        self.most("unused", 1.0, [share(a) < 0.5 for a in following("seats_unused")])
        self.most("expansion", 0.95, [share(a) >= 0.9 for a in following("expansion_candidate")])
        self.most("steady", 0.9, [share(a) > 0.75 for a in following("steady") if a.tenure > 60])

    def test_money(self) -> None:
        invoices = current("invoices")
        overdue: dict[str, int] = {}
        for row in invoices.values():
            if "paid_at" not in row:
                late = (NOW - dt.date.fromisoformat(row["due_at"][:10])).days
                overdue[row["account"]] = max(late, overdue.get(row["account"], -99))
        self.most("overdue", 1.0, [overdue.get(a.external_id, 0) > 30 for a in following("payment_trouble")])
        self.most("paid", 1.0, [overdue.get(a.external_id, 0) <= 0 for a in CAST if a.line.name != "payment_trouble"])

    def test_add_ons(self) -> None:
        owned: dict[str, set[str]] = defaultdict(set)
        for row in current("invoices").values():
            owned[row["account"]].update(row["products"])
            self.assertEqual(row["line_count"], len(set(row["products"])))
        names = {name for names in ADD_ONS.values() for name in names}
        owners = [len([1 for bought in owned.values() if name in bought]) for name in names]
        self.assertGreaterEqual(min(owners), 10, "each is owned often enough to be learnt of")
        several = [bought & names for bought in owned.values() if len(bought & names) > 2]
        most = [max(len(bought & set(kind)) for kind in ADD_ONS.values()) / len(bought) for bought in several]
        self.assertGreater(sum(most) / len(most), 0.6, "an account mostly takes what is of its taste")

    def test_support(self) -> None:
        by_account: dict[str, list[Row]] = defaultdict(list)
        for row in current("tickets").values():
            by_account[row["account"]].append(row)
        since = (NOW - dt.timedelta(days=30)).isoformat()
        for account in following("support_pain"):
            rows = by_account[account.external_id]
            self.assertGreaterEqual(len([r for r in rows if r["opened_at"] >= since]), 8)
            self.assertTrue([r for r in rows if r["priority"] == "urgent" and "solved_at" not in r])

    def test_people(self) -> None:
        champions = {row["account"]: row for row in current("contacts").values() if row["role"] == "champion"}
        for account in CAST:
            self.assertEqual("left_at" in champions[account.external_id], account.line.name == "champion_left")

    def test_churned(self) -> None:
        outcomes = {row["account"]: row for row in ROWS["outcomes"] if row["kind"] == "churned"}
        accounts = current("accounts")
        for account in CAST:
            left = account.line.name == "churned"
            self.assertEqual(account.external_id in outcomes, left)
            self.assertEqual(accounts[account.external_id]["stage"] == "churned", left)
        self.assertGreaterEqual(len({row["reason"] for row in outcomes.values()}), 6)

    def test_onboarding_stalled(self) -> None:
        for account in following("onboarding_stalled"):
            stones = [r for r in ROWS["activities"] if r["account"] == account.external_id and r["kind"] == "milestone"]
            self.assertEqual(len(stones), 1)

    def test_renewals_are_spread_over_the_year(self) -> None:
        days = [(a.renewal - NOW).days for a in CAST if not a.churn_day]
        self.assertTrue(all(0 < d <= 366 for d in days))
        self.assertTrue(30 <= sum(d <= 90 for d in days) <= 120, sum(d <= 90 for d in days))


class Judging(unittest.TestCase):
    def test_nine_of_ten(self) -> None:
        line = BY_NAME["slow_decline"]
        self.assertEqual(judge(line, ["watch"] * 9 + ["healthy"], [{"R02"}] * 9 + [set()]), [])
        self.assertEqual(len(judge(line, ["watch"] * 8 + ["healthy"] * 2, [{"R02"}] * 8 + [set()] * 2)), 2)
        self.assertEqual(judge(BY_NAME["steady"], ["healthy"], [set()]), [])


if __name__ == "__main__":
    unittest.main()
