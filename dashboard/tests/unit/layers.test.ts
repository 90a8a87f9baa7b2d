import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** Who may import whom: lib → api → components → features → app, and no feature another feature. */
const LAYERS = ["lib", "api", "components", "features", "app"];

const layerOf = (path: string) => LAYERS.indexOf(path.split("/")[0] ?? "");

test("imports flow from lib over api, components and features to app, never back or across features", () => {
  const wrong: string[] = [];
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file));
  expect(files.length).toBeGreaterThan(50);
  for (const own of files) {
    for (const [, target = ""] of readFileSync(`src/${own}`, "utf8").matchAll(/(?:from|import\()\s*"~\/([^"]+)"/g)) {
      if (layerOf(target) > layerOf(own)) wrong.push(`${own} imports ${target}`);
      const [layer, feature] = own.split("/");
      if (layer === "features" && target.startsWith("features/") && target.split("/")[1] !== feature) wrong.push(`${own} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});
