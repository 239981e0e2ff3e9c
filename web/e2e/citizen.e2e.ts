import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

const FOUND = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path && existsSync(path),
);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const base = inject("base");
let browser: Browser;

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: FOUND!,
    args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});
afterAll(() => browser?.close());

interface Visit {
  page: Page;
  context: BrowserContext;
  /** What the page complained of: a broken policy or a fault of ours shows here. */
  complaints: string[];
}

async function visit(width = 360, scheme: "light" | "dark" = "light"): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width, height: 740 },
    locale: "id-ID",
    colorScheme: scheme,
    permissions: ["geolocation"],
    geolocation: { latitude: -8.69, longitude: 115.22 },
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => /Content Security|Refused/i.test(line.text()) && complaints.push(line.text()));
  return { page, context, complaints };
}

/** axe with contrast, and nothing wider than the screen. */
async function readable(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  // Through the debugger and not as a tag: the page's own policy holds.
  await page.evaluate(AXE);
  const found = await page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe
      .run()
      .then((r) => r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)),
  );
  expect(found).toEqual([]);
}

const next = (page: Page): Promise<void> => page.click("button[type=submit]");

describe.skipIf(!FOUND)("in a real browser", () => {
  it("files a complaint with a photo on a narrow phone, and finds it again", async () => {
    const { page, context, complaints } = await visit(320);
    await page.goto(`${base}/`);
    await page.click("a.button.big");
    const png = await page.screenshot();
    await page.setInputFiles("input[type=file]", { name: "foto.png", mimeType: "image/png", buffer: png });
    await page.waitForSelector(".shots img");
    await page.fill("#text", "Lampu jalan padam sejak seminggu di gang kami, gelap sekali");
    await page.click(".chips[class] .chip");
    await readable(page);
    await next(page);
    await page.click(".chips button");
    await page.waitForFunction(() => (document.querySelector("#place\\.area") as HTMLSelectElement)?.value !== "");
    await readable(page);
    await next(page);
    await page.waitForSelector("input[name=publication]");
    await readable(page);
    await next(page);
    await page.waitForSelector("dd.said");
    await readable(page);
    await next(page);
    await page.waitForURL(/\/app\/k\//);
    const code = await page.textContent(".code");
    expect(code).toMatch(/^DPS-/);
    await page.waitForSelector("ol.line li");
    await readable(page);
    await page.goto(`${base}/app/`);
    await page.waitForSelector(`text=${code}`);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("keeps a report without a network and sends it once by itself when there is one", async () => {
    const { page, context, complaints } = await visit();
    await page.goto(`${base}/app/lapor`);
    await page.waitForSelector("#category option:nth-child(2)", { state: "attached" });
    // The service worker has the app from here on.
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await context.setOffline(true);
    await page.reload();
    const words = `Got mampet dan air meluap ke halaman ${Date.now()}`;
    await page.fill("#text", words);
    for (let step = 0; step < 3; step++) await next(page);
    await page.waitForSelector("dd.said");
    await next(page);
    await page.waitForSelector("text=Tersimpan di ponsel ini");
    await readable(page);
    const sent: string[] = [];
    context.on("request", (one) => one.method() === "POST" && one.url().endsWith("/v1/complaints?lang=id") && sent.push(one.url()));
    await context.setOffline(false);
    await page.waitForURL(/\/app\/k\//);
    await page.waitForSelector(`text=${words}`);
    expect(sent.length).toBeLessThanOrEqual(1);
    await page.goto(`${base}/app/`);
    await page.waitForSelector("ul.rows li");
    expect(await page.locator("ul.rows li").count()).toBe(1);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it.each(["light", "dark"] as const)("lets an officer answer by keyboard alone, %s", async (scheme) => {
    const { page, context, complaints } = await visit(1280, scheme);
    const answer = await context.request.post(`${base}/local/token`, {
      data: { post: "duty@dlhk" },
      headers: { Accept: "application/json", Origin: base },
    });
    const { token } = (await answer.json()) as { token: string };
    await page.goto(`${base}/app/meja`);
    await page.waitForSelector("#phone");
    await readable(page);
    await page.evaluate(
      (said) => sessionStorage.setItem("sesi", JSON.stringify({ token: said, as: "officer", until: Date.now() + 1e7 })),
      token,
    );
    await page.reload();
    await page.waitForSelector("ul.staff li");
    await readable(page);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".acts");
    await page.keyboard.press("r");
    await page.waitForSelector("#do-text");
    await readable(page);
    await page.focus("#do-text");
    await page.keyboard.type(`Tim kami ke lokasi besok pagi (${scheme}).`);
    await page.keyboard.press("Control+Enter");
    await page.waitForSelector(`ol.line >> text=Tim kami ke lokasi besok pagi (${scheme}).`);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("shows public cases on a map that the policy allows, and in a list", async () => {
    const { page, context, complaints } = await visit(390);
    await page.goto(`${base}/app/sekitar`);
    await page.waitForSelector("ul.rows li");
    await readable(page);
    await page.click(".chips .chip:nth-child(2)");
    await page.waitForSelector("button.spot");
    expect(complaints).toEqual([]);
    await context.close();
  });
});
