import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, problem } from "./fakeApi";
import { accountProducts, productsView, VERSION } from "./fixtures/products";
import { me } from "./fixtures/rest";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const account = "/accounts/acc_00000000000000000000000000000001";
const asAdmin = () => {
  const api = new FakeApi();
  api.me = me({ role: "admin" });
  return api;
};

describe("the products of an account", () => {
  test.each([{}, { dark: true }, { phone: true }])("what it may take next is told by counts, and what it owns is listed: %o", async (options) => {
    const { page } = await world.open(account, options);
    const panel = page.getByRole("region", { name: "Products", exact: true });
    await panel.getByText("11 of 14 accounts that own Reports also own API access").waitFor();
    const told = panel.getByRole("list", { name: "Likely next" }).locator("> li");
    expect(await told.count()).toBe(5);
    const more = panel.getByRole("button", { name: "More reasons for API access" });
    await more.click();
    await panel.getByText("1 of 30 accounts that own Audit log also owns API access").waitFor();
    await panel.getByText("The rest, 10%, comes from other products that it owns").waitFor();
    expect(await panel.getByRole("button", { name: "Fewer reasons for API access" }).getAttribute("aria-expanded")).toBe("true");
    await panel.getByRole("button", { name: "Show 5 more" }).click();
    expect(await told.count()).toBe(10);
    await panel.getByText(VERSION).waitFor();

    const owned = panel.getByRole("region", { name: "Products that it owns" }).locator("tbody tr");
    expect(await owned.count()).toBe(10);
    expect(await owned.nth(1).textContent()).toContain("Not seen in use");
    await panel.getByRole("button", { name: "Show all 14" }).click();
    expect(await owned.count()).toBe(14);
    expect(await axe(page)).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wide, "the page must not scroll sideways").toBeLessThanOrEqual(0);
    await page.context().close();
  });

  test("a product that is told leads to every account that it fits", async () => {
    const { page, api } = await world.open(account);
    await page.getByRole("link", { name: "API access" }).click();
    await page.getByRole("heading", { name: "White space" }).waitFor();
    await expect.poll(() => api.calls.findLast(({ path }) => path.endsWith("/white-space"))?.query.toString()).toBe("product=API+access&limit=50");
    await page.context().close();
  });

  test("where nothing is told, why is said, and where to let it learn", async () => {
    const api = new FakeApi();
    api.products.account = accountProducts({ next: [], version: null, note: "nothing was learnt of products yet" });
    const { page } = await world.open(account, { api });
    const panel = page.getByRole("region", { name: "Products", exact: true });
    await panel.getByText("Nothing was learnt of products yet. An admin can let the copilot learn under Models.").waitFor();
    await panel.getByText("Owns 14").waitFor();
    await panel.getByRole("link", { name: "Models" }).click();
    await page.getByRole("heading", { name: "Models" }).waitFor();
    await page.context().close();
  });

  test("where nothing is owned, only what to send is said", async () => {
    const api = new FakeApi();
    api.products.account = accountProducts({ owned: [], owned_total: 0, next: [], note: "no account that owns the same owns more" });
    const { page } = await world.open(account, { api });
    const panel = page.getByRole("region", { name: "Products", exact: true });
    await panel.getByText("No bill names a product").waitFor();
    await panel.getByText("Send products with invoices.").waitFor();
    expect(await panel.getByText("Likely next").count()).toBe(0);
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("a failure stays in its panel and is mended by trying again", async () => {
    const api = new FakeApi();
    let failing = true;
    api.override = ({ path }) => (failing && path.endsWith("/products") ? problem(422, "invalid", "The products cannot be read", "Try later.") : undefined);
    const { page } = await world.open(account, { api });
    const panel = page.getByRole("region", { name: "Products", exact: true });
    await panel.getByText("The products cannot be read").waitFor();
    failing = false;
    await panel.getByRole("button", { name: "Try again" }).click();
    await panel.getByText("11 of 14 accounts").waitFor();
    await page.context().close();
  });
});

describe("what was learnt of products", () => {
  test("its figures are said in words, it learns anew and goes back", async () => {
    const { page, api } = await world.open("/settings/models", { api: asAdmin() });
    const panel = page.getByRole("region", { name: "Products", exact: true });
    await panel.getByText("In 412 cases an account took something new within 90 days. One of the first three told was taken in 34.2%; of the list of what most accounts own, in 21.1%.").waitFor();
    await panel.getByText("+0.041 to +0.132 with a chance of 95%, so surely better.").waitFor();
    await panel.getByText("In the months of the test; 50 are needed").waitFor();
    expect(await axe(page)).toEqual([]);
    await panel.getByRole("button", { name: "Go back to what was learnt of products before" }).click();
    await panel.getByText("Nothing is told as likely next").waitFor();
    expect(await panel.getByRole("button", { name: "Go back" }).count()).toBe(0);
    await panel.getByRole("button", { name: "Learn products" }).click();
    await panel.getByText("120 of 300 accounts read").waitFor();
    expect(await panel.getByRole("button", { name: "Learn products" }).isDisabled()).toBe(true);
    const back = api.calls.find(({ path }) => path === "/v1/products/rollback");
    expect(back?.headers["if-match"]).toBe('"products-1"');
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("someone else went back first: that is said, and how it stands now is shown", async () => {
    const api = asAdmin();
    const { page } = await world.open("/settings/models", { api });
    const panel = page.getByRole("region", { name: "Products", exact: true });
    await panel.getByRole("button", { name: "Go back" }).waitFor();
    api.products.view = productsView({ etag: '"products-7"' });
    await panel.getByRole("button", { name: "Go back" }).click();
    await page.getByText("Not gone back: It has changed").waitFor();
    await panel.getByText("Nothing is told as likely next").waitFor();
    await page.context().close();
  });

  test("a version that cannot be loaded is said to be missing, in the dark too", async () => {
    const api = asAdmin();
    api.products.view = productsView({ own: { version: VERSION, since: "2026-03-01T00:00:00Z" }, lost: true });
    const { page } = await world.open("/settings/models", { api, dark: true });
    await page.getByText(`${VERSION} cannot be loaded:`).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test("who is no admin reads the figures and decides nothing", async () => {
    const api = new FakeApi();
    api.me = me({ role: "viewer" });
    const { page } = await world.open("/settings/models", { api });
    const panel = page.getByRole("region", { name: "Products", exact: true });
    await panel.getByText("In 412 cases").waitFor();
    expect(await panel.getByRole("button").count()).toBe(0);
    await page.context().close();
  });
});
