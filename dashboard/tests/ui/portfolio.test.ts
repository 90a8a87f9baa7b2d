import { readFileSync } from "node:fs";
import type { Download, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countRenders, watchRenders } from "../browser/renders";
import { type Call, FakeApi, ok, problem } from "./fakeApi";
import { card } from "./fixtures/accounts";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const ROW = 44;
/** Rows in sight at this window's height, with those kept ready above and below. */
const IN_PAGE = Math.ceil(900 / ROW) + 2 * 8;

describe("portfolio", () => {
  test("10,000 rows: few are in the page, and scrolling draws only those that come into sight", async () => {
    const api = new FakeApi();
    api.accounts = 10_000;
    const { page } = await world.open("/accounts?sort=name", { api, before: watchRenders });
    const region = page.getByRole("region", { name: "Accounts, scrolls both ways" });
    await region.locator("[role=row]").first().waitFor();
    for (let step = 0; step < 300; step += 1) {
      const done = await region.evaluate((box) => {
        box.scrollTop = box.scrollHeight;
        return document.body.textContent?.includes("10,000 loaded, that is all of them");
      });
      if (done === true) break;
      await page.waitForTimeout(200);
    }
    await page.getByText("10,000 loaded, that is all of them").waitFor();
    const scroll = async (from: number, step: number, frames: number) => {
      await region.evaluate(async (box, start) => {
        box.scrollTop = start;
        for (let frame = 0; frame < 20; frame += 1) await new Promise((next) => { requestAnimationFrame(next); });
      }, from);
      const before = await countRenders(page, ["account", "start"]);
      const most = await region.evaluate(async (box, [start, by, count]) => {
        let seen = 0;
        for (let i = 1; i <= count; i += 1) {
          box.scrollTop = start + i * by;
          await new Promise((next) => { requestAnimationFrame(next); });
          seen = Math.max(seen, box.querySelectorAll("[role=row]").length);
        }
        return seen;
      }, [from, step, frames] as const);
      return { most, drawn: (await countRenders(page, ["account", "start"])) - before };
    };
    const wheel = await scroll(100_000, 100, 100);
    expect(wheel.most).toBeLessThanOrEqual(IN_PAGE);
    // A row is drawn once, when it comes into sight: 100 frames of 100 pixels pass 228 rows.
    expect(wheel.drawn).toBeGreaterThan(200);
    expect(wheel.drawn).toBeLessThanOrEqual(Math.ceil(10_000 / ROW) + IN_PAGE);
    const jump = await scroll(0, 4300, 100);
    expect(jump.most).toBeLessThanOrEqual(IN_PAGE);
    expect(jump.drawn).toBeLessThanOrEqual(101 * IN_PAGE);
    await page.context().close();
  });

  test("filter, sort and columns stand in the address and survive a reload", async () => {
    const { page, api } = await world.open("/accounts");
    await page.getByLabel("Band").selectOption("at_risk");
    await page.getByRole("button", { name: "Health" }).click();
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByRole("menuitemcheckbox", { name: "Pulse" }).click();
    await page.keyboard.press("Escape");
    await page.getByLabel("Name begins with").fill("nor");
    await expect.poll(() => page.url()).toContain("q=nor");
    expect(page.url()).toContain("band=at_risk");
    expect(page.url()).toContain("sort=score");
    await page.reload();
    await page.getByRole("columnheader", { name: "Health" }).waitFor();
    await expect.poll(() => page.getByRole("columnheader", { name: "Health" }).getAttribute("aria-sort")).toBe("ascending");
    await expect.poll(() => page.getByRole("columnheader", { name: "Pulse" }).count()).toBe(0);
    await expect.poll(() => page.getByLabel("Name begins with").inputValue()).toBe("nor");
    const last = api.calls.filter(({ path }) => path === "/v1/accounts").at(-1)?.query;
    expect(last?.get("filter[band][eq]")).toBe("at_risk");
    await page.context().close();
  });

  test("an empty page with more behind it is no end: the search goes on, and says so", async () => {
    const api = new FakeApi();
    api.override = ({ path, query }) => {
      if (path !== "/v1/accounts") return undefined;
      const at = Number(query.get("cursor") ?? 0);
      return at < 3 ? { ...ok({ data: [], next: String(at + 1), total: null }), delayMs: 400 } : ok({ data: [card(3)], next: null, total: null });
    };
    const { page } = await world.open("/accounts?band=critical", { api });
    await page.getByRole("status").getByText("Looking further…").waitFor();
    await expect.poll(() => page.getByText("No account fits these filters").count()).toBe(0);
    await page.getByRole("link", { name: card(3).name }).waitFor();
    await page.getByText("1 loaded, that is all of them").waitFor();
    expect(cursors(api)).toEqual([null, "1", "2", "3"]);
    await page.context().close();
  });

  test("a search that finds nothing ends in words, and one that fails can go on where it stopped", async () => {
    const api = new FakeApi();
    let failing = true;
    api.override = ({ path, query }) => {
      if (path !== "/v1/accounts") return undefined;
      const at = Number(query.get("cursor") ?? 0);
      if (at === 2 && failing) return problem(422, "bad_cursor", "The cursor is not known", "Begin anew.");
      return ok({ data: [], next: at < 3 ? String(at + 1) : null, total: null });
    };
    const { page } = await world.open("/accounts?band=critical", { api });
    await page.getByRole("alert").getByText("The cursor is not known").waitFor();
    failing = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("No account fits these filters").waitFor();
    expect(cursors(api)).toEqual([null, "1", "2", "2", "3"]);
    await page.context().close();
  });
});

