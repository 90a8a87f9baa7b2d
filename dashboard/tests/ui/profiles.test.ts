import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, problem } from "./fakeApi";
import { card } from "./fixtures/accounts";
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
const sent = (api: FakeApi, method: string, path: string) => api.calls.filter((call) => call.method === method && call.path === path);
const path = "/settings/profiles";

describe("health profiles", () => {
  test("a weight is changed, saved, previewed and published, each with the version that was seen", async () => {
    const { page, api } = await world.open(path, { api: admin() });
    await page.getByText("What scores go by now: version 2").waitFor();
    await page.getByText("40.0 %").first().waitFor();
    await page.getByLabel("Weight of Active seats").fill("30");
    await page.getByText("62.5 %").waitFor();
    await page.getByText("not saved").waitFor();
    await page.getByLabel("Limit of the cap overdue").fill("45");
    expect(await page.getByRole("button", { name: "Publish…" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Save draft" }).click();
    await page.getByText("Made from version 2").waitFor();
    const put = sent(api, "PUT", "/v1/profiles/draft")[0];
    expect(put?.headers["if-match"]).toBe('"v0"');
    expect(put?.body).toMatchObject({ profiles: [{ measures: [{ id: "U1", weight: 30 }, {}, {}] }, {}], caps: [{ limit: 45 }] });
    await page.getByRole("button", { name: "Preview", exact: true }).click();
    await page.getByText("A random sample: 500 of 1200 accounts were assessed").waitFor();
    await page.getByRole("region", { name: "Accounts that change their band" }).getByRole("link", { name: card(0).name }).waitFor();
    await page.getByRole("img", { name: /By the draft: .*Healthy 299/ }).waitFor();
    await page.getByRole("button", { name: "Publish…" }).click();
    await page.getByRole("textbox", { name: "What changed and why" }).fill("More weight on seats");
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.getByText("Version 3 is published; new scores of 312 accounts are on their way").waitFor();
    expect(sent(api, "POST", "/v1/profiles/draft/publish").map(({ body, headers }) => [body, headers["if-match"]]))
      .toEqual([[{ note: "More weight on seats" }, '"v1"']]);
    await page.getByText("What scores go by now: version 3").waitFor();
    await page.context().close();
  });

  test("what is wrong with a draft is said field by field", async () => {
    const api = admin();
    api.override = (call) => {
      if (call.method !== "PUT") return undefined;
      const { status, body } = problem(422, "invalid_request", "The request does not fit", "");
      const errors = [{ field: "profiles[0].measures[1].green", code: "out_of_range", detail: "green must lie below red" }];
      return { status, body: Object.assign({ ...Object(body) }, { errors }) };
    };
    const { page } = await world.open(path, { api });
    await page.getByLabel("Green cut of Days since a two-way meeting").fill("90");
    await page.getByRole("button", { name: "Save draft" }).click();
    await page.getByRole("alert").getByText("profiles[0].measures[1].green: green must lie below red").waitFor();
    await page.context().close();
  });

  test("a version is looked at and gone back to with one question", async () => {
    const { page, api } = await world.open(path, { api: admin() });
    await page.getByRole("button", { name: "Differences of version 2" }).click();
    await page.getByText("profiles.high-touch.measures.U1.weight").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Roll back to version 1" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Roll back" }).click();
    await page.getByText("Version 3 is published, equal to version 1; new scores of 312 accounts are on their way").waitFor();
    expect(sent(api, "POST", "/v1/profiles/versions/1/restore")[0]?.headers["if-match"]).toBe('"v2"');
    await page.context().close();
  });

  test("who is no admin sees everything and changes nothing", async () => {
    const { page } = await world.open(path);
    await page.getByText("Only admins change these.").waitFor();
    expect(await page.getByLabel("Weight of Active seats").isDisabled()).toBe(true);
    expect(await page.getByRole("button", { name: /Roll back|Save draft|Preview/ }).count()).toBe(0);
    await page.context().close();
  });

  test("an error is shown with its trace and goes away when it is asked again", async () => {
    const api = admin();
    let failing = true;
    api.override = (call) => (failing && call.path === "/v1/profiles/draft" ? problem(422, "invalid_request", "The draft does not read", "") : undefined);
    const { page } = await world.open(path, { api });
    await page.getByRole("alert").getByText("The draft does not read").waitFor();
    failing = false;
    await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
    await page.getByLabel("Weight of Active seats").waitFor();
    await page.context().close();
  });

  test("axe finds nothing, light, dark and at phone width, which does not scroll sideways", async () => {
    for (const options of [{}, { dark: true }, { phone: true }]) {
      const { page } = await world.open(path, { ...options, api: admin() });
      await page.getByLabel("Weight of Active seats").waitFor();
      await page.waitForLoadState("networkidle");
      expect(await axe(page)).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wide).toBeLessThanOrEqual(0);
      await page.context().close();
    }
  });
});

