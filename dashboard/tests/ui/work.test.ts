import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeApi } from "./fakeApi";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

describe("portfolio", () => {
  test("10,000 rows: all come while scrolling, few are in the page", async () => {
    const api = new FakeApi();
    api.accounts = 10_000;
    const { page } = await world.open("/accounts?sort=name", { api });
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
    // A figure to read, not a check: processor time of the page's main thread, so that other work on this machine does not count.
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const busy = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0;
    const scroll = async (from: number, step: number, frames: number) => {
      const before = await busy();
      await region.evaluate(async (box, [start, by, count]) => {
        for (let i = 0; i < count; i += 1) {
          box.scrollTop = start + i * by;
          await new Promise((next) => { requestAnimationFrame(next); });
        }
      }, [from, step, frames] as const);
      return ((await busy()) - before) * (1000 / frames);
    };
    const wheel = await scroll(100_000, 100, 100);
    const jump = await scroll(0, 4300, 100);
    const rows = await region.locator("[role=row]").count();
    process.stdout.write(`10,000 rows: ${wheel.toFixed(1)} ms a frame by wheel, ${jump.toFixed(1)} ms a frame by dragging the bar, ${rows} rows in the page\n`);
    expect(rows).toBeLessThan(80);
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
    expect(await page.getByRole("columnheader", { name: "Health" }).getAttribute("aria-sort")).toBe("ascending");
    expect(await page.getByRole("columnheader", { name: "Pulse" }).count()).toBe(0);
    expect(await page.getByLabel("Name begins with").inputValue()).toBe("nor");
    const last = api.calls.filter(({ path }) => path === "/v1/accounts").at(-1)?.query;
    expect(last?.get("filter[band][eq]")).toBe("at_risk");
    await page.context().close();
  });

  test("the loaded view is exported", async () => {
    const { page } = await world.open("/accounts");
    await page.getByText("300 loaded").waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
    const lines = readFileSync(await file.path(), "utf8").trimEnd().split("\r\n");
    expect(lines).toHaveLength(301);
    expect(lines[0]).toMatch(/^\uFEFFid,external_id,name,band,score/);
    await page.context().close();
  });
});

describe("alerts", () => {
  test("triage by keyboard, taken back by the toast, with the version that was seen", async () => {
    const { page, api } = await world.open("/alerts?scope=all");
    await page.getByText("Why it fired").waitFor();
    await page.keyboard.press("j");
    await page.waitForURL(/alr_A-1001_1/);
    await page.keyboard.press("k");
    await page.waitForURL(/alr_A-1000_0/);
    await page.keyboard.press("a");
    await page.getByRole("button", { name: "Undo" }).waitFor();
    expect(api.alerts[0]?.status).toBe("acknowledged");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => api.alerts[0]?.status).toBe("open");
    expect(api.calls.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["if-match"])).toEqual(['"1"', '"2"']);
    await page.keyboard.press("s");
    await page.getByRole("menuitem", { name: "For a week" }).click();
    await expect.poll(() => api.alerts[0]?.status).toBe("snoozed");
    await page.getByRole("menu").waitFor({ state: "hidden" });
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("Dismiss with a reason").waitFor();
    await page.context().close();
  });

  test("a dismissal needs its reason", async () => {
    const { page, api } = await world.open("/alerts?scope=all");
    await page.getByText("Why it fired").waitFor();
    await page.keyboard.press("d");
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByRole("button", { name: "Dismiss" }).isDisabled()).toBe(true);
    await dialog.getByLabel("Wrong data").check();
    await dialog.getByRole("button", { name: "Dismiss" }).click();
    await expect.poll(() => api.alerts[0]?.status).toBe("dismissed");
    expect(api.calls.find(({ method }) => method === "PATCH")?.body).toEqual({ status: "dismissed", reason: "wrong_data" });
    await page.context().close();
  });

  test("someone was faster: the change is taken back and said so", async () => {
    const { page, api } = await world.open("/alerts?scope=all");
    await page.getByText("Why it fired").waitFor();
    const first = api.alerts[0];
    if (first === undefined) throw new Error("no alert");
    api.alerts[0] = { ...first, etag: '"7"', status: "snoozed", snoozed_until: new Date().toISOString() };
    await page.keyboard.press("a");
    await page.getByText("This alert has changed meanwhile").waitFor();
    await expect.poll(() => page.getByRole("article").getByText("Acknowledged", { exact: true }).count()).toBe(0);
    await page.context().close();
  });

  test("a rating is one click, a comment goes with it", async () => {
    const { page, api } = await world.open("/alerts?scope=all");
    await page.getByText("Why it fired").waitFor();
    await page.keyboard.press("e");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Accurate: 1 of 5");
    await page.getByRole("button", { name: "Accurate: 4 of 5" }).click();
    await expect.poll(() => page.getByRole("button", { name: "Accurate: 4 of 5" }).getAttribute("aria-pressed")).toBe("true");
    await page.getByLabel("Comment").fill("Right, but we knew");
    await page.getByRole("button", { name: "Save comment" }).click();
    await page.getByText("Rating and comment saved").waitFor();
    expect(api.calls.filter(({ path }) => path.endsWith("/feedback")).map(({ body }) => body)).toEqual([
      { kind: "accuracy", rating: 4 }, { kind: "accuracy", rating: 4, comment: "Right, but we knew" },
    ]);
    await page.context().close();
  });
});

describe("import", () => {
  test("upload, map, check, import", async () => {
    const { page, api } = await world.open("/imports");
    await page.getByLabel("CSV file").setInputFiles({ name: "accounts.csv", mimeType: "text/csv", buffer: Buffer.from("Account ID,Company\nA-1,Northwind\n") });
    await page.getByRole("button", { name: "Upload and map" }).click();
    await page.getByText("Map the columns").waitFor();
    await page.getByLabel("Field for Company").selectOption("");
    await page.getByText("Still needed: Name").waitFor();
    expect(await page.getByRole("button", { name: "Check the file" }).isDisabled()).toBe(true);
    await page.getByLabel("Field for Company").selectOption("name");
    await page.getByLabel("Field for ARR (EUR)").selectOption("arr");
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("Checked: nothing is saved yet").waitFor();
    await page.getByText("“31/02/2027” is no day").waitFor();
    await page.getByRole("button", { name: "Import the 237 good rows" }).click();
    await page.getByRole("link", { name: "Open the portfolio" }).waitFor();
    const starts = api.calls.filter(({ path }) => path.endsWith("/start")).map(({ body }) => body);
    expect(starts).toMatchObject([{ dry_run: true, mapping: { "ARR (EUR)": "arr" } }, { dry_run: false }]);
    await page.context().close();
  });
});
