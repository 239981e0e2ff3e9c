import { describe, expect, it } from "vitest";
import { aCase, base, FOUND, next, readable, signIn, visit, withBrowser } from "./browser";

describe.skipIf(!FOUND)("for a citizen", () => {
  withBrowser();

  it("files a complaint with a photo on a narrow phone, and finds it again", async () => {
    const { page, context, complaints } = await visit({ width: 320 });
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

  it("answers the office's question with a photo", async () => {
    const desk = await visit();
    const { code, secret } = await aCase(desk.context);
    const token = await signIn(desk, { post: "duty@dlhk" }, "/app/lacak");
    const asked = await desk.context.request.post(`${base}/v1/office/complaints/${code}/questions`, {
      headers: { Authorization: `Bearer ${token}`, "If-Match": '"1"' },
      data: { text: "Boleh kirim foto tempatnya?" },
    });
    expect(asked.status()).toBe(201);
    await desk.context.close();
    const { page, context, complaints } = await visit();
    await page.goto(`${base}/app/k/${code}#${secret}`);
    await page.waitForSelector("#answer");
    await page.setInputFiles("main input[type=file]", {
      name: "tempat.png",
      mimeType: "image/png",
      buffer: await page.screenshot(),
    });
    await page.waitForSelector("ul.shots img");
    await page.fill("#answer", "Ini fotonya.");
    await readable(page);
    await page.click("section.box button:has-text('Kirim jawaban')");
    await page.waitForSelector("[role=status].box");
    const own = await context.request.post(`${base}/v1/auth/links`, { data: { code, secret } });
    const mine = (await own.json()) as { token: string };
    const photos = await context.request.get(`${base}/v1/me/complaints/${code}/photos`, {
      headers: { Authorization: `Bearer ${mine.token}` },
    });
    expect(((await photos.json()) as { photos: unknown[] }).photos).toHaveLength(1);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("shows public cases on a map that the policy allows, and in a list", async () => {
    const { page, context, complaints } = await visit({ width: 390 });
    await page.goto(`${base}/app/sekitar`);
    await page.waitForSelector("ul.rows li");
    await readable(page);
    await page.click(".chips .chip:nth-child(2)");
    await page.waitForSelector("button.spot");
    expect(complaints).toEqual([]);
    await context.close();
  });
});
