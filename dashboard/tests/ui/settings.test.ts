import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi } from "./fakeApi";
import { me } from "./fixtures/rest";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const settings = async (api: FakeApi) => {
  const { page } = await world.open("/settings", { api });
  const names = page.getByLabel("Competitors", { exact: true }).and(page.locator("input"));
  await names.waitFor();
  return { page, names };
};
const lead = () => {
  const api = new FakeApi();
  api.me = me({ role: "lead" });
  return api;
};
const saved = (api: FakeApi) => api.calls.filter(({ method }) => method === "PATCH");

describe("competitors", () => {
  test("added, taken away, saved with the other settings, and there again afterwards", async () => {
    const api = lead();
    api.settings.competitors = ["Gone Soft"];
    const { page, names } = await settings(api);
    await page.getByText("A ticket or note that names one raises R25").waitFor();
    await names.fill("Rival, Inc.");
    await names.press("Enter");
    await names.fill("rival, inc.");
    await names.press("Enter");
    await names.fill("Other");
    await names.press("Enter");
    await page.getByText("3 of 50").waitFor();
    await page.locator("form").getByText("Gone Soft").locator("..").locator("button").click();
    await page.getByText("2 of 50").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Settings saved").waitFor();
    expect(saved(api).map(({ body, headers }) => [body, headers["if-match"]])).toMatchObject([[{ competitors: ["Rival, Inc.", "Other"], daily_cap: 10 }, '"1"']]);
    expect(await axe(page)).toEqual([]);
    await page.reload();
    await page.getByText("Rival, Inc.").waitFor();
    await page.context().close();
  });

  test("a name that does not fit is named and not sent", async () => {
    const api = lead();
    const { page, names } = await settings(api);
    await names.fill("x");
    await names.press("Enter");
    await page.getByText("“x” does not fit: a name has 2 to 60 characters").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    expect(saved(api)).toEqual([]);
    await names.press("Backspace");
    await names.fill("𝒳".repeat(60));
    await names.press("Enter");
    await page.getByRole("button", { name: "Save" }).click();
    await expect.poll(() => saved(api).length).toBe(1);
    await page.context().close();
  });

  test("fifty at the most; who may not change settings may not change them", async () => {
    const api = lead();
    api.settings.competitors = Array.from({ length: 50 }, (_, index) => `Rival ${index}`);
    const { page, names } = await settings(api);
    await page.getByText("50 of 50").waitFor();
    await names.fill("One more");
    await names.press("Enter");
    await expect.poll(() => page.locator("form").getByText("Rival 49").count()).toBe(1);
    await page.getByRole("button", { name: "Save" }).click();
    await expect.poll(() => saved(api)[0]?.body).toMatchObject({ competitors: api.settings.competitors });
    await expect.poll(() => api.settings.competitors.length).toBe(50);
    await page.context().close();
    const csm = await settings(new FakeApi());
    await expect.poll(() => csm.names.isDisabled()).toBe(true);
    await csm.page.context().close();
  });
});
