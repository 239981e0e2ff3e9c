import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject } from "vitest";

export const FOUND = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const base = inject("base");
let browser: Browser;

export function withBrowser(): void {
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: FOUND!,
      args: [
        "--no-sandbox",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });
  afterAll(() => browser?.close());
}

export interface Visit {
  page: Page;
  context: BrowserContext;
  /** What the page complained of: a broken policy or a fault of ours shows here. */
  complaints: string[];
}

interface Wish {
  width?: number;
  scheme?: "light" | "dark";
  locale?: string;
  calm?: boolean;
  scripts?: boolean;
  /** Whether the service worker may stand between the page and the network. */
  workers?: boolean;
}

export async function visit(wish: Wish = {}): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: wish.width ?? 360, height: 740 },
    locale: wish.locale ?? "id-ID",
    colorScheme: wish.scheme ?? "light",
    reducedMotion: wish.calm ? "reduce" : "no-preference",
    javaScriptEnabled: wish.scripts ?? true,
    serviceWorkers: wish.workers === false ? "block" : "allow",
    permissions: ["geolocation"],
    geolocation: { latitude: -8.69, longitude: 115.22 },
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => {
    if (/Content Security|Refused|integrity/i.test(line.text())) complaints.push(line.text());
  });
  return { page, context, complaints };
}

/** The bearer token of whoever holds a post, or of a citizen by phone, as the local stack hands it out. */
export async function tokenOf(context: BrowserContext, who: { post: string } | { phone: string }): Promise<string> {
  const answer = await context.request.post(`${base}/local/token`, {
    data: who,
    headers: { Accept: "application/json", Origin: base },
  });
  return ((await answer.json()) as { token: string }).token;
}

/** A page at `path` with somebody signed in, as the sign-in leaves it. */
export async function signIn(
  { page, context }: Visit,
  who: { post: string } | { phone: string },
  path: string,
): Promise<string> {
  const token = await tokenOf(context, who);
  const as = "post" in who ? "officer" : "citizen";
  await page.goto(`${base}/app/lacak`);
  await page.evaluate(
    ([said, role]) =>
      sessionStorage.setItem("sesi", JSON.stringify({ token: said, as: role, until: Date.now() + 1e7 })),
    [token, as],
  );
  await page.goto(`${base}${path}`);
  return token;
}

let key = Date.now();

/** A case filed over the API, so that each journey has one of its own: code and secret. */
export async function aCase(
  context: BrowserContext,
  said: Record<string, unknown> = {},
): Promise<{ code: string; secret: string }> {
  const answer = await context.request.post(`${base}/v1/complaints?lang=id`, {
    headers: { "Idempotency-Key": `e2e-${(key++).toString().padStart(28, "0")}` },
    data: {
      category: "sampah",
      text: "Tumpukan sampah di pinggir jalan sudah tiga hari, bau sekali.",
      place: { area: "51.71.01.1004", words: "Gang Pudak nomor 5" },
      ...said,
    },
  });
  const body = (await answer.json()) as { code: string; secret: string };
  expect(answer.status(), JSON.stringify(body)).toBe(201);
  return body;
}

/** axe with contrast, and nothing wider than the screen. */
export async function readable(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  // Through the debugger and not as a tag: the page's own policy holds.
  await page.evaluate(AXE);
  const found = await page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe
      .run()
      .then((r) => r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)),
  );
  expect(found, page.url()).toEqual([]);
}

export const next = (page: Page): Promise<void> => page.click("main button[type=submit]");
