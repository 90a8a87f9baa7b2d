import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, ok, problem } from "./fakeApi";
import { alert } from "./fixtures/alerts";
import { card } from "./fixtures/accounts";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const inbox = async (api = new FakeApi()) => {
  const { page } = await world.open("/alerts?scope=all", { api });
  await page.getByText("Why it fired").waitFor();
  return { page, api };
};
const box = (page: Page, index: number) => page.getByRole("checkbox", { name: /^Select: / }).nth(index);
const patches = (api: FakeApi) => api.calls.filter(({ method }) => method === "PATCH");

describe("assigning", () => {
  test("to oneself, to somebody of the list and to any address, and back", async () => {
    const { page, api } = await inbox();
    await page.getByRole("article").getByRole("button", { name: "Assign" }).click();
    await page.getByRole("menuitem", { name: "To me" }).waitFor();
    // A menu lies outside of the landmarks, at the end of the page.
    expect((await axe(page)).filter((found) => !found.startsWith("region:"))).toEqual([]);
    await page.getByRole("menuitem", { name: "To me" }).click();
    await page.getByText("Assigned to Csm", { exact: true }).waitFor();
    await expect.poll(() => api.alerts[0]?.assignee).toBe("csm@demo.example");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => api.alerts[0]?.assignee).toBe("ana.silva@demo.example");
    await page.keyboard.press("i");
    await page.getByRole("menuitem", { name: /Ben Okoye/ }).click();
    await expect.poll(() => api.alerts[0]?.assignee).toBe("ben.okoye@demo.example");
    await page.getByRole("article").getByText("Assigned to Ben Okoye.").waitFor();
    await page.getByRole("menu").waitFor({ state: "hidden" });
    await page.keyboard.press("i");
    await page.getByRole("menuitem", { name: "Someone else…" }).click();
    const dialog = page.getByRole("dialog", { name: "Assign to someone else" });
    await dialog.getByLabel("E-mail").fill("no address");
    await expect.poll(() => dialog.getByRole("button", { name: "Assign" }).isDisabled()).toBe(true);
    await dialog.getByLabel("E-mail").fill("New.Person@demo.example");
    await page.keyboard.press("Enter");
    await expect.poll(() => api.alerts[0]?.assignee).toBe("new.person@demo.example");
    await expect.poll(() => patches(api).map(({ body }) => body)).toEqual([
      { assignee: "csm@demo.example" }, { assignee: "ana.silva@demo.example" }, { assignee: "ben.okoye@demo.example" }, { assignee: "new.person@demo.example" },
    ]);
    await page.context().close();
  });
});

