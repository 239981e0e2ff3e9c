import { describe, expect, it } from "vitest";
import { FOUND, readable, signIn, visit, withBrowser } from "./browser";

describe.skipIf(!FOUND)("whoever looks after the service", () => {
  withBrowser();

  it("sees where the cases of their ground lie, with the same in a list", async () => {
    const seen = await visit({ width: 390 });
    await signIn(seen, { post: "district_head@51.71.01" }, "/app/meja/peta");
    await seen.page.waitForSelector("button.spot");
    await seen.page.waitForSelector("ul.staff li");
    await readable(seen.page);
    const all = await seen.page.locator("ul.staff li").count();
    await seen.page.locator("button.spot").first().click();
    await seen.page.waitForFunction((n) => document.querySelectorAll("ul.staff li").length < n, all);
    expect(seen.complaints).toEqual([]);
    await seen.context.close();
  });

  it("reads the city's rules and who saw whose identity", async () => {
    const seen = await visit({ width: 320 });
    await signIn(seen, { post: "triage@diskominfos" }, "/app/meja/kelola");
    await seen.page.waitForSelector("ul.columns li");
    await readable(seen.page);
    for (const part of ["Jabatan kosong", "Pemeriksaan awal"]) {
      await seen.page.click(`a.chip:has-text('${part}')`);
      await seen.page.waitForSelector(`h1:has-text('${part}')`);
      await seen.page.waitForSelector(".busy", { state: "detached" });
      await readable(seen.page);
    }
    expect(seen.complaints).toEqual([]);
    await seen.context.close();
  });
});
