import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, problem } from "./fakeApi";
import { card } from "./fixtures/accounts";
import { broken, drift } from "./fixtures/models";
import { me } from "./fixtures/rest";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const path = "/settings/models";
/** Only the model of churn is there: of every other kind nothing is asked. */
const churnOnly = () => {
  const api = new FakeApi();
  api.models = api.models.filter(({ kind }) => kind !== "revenue");
  return api;
};
const admin = () => Object.assign(churnOnly(), { me: me({ role: "admin" }) });

describe("whether models still meet what they learnt", () => {
  test("a steady night names what moved a little, and kinds without a model ask for nothing", async () => {
    const { page, api } = await world.open(path, { api: churnOnly() });
    const section = page.getByRole("region", { name: "Is it still the world it learnt? Churn", exact: true });
    await section.getByText("As it learnt").first().waitFor();
    await section.getByText("0 of 120 features moved too far").first().waitFor();
    await section.getByRole("row", { name: /tickets_30d 0.12/ }).first().getByText("Within what is allowed").waitFor();
    await section.getByText("Calibration: 8.0% said, 7.5% came, of 640 accounts (0.5 standard errors)").waitFor();
    await section.getByText("Calibration: no window of its predictions is over yet.").waitFor();
    expect(api.calls.filter((call) => call.path.endsWith("/monitoring")).length).toBe(1);
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("a feature that has gone is shown with its figures, and training asks for a reason", async () => {
    const api = admin();
    api.monitoring = broken();
    const { page } = await world.open(path, { api });
    const section = page.getByRole("region", { name: "Is it still the world it learnt? Churn", exact: true });
    await section.getByText("held: feature nps PSI 3.20").waitFor();
    await section.getByText("Moved too far", { exact: true }).waitFor();
    const row = section.getByRole("row", { name: /nps 3.20 2% 98%/ });
    await row.getByText("Gone missing").waitFor();
    await row.getByText("A source no longer sends surveys").waitFor();
    expect(await section.getByRole("row", { name: /seats/ }).count(), "what did not move is left out").toBe(0);
    await section.getByText("high-touch 1 feature off of 500 accounts (most: nps, PSI 3.20)").waitFor();
    await section.getByText("Of the last 2 nights training waited in 1.").waitFor();
    await page.getByRole("button", { name: "Train churn" }).click();
    const dialog = page.getByRole("dialog");
    const train = dialog.getByRole("button", { name: "Accept and train" });
    expect(await train.isDisabled()).toBe(true);
    await dialog.getByRole("textbox", { name: "Reason" }).fill("surveys were given up");
    expect(await axe(page)).toEqual([]);
    await train.click();
    await page.getByText("Churn: training is queued").waitFor();
    expect(api.calls.find((call) => call.path.endsWith("/runs"))?.body).toEqual({ accept_drift: "surveys were given up" });
    await page.context().close();
  });

  test("what only aged is no alarm", async () => {
    const api = admin();
    const { latest } = api.monitoring;
    if (latest === null) throw new Error("the fixture has a night");
    const aged = drift("contract_month", { psi: 1.4, usual_now: 14, is_drifted: true, movement: "aged", means: "It only rises as time passes." });
    api.monitoring = { ...api.monitoring, latest: { ...latest, models: latest.models.map((model) => ({ ...model, state: "aged" as const, drifted: 1, moved: [aged] })) } };
    const { page } = await world.open(path, { api });
    const section = page.getByRole("region", { name: "Is it still the world it learnt? Churn", exact: true });
    await section.getByText("Moved, training goes on").first().waitFor();
    await section.getByText("1 of 120 features moved as time passed or as more became known, none so that training waits").first().waitFor();
    expect(await section.getByText("Moved too far").count()).toBe(0);
    await page.context().close();
  });

  test("before the first night it says that it waits; a failure can be tried again", async () => {
    const api = churnOnly();
    api.monitoring = { ...api.monitoring, latest: null };
    let fails = true;
    api.override = (call) => (call.path.endsWith("/monitoring") && fails ? problem(422, "invalid_request", "The nights do not read", "") : undefined);
    const { page } = await world.open(path, { api });
    await page.getByRole("alert").getByText("The nights do not read").waitFor();
    fails = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("The next night looks").waitFor();
    await page.context().close();
  });

  test("axe finds nothing on a broken night, light, dark and at phone width, which does not scroll sideways", async () => {
    for (const options of [{}, { dark: true }, { phone: true }]) {
      const api = admin();
      api.monitoring = broken();
      const { page } = await world.open(path, { ...options, api });
      await page.getByText("held: feature nps").waitFor();
      await page.waitForLoadState("networkidle");
      expect(await axe(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
      await page.context().close();
    }
  });
});

describe("the change of a probability between two days", () => {
  test("what moved it stands with its value then and now, in points that add up, another model's part too", async () => {
    const api = new FakeApi();
    const input = { value_compare: 0.05, value_at: -0.4, margin: 0.5 };
    api.changed = [{
      kind: "churn", model_version: "churn@2", model_compare: "churn@1", probability_at: 0.31, probability_compare: 0.12, change: 0.19, margin: 0.9, by_model: 0.0234,
      note: "Another model answered then: +2.3 points of the change come of the new one, asked of the account as it was.",
      inputs: [
        { ...input, name: "key_events_change_30d", text: "Key events against the 30 days before: 5 % → -40 %", points: 0.1777 },
        { ...input, name: "others", text: "3 further inputs together", points: -0.0111 },
      ],
    }];
    const { page } = await world.open(`/accounts/${card(0).id}`, { api });
    const section = page.getByRole("region", { name: "Change of the churn probability" });
    await section.getByText("Key events against the 30 days before: 5 % → -40 %").waitFor();
    await section.getByRole("row", { name: "Another model: churn@1 → churn@2" }).waitFor();
    await section.getByText("Another model answered then").waitFor();
    const points = await section.locator("tbody td:nth-child(2)").allTextContents();
    expect(points.reduce((sum, text) => sum + Number(text.replace("−", "-")), 0)).toBeCloseTo(19, 6);
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });
});
