import { defineConfig } from "vitest/config";

// Browser tests: one Chromium at a time, in the order in which they stand.
export default defineConfig({
  resolve: { alias: { "~": new URL("./src", import.meta.url).pathname } },
  test: {
    include: ["tests/e2e/**/*.test.ts"],
    environment: "node",
    fileParallelism: false,
    testTimeout: 200_000,
    expect: { poll: { timeout: 20_000 } },
    hookTimeout: 120_000,
  },
});
