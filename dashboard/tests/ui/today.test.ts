import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, ok, problem } from "./fakeApi";
import { card } from "./fixtures/accounts";
import { me, today } from "./fixtures/rest";
import { dayAhead } from "./fixtures/seeded";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const open = async (api = new FakeApi()) => {
  const { page } = await world.open("/", { api });
  await page.getByText("Do first").waitFor();
  await page.getByRole("heading", { name: "Tasks due" }).waitFor();
  return { page, api };
};

describe("money on Today", () => {
  test("one sum per currency, each with its own share at risk", async () => {
    const { page } = await open();
    const seen = (await page.locator("#main").innerText()).replaceAll(/\s+/g, " ");
    expect(seen).toContain("ARR €9.4M $1.2M £310K");
    expect(seen).toContain("ARR at risk €1.4M 14.6% of EUR ARR $248K (20.0%) £0 (0.0%)");
    expect(seen).toContain("Renewals in 90 days 17 €1.9M · $90K to renew");
    await page.context().close();
  });

  test("a book of one currency names no other, and one without revenue no figure", async () => {
    const api = new FakeApi();
    const book = today();
    const first = book.arr.slice(0, 1);
    api.override = ({ path }) => (path === "/v1/today" ? ok({ ...book, arr: first, arr_at_risk: book.arr_at_risk.slice(0, 1), renewals_90d: { count: 0, arr: [] } }) : undefined);
    const one = await open(api);
    await one.page.getByText("14.6% of ARR in At risk or Critical").waitFor();
    await expect.poll(() => one.page.getByRole("list", { name: "In other currencies" }).count()).toBe(0);
    await one.page.context().close();
    api.override = ({ path }) => (path === "/v1/today" ? ok({ ...book, arr: [], arr_at_risk: [], renewals_90d: { count: 0, arr: [] } }) : undefined);
    const none = await open(api);
    expect((await none.page.locator("#main").innerText()).replaceAll(/\s+/g, " ")).toContain("ARR – ARR at risk – Renewals in 90 days 0");
    await none.page.context().close();
  });
});

