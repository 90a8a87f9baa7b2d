import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { launch } from "../browser/chromium";
import { mailTo } from "./inbox";
import { Pictures } from "./pictures";
import { facts, portfolio } from "./portfolio";
import { call, readStack } from "./stack";

/** A new user, from the printed login to the e-mail in the inbox, on the running local stack. */
const stack = readStack();
const run = Date.now().toString(36).slice(-4);
const given = portfolio(run);
const pictures = new Pictures();

let browser: Browser;
let page: Page;
beforeAll(async () => {
  browser = await launch();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: "en-GB", reducedMotion: "reduce" });
  page.setDefaultTimeout(20_000);
});
let whole = true;
beforeEach(({ onTestFailed }) => { onTestFailed(() => { whole = false; }); });
afterAll(async () => {
  await browser.close();
  if (whole) pictures.publish();
});

/** Everything that the page asked for has come. */
const settled = async () => {
  await page.waitForTimeout(300);
  await page.waitForLoadState("networkidle");
  await expect.poll(() => page.locator("[role=status][aria-label^=Loading]").count(), { timeout: 20_000 }).toBe(0);
};

const picture = async (name: string) => {
  await settled();
  await page.screenshot({ path: pictures.path(name) });
};

/** Loads the page again until `seen` is there: facts take their way through the queues. */
const until = async (seen: () => Promise<boolean>, seconds: number) => {
  const end = Date.now() + seconds * 1000;
  while (!(await seen())) {
    if (Date.now() > end) throw new Error(`not seen within ${seconds} s: ${await page.locator("#main").innerText()}`);
    await page.waitForTimeout(1500);
    await page.reload();
    await settled();
  }
};

describe.sequential("a new user", () => {
  test("signs in by the printed login at the hosted page", async () => {
    const user = stack.user("lead");
    await page.goto(stack.dashboardUrl);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await picture("sign-in");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Username").fill(user.email);
    await page.getByLabel("Password").fill(user.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Today", exact: true }).waitFor();
    expect(page.url().startsWith(stack.dashboardUrl)).toBe(true);
    expect(page.url()).not.toContain("code=");
    await picture("today");
  });

  test("imports accounts.csv: the broken line is named, the good rows go through", async () => {
    await page.getByRole("link", { name: "Import", exact: true }).click();
    await page.getByLabel("CSV file").setInputFiles({ name: "accounts.csv", mimeType: "text/csv", buffer: Buffer.from(given.csv) });
    await page.getByRole("button", { name: "Upload and map" }).click();
    await page.getByText("Map the columns").waitFor();
    await expect.poll(() => page.getByLabel("Field for Account ID").inputValue()).toBe("external_id");
    await picture("import-map");
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("Checked: nothing is saved yet").waitFor({ timeout: 60_000 });
    await page.getByRole("region", { name: "Errors by line" }).getByRole("cell", { name: "7", exact: true }).first().waitFor();
    await picture("import-check");
    await page.getByRole("button", { name: `Import the ${given.rows} good rows` }).click();
    await page.getByRole("link", { name: "Open the portfolio" }).waitFor({ timeout: 60_000 });
    await expect.poll(() => page.locator("#main").innerText()).toMatch(new RegExp(`New\\s+${given.rows}`));
  });

  test("opens the account from the portfolio, once its facts have come and it is scored", async () => {
    for (const [method, path, body] of facts(given.externalId, run)) await call(stack, method, path, body);
    await page.getByRole("link", { name: "Open the portfolio" }).click();
    await page.getByLabel("Name begins with").fill(given.name.slice(0, 8));
    await until(() => page.getByRole("link", { name: given.name }).isVisible(), 60);
    await page.getByRole("link", { name: given.name }).click();
    await page.getByRole("heading", { name: given.name }).waitFor();
    await until(async () => (await page.getByTestId("why-sum").isVisible()) && !(await page.getByText("None open").isVisible()), 90);
  });

  test("follows why: the rows add up to 100 − score", async () => {
    const cells = await page.getByRole("region", { name: "Points lost per measure" }).locator("tbody tr td:nth-child(6)").allTextContents();
    const lost = cells.filter((cell) => cell !== "–").reduce((sum, cell) => sum + Number(cell), 0);
    const score = Number(/100 − ([\d.]+)/.exec((await page.getByTestId("why-sum").textContent()) ?? "")?.[1]);
    expect(lost).toBeCloseTo(100 - score, 6);
    await picture("account");
    await page.emulateMedia({ colorScheme: "dark" });
    await picture("account-dark");
    await page.emulateMedia({ colorScheme: "light" });
    for (const tab of ["Usage", "Timeline", "Facts"]) {
      await page.getByRole("tab", { name: tab }).click();
      await settled();
      expect(await page.getByRole("alert").count(), tab).toBe(0);
      expect(await axe(page)).toEqual([]);
    }
    await page.getByRole("tab", { name: "Health" }).click();
  });

  test("acknowledges and rates the alert", async () => {
    await page.getByRole("link", { name: "All of this account" }).click();
    await page.getByText("Why it fired").waitFor();
    await page.getByRole("button", { name: /notice/i }).first().click();
    await page.getByRole("button", { name: "Acknowledge" }).click();
    await page.getByRole("article").getByText("Acknowledged", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Accurate: 5 of 5" }).click();
    await page.getByText("Rating saved").waitFor();
    await page.getByLabel("Comment").fill("They told us on the phone too");
    await page.getByRole("button", { name: "Save comment" }).click();
    await page.getByText("Rating and comment saved").waitFor();
    await page.reload();
    await page.getByText("Why it fired").waitFor();
    await page.getByRole("article").getByText("Acknowledged", { exact: true }).waitFor();
    await expect.poll(() => page.getByRole("button", { name: "Accurate: 5 of 5" }).getAttribute("aria-pressed")).toBe("true");
    await picture("alerts");
    expect(await axe(page)).toEqual([]);
  });

  test("finds the e-mail in the inbox", async () => {
    await expect.poll(async () => (await mailTo(stack.inboxUrl, given.owner)) ?? "", { timeout: 150_000, interval: 1000 }).toContain(given.name);
    const html = await mailTo(stack.inboxUrl, given.owner);
    const mail = await browser.newPage({ viewport: { width: 720, height: 900 } });
    await mail.setContent(html ?? "");
    await mail.screenshot({ path: pictures.path("email") });
    await mail.close();
  });

  test("sees every other screen, and signs out", async () => {
    for (const [link, name] of [["Today", "today"], ["Portfolio", "portfolio"], ["Alerts", "inbox"], ["Integrations", "integrations"], ["Settings", "settings"]] as const) {
      await page.getByRole("link", { name: link, exact: true }).click();
      await settled();
      expect(await page.getByRole("alert").count(), link).toBe(0);
      expect(await axe(page)).toEqual([]);
      await picture(name);
    }
    await page.getByRole("button", { name: /your menu/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });
});
