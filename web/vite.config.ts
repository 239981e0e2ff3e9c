import { defineConfig } from "vitest/config";

/** The app lives under /app/; the files of assets/ bear a hash of their content and may be kept for ever. */
export default defineConfig({
  base: "/app/",
  build: {
    target: "es2020",
    manifest: true,
    // Inlined pictures would be weighed with the code; there are hardly any.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The map's engine is one large file by nature; budget.mjs weighs what matters.
    chunkSizeWarningLimit: 1200,
  },
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  server: { port: 5173, proxy: { "/v1": "http://127.0.0.1:8000" } },
  test: {
    environment: "jsdom",
    include: ["tests/**/*.test.{ts,tsx}"],
    // A busy machine must not fail what is right.
    testTimeout: 90_000,
    setupFiles: ["tests/setup.ts"],
    pool: "threads",
    poolOptions: { threads: { maxThreads: 2 } },
  },
});
