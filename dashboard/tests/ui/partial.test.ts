import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, ok } from "./fakeApi";
import { duplicates, messages } from "./fixtures/rest";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

describe("lists that do not hold everything", () => {
  test.each([
    ["sort=newest", "Only the 2,000 most urgent alerts are sorted here."],
    ["sort=newest&status=all", "Only the 2,000 most urgent alerts of each status are sorted here."],
    ["account=acc_1", "Only the 2,000 newest alerts of this account are sorted here."],
  ])("alerts by %s say what their order was made of", async (search, said) => {
    const api = new FakeApi();
    api.override = ({ path }) => (path === "/v1/alerts" ? ok({ data: api.alerts, next: null, complete: false }) : undefined);
    const { page } = await world.open(`/alerts?scope=all&${search}`, { api });
    await page.getByText("Why it fired").waitFor();
    await page.getByRole("note").getByText(said).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("alerts that are all there say nothing", async () => {
    const { page } = await world.open("/alerts?scope=all&sort=newest");
    await page.getByText("Why it fired").waitFor();
    await expect.poll(() => page.getByRole("note").count()).toBe(0);
    await page.context().close();
  });

  test("messages come page by page, over an empty one too", async () => {
    const api = new FakeApi();
    const [first, second] = messages(null).data;
    const pages: Record<string, unknown> = {
      "": { data: [first], next: "p2" }, p2: { data: [], next: "p3" }, p3: { data: [second], next: null },
    };
    api.override = ({ path, query }) => (path === "/v1/notifications" ? ok(pages[query.get("cursor") ?? ""]) : undefined);
    const { page } = await world.open("/settings", { api });
    const table = page.getByRole("region", { name: "Table of recent messages" });
    await table.getByText("Key events fell").waitFor();
    await expect.poll(() => table.getByText("Held").count()).toBe(0);
    await table.getByRole("button", { name: "Load older" }).click();
    await table.getByText("Held").waitFor();
    await expect.poll(() => table.getByRole("row").count()).toBe(3);
    await expect.poll(() => table.getByRole("button", { name: "Load older" }).count()).toBe(0);
    await page.context().close();
  });

  test("duplicates count those of a group that are not listed, and say that there may be more groups", async () => {
    const api = new FakeApi();
    const group = { ...duplicates.data[0], members: 1_207 };
    api.override = ({ path }) => (path === "/v1/duplicates" ? ok({ data: [group], complete: false }) : undefined);
    const { page } = await world.open("/integrations", { api });
    await page.getByText("and 1,205 more").waitFor();
    await page.getByText("Not every account was compared").waitFor();
    await page.context().close();
    const whole = await world.open("/integrations");
    await whole.page.getByText("Northwind BV").waitFor();
    await expect.poll(() => whole.page.getByText("more", { exact: false }).filter({ hasText: /^and / }).count()).toBe(0);
    await expect.poll(() => whole.page.getByText("Not every account").count()).toBe(0);
    await whole.page.context().close();
  });
});
