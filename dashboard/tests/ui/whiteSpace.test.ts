import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe } from "../browser/axe";
import { FakeApi, problem } from "./fakeApi";
import { cellOf, productNames, productsView } from "./fixtures/products";
import { card } from "./fixtures/accounts";
import { me } from "./fixtures/rest";
import { World } from "./world";

let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(() => world.stop());

const asked = (api: FakeApi) => api.calls.findLast(({ path }) => path.endsWith("/white-space"))?.query.toString();
const fits = (column: number) => Array.from({ length: 60 }, (_, index) => index).filter((index) => cellOf(index, column) === "fit");

describe("the grid of accounts and products", () => {
  test.each([{}, { dark: true }, { phone: true }])("signs come with words, the head and the names stay in sight: %o", async (options) => {
    const { page } = await world.open("/white-space?scope=all", options);
    const grid = page.getByRole("region", { name: "Grid of accounts and products" });
    const first = grid.getByRole("row").nth(1);
    await first.getByRole("link", { name: card(0).name }).waitFor();
    await first.getByText("Ana Silva · owns").waitFor();
    const words = { used: "Used", owned: "Owned", fit: "Likely next", untouched: "Untouched" };
    expect(await first.getByRole("cell").allTextContents()).toEqual(productNames.map((_, column) => words[cellOf(0, column)]));
    for (const word of Object.values(words)) await page.getByRole("list", { name: "What the signs mean" }).getByText(word, { exact: true }).waitFor();

    await grid.focus();
    expect(await grid.evaluate((region) => document.activeElement === region)).toBe(true);
    await grid.evaluate((region) => region.scrollTo(10_000, 10_000));
    const [region, name, head] = await Promise.all([grid.boundingBox(), grid.locator("tbody th").last().boundingBox(), grid.locator("thead th").nth(1).boundingBox()]);
    expect(Math.abs((name?.x ?? -9) - (region?.x ?? 0))).toBeLessThanOrEqual(1);
    expect(Math.abs((head?.y ?? -9) - (region?.y ?? 0))).toBeLessThanOrEqual(1);
    expect(await axe(page)).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wide, "the page must not scroll sideways").toBeLessThanOrEqual(0);
    await page.context().close();
  });

  test("a CSM begins with their own accounts and looks at everybody's, page by page", async () => {
    const { page, api } = await world.open("/white-space");
    await page.getByText("20 loaded, that is all of them").waitFor();
    expect(asked(api)).toBe("filter%5Bowner%5D%5Beq%5D=me");
    await page.getByText("All", { exact: true }).click();
    await page.getByText("25 loaded").waitFor();
    expect(page.url()).toContain("scope=all");
    expect(asked(api)).toBe("");
    await page.getByRole("button", { name: "Load more" }).click();
    await page.getByText("50 loaded").waitFor();
    expect(asked(api)).toBe("cursor=25");
    await page.getByRole("button", { name: "Load more" }).click();
    await page.getByText("60 loaded, that is all of them").waitFor();
    expect(await page.getByRole("button", { name: "Load more" }).count()).toBe(0);
    await page.context().close();
  });

  test("the head of a column chooses its product, and takes the choice back", async () => {
    const { page, api } = await world.open("/white-space?scope=all");
    const head = page.getByRole("button", { name: "Audit log 146 owners" });
    await head.press("Enter");
    await page.getByText(`${fits(4).length} in all`).waitFor();
    await page.getByText("that Audit log fits best, the best first").waitFor();
    expect(page.url()).toContain("product=Audit+log");
    expect(asked(api)).toBe("product=Audit+log&limit=50");
    await expect.poll(() => page.getByRole("columnheader").nth(1).textContent()).toContain("Audit log");
    expect(await head.getAttribute("aria-pressed")).toBe("true");
    expect(await page.getByRole("combobox", { name: "Product" }).inputValue()).toBe("Audit log");
    expect(await axe(page)).toEqual([]);
    await head.press("Enter");
    await page.getByText("25 loaded").waitFor();
    expect(page.url()).not.toContain("product");
    await page.context().close();
  });

  test("a product is chosen from the list, out of those that are still bought", async () => {
    const { page } = await world.open("/white-space?scope=all");
    await page.getByText("25 loaded").waitFor();
    const list = page.getByRole("combobox", { name: "Product" });
    expect(await list.locator("option").count()).toBe(productNames.length);
    await page.getByRole("columnheader", { name: /^White label.*no longer bought$/ }).waitFor();
    expect(await page.getByRole("button", { name: /^White label/ }).count()).toBe(0);
    await list.selectOption("Sandbox");
    await page.getByText(`${fits(5).length} in all`).waitFor();
    await page.getByRole("button", { name: "Clear product" }).click();
    await page.getByText("25 loaded").waitFor();
    await page.context().close();
  });

  test("a product that fits nobody is said, and everybody's accounts are a step away", async () => {
    const { page } = await world.open("/white-space?product=Nothing%20like%20it");
    await page.getByText("None of your accounts is among those that Nothing like it fits best").waitFor();
    await page.getByRole("button", { name: "Show all accounts" }).click();
    await page.getByText("Nothing like it fits no account").waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole("main").getByRole("button", { name: "Clear product" }).last().click();
    await page.getByText("25 loaded").waitFor();
    await page.context().close();
  });

  test("before anything was learnt, owners are not counted and the way to learning is said", async () => {
    const api = new FakeApi();
    api.me = me({ role: "admin" });
    api.products.view = productsView();
    const { page } = await world.open("/white-space", { api });
    await page.getByText("Nothing was learnt of products yet, so nothing is shown as likely next.").waitFor();
    await page.getByRole("columnheader", { name: "Reports", exact: true }).waitFor();
    expect(await page.getByRole("combobox", { name: "Product" }).isDisabled()).toBe(true);
    await page.goto(`${world.url}#/white-space?product=Reports`);
    await page.getByText("Nothing was learnt of Reports").waitFor();
    await page.getByRole("main").getByRole("button", { name: "Clear product" }).last().click();
    await page.getByText("25 loaded").waitFor();
    await page.context().close();
  });

  test("where no bill names a product, what to send is said", async () => {
    const api = new FakeApi();
    api.products.known = false;
    api.products.accounts = 20;
    const { page } = await world.open("/white-space?scope=all", { api });
    await page.getByText("No product is known").waitFor();
    await page.getByText("Bills must name their products: send products with invoices").waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole("link", { name: "Import a CSV file" }).click();
    await page.getByRole("heading", { name: "Import", exact: true }).waitFor();
    await page.context().close();
  });

  test("a page that fails leaves what is there, and is asked for again", async () => {
    const api = new FakeApi();
    let failing = true;
    api.override = ({ query }) => (failing && query.has("cursor") ? problem(422, "invalid", "Not now", "Try later.") : undefined);
    const { page } = await world.open("/white-space?scope=all", { api });
    await page.getByRole("button", { name: "Load more" }).click();
    const again = page.getByRole("button", { name: "The next rows failed: try again" });
    await again.waitFor();
    failing = false;
    await again.click();
    await page.getByText("50 loaded").waitFor();
    await page.context().close();
  });

  test("the command palette leads there", async () => {
    const { page } = await world.open("/");
    await page.getByText("Do first").waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("textbox", { name: "Account name or page" }).fill("white");
    await page.getByRole("button", { name: "White space" }).click();
    await page.getByRole("heading", { name: "White space" }).waitFor();
    expect(await page.title()).toContain("White space");
    await page.context().close();
  });
});
