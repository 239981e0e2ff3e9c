import { describe, expect, it } from "vitest";
import type { Page } from "playwright-core";
import { aCase, base, FOUND, readable, signIn, visit, withBrowser } from "./browser";

const PUBLIC = ["", "lapor", "lacak", "sekitar", "masuk", "data", "wilayah/51-71-01-1004", "kantor/dlhk", "tidak-ada"];
const DESK = ["", "/cari", "/tugas", "/peta", "/saya", "/kelola/rules", "/kelola/vacant"];

/** Until nothing is loading any more. */
async function settled(page: Page): Promise<void> {
  await page.waitForSelector("h1");
  await page.waitForFunction(() => !document.querySelector(".busy"));
}

describe.skipIf(!FOUND)("for everyone", () => {
  withBrowser();

  it.each([
    ["id-ID", 320],
    ["en-GB", 1280],
  ] as const)("axe finds nothing on any page, %s at %i", async (locale, width) => {
    const seen = await visit({ locale, width });
    const { page, context } = seen;
    const { code, secret } = await aCase(context);
    for (const path of [...PUBLIC, `k/${code}#${secret}`, `l/${code}`, `data/${code}#${secret}`]) {
      // Each address leads somewhere by itself, also where no service worker stands in for the server.
      expect((await context.request.get(`${base}/app/${path}`)).status(), path).toBe(200);
      await page.goto(`${base}/app/${path}`);
      await settled(page);
      expect(await page.getAttribute("html", "lang")).toBe(locale.slice(0, 2));
      await readable(page);
    }
    await signIn(seen, { post: "triage@diskominfos" }, "/app/meja");
    for (const path of [...DESK, `/${code}`]) {
      await page.goto(`${base}/app/meja${path}`);
      await settled(page);
      await readable(page);
    }
    expect(seen.complaints).toEqual([]);
    await context.close();
  });

  it("a report is filed by keyboard alone, with words twice as large and nothing that moves", async () => {
    const { page, context, complaints } = await visit({ width: 640, calm: true });
    await page.goto(`${base}/app/`);
    await settled(page);
    // Twice the browser's own size, as somebody sets it who reads badly; pages of one app keep it.
    const larger = (): Promise<void> =>
      page.evaluate(() => document.documentElement.style.setProperty("font-size", "212.5%"));
    await larger();
    await readable(page);
    /** Tab on until what has the focus is meant; a person would see it by its ring. */
    const tabTo = async (what: string): Promise<void> => {
      for (let press = 0; press < 60; press++) {
        if (await page.evaluate((css) => document.activeElement?.matches(css), what)) return;
        await page.keyboard.press("Tab");
      }
      throw new Error(`no way by Tab to ${what}`);
    };
    await tabTo("a.button.big");
    await page.keyboard.press("Enter");
    await tabTo("#text");
    await page.keyboard.type("Lampu jalan padam sejak seminggu, gelap sekali di gang kami");
    await tabTo("main button[type=submit]");
    await page.keyboard.press("Enter");
    await tabTo("#place\\.area");
    await page.keyboard.type("Panj");
    await readable(page);
    await tabTo("main button[type=submit]");
    await page.keyboard.press("Enter");
    await page.waitForSelector("input[name=publication]");
    await tabTo("main button[type=submit]");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dd.said");
    await readable(page);
    await tabTo("main button[type=submit]");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/app\/k\//);
    await settled(page);
    const moving = await page.evaluate(
      () => document.getAnimations().filter((one) => one.playState === "running").length,
    );
    expect(moving).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("opens over a slow line with few requests and few bytes, and asks nobody else for anything", async () => {
    const { page, context } = await visit();
    const cdp = await context.newCDPSession(page);
    await cdp.send("Network.enable");
    // A poor 3G line: 50 kB a second, 400 ms away.
    await cdp.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: 400,
      downloadThroughput: 50_000,
      uploadThroughput: 20_000,
    });
    let bytes = 0;
    const asked: string[] = [];
    cdp.on("Network.loadingFinished", (one) => (bytes += one.encodedDataLength));
    page.on("request", (one) => asked.push(one.url()));
    await page.goto(`${base}/app/lapor`);
    await page.waitForSelector("#text");
    await page.fill("#text", "Got mampet di depan pasar, air meluap");
    await page.waitForSelector("#category option:nth-child(2)", { state: "attached" });
    expect(asked.filter((url) => !url.startsWith(base) && !url.startsWith("data:"))).toEqual([]);
    const own = asked.filter((url) => !/sw\.js|icon|manifest/.test(url));
    expect(own.length, own.join(" ")).toBeLessThanOrEqual(8);
    expect(bytes).toBeLessThan(150_000);
    await context.close();
  });

  it("the map is fetched only where somebody wants one, and draws a city's own tiles by their parts", async () => {
    const { page, context, complaints } = await visit({ width: 390, workers: false });
    const asked: string[] = [];
    page.on("request", (one) => asked.push(one.url()));
    const archive = pmtiles(await tile(page));
    const parts: string[] = [];
    await context.route("**/app/peta/*", async (route) => {
      const name = new URL(route.request().url()).pathname.split("/").pop();
      if (name === "gaya.json") {
        return route.fulfill({
          json: {
            version: 8,
            sources: { kota: { type: "raster", url: "pmtiles:///app/peta/kota.pmtiles", tileSize: 256 } },
            layers: [{ id: "kota", type: "raster", source: "kota" }],
          },
        });
      }
      if (name !== "kota.pmtiles") return route.fulfill({ status: 404, body: "" });
      const range = /bytes=(\d+)-(\d+)/.exec(route.request().headers()["range"] ?? "")!;
      parts.push(range[0]);
      const body = archive.subarray(Number(range[1]), Number(range[2]) + 1);
      return route.fulfill({
        status: 206,
        headers: { "Content-Range": `bytes ${range[1]}-${Number(range[1]) + body.length - 1}/${archive.length}` },
        body,
      });
    });
    await page.goto(`${base}/app/sekitar`);
    await page.waitForSelector("ul.rows li");
    expect(asked.filter((url) => /maplibre|\/map-|peta/.test(url))).toEqual([]);
    await page.click(".chips .chip:nth-child(2)");
    await page.waitForSelector("button.spot");
    await page.waitForTimeout(1500);
    expect(parts.length).toBeGreaterThanOrEqual(2);
    const drawn = await page.locator(".maplibregl-canvas").screenshot();
    const middle = await page.evaluate(async (base64) => {
      const picture = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(picture.width, picture.height);
      const pen = canvas.getContext("2d")!;
      pen.drawImage(picture, 0, 0);
      return [...pen.getImageData(8, 8, 1, 1).data];
    }, drawn.toString("base64"));
    expect(middle.slice(0, 3)).toEqual([255, 0, 255]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("without WebGL the list serves", async () => {
    const { page, context } = await visit();
    await page.addInitScript(() => {
      HTMLCanvasElement.prototype.getContext = () => null;
    });
    await page.goto(`${base}/app/sekitar`);
    await page.waitForSelector("ul.rows li");
    await page.click(".chips .chip:nth-child(2)");
    await page.waitForSelector(".box.bad");
    await readable(page);
    await page.click(".chips .chip:nth-child(1)");
    await page.waitForSelector("ul.rows li");
    await context.close();
  });
});

/** A tile of one loud colour. */
async function tile(page: Page): Promise<Buffer> {
  const made = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(256, 256);
    const pen = canvas.getContext("2d")!;
    pen.fillStyle = "#ff00ff";
    pen.fillRect(0, 0, 256, 256);
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
  });
  return Buffer.from(made);
}

/** An archive of one tile: header, directory, metadata, data, as github.com/protomaps/PMTiles/spec/v3 lays them out. */
function pmtiles(data: Buffer): Buffer {
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
  const directory = Buffer.from([1, 0, 1, ...varint(data.length), 1]);
  const metadata = Buffer.from("{}");
  const header = Buffer.alloc(127);
  header.write("PMTiles", 0, "latin1");
  header.writeUInt8(3, 7);
  const root = 127;
  const meta = root + directory.length;
  const first = meta + metadata.length;
  const numbers = [root, directory.length, meta, metadata.length, 0, 0, first, data.length, 1, 1, 1];
  numbers.forEach((value, index) => header.writeBigUInt64LE(BigInt(value), 8 + index * 8));
  // Clustered, nothing compressed, PNG, zoom 0 to 0.
  [1, 1, 1, 2, 0, 0].forEach((value, index) => header.writeUInt8(value, 96 + index));
  [-1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000].forEach((value, index) =>
    header.writeInt32LE(value, 102 + index * 4),
  );
  return Buffer.concat([header, directory, metadata, data]);
}
