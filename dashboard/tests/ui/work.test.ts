import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

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
    await expect.poll(() => api.alerts[0]?.status).toBe("acknowledged");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => api.alerts[0]?.status).toBe("open");
    await expect.poll(() => api.calls.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["if-match"])).toEqual(['"1"', '"2"']);
    await page.keyboard.press("s");
    await page.getByRole("menuitem", { name: "For a week" }).click();
    await expect.poll(() => api.alerts[0]?.status).toBe("snoozed");
    await page.getByRole("menu").waitFor({ state: "hidden" });
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("Dismiss with a reason").waitFor();
    await page.context().close();
  });

  test("keys that come faster than the page is drawn mean the alert that was stepped to", async () => {
    const { page, api } = await world.open("/alerts?scope=all");
    await page.getByText("Why it fired").waitFor();
    // All in one turn of the page: nothing is drawn in between.
    await page.evaluate(() => {
      for (const key of ["j", "j", "k", "a"]) window.dispatchEvent(new KeyboardEvent("keydown", { key }));
    });
    await expect.poll(() => api.alerts.slice(0, 3).map(({ status }) => status)).toEqual(["open", "acknowledged", "open"]);
    await page.waitForURL(/alr_A-1001_1/);
    await page.context().close();
  });

  test("a command given before the last one is answered follows it, and is not refused as another's", async () => {
    const { page, api } = await world.open("/alerts?scope=all");
    await page.getByText("Why it fired").waitFor();
    const first = api.alerts[0]?.id ?? "";
    const held: (() => void)[] = [];
    await page.route(`**/v1/alerts/${first}`, async (route) => {
      if (route.request().headers()["if-match"] === '"1"' && route.request().method() === "PATCH") await new Promise<void>((resolve) => { held.push(resolve); });
      await route.fallback();
    });
    await page.keyboard.press("a");
    await page.getByRole("article").getByText("Acknowledged").first().waitFor();
    await page.keyboard.press("u");
    await page.getByRole("article").getByText("Open", { exact: true }).first().waitFor();
    for (const answer of held) answer();
    await page.getByText("Opened again").waitFor();
    expect(api.alerts[0]?.status).toBe("open");
    expect(api.calls.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["if-match"])).toEqual(['"1"', '"2"']);
    await page.context().close();
  });

  test("a dismissal needs its reason", async () => {
    const { page, api } = await world.open("/alerts?scope=all");
    await page.getByText("Why it fired").waitFor();
    await page.keyboard.press("d");
    const dialog = page.getByRole("dialog");
    await expect.poll(() => dialog.getByRole("button", { name: "Dismiss" }).isDisabled()).toBe(true);
    await dialog.getByLabel("Wrong data").check();
    await dialog.getByRole("button", { name: "Dismiss" }).click();
    await expect.poll(() => api.alerts[0]?.status).toBe("dismissed");
    await expect.poll(() => api.calls.find(({ method }) => method === "PATCH")?.body).toEqual({ status: "dismissed", reason: "wrong_data" });
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
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Accurate: 1 of 5");
    await page.getByRole("button", { name: "Accurate: 4 of 5" }).click();
    await expect.poll(() => page.getByRole("button", { name: "Accurate: 4 of 5" }).getAttribute("aria-pressed")).toBe("true");
    await page.getByLabel("Comment").fill("Right, but we knew");
    await page.getByRole("button", { name: "Save comment" }).click();
    await page.getByText("Rating and comment saved").waitFor();
    await expect.poll(() => api.calls.filter(({ path }) => path.endsWith("/feedback")).map(({ body }) => body)).toEqual([
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
    await expect.poll(() => page.getByRole("button", { name: "Check the file" }).isDisabled()).toBe(true);
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