describe("a parent account", () => {
  test("shows its children with their scores, and what they come to", async () => {
    const api = admin();
    const [child, other] = [card(3), card(4)];
    api.rollup = {
      mode: "arr_weighted", score: 61.5, band: "watch", counted: 2, complete: true,
      children: [child, other].map(({ id, name, score, band, arr }) => ({ id, name, score, band, arr })),
    };
    const { page } = await world.open(`/accounts/${card(0).id}`, { api });
    const panel = page.getByRole("region", { name: "Children", exact: true });
    await panel.getByText("61.5").waitFor();
    await panel.getByText("mean by ARR").waitFor();
    await panel.getByRole("link", { name: child.name }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });
});

describe("override of a score", () => {
  const id = card(0).id;

  test("is given with its reason, shows both scores and its line in the sum, and is taken back", async () => {
    const { page, api } = await world.open(`/accounts/${id}`, { api: admin() });
    await page.getByRole("button", { name: "Override" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByRole("button", { name: "Override" }).isDisabled()).toBe(true);
    await dialog.getByRole("textbox", { name: "Score" }).fill("80");
    await dialog.getByRole("textbox", { name: "Reason" }).fill("The renewal is signed");
    expect(await axe(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Override" }).click();
    await page.getByText("Score set to 80").waitFor();
    expect(sent(api, "PUT", `/v1/accounts/${id}/override`)[0]?.body).toEqual({ score: 80, reason: "The renewal is signed" });
    await page.getByText("Override: The renewal is signed").waitFor();
    await page.getByText(/set by hand until/).waitFor();
    await page.getByText(/Computed .*, set to 80/).waitFor();
    expect(await page.getByText("The rows do not add up").count()).toBe(0);
    // The dialog of before fades out with a button of the same name.
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Override" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take it back" }).click();
    await page.getByText("Override taken back").waitFor();
    await expect.poll(() => page.getByText(/set by hand until/).count()).toBe(0);
    await page.context().close();
  });

  test("a refusal is said in the dialog", async () => {
    const api = admin();
    api.override = (call) => (call.method === "PUT" ? problem(422, "invalid_request", "The request does not fit", "until: a day within 90 days") : undefined);
    const { page } = await world.open(`/accounts/${id}`, { api });
    await page.getByRole("button", { name: "Override" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Score" }).fill("80");
    await dialog.getByRole("textbox", { name: "Reason" }).fill("x");
    await dialog.getByRole("button", { name: "Override" }).click();
    await dialog.getByRole("alert").getByText("until: a day within 90 days").waitFor();
    await page.context().close();
  });

  test("a low pulse asks for its reason and a good one does not", async () => {
    const { page, api } = await world.open(`/accounts/${id}`, { api: admin() });
    await page.getByRole("button", { name: "Set pulse" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("2 · Worried").check();
    await expect.poll(() => dialog.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
    await dialog.getByLabel("4 · Good").check();
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect.poll(() => sent(api, "POST", `/v1/accounts/${id}/pulse`)[0]?.body).toEqual({ pulse: 4, reason: null });
    await page.context().close();
  });
});
