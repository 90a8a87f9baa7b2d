import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, problem } from "./fakeApi";
import { run } from "./fixtures/models";
import { me } from "./fixtures/rest";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const admin = () => {
  const api = new FakeApi();
  api.me = me({ role: "admin" });
  return api;
};
const posted = (api: FakeApi, end: string) => api.calls.filter((call) => call.method === "POST" && call.path.endsWith(end));
const path = "/settings/models";
const watched = "2026-11-01-aaaa1111";

describe("models", () => {
  test("what answers, what is watched, the versions with their figures, and the checks of each", async () => {
    const { page } = await world.open(path);
    const churn = page.getByRole("region", { name: "Churn", exact: true });
    await churn.getByText("140 of 200 accounts with the outcome").waitFor();
    await churn.getByText("is registered and watched").waitFor();
    const table = churn.getByRole("region", { name: "Versions for churn" });
    const row = table.getByRole("row", { name: watched });
    for (const cell of ["Watched", "Blend with boosted trees", "1,040", "0.81 0.76 to 0.86", "0.021"]) await row.getByRole("cell", { name: cell }).waitFor();
    await page.getByRole("region", { name: "Payment", exact: true }).getByText("12 of 50 accounts").waitFor();
    await page.getByText("No model yet:").first().waitFor();
    expect(await page.getByRole("button", { name: /Train|Promote|Watch|Roll back|share/ }).count(), "only an admin decides").toBe(0);
    await page.getByRole("button", { name: `Details of ${watched}` }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Outcomes, met: 140 accounts").waitFor();
    await dialog.getByText("Lift, missed: 1.6 among the top tenth").waitFor();
    await dialog.getByText("Held against rules: PR-AUC +0.120 (+0.070 to +0.170, 95 %)").waitFor();
    await dialog.getByText("The rules on the same rows: AUC 0.72, PR-AUC 0.30, lift 2.2").waitFor();
    expect(await dialog.getByRole("region", { name: "Calibration by tenths" }).locator("tbody tr").count(), "the empty tenth is left out").toBe(9);
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("a model of revenue shows what its amounts are worth beside the run-rate", async () => {
    const { page } = await world.open(path);
    await page.getByRole("button", { name: "Details of 2026-11-01-dddd4444" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("mean absolute error 373 (run-rate 478), Gini 0.815 (run-rate 0.800)").waitFor();
    await dialog.getByText("79% of the amounts lay within their interval of 80 %").waitFor();
    await page.context().close();
  });

  test("promoting asks for each missed check and a reason, and sends them with the tag that was seen", async () => {
    const { page, api } = await world.open(path, { api: admin() });
    await page.getByRole("button", { name: `Promote ${watched}` }).click();
    const dialog = page.getByRole("dialog");
    const promote = dialog.getByRole("button", { name: "Promote" });
    await dialog.getByRole("checkbox", { name: /Accept “Lift”/ }).check();
    await dialog.getByRole("textbox", { name: "Reason" }).fill("renewals come in January");
    expect(await promote.isDisabled(), "one missed check is not accepted").toBe(true);
    await dialog.getByRole("checkbox", { name: /watched for 12 days/ }).check();
    await dialog.getByRole("textbox", { name: "Reason" }).fill(" ");
    expect(await promote.isDisabled(), "no reason").toBe(true);
    await dialog.getByRole("textbox", { name: "Reason" }).fill("renewals come in January");
    expect(await axe(page)).toEqual([]);
    await promote.click();
    await page.getByText(`${watched} answers now`).waitFor();
    const [call] = posted(api, `/v1/models/churn/versions/${watched}/place`);
    expect(call?.body).toEqual({ role: "champion", share: null, accept: ["lift", "shadow"], reason: "renewals come in January" });
    expect(call?.headers["if-match"]).toBe('"churn-4"');
    await page.getByRole("row", { name: watched }).getByText("Champion").waitFor();
    await page.context().close();
  });

  test("a version is watched, answers for a share, and what answers is rolled back with a reason", async () => {
    const { page, api } = await world.open(path, { api: admin() });
    const old = "2026-09-12-cccc3333";
    await page.getByRole("button", { name: `Watch ${old}` }).click();
    await page.getByRole("row", { name: old }).getByText("Watched").waitFor();
    await page.getByRole("button", { name: `Answer for a share: ${old}` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Share of the accounts" }).fill("60");
    await dialog.getByRole("checkbox").check();
    await dialog.getByRole("textbox", { name: "Reason" }).fill("ours for years");
    expect(await dialog.getByRole("button", { name: "Let it answer" }).isDisabled(), "at most 50 %").toBe(true);
    await dialog.getByRole("textbox", { name: "Share of the accounts" }).fill("20");
    await dialog.getByRole("textbox", { name: "Reason" }).press("Enter");
    await page.getByText("Answers for 20% of the accounts").waitFor();
    await page.getByRole("button", { name: "Roll back churn" }).click();
    await dialog.getByRole("textbox", { name: "Reason" }).fill("too many alerts");
    await page.keyboard.press("Enter");
    await page.getByText("Rolled back").waitFor();
    expect(api.calls.filter(({ method }) => method === "POST").map(({ body, headers }) => [body, headers["if-match"]])).toEqual([
      [{ role: "shadow", share: null, accept: [], reason: null }, '"churn-4"'],
      [{ role: "challenger", share: 0.2, accept: ["measured"], reason: "ours for years" }, '"churn-5"'],
      [{ reason: "too many alerts" }, '"churn-6"'],
    ]);
    await page.context().close();
  });

  test("a decision that came too late is said, and the models are read again", async () => {
    const { page, api } = await world.open(path, { api: admin() });
    await page.getByRole("button", { name: "Roll back churn" }).click();
    const churn = api.models[0];
    if (churn !== undefined) Object.assign(churn, { etag: '"churn-9"', can_roll_back: false });
    await page.getByRole("dialog").getByRole("textbox", { name: "Reason" }).fill("x");
    await page.keyboard.press("Enter");
    await page.getByText("These models have changed meanwhile").waitFor();
    await page.getByRole("button", { name: "Roll back churn" }).waitFor({ state: "detached" });
    await page.context().close();
  });

  test("training shows how far it is, and then what came of it", async () => {
    const { page, api } = await world.open(path, { api: admin() });
    await page.getByRole("button", { name: "Train payment" }).click();
    const payment = page.getByRole("region", { name: "Payment", exact: true });
    await payment.getByText("Waits for its turn").waitFor();
    expect(await payment.getByRole("button", { name: "Train payment" }).isDisabled()).toBe(true);
    const own = api.models.find(({ kind }) => kind === "payment");
    if (own !== undefined) own.last_run = run({ kind: "payment", status: "running", accounts: 400, accounts_done: 100, verdict: "reads accounts" });
    await payment.getByText("100 of 400 accounts read").waitFor();
    expect(await payment.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("25");
    expect(await axe(page)).toEqual([]);
    if (own !== undefined) own.last_run = run({ kind: "payment", status: "refused", verdict: "12 of 50 accounts with the outcome: rules stand" });
    await payment.getByText("12 of 50 accounts with the outcome: rules stand").waitFor();
    expect(await payment.getByRole("progressbar").count()).toBe(0);
    await page.context().close();
  });

  test("a failure is told with its reason and can be tried again", async () => {
    const api = new FakeApi();
    let fails = true;
    api.override = (call) => (call.path === "/v1/models" && fails ? problem(422, "invalid_request", "The models do not read", "") : undefined);
    const { page } = await world.open(path, { api });
    await page.getByRole("alert").getByText("The models do not read").waitFor();
    fails = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("region", { name: "Churn", exact: true }).waitFor();
    await page.context().close();
  });

  test("axe finds nothing for an admin, light, dark and at phone width, which does not scroll sideways", async () => {
    for (const options of [{}, { dark: true }, { phone: true }]) {
      const { page } = await world.open(path, { ...options, api: admin() });
      await page.getByRole("button", { name: `Promote ${watched}` }).waitFor();
      await page.waitForLoadState("networkidle");
      expect(await axe(page)).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wide).toBeLessThanOrEqual(0);
      await page.context().close();
    }
  });
});
