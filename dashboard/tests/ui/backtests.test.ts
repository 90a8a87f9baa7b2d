import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, problem } from "./fakeApi";
import { card } from "./fixtures/accounts";
import { backtest, queued } from "./fixtures/backtests";
import { profileDraft } from "./fixtures/profiles";
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
const posted = (api: FakeApi) => api.calls.filter((call) => call.method === "POST" && call.path === "/v1/backtests");
const path = "/accuracy/backtests";

describe("backtests", () => {
  test("a result shows both sides, bands, warnings, misses by name, and alerts by owner", async () => {
    const { page } = await world.open(`${path}/1795000000-aaaa1111`);
    await page.getByRole("heading", { name: "Backtest: Draft of the profiles" }).waitFor();
    const figures = page.getByRole("region", { name: "Figures by side" });
    await figures.getByRole("columnheader", { name: "Draft, saved 2026-11-20 10:00 UTC" }).waitFor();
    await figures.getByRole("columnheader", { name: "Published profiles, version 2" }).waitFor();
    await figures.getByRole("row", { name: /^Lift, top tenth/ }).getByText("3.1").first().waitFor();
    await page.getByText("62 accounts with the outcome of 100 asked for").waitFor();
    const missed = page.getByRole("region", { name: "Missed: draft, saved 2026-11-20 10:00 UTC" });
    await missed.getByText("28 of 62 losses were not flagged 90 days before; the newest 2 are shown").waitFor();
    await missed.getByRole("link", { name: card(0).name }).waitFor();
    await missed.getByText(card(1).id).waitFor();
    await page.getByRole("region", { name: "Alerts by owner" }).getByText("nobody").waitFor();
    expect(await page.getByRole("img", { name: /14 losses with 90 days of warning/ }).count()).toBe(2);
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("an admin starts one, sees how far it is, and why it broke off", async () => {
    const { page, api } = await world.open(path, { api: admin() });
    await page.getByRole("combobox", { name: "What is tested" }).selectOption({ label: "Rules, the muted ones too" });
    await page.getByLabel("From").fill("2026-06-01");
    await page.getByLabel("To", { exact: true }).fill("2026-01-01");
    expect(await page.getByRole("button", { name: "Start" }).isDisabled(), "the days are turned around").toBe(true);
    await page.getByLabel("To", { exact: true }).fill("");
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByText("120 of 300 accounts read").waitFor();
    expect(posted(api)[0]?.body).toEqual({ subject: { what: "rules", with_muted: true }, from: "2026-06-01", to: null });
    expect(await axe(page)).toEqual([]);
    api.backtests = [backtest({ ...queued({ what: "draft" }), status: "failed", said: "there is no draft of the profiles any more" })];
    await page.getByText("there is no draft of the profiles any more").waitFor();
    await page.context().close();
  });

  test("the draft is backtested by one click where it is made", async () => {
    const api = admin();
    api.draft = profileDraft({ saved: true, saved_by: "admin@demo.example" });
    const { page } = await world.open("/settings/profiles", { api });
    await page.getByRole("button", { name: "Backtest this draft" }).click();
    await page.getByText("120 of 300 accounts read").waitFor();
    expect(posted(api)[0]?.body).toEqual({ subject: { what: "draft" }, from: null, to: null });
    await page.context().close();
  });

  test("the report is a file; a viewer starts nothing; none and an error are said", async () => {
    const api = new FakeApi();
    api.me = me({ role: "viewer" });
    const { page } = await world.open(`${path}/1795000000-aaaa1111`, { api });
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Report" }).click()]);
    expect(file.suggestedFilename()).toBe("backtest-1795000000-aaaa1111.html");
    expect(await readFile(await file.path(), "utf8")).toContain("<!doctype html>");
    api.backtests = [];
    await page.getByRole("link", { name: "All backtests" }).click();
    await page.getByText("None yet").waitFor();
    await page.getByText("Only admins start backtests.").waitFor();
    expect(await page.getByRole("button", { name: "Start" }).count()).toBe(0);
    api.override = ({ path: asked }) => (asked === "/v1/backtests" ? problem(422, "broken", "It does not answer", "Try later.") : undefined);
    await page.reload();
    await page.getByText("It does not answer").waitFor();
    await page.context().close();
  });
});
