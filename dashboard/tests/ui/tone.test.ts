import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi } from "./fakeApi";
import { ownTone, toneModel } from "./fixtures/tone";
import { me } from "./fixtures/rest";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const account = "acc_00000000000000000000000000000001";
const reading = () => {
  const api = new FakeApi();
  api.me = me({ role: "admin" });
  api.settings.text_tone = true;
  return api;
};

describe("the tone of texts", () => {
  test("a ticket shows its tone and the words that say so, and a person corrects it and takes that back", async () => {
    const { page, api } = await world.open(`/accounts/${account}?tab=timeline`, { api: reading() });
    await page.getByText("The export crashes again and nobody answers!").waitFor();
    expect(await page.getByText("Read by the model tone 1").count()).toBe(2);
    expect(await axe(page)).toEqual([]);
    await page.getByRole("button", { name: "Not negative? Opened: Export" }).click();
    await page.getByRole("menuitem", { name: "It is neutral" }).click();
    await page.getByText(/read as negative by the model tone 1/).waitFor();
    await page.getByRole("button", { name: "Not neutral? Opened: Export" }).click();
    await page.getByRole("menuitem", { name: "Take the correction back" }).click();
    await page.getByText("Correction taken back").waitFor();
    expect(api.calls.filter(({ method }) => method === "PUT").map(({ body }) => body)).toEqual([
      { kind: "ticket", source: "zendesk", external_id: "t-1", tone: "neutral" },
      { kind: "ticket", source: "zendesk", external_id: "t-1", tone: null },
    ]);
    await page.context().close();
  });

  test("a link leads to the negative tickets only", async () => {
    const { page } = await world.open(`/accounts/${account}?tab=timeline&kind=ticket&tone=negative`, { api: reading() });
    await page.getByText("Opened: Export").waitFor();
    await page.getByText("Opened: Thanks").waitFor({ state: "detached" });
    await page.getByRole("checkbox", { name: "Negative only" }).uncheck();
    await page.getByText("Opened: Thanks").waitFor();
    await page.context().close();
  });

  test("an alert of R15 shows what was written", async () => {
    const api = reading();
    const [alert] = api.alerts;
    if (alert === undefined) throw new Error("The fixtures hold no alert.");
    Object.assign(alert, { rule: "R15", rule_name: "Burst of negative tickets" });
    const { page } = await world.open(`/alerts/${alert.id}`, { api });
    const panel = page.getByRole("region", { name: "What they wrote" });
    await panel.getByText("The export crashes again and nobody answers!").waitFor();
    expect(await panel.getByRole("link", { name: "See them in the timeline" }).getAttribute("href")).toContain("tab=timeline&kind=ticket&tone=negative");
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("off, nothing is shown and the way to the switch is said", async () => {
    const { page } = await world.open(`/accounts/${account}?tab=timeline&kind=ticket`);
    await page.getByText("The tone of texts is not read.").waitFor();
    expect(await page.getByRole("checkbox", { name: "Negative only" }).count()).toBe(0);
    await page.context().close();
  });
});

describe("the tenant's own model of tone", () => {
  test("its figures are shown, it is trained anew and taken back", async () => {
    const api = reading();
    api.toneModel = ownTone();
    const { page } = await world.open("/settings/models", { api });
    const panel = page.getByRole("region", { name: "Tone of texts" });
    await panel.getByText("0.912", { exact: true }).waitFor();
    expect(await axe(page)).toEqual([]);
    await panel.getByRole("button", { name: "Go back to the tone model before" }).click();
    await panel.getByText("Shipped (tone 1)").waitFor();
    await panel.getByRole("button", { name: "Train tone" }).click();
    await panel.getByText("waits to be started").waitFor();
    expect(await panel.getByRole("button", { name: "Train tone" }).isDisabled()).toBe(true);
    const back = api.calls.find(({ path }) => path.endsWith("/rollback"));
    expect(back?.headers["if-match"]).toBe('"tone-1"');
    await page.context().close();
  });

  test("a model that cannot be loaded is said to be missing, in the dark too", async () => {
    const api = reading();
    api.toneModel = toneModel({ own: { version: "2026-03-01-0a1b2c3d", since: "2026-03-01T00:00:00Z" }, lost: true });
    const { page } = await world.open("/settings/models", { api, dark: true });
    await page.getByText("2026-03-01-0a1b2c3d cannot be loaded:").waitFor();
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("off, the panel says where to switch it on", async () => {
    const { page } = await world.open("/settings/models");
    await page.getByRole("link", { name: "Switch it on in Settings" }).waitFor();
    await page.context().close();
  });
});
