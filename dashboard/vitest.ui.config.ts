import { defineConfig } from "vitest/config";

// Browser tests: one Chromium at a time, in the order in which they stand.
export default defineConfig({
  resolve: { alias: { "~": new URL("./src", import.meta.url).pathname } },
  test: {
    include: ["tests/ui/**/*.test.ts"],
    environment: "node",
    fileParallelism: false,
    testTimeout: 120_000,
    // The page answers in its own time on a busy machine: what is asked of it is waited for.
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 120_000,
  },
});