describe("figures that are not complete", () => {
  test("say so, show no noughts, no share of a part and no change", async () => {
    const api = new FakeApi();
    const book = today();
    const none = book.arr.map((sum) => ({ ...sum, amount_minor: 0 }));
    api.override = ({ path }) => (path === "/v1/today"
      ? ok({ ...book, complete: false, arr_at_risk: none, renewals_90d: { count: 0, arr: none } }) : undefined);
    const { page } = await open(api);
    await page.getByRole("note").getByText("Figures are still being counted").waitFor();
    const seen = (await page.locator("#main").innerText()).replaceAll(/\s+/g, " ");
    expect(seen).toContain("ARR €9.4M $1.2M £310K ARR at risk – Renewals in 90 days – Bands Critical");
    expect(seen).not.toContain("% of");
    await expect.poll(() => page.getByText(/^(up|down) by$/).count()).toBe(0);
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("of more accounts than are counted say of how many they are; complete ones say nothing", async () => {
    const api = new FakeApi();
    api.override = ({ path }) => (path === "/v1/today" ? ok({ ...today(), complete: false, accounts: 200_012 }) : undefined);
    const large = await open(api);
    await large.page.getByText("These figures are of 200,000 accounts, not of all.").waitFor();
    await large.page.context().close();
    const whole = await open();
    await expect.poll(() => whole.page.getByRole("note").count()).toBe(0);
    await expect.poll(() => whole.page.getByText(/^(up|down) by$/).count()).toBeGreaterThan(0);
    await whole.page.context().close();
  });
});

describe("tasks", () => {
  test("overdue and near ones first, the others on demand", async () => {
    const { page } = await open();
    const list = page.getByRole("list", { name: "Tasks" });
    await list.getByText("4 d overdue").waitFor();
    await expect.poll(() => list.getByRole("listitem").count()).toBe(3);
    await list.getByRole("link", { name: card(40).name }).waitFor();
    await page.getByRole("button", { name: "Show 2 later or without a day" }).click();
    await expect.poll(() => list.getByRole("listitem").count()).toBe(5);
    await list.getByText("No due day").waitFor();
    await page.context().close();
  });

  test("one is made of a thing to do, with the account, the alert and the caller as its owner", async () => {
    const { page, api } = await open();
    await page.getByRole("button", { name: "Task: Northwind Traders" }).click();
    const dialog = page.getByRole("dialog", { name: "New task" });
    await expect.poll(() => dialog.getByLabel("What to do").inputValue()).toBe("Call the champion");
    expect(await axe(page)).toEqual([]);
    await dialog.getByLabel("What to do").fill("Ask Dana what changed");
    await dialog.getByLabel("Due").fill(dayAhead(2));
    await dialog.getByLabel("Note").fill("Before the board meets");
    await page.getByRole("button", { name: "Make task" }).click();
    await page.getByText("Task made").waitFor();
    await page.getByRole("list", { name: "Tasks" }).getByText("Ask Dana what changed").waitFor();
    const made = api.calls.find(({ method, path }) => method === "POST" && path === "/v1/ctas");
    expect(made?.body).toEqual({
      title: "Ask Dana what changed", account: card(0).id, alert: "alr_A-1000_0", playbook: "usage-drop", due_on: dayAhead(2),
      owner: "csm@demo.example", note: "Before the board meets",
    });
    expect(made?.headers["idempotency-key"]).toBeDefined();
    await page.context().close();
  });

  test("a refusal stands in the dialog, and what was typed stays", async () => {
    const api = new FakeApi();
    api.override = ({ method, path }) => (method === "POST" && path === "/v1/ctas" ? problem(422, "out_of_range", "The title does not fit", "1 to 200 characters") : undefined);
    const { page } = await open(api);
    await page.getByRole("button", { name: "Task: Northwind Traders" }).click();
    await page.getByLabel("What to do").fill("Mine");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("The title does not fit: 1 to 200 characters").waitFor();
    await expect.poll(() => page.getByLabel("What to do").inputValue()).toBe("Mine");
    await page.context().close();
  });

  test("done by one key, and taken back", async () => {
    const { page, api } = await open();
    const done = page.getByRole("checkbox", { name: "Done: Call about the overdue invoice" });
    await done.focus();
    await page.keyboard.press("Space");
    await page.getByText("Task done").waitFor();
    await expect.poll(() => api.tasks[0]?.status).toBe("done");
    await expect.poll(() => done.isChecked()).toBe(true);
    expect(await axe(page)).toEqual([]);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("Task open again").waitFor();
    await expect.poll(() => api.tasks[0]?.status).toBe("open");
    await expect.poll(() => done.isChecked()).toBe(false);
    await expect.poll(() => api.calls.filter(({ method }) => method === "PATCH").map(({ body, headers }) => [body, headers["if-match"]]))
      .toEqual([[{ status: "done" }, '"1"'], [{ status: "open" }, '"2"']]);
    await page.context().close();
  });

  test("somebody was faster: the mark is taken back and said so; a viewer cannot mark or make", async () => {
    const api = new FakeApi();
    const { page } = await open(api);
    await page.getByRole("list", { name: "Tasks" }).waitFor();
    const first = api.tasks[0];
    if (first !== undefined) first.etag = '"5"';
    await page.getByRole("checkbox", { name: "Done: Call about the overdue invoice" }).click();
    await page.getByText("Not saved: It has changed").waitFor();
    await expect.poll(() => page.getByRole("checkbox", { name: "Done: Call about the overdue invoice" }).isChecked()).toBe(false);
    await page.context().close();
    const viewer = new FakeApi();
    viewer.me = me({ role: "viewer" });
    const other = await open(viewer);
    await expect.poll(() => other.page.getByRole("checkbox", { name: "Done: Call about the overdue invoice" }).isDisabled()).toBe(true);
    await expect.poll(() => other.page.getByRole("button", { name: "Task: Northwind Traders" }).isDisabled()).toBe(true);
    await other.page.context().close();
  });
});
