import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Relative addresses: the same build is served from a bucket's path locally and from a domain's root in the cloud.
export default defineConfig({
  base: "./",
  plugins: [react()],
  resolve: { alias: { "~": new URL("./src", import.meta.url).pathname } },
  build: {
    target: "es2022",
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { port: 5173, host: "127.0.0.1" },
  preview: { port: 4173, host: "127.0.0.1" },
});
