import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, ok, problem } from "./fakeApi";
import { card } from "./fixtures/accounts";
import { me } from "./fixtures/rest";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const id = card(0).id;
const screens: [string, string, string][] = [
  ["Today", "/", "Do first"], ["Portfolio", "/accounts", "300 accounts"], ["Account", `/accounts/${id}`, "What changed"],
  ["Usage", `/accounts/${id}?tab=usage`, "By day"], ["Timeline", `/accounts/${id}?tab=timeline`, "Export fails with large files"],
  ["Facts", `/accounts/${id}?tab=facts`, "in_4400"], ["White space", "/white-space?scope=all", "25 loaded"], ["Alerts", "/alerts?scope=all", "Why it fired"],
  ["Import", "/imports", "Recent imports"], ["Mapping", "/imports/imp_1", "The first rows"],
  ["Integrations", "/integrations/web", "Deliveries of Web"], ["Settings", "/settings", "Found right"],
  ["Health profiles", "/settings/profiles", "Of 100"], ["Models", "/settings/models", "Answers now"],
  ["Backtests", "/accuracy/backtests", "precision 42 %"], ["Backtest", "/accuracy/backtests/1795000000-aaaa1111", "What weighed most then"],
];

describe("accessibility", () => {
  test.each(screens)("axe finds nothing on %s, light, dark and at phone width", async (_, path, landmark) => {
    for (const options of [{}, { dark: true }, { phone: true }]) {
      const { page } = await world.open(path, options);
      if (!("phone" in options && path.startsWith("/alerts"))) await page.getByText(landmark).first().waitFor();
      await page.waitForLoadState("networkidle");
      expect(await axe(page)).toEqual([]);
      if ("phone" in options && !path.startsWith("/accounts?")) {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(wide, "the page must not scroll sideways").toBeLessThanOrEqual(0);
      }
      await page.context().close();
    }
  });

  test("the skip link is the first stop and leads to the content", async () => {
    const { page } = await world.open("/");
    await page.getByText("Do first").waitFor();
    await page.keyboard.press("Tab");
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("main");
    await page.context().close();
  });
});

describe("states", () => {
  test("an error shows title, detail and trace, and trying again mends it", async () => {
    const api = new FakeApi();
    let failing = true;
    api.override = ({ path }) => (failing && path === "/v1/today" ? problem(422, "invalid_scope", "The scope is not known", "scope is mine or all") : undefined);
    const { page } = await world.open("/", { api });
    const alert = page.getByRole("alert");
    await alert.getByText("The scope is not known").waitFor();
    await alert.getByText("scope is mine or all").waitFor();
    await alert.getByText("1-6740-abc123").waitFor();
    failing = false;
    await alert.getByRole("button", { name: "Try again" }).click();
    await page.getByText("Northwind Traders").first().waitFor();
    await page.context().close();
  });

  test("no accounts: the first thing to do is offered", async () => {
    const api = new FakeApi();
    api.accounts = 0;
    const { page } = await world.open("/accounts", { api });
    await page.getByText("No accounts yet").waitFor();
    await page.getByRole("link", { name: "Import a CSV file" }).click();
    await page.getByRole("heading", { name: "Import", exact: true }).waitFor();
    await page.context().close();
  });

  test("a viewer sees everything and can change nothing", async () => {
    const api = new FakeApi();
    api.me = me({ role: "viewer" });
    const { page } = await world.open("/alerts?scope=all", { api });
    await page.getByText("Why it fired").waitFor();
    await expect.poll(() => page.getByRole("button", { name: "Acknowledge" }).isDisabled()).toBe(true);
    await page.keyboard.press("a");
    await expect.poll(() => api.calls.filter(({ method }) => method !== "GET")).toEqual([]);
    await page.context().close();
  });

  test("a sandbox says which day it shows, and counts from it", async () => {
    const api = new FakeApi();
    api.me = me({ as_of: "2011-06-30T12:00:00Z" });
    const { page } = await world.open("/", { api });
    await page.getByText("30 Jun 2011").waitFor();
    await page.context().close();
  });

  test("too many requests: asked again, in the end answered", async () => {
    const api = new FakeApi();
    let refused = 0;
    api.override = ({ path }) => {
      if (path !== "/v1/integrations" || refused > 0) return undefined;
      refused += 1;
      return problem(429, "rate_limited", "Too many requests", "Wait a second.");
    };
    const { page } = await world.open("/integrations", { api });
    await page.getByText("Stripe").first().waitFor();
    await page.context().close();
  });
});

