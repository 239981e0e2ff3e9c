import { readFileSync, readdirSync } from "node:fs";
import { createHash } from "node:crypto";
import { defineConfig } from "vite";

/**
 * The service worker is built after the app, as one plain script: it names the files that a phone keeps, so that the
 * app opens without a network. Only what the first screen and filing need is kept in advance; the map and the desk
 * are kept once somebody has opened them.
 */
const dist = new URL("./dist/", import.meta.url);

interface Chunk {
  file: string;
  css?: string[];
  imports?: string[];
  isEntry?: boolean;
}

function shell(): string[] {
  const path = new URL(".vite/manifest.json", dist);
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Record<string, Chunk>;
  const files = new Set<string>();
  const take = (chunk: Chunk | undefined): void => {
    if (!chunk || files.has(chunk.file)) return;
    files.add(chunk.file);
    chunk.css?.forEach((css) => files.add(css));
    chunk.imports?.forEach((name) => take(manifest[name]));
  };
  Object.values(manifest)
    .filter((chunk) => chunk.isEntry)
    .forEach(take);
  const icons = readdirSync(dist).filter((name) => /^(icon|manifest)/.test(name));
  return ["", ...files, ...icons].map((file) => `/app/${file}`);
}

const files = shell();
const stamp = createHash("sha256")
  .update(readFileSync(new URL("index.html", dist)))
  .update(files.join())
  .digest("hex")
  .slice(0, 12);

export default defineConfig({
  base: "/app/",
  publicDir: false,
  define: { __SHELL__: JSON.stringify(files), __STAMP__: JSON.stringify(stamp) },
  esbuild: { legalComments: "none" },
  build: {
    target: "es2020",
    emptyOutDir: false,
    reportCompressedSize: false,
    lib: { entry: "src/sw.ts", formats: ["iife"], name: "sw", fileName: () => "sw.js" },
  },
});
