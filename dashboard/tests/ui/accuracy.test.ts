import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, ok, problem } from "./fakeApi";
import { card } from "./fixtures/accounts";
import { unchecked } from "./fixtures/accuracy";
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

describe("accuracy", () => {
  test("figures with their ranges, bands against outcomes, and the accounts that were missed by name", async () => {
    const { page } = await world.open("/accuracy");
    await page.getByRole("heading", { name: "At the cut of 0.50" }).waitFor();
    await page.getByText("Churned accounts with a checked prediction: 30 of 50").waitFor();
    await page.getByRole("region", { name: "Table of calibration" }).getByText("70% to 80%").waitFor();
    const link = page.getByRole("region", { name: "Table of wrong predictions" }).getByRole("link");
    expect(await link.textContent()).toBe(card(4).name);
    await page.getByRole("combobox", { name: "Which were wrong" }).selectOption("false_alarm");
    await page.getByText("It was predicted, and did not happen: no account.").waitFor();
    await page.getByRole("combobox", { name: "Predicted by" }).selectOption("rules");
    await expect.poll(() => page.url()).toContain("method=rules");
    expect(await page.getByRole("button", { name: "Mute R01" }).count(), "only an admin mutes").toBe(0);
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("before the first check it says what is missing and how to bring it", async () => {
    const api = new FakeApi();
    api.accuracy = unchecked();
    const { page } = await world.open("/accuracy", { api });
    await page.getByText("No outcomes yet").waitFor();
    await page.getByText("12 of 50").waitFor();
    await page.getByText("POST /v1/outcomes").waitFor();
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("a failure is told with its reason and can be tried again", async () => {
    const api = new FakeApi();
    let fails = true;
    api.override = ({ path }) => (path === "/v1/accuracy" && fails ? problem(422, "invalid_request", "The request does not fit", "no such kind") : undefined);
    const { page } = await world.open("/accuracy", { api });
    await page.getByText("no such kind").waitFor();
    fails = false;
    await page.getByRole("button", { name: "Try again" }).first().click();
    await page.getByRole("heading", { name: "At the cut of 0.50" }).waitFor();
    await page.context().close();
  });

  test("an admin takes a proposed cut over, and mutes a rule with a reason, by keyboard", async () => {
    const api = admin();
    const rule = api.rules[0];
    if (rule !== undefined) rule.proposal = "mute";
    const { page } = await world.open("/accuracy", { api });
    await page.getByRole("button", { name: "Use 0.34 as the cut" }).click();
    await page.getByText("The cut is 0.34").waitFor();
    expect(api.calls.find(({ method, path }) => method === "PATCH" && path === "/v1/settings")?.body).toEqual({ alert_cut: 0.34 });
    await page.getByText("mute it?").waitFor();
    await page.getByRole("button", { name: "Mute R01" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("textbox", { name: "Why" }).fill("the events were renamed");
    await page.keyboard.press("Enter");
    await page.getByText("R01 is muted").waitFor();
    expect(api.calls.findLast(({ method }) => method === "PATCH")?.body).toEqual({ muted: true, reason: "the events were renamed" });
    await page.getByText("the events were renamed, admin@demo.example").waitFor();
    await page.getByRole("button", { name: "Let R01 open alerts" }).click();
    await page.getByText("R01 opens alerts again").waitFor();
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("where no cut fits, the reason stands in its place", async () => {
    const api = new FakeApi();
    api.override = ({ path }) => path === "/v1/accuracy/thresholds"
      ? ok({ kind: "churn", per_week: 1, accounts: 300, alert_cut: 0.5, proposals: [], note: "even the highest probabilities would give more alerts than that" })
      : undefined;
    const { page } = await world.open("/accuracy", { api });
    await page.getByText("even the highest probabilities").waitFor();
    await page.context().close();
  });
});