describe("account", () => {
  test("the points lost add up, row by row, to 100 − score", async () => {
    const { page } = await world.open(`/accounts/${id}`);
    await page.getByTestId("why-sum").waitFor();
    const rows = await page.getByRole("region", { name: "Points lost per measure" }).locator("tbody tr td:nth-child(6)").allTextContents();
    const lost = rows.filter((text) => text !== "–").reduce((sum, text) => sum + Number(text), 0);
    const sum = await page.getByTestId("why-sum").textContent();
    const [total, score] = /rows: (?:[\d.]+\.\d)([\d.]+) = 100 − ([\d.]+)/.exec(sum ?? "")?.slice(1).map(Number) ?? [];
    expect(lost).toBeCloseTo(total ?? -1, 6);
    expect(100 - (score ?? 0)).toBeCloseTo(total ?? -1, 6);
    const parts = await page.locator("section", { hasText: "What changed" }).locator("tbody td:nth-child(3)").allTextContents();
    const change = parts.reduce((whole, text) => whole + Number(text.replace("−", "-")), 0);
    expect(change).toBeCloseTo(-8.8, 6);
    await page.context().close();
  });

  test("expected revenue stands in the account's currency beside the run-rate, with the reasons of both halves", async () => {
    const { page } = await world.open(`/accounts/${id}`);
    const row = page.locator("li", { hasText: "If anything comes" });
    for (const text of ["€960", "€840", "€1,200", "€450 to €3,100, 8 of 10"]) await row.getByText(text).first().waitFor();
    await row.getByRole("table", { name: "What raised and lowered the revenue prediction" }).waitFor();
    await row.getByRole("table", { name: "What raised and lowered the expected amount" }).getByText("Slope of the spend: 12 %, usual is 0 %").waitFor();
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("the history is read by arrows, and Enter takes a day for the comparison", async () => {
    const { page, api } = await world.open(`/accounts/${id}`);
    const chart = page.getByRole("slider", { name: "Score by day" });
    await chart.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    const first = await page.getByLabel("From day").inputValue();
    await expect.poll(() => api.calls.filter(({ path }) => path.endsWith("/explain")).at(-1)?.query.get("compare")).toBe(first);
    await page.context().close();
  });

  test("days scored in hindsight are drawn apart and named", async () => {
    const { page } = await world.open(`/accounts/${id}`);
    const chart = page.getByRole("slider", { name: "Score by day" });
    await chart.focus();
    await page.keyboard.press("End");
    await expect.poll(() => chart.getAttribute("aria-valuetext")).not.toContain("hindsight");
    await expect.poll(() => chart.locator("[data-part=hindsight]").getAttribute("d")).toMatch(/^M/);
    await expect.poll(() => chart.locator("[data-part=then]").getAttribute("d")).toMatch(/^M/);
    await page.keyboard.press("Home");
    await expect.poll(() => chart.getAttribute("aria-valuetext")).toContain("scored in hindsight from what was known then");
    await expect.poll(() => page.getByText("Scored in hindsight from what was known then").count()).toBe(2);
    await page.getByRole("button", { name: "Table" }).click();
    await page.getByRole("region", { name: "Score by day" }).getByText("in hindsight").first().waitFor();
    await page.getByRole("button", { name: "Chart" }).click();
    await page.getByRole("radiogroup", { name: "Span" }).getByText("30 d").click();
    await expect.poll(() => page.getByText("Scored in hindsight from what was known then").count()).toBe(0);
    await page.context().close();
  });

  test("a note, a pulse with its reason, and a score now", async () => {
    const { page, api } = await world.open(`/accounts/${id}`);
    await page.getByRole("button", { name: "Log note" }).click();
    await page.getByRole("textbox", { name: "Note" }).fill("Met the new sponsor");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Note saved").waitFor();
    await page.getByRole("button", { name: "Set pulse" }).click();
    await page.getByLabel("2 · Worried").check();
    await expect.poll(() => page.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
    await page.getByLabel("Reason").fill("Budget frozen");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Pulse set to 2").waitFor();
    await page.getByRole("button", { name: "Score now" }).click();
    await page.getByText("Scored now: 47.4").waitFor();
    const posted = api.calls.filter(({ method }) => method === "POST");
    expect(posted.map(({ body }) => body)).toEqual([{ text: "Met the new sponsor" }, { pulse: 2, reason: "Budget frozen" }, undefined]);
    expect(posted.every(({ headers }) => headers["idempotency-key"] !== undefined)).toBe(true);
    await page.context().close();
  });
});

describe("command palette", () => {
  test("Ctrl-K finds an account by the beginning of its name", async () => {
    const api = new FakeApi();
    api.override = ({ query }) => (query.get("filter[name][prefix]") === "nope" ? ok({ data: [], next: null, total: null }) : undefined);
    const { page } = await world.open("/", { api });
    await page.getByText("Do first").waitFor();
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Account name or page").fill("nope");
    await page.getByText("No account begins with").waitFor();
    await page.getByPlaceholder("Account name or page").fill("fjord");
    await page.getByRole("button", { name: /Fjord Shipping\b/ }).first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /Fjord Shipping/ }).waitFor();
    await page.context().close();
  });
});
