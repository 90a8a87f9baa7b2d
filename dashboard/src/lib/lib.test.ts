import { describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "./config";
import { toCsv } from "./csv";
import * as format from "./format";
import { isUnderWay, learntBins } from "./learnt";
import { problemsOf, stepOf, suggested } from "./mapping";
import { base64Url, challengeOf, claimsOf, randomToken } from "./pkce";
import { addsUp, roundToSum, sum } from "./sums";
import { DEFAULT_COLUMNS, queryOf, readView, writeView } from "./urlState";
import { stackByName } from "./usage";
import { dayOf, dueWords, isNear, plusDays } from "./tasks";
import { fallOf } from "./why";

describe("PKCE", () => {
  test("the challenge is that of RFC 7636, appendix B", async () => {
    const challenge = await challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    expect(challenge).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  });
  test("base64url has no padding and no characters that an address would escape", () => {
    expect(base64Url(new Uint8Array([251, 255, 191]))).toBe("-_-_");
    expect(randomToken(48)).toMatch(/^[\w-]{64}$/);
    expect(randomToken()).not.toBe(randomToken());
  });
  test("claims are read from a token, and nothing from what is none", () => {
    const payload = base64Url(new TextEncoder().encode(JSON.stringify({ exp: 2, nonce: "n", email: "zoë@x.example" })));
    expect(claimsOf(`h.${payload}.s`)).toEqual({ nonce: "n", expiresAt: 2000, email: "zoë@x.example" });
    for (const bad of ["", "a.b", "a.!!!.c", `a.${base64Url(new TextEncoder().encode("[]"))}.c`]) expect(claimsOf(bad)).toBeUndefined();
  });
});

describe("the portfolio's address", () => {
  test("an empty address is the usual view", () => {
    const view = readView(new URLSearchParams());
    expect(view).toMatchObject({ sort: "priority", descending: true, band: undefined, columns: DEFAULT_COLUMNS });
    expect(writeView(view).toString()).toBe("");
  });
  test("a view survives the way through the address", () => {
    const address = "sort=arr&band=at_risk&owner=me&stage=active&touch=high&q=north&arr=5000&cols=score,arr";
    expect(writeView(readView(new URLSearchParams(address))).toString()).toBe(new URLSearchParams(address).toString());
  });
  test("what is not known is left out, not passed on", () => {
    const view = readView(new URLSearchParams("sort=-evil&band=purple&cols=x,score&arr=-3"));
    expect(view).toMatchObject({ sort: "priority", descending: true, band: undefined, arrMin: undefined, columns: ["score"] });
  });
  test("the query of the API holds only filters that are set", () => {
    expect(queryOf(readView(new URLSearchParams("sort=-score&q=No")))).toEqual({ sort: "-score", limit: 500, "filter[name][prefix]": "No" });
  });
});

describe("sums", () => {
  test("rounded parts add up to the rounded whole, and none moves by a whole unit", () => {
    const parts = [1 / 3, 1 / 3, 1 / 3, 10.25, 6.45];
    const rounded = roundToSum(parts, sum(parts));
    expect(sum(rounded)).toBeCloseTo(17.7, 9);
    for (const [index, value] of rounded.entries()) expect(Math.abs(value - (parts[index] ?? 0))).toBeLessThan(0.1);
  });
  test("negative parts too", () => {
    const rounded = roundToSum([-6.42, -3.13, 0.75], -8.8);
    expect(sum(rounded)).toBeCloseTo(-8.8, 9);
  });
  test("a thousand random tables", () => {
    for (let run = 0; run < 1000; run += 1) {
      const parts = Array.from({ length: 1 + (run % 17) }, () => Math.random() * 20 - 8);
      expect(sum(roundToSum(parts, sum(parts)))).toBeCloseTo(Math.round(sum(parts) * 10) / 10, 6);
    }
  });
  test("addsUp sees a missing point", () => {
    expect(addsUp([0.1, 0.2], 0.3)).toBe(true);
    expect(addsUp([1, 2], 3.01)).toBe(false);
  });
});

describe("the fall from 100 to the score", () => {
  const measures = [
    { id: "U1", group: "usage", weight: 40, points_lost: 13.33, points_kept: 26.67 },
    { id: "E1", group: "engagement", weight: 60, points_lost: 20.01, points_kept: 39.99 },
  ];
  test("goes from the largest loss over the caps to the score", () => {
    const fall = fallOf(measures, [{ id: "pulse", points_lost: 17.66 }], 49);
    expect(fall.steps.map(({ key }) => key)).toEqual(["E1", "U1", "cap-pulse"]);
    expect(fall.steps.at(-1)?.to).toBeCloseTo(49, 6);
    expect(fall).toMatchObject({ total: 51, exact: true });
  });
  test("says when the figures do not add up", () => {
    expect(fallOf(measures, [], 70).exact).toBe(false);
  });
});

describe("formatting", () => {
  test("money knows the currency's digits", () => {
    expect(format.money({ amount_minor: 123_456, currency: "EUR" }, "full")).toBe("€1,235");
    expect(format.money({ amount_minor: 5000, currency: "JPY" }, "full")).toBe("¥5,000");
    expect(format.money({ amount_minor: 941_200_000, currency: "USD" })).toBe("$9.4M");
    expect(format.money(null)).toBe("–");
  });
  test("signs, with a real minus and none at nought", () => {
    expect([format.signed(1.25), format.signed(-1.25), format.signed(-0.01)]).toEqual(["+1.3", "−1.3", "0.0"]);
  });
  test("times and words", () => {
    expect(format.ago("2026-01-01T00:00:00Z", Date.parse("2026-01-04T01:00:00Z"))).toBe("3 days ago");
    expect(format.day("2026-03-01")).toBe("1 Mar 2026");
    expect(format.day("30000-99-99")).toBe("–");
    expect([format.duration(4), format.duration(5400), format.duration(200_000)]).toEqual(["4 s", "2 h", "2 d"]);
    expect([format.words("at_risk"), format.words("nps_score"), format.person("ana.silva@x.example")]).toEqual(["At risk", "NPS score", "Ana Silva"]);
    expect([format.initials("Aster & Vale"), format.initials("zoom"), format.initials("")]).toEqual(["AV", "ZO", "?"]);
    expect([format.renewal(-3), format.renewal(0), format.renewal(12)]).toEqual(["3 d past renewal", "renews today", "renews in 12 d"]);
    expect([format.bytes(900), format.bytes(1_500_000)]).toEqual(["900 B", "1.4 MB"]);
  });
});

describe("CSV", () => {
  test("quotes what has to be quoted and disarms formulas", () => {
    expect(toCsv(["a", "b"], [['x "y", z', -4], ["=cmd()", null]])).toBe('a,b\r\n"x ""y"", z",-4\r\n\'=cmd(),\r\n');
  });
  test.each(["+1", "-1+cmd", "@sum", "\t=1", "\uFF1D1"])("%j is no formula any more", (cell) => {
    expect(toCsv(["a"], [[cell]])).toContain(`'${cell}`);
  });
});

describe("the import's mapping", () => {
  const fields = [{ name: "external_id", required: true }, { name: "name", required: true }, { name: "owner", required: false }];
  test("a field is suggested to one column only", () => {
    const columns = [{ name: "Id", suggested_field: "external_id" }, { name: "Old id", suggested_field: "external_id" }];
    expect(suggested(columns)).toEqual({ Id: "external_id", "Old id": null });
  });
  test("what is missing and what is doubled is named", () => {
    expect(problemsOf({ a: "external_id", b: "owner", c: "owner" }, fields)).toEqual({ missing: ["name"], doubled: ["owner"] });
  });
  test("the step follows from the import", () => {
    expect(stepOf({ status: "awaiting_upload", dry_run: false, mapping: {} })).toBe("upload");
    expect(stepOf({ status: "uploaded", dry_run: false, mapping: {} })).toBe("map");
    expect(stepOf({ status: "running", dry_run: true, mapping: { a: "name" } })).toBe("check");
    expect(stepOf({ status: "succeeded", dry_run: false, mapping: { a: "name" } })).toBe("commit");
  });
});

describe("usage by name", () => {
  test("each day's parts add up to its events", () => {
    const days = [{ day: "2026-01-01", events: 12, by_name: { a: 5, b: 4, c: 3 } }, { day: "2026-01-02", events: 2, by_name: { c: 2 } }];
    const stack = stackByName(days, 2);
    expect(stack.names).toEqual(["a", "c", "other"]);
    expect(stack.rows.map(({ counts }) => sum(counts))).toEqual([12, 2]);
  });
});

describe("config.json", () => {
  const here = { origin: "http://localhost:4566", pathname: "/dashboard/index.html" };
  test("the page's own address is where the sign-in comes back to, unless another is given", () => {
    const given = { api_url: "http://api/", hosted_ui: "http://sign-in/", client_id: "c" };
    expect(readConfig(given, here)).toMatchObject({ apiUrl: "http://api", redirectUri: "http://localhost:4566/dashboard/index.html" });
    expect(readConfig({ ...given, redirect_uri: "http://else/" }, here).redirectUri).toBe("http://else/");
  });
  test("what is missing is named", () => {
    expect(() => readConfig({ api_url: "x" }, here)).toThrow(new ConfigError('config.json lacks "hosted_ui".'));
    expect(() => readConfig([], here)).toThrow(ConfigError);
  });
});

describe("due days", () => {
  test("the day is the tenant's, not the reader's", () => {
    expect(dayOf(Date.parse("2026-03-01T23:30:00Z"), "Asia/Tokyo")).toBe("2026-03-02");
    expect(dayOf(Date.parse("2026-03-01T23:30:00Z"), "No/Where")).toBe("2026-03-01");
    expect(plusDays("2026-02-27", 3)).toBe("2026-03-02");
  });
  test("how soon, in words", () => {
    const words = ["2026-02-26", "2026-03-01", "2026-03-02", "2026-03-09", null].map((due) => dueWords(due, "2026-03-01"));
    expect(words).toEqual(["3 d overdue", "Due today", "Due tomorrow", "Due in 8 d", "No due day"]);
    expect(["2026-02-01", "2026-03-08", "2026-03-09", null].map((due) => isNear(due, "2026-03-01"))).toEqual([true, true, false, false]);
  });
});

describe("learnt models", () => {
  test("a tenth without rows is left out, the others keep their place", () => {
    const bins = [{ rows: 0, said: 0, happened: 0 }, { rows: 4, said: 0.7, happened: 0.5 }];
    expect(learntBins(bins)).toEqual([{ from: 0.5, to: 1, rows: 4, said: 0.7, happened: 0.5 }]);
  });

  test("a run that has been open for six hours is not under way", () => {
    const now = Date.parse("2026-11-01T12:00:00Z");
    expect(isUnderWay({ status: "running", asked_at: "2026-11-01T06:30:00Z" }, now)).toBe(true);
    expect(isUnderWay({ status: "running", asked_at: "2026-11-01T06:00:00Z" }, now)).toBe(false);
    expect(isUnderWay({ status: "failed", asked_at: "2026-11-01T11:59:00Z" }, now)).toBe(false);
    expect(isUnderWay(null, now)).toBe(false);
  });
});