describe("many at once", () => {
  test("by keyboard: x chooses, Shift-x a range, a acknowledges all, undo takes all back", async () => {
    const { page, api } = await inbox();
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await page.getByRole("article", { name: /^Alert: Urgent/ }).waitFor();
    await page.keyboard.press("j");
    await page.getByRole("article", { name: /^Alert: Invoice/ }).waitFor();
    await page.keyboard.press("X");
    await page.getByText("3 selected").waitFor();
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("a");
    await page.getByRole("status").getByText("3 acknowledged").waitFor();
    await expect.poll(() => api.alerts.map(({ status }) => status).slice(0, 4)).toEqual(["acknowledged", "acknowledged", "acknowledged", "open"]);
    await expect.poll(() => box(page, 0).isChecked()).toBe(false);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("status").getByText("3 taken back").waitFor();
    await expect.poll(() => api.alerts.every(({ status }) => status === "open")).toBe(true);
    await expect.poll(() => patches(api)).toHaveLength(6);
    await page.keyboard.press("x");
    await page.getByText("1 selected").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("1 selected").waitFor({ state: "hidden" });
    await page.context().close();
  });

  test("by mouse: Shift and click takes a range, and the keys still work with the focus on a box", async () => {
    const { page, api } = await inbox();
    await box(page, 1).click();
    await box(page, 4).click({ modifiers: ["Shift"] });
    await page.getByText("4 selected").waitFor();
    await page.getByRole("button", { name: /Northwind Traders/ }).click({ modifiers: ["Shift"] });
    await page.getByText("5 selected").waitFor();
    await page.keyboard.press("s");
    await page.getByRole("menuitem", { name: "For 3 days" }).click();
    await page.getByRole("status").getByText(/^5 snoozed until/).waitFor();
    await expect.poll(() => api.alerts.filter(({ status }) => status === "snoozed")).toHaveLength(5);
    await page.getByRole("checkbox", { name: "Select all 18 loaded" }).click();
    await page.getByText("18 selected").waitFor();
    await page.getByRole("group", { name: "With the selected alerts" }).getByRole("button", { name: "Assign" }).click();
    await page.getByRole("menuitem", { name: /Ben Okoye/ }).click();
    await page.getByRole("status").getByText("12 assigned to Ben Okoye, 6 left as they are").waitFor();
    await expect.poll(() => api.alerts.every(({ assignee }) => assignee === "ben.okoye@demo.example")).toBe(true);
    await page.context().close();
  });

  test("a dismissal of many needs one reason; what fails is named, stays chosen and can be sent again", async () => {
    const api = new FakeApi();
    const second = api.alerts[1];
    const third = api.alerts[2];
    if (second === undefined || third === undefined) throw new Error("too few alerts");
    let failing = true;
    api.override = ({ method, path }) => (method === "PATCH" && path.endsWith(third.id) && failing ? problem(403, "forbidden", "Not allowed", "only a lead hands on") : undefined);
    const { page } = await inbox(api);
    await page.getByRole("checkbox", { name: "Select all 18 loaded" }).click();
    api.alerts[1] = { ...second, etag: '"7"', title: "Changed by somebody else" };
    await page.keyboard.press("d");
    const dialog = page.getByRole("dialog", { name: "Dismiss 18 alerts" });
    await expect.poll(() => dialog.getByRole("button", { name: "Dismiss" }).isDisabled()).toBe(true);
    await dialog.getByLabel("Already known").check();
    await dialog.getByRole("button", { name: "Dismiss" }).click();
    await page.getByRole("status").getByText("16 dismissed, 2 not saved").waitFor();
    const left = page.getByRole("region", { name: "Not changed" });
    await left.getByText(/Changed by somebody else · It has changed meanwhile/).waitFor();
    await left.getByText(/Not allowed: only a lead hands on/).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByText("2 selected").waitFor();
    failing = false;
    await page.keyboard.press("a");
    await page.getByRole("status").getByText("2 acknowledged").waitFor();
    await expect.poll(() => api.alerts.map(({ status }) => status).slice(0, 4)).toEqual(["dismissed", "acknowledged", "acknowledged", "dismissed"]);
    await page.context().close();
  });

  test("undo brings each alert back to how it stood", async () => {
    const api = new FakeApi();
    const until = new Date(Date.now() + 86_400_000).toISOString();
    api.alerts = [0, 1, 2].map((index) => alert(card(index), index)).map((row, index) => ({
      ...row, status: index === 0 ? "open" : index === 1 ? "acknowledged" : "snoozed", snoozed_until: index === 2 ? until : null,
    }));
    const { page } = await world.open("/alerts?scope=all&status=all", { api });
    await page.getByRole("checkbox", { name: "Select all 3 loaded" }).click();
    await page.keyboard.press("d");
    await page.getByLabel("Wrong data").check();
    await page.getByRole("dialog").getByRole("button", { name: "Dismiss" }).click();
    await page.getByRole("status").getByText("3 dismissed").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("status").getByText("3 taken back").waitFor();
    await expect.poll(() => api.alerts.map(({ status }) => status)).toEqual(["open", "acknowledged", "snoozed"]);
    await expect.poll(() => api.alerts[2]?.snoozed_until).toBe(until);
    await page.context().close();
  });

  test("what a change does not fit is left as it is, and said so", async () => {
    const api = new FakeApi();
    const first = api.alerts[0];
    if (first === undefined) throw new Error("no alert");
    api.alerts = [{ ...first, status: "acknowledged" }, ...api.alerts.slice(1, 3)];
    const { page } = await world.open("/alerts?scope=all&status=all", { api });
    await page.getByRole("checkbox", { name: "Select all 3 loaded" }).click();
    await page.keyboard.press("a");
    await page.getByRole("status").getByText("2 acknowledged, 1 left as they are").waitFor();
    await page.getByText("It is acknowledged already").waitFor();
    await expect.poll(() => patches(api)).toHaveLength(2);
    await page.context().close();
  });
});

describe("a rare filter", () => {
  test("an empty page with more behind it is no end of the inbox", async () => {
    const api = new FakeApi();
    api.override = ({ path, query }) => {
      if (path !== "/v1/alerts") return undefined;
      const at = Number(query.get("cursor") ?? 0);
      return at < 2 ? { ...ok({ data: [], next: String(at + 1) }), delayMs: 600 } : ok({ data: api.alerts.slice(0, 2), next: null });
    };
    const { page } = await world.open("/alerts?scope=all&rule=R21", { api });
    await page.getByRole("status").getByText("Looking further…").waitFor();
    await expect.poll(() => page.getByText("No alert fits these filters").count()).toBe(0);
    await page.getByText("Why it fired").waitFor();
    await expect.poll(() => page.getByRole("list", { name: "Alerts" }).getByRole("listitem").count()).toBe(2);
    await page.context().close();
  });
});
