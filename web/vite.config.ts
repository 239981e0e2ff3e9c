import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The page says what each file that it loads must be: a changed file in the bucket is not run. budget.mjs looks. */
function integrity(): Plugin {
  return {
    name: "integrity",
    apply: "build",
    enforce: "post",
    writeBundle({ dir }) {
      const page = `${dir}/index.html`;
      const html = readFileSync(page, "utf8").replace(
        /<(script|link)\b[^>]*? (?:src|href)="\/app\/(assets\/[^"]+)"/g,
        (tag: string, _: string, file: string) => {
          const hash = createHash("sha384").update(readFileSync(`${dir}/${file}`)).digest("base64");
          return `${tag} integrity="sha384-${hash}"`;
        },
      );
      writeFileSync(page, html);
    },
  };
}

/** The app lives under /app/; the files of assets/ bear a hash of their content and may be kept for ever. */
export default defineConfig({
  base: "/app/",
  plugins: [integrity()],
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
