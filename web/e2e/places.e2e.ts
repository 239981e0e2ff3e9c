import { describe, expect, it } from "vitest";
import { aCase, base, FOUND, readable, signIn, visit, withBrowser } from "./browser";

describe.skipIf(!FOUND)("what belongs to a person and to a place", () => {
  withBrowser();

  it("an area and an office have pages of their own, from a case to its surroundings", async () => {
    const { page, context, complaints } = await visit({ width: 320 });
    await page.goto(`${base}/app/sekitar`);
    await page.click("summary:has-text('Menurut wilayah')");
    await readable(page);
    await page.click("ul.columns a[href^='/app/wilayah/']");
    await page.waitForSelector("ul.rows li a.row");
    await readable(page);
    await page.click("ul.rows li a.row");
    await page.click("dd a[href^='/app/kantor/']");
    await page.waitForSelector("ul.rows li");
    await readable(page);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("somebody reads, keeps, corrects and erases what the city holds on them", async () => {
    const seen = await visit();
    const { page } = seen;
    const phone = `0812${String(Date.now()).slice(-8)}`;
    const { code } = await aCase(seen.context, { contact: { phone, name: "Ibu Contoh" } });
    await signIn(seen, { phone }, "/app/data");
    await page.waitForSelector("#d-name");
    await readable(page);
    const kept = page.waitForEvent("download");
    await page.click("text=Simpan salinan");
    const { readFileSync } = await import("node:fs");
    const copy = JSON.parse(readFileSync(await (await kept).path(), "utf8")) as { complaints: { code: string }[] };
    expect(copy.complaints.map((one) => one.code)).toEqual([code]);
    await page.fill("#d-name", "Ibu Contoh Baru");
    await page.click("text=Simpan perbaikan");
    await page.waitForSelector("text=Data diperbaiki.");
    await page.click("summary:has-text('Hapus data saya')");
    await page.click("button.grave");
    await page.waitForSelector("[role=alert]");
    await readable(page);
    await page.check("input[name=sure]");
    await page.click("button.grave");
    await page.waitForSelector("h1:has-text('Data Anda dihapus')");
    await readable(page);
    expect(seen.complaints).toEqual([]);
    await seen.context.close();
  });

  it("a shared link has a picture and words for its preview, and can be read and tracked without a script", async () => {
    const { page, context } = await visit({ width: 320, scripts: false });
    const { code } = await aCase(context);
    await page.goto(`${base}/app/`);
    await page.fill("#kode", code);
    await page.click("button:has-text('Lacak')");
    await page.waitForSelector(`h1:has-text("${code}")`);
    const image = await page.getAttribute("meta[property='og:image']", "content");
    const picture = await context.request.get(image!);
    expect(picture.headers()["content-type"]).toMatch(/^image\//);
    await context.close();
  });
});