describe("export", () => {
  test("every account of the view is written, also those that the table has not come to, and formulas are disarmed", async () => {
    const api = new FakeApi();
    const evil = { ...card(0), name: "=HYPERLINK(\"http://evil\")", owner: "@sum" };
    api.override = ({ path, query }) => (path === "/v1/accounts" ? pageOf(query, 1700, evil) : undefined);
    const { page } = await world.open("/accounts", { api });
    await page.getByText("500 loaded").waitFor();
    const lines = linesOf(await exported(page));
    expect(lines[0]).toMatch(/^\uFEFFid,external_id,name,band,score.*,currency$/);
    expect(lines).toHaveLength(1701);
    expect(new Set(lines.map((line) => line.split(",")[0])).size).toBe(1701);
    expect(lines[1]).toContain("\"'=HYPERLINK(\"\"http://evil\"\")\"");
    expect(lines[1]).toContain(",'@sum,");
    await page.getByText("1,700 accounts exported").waitFor();
    await page.context().close();
  });

  test("it says how far it is, and stops when told to", async () => {
    const api = new FakeApi();
    api.accounts = 5000;
    api.override = ({ path, query }) => (path === "/v1/accounts" && Number(query.get("cursor")) >= 1000 ? { ...pageOf(query, 5000), delayMs: 400 } : undefined);
    const { page } = await world.open("/accounts", { api });
    const files: Download[] = [];
    page.on("download", (file) => files.push(file));
    await page.getByText("500 loaded").waitFor();
    await page.getByRole("button", { name: "Export CSV" }).click();
    await page.getByRole("status").getByText("Exporting: 1,000 of 5,000 accounts").waitFor();
    await page.getByRole("button", { name: "Cancel export" }).click();
    await page.getByRole("button", { name: "Export CSV" }).waitFor();
    const asked = cursors(api).length;
    await page.waitForTimeout(1000);
    expect(cursors(api)).toHaveLength(asked);
    expect(files).toEqual([]);
    await page.context().close();
  });

  test("a page that fails once is asked for again", async () => {
    const api = new FakeApi();
    api.accounts = 900;
    let failures = 0;
    api.override = ({ path, query }) => {
      if (path !== "/v1/accounts" || query.get("cursor") !== "500" || failures > 0) return undefined;
      failures += 1;
      return problem(503, "unavailable", "Not available", "Try again.");
    };
    const { page } = await world.open("/accounts", { api });
    await page.getByText("500 loaded").waitFor();
    expect(linesOf(await exported(page))).toHaveLength(901);
    expect(failures).toBe(1);
    await page.context().close();
  });
});

const cursors = (api: FakeApi) => api.calls.filter(({ path }: Call) => path === "/v1/accounts").map(({ query }) => query.get("cursor"));

const pageOf = (query: URLSearchParams, total: number, first = card(0)) => {
  const from = Number(query.get("cursor") ?? 0);
  const to = Math.min(from + 500, total);
  const data = Array.from({ length: to - from }, (_, index) => (from + index === 0 ? first : card(from + index)));
  return ok({ data, next: to < total ? String(to) : null, total: from === 0 ? total : null });
};

async function exported(page: Page): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
  return file.path();
}

const linesOf = (path: string) => readFileSync(path, "utf8").trimEnd().split("\r\n");
