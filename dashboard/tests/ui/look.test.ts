import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, test } from "vitest";
import { card } from "./fixtures/accounts";
import { World } from "./world";

/** Pictures of every screen, for people to look at: `LOOK=<folder> npm run test:ui -- look`. */
const folder = process.env["LOOK"];
const id = card(0).id;
const screens: [string, string][] = [
  ["today", "/"], ["portfolio", "/accounts"], ["account", `/accounts/${id}`], ["usage", `/accounts/${id}?tab=usage`],
  ["timeline", `/accounts/${id}?tab=timeline`], ["facts", `/accounts/${id}?tab=facts`], ["white-space", "/white-space?scope=all"], ["alerts", "/alerts?scope=all"],
  ["import", "/imports"], ["map", "/imports/imp_1"], ["integrations", "/integrations/web"], ["accuracy", "/accuracy"],
  ["backtests", "/accuracy/backtests"], ["backtest", "/accuracy/backtests/1795000000-aaaa1111"], ["settings", "/settings"], ["models", "/settings/models"],
];

describe.skipIf(folder === undefined)("look", () => {
  let world: World;
  beforeAll(async () => {
    mkdirSync(folder ?? "", { recursive: true });
    world = await World.start();
  });
  afterAll(() => world.stop());

  test.each(screens)("%s", async (name, path) => {
    for (const [suffix, options] of [["light", {}], ["dark", { dark: true }], ["phone", { phone: true }]] as const) {
      const { page } = await world.open(path, options);
      await page.waitForLoadState("networkidle");
      await page.screenshot({ path: `${folder}/${name}-${suffix}.png`, fullPage: name === "account" || name === "backtest" || suffix === "phone" });
      await page.context().close();
    }
  });
});
