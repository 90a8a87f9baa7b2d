import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi } from "./fakeApi";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const path = "/accounts/acc_00000000000000000000000000000001?tab=usage";

describe("the outlook of usage", () => {
  test.each([false, true])("days out of the ordinary are marked, the forecast is said in words, and every day stands in a table (dark: %s)", async (dark) => {
    const { page } = await world.open(path, { dark });
    const panel = page.getByRole("region", { name: "Usage outlook" });
    await panel.getByText("with a chance of 80% between 2,900 and 3,600").waitFor();
    expect(await panel.locator('[data-part="anomaly"]').count()).toBe(1);
    expect(await panel.getByText("Out of the ordinary", { exact: true }).count()).toBe(2);
    const chart = panel.getByRole("slider", { name: "Key events by day against what was expected" });
    await chart.press("ArrowLeft");
    expect(await chart.getAttribute("aria-valuetext")).toContain("usually 70 to 150");
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("too little history says how many days are missing", async () => {
    const api = new FakeApi();
    api.outlook = { ...api.outlook, history_days: 12, days_missing: 23, forecast_days_missing: 79, days: [], week: null, forecast: null };
    const { page } = await world.open(path, { api });
    await page.getByText("12 days of usage are known; 23 more are needed before days can be judged.").waitFor();
    await page.context().close();
  });

  test("without a forecast, what it waits for is said", async () => {
    const api = new FakeApi();
    api.outlook = { ...api.outlook, forecast_days_missing: 30, forecast: null };
    const { page } = await world.open(path, { api });
    await page.getByText("A forecast needs 30 more days of history").waitFor();
    await page.context().close();
  });
});
