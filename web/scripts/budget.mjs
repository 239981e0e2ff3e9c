// What a phone must fetch before somebody can file a complaint, compressed as a server sends it: at most 80 KB of code
// and style. The map, the desk and the QR code must not be among it.
import { readFileSync, rmSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = 80 * 1000;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const files = new Set();
const take = (chunk) => {
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const name of chunk.imports ?? []) take(manifest[name]);
};
Object.values(manifest)
  .filter((chunk) => chunk.isEntry)
  .forEach(take);

const weigh = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
let total = 0;
for (const file of files) {
  const bytes = weigh(file);
  total += bytes;
  console.log(`  ${String(bytes).padStart(7)}  ${file}`);
}
console.log(`  ${String(total).padStart(7)}  of ${BUDGET} bytes for filing; the service worker has ${weigh("sw.js")} of its own`);
const heavy = [...files].filter((file) => /map|maplibre|Desk|qrcode/.test(file));
if (total > BUDGET || heavy.length) {
  console.error(heavy.length ? `not lazy: ${heavy.join(", ")}` : "over the budget");
  process.exit(1);
}
const page = readFileSync(new URL("index.html", dist), "utf8");
const loaded = page.match(/<(?:script|link)\b[^>]*\/app\/assets\/[^>]*>/g) ?? [];
if (loaded.length < 2 || loaded.some((tag) => !tag.includes('integrity="sha384-'))) {
  console.error(`without a hash: ${loaded.join(" ")}`);
  process.exit(1);
}
// The manifest was for these steps alone; nobody should be served it.
rmSync(new URL(".vite", dist), { recursive: true });
