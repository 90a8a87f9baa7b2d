import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("the generated types are those of functions/api/openapi.json (otherwise: npm run generate)", () => {
  const words = ["../functions/api/openapi.json", "--default-non-nullable=false"];
  const fresh = execFileSync("node_modules/.bin/openapi-typescript", words, { encoding: "utf8", maxBuffer: 1 << 26 });
  expect(fresh.trim() === readFileSync("src/api/__generated__/schema.ts", "utf8").trim()).toBe(true);
}, 60_000);
