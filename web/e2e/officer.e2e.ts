import { describe, expect, it } from "vitest";
import { aCase, base, FOUND, readable, signIn, visit, withBrowser } from "./browser";

describe.skipIf(!FOUND)("at the officer's desk", () => {
  withBrowser();

  it.each(["light", "dark"] as const)("a case is answered by keyboard alone, %s", async (scheme) => {
    const seen = await visit({ width: 1280, scheme });
    const { page, context, complaints } = seen;
    await page.goto(`${base}/app/meja`);
    await page.waitForSelector("#phone");
    await readable(page);
    await signIn(seen, { post: "duty@dlhk" }, "/app/meja");
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

  it("a fix is proven with a photo, and triage covers a part of it before anybody sees it", async () => {
    const desk = await visit({ width: 1280 });
    const { code } = await aCase(desk.context);
    await signIn(desk, { post: "duty@dlhk" }, `/app/meja/${code}`);
    await desk.page.waitForSelector(".acts");
    await desk.page.keyboard.press("d");
    await desk.page.fill("#do-text", "Sampah sudah diangkut dan tempatnya dibersihkan.");
    await desk.page.setInputFiles(".case input[type=file]", {
      name: "bukti.png",
      mimeType: "image/png",
      buffer: await desk.page.screenshot(),
    });
    await desk.page.waitForSelector(".case .shots img");
    await readable(desk.page);
    await desk.page.click(".case form.box > button:not(.plain)");
    await desk.page.waitForSelector("h1 ~ [role=status].box");
    const triage = await visit({ width: 1280 });
    await signIn(triage, { post: "triage@diskominfos" }, `/app/meja/${code}`);
    const cover = triage.page.locator(".album button", { hasText: "Tutupi bagian" });
    // The job that looks at uploads may still be at it.
    for (let round = 0; round < 20 && (await cover.count()) === 0; round++) {
      await triage.page.waitForTimeout(1000);
      await triage.page.reload();
      await triage.page.waitForSelector(".acts");
    }
    await cover.first().click();
    const picture = triage.page.locator(".canvas");
    await picture.scrollIntoViewIfNeeded();
    const frame = (await picture.boundingBox())!;
    await triage.page.mouse.move(frame.x + frame.width * 0.2, frame.y + frame.height * 0.2);
    await triage.page.mouse.down();
    await triage.page.mouse.move(frame.x + frame.width * 0.5, frame.y + frame.height * 0.6, { steps: 4 });
    await triage.page.mouse.up();
    await triage.page.waitForSelector("button.cover");
    await triage.page.click("button:has-text('Tambah kotak')");
    await triage.page.locator("button.cover").nth(1).focus();
    await triage.page.keyboard.press("ArrowRight");
    await triage.page.keyboard.press("Shift+ArrowDown");
    expect(await triage.page.locator("button.cover").nth(1).getAttribute("aria-label")).toBe(
      "Kotak 2: kiri 42 %, atas 40 %, lebar 20 %, tinggi 22 %",
    );
    await readable(triage.page);
    await triage.page.click("text=Simpan penutup");
    await triage.page.waitForSelector(".canvas", { state: "detached" });
    expect([...desk.complaints, ...triage.complaints]).toEqual([]);
    await desk.context.close();
    await triage.context.close();
  });

  it("two officers at once: who comes second is told and loses no word", async () => {
    const first = await visit({ width: 1280 });
    const second = await visit();
    const { code } = await aCase(first.context);
    await signIn(first, { post: "duty@dlhk" }, `/app/meja/${code}`);
    await signIn(second, { post: "staff@dlhk" }, `/app/meja/${code}`);
    for (const { page } of [first, second]) {
      await page.waitForSelector(".acts");
      await page.click(".acts button:has-text('Jawab')");
      await page.waitForSelector("#do-text");
    }
    await first.page.fill("#do-text", "Petugas pertama menjawab.");
    await second.page.fill("#do-text", "Petugas kedua menjawab.");
    await first.page.click(".case form.box > button:not(.plain)");
    await first.page.waitForSelector("ol.line >> text=Petugas pertama menjawab.");
    await second.page.click(".case form.box > button:not(.plain)");
    await second.page.waitForSelector(".case [role=alert]");
    await readable(second.page);
    expect(await second.page.inputValue("#do-text")).toBe("Petugas kedua menjawab.");
    // What the other did is there at once, without loading the page anew.
    await second.page.waitForSelector("ol.line >> text=Petugas pertama menjawab.");
    await second.page.click(".case form.box > button:not(.plain)");
    await second.page.waitForSelector("ol.line >> text=Petugas kedua menjawab.");
    await first.context.close();
    await second.context.close();
  });

  it("work is given inside: a head's disposisi is taken, a task of another office is answered", async () => {
    const head = await visit({ width: 1280 });
    const { code } = await aCase(head.context);
    await signIn(head, { post: "office_head@dlhk" }, `/app/meja/${code}`);
    await head.page.waitForSelector(".acts");
    await head.page.click(".acts button:has-text('Disposisi')");
    await head.page.click(".case form.box > button:not(.plain)");
    await head.page.waitForSelector(".case form.box [role=alert]");
    await readable(head.page);
    await head.page.waitForSelector("#do-to option:nth-child(2)", { state: "attached" });
    const staff = await head.page.locator("#do-to option", { hasText: "Staf DLHK" }).first().getAttribute("value");
    await head.page.selectOption("#do-to", staff!);
    await head.page.fill("#do-text", "Cek ke lokasi dan laporkan.");
    await head.page.fill("#do-due", await workday(head.page));
    await head.page.click(".case form.box > button:not(.plain)");
    await head.page.waitForSelector("text=Disposisi kepada");
    await head.page.click(".acts button:has-text('Bagi tugas')");
    await head.page.selectOption("#task-office-0", "pupr");
    await head.page.fill("#task-text-0", "Periksa saluran di samping tumpukan.");
    await head.page.fill("#task-due-0", await workday(head.page));
    await readable(head.page);
    await head.page.click(".case form.box > button:not(.plain)");
    await head.page.waitForSelector("#tasks");
    await readable(head.page);

    const other = await visit();
    await signIn(other, { post: "duty@pupr" }, "/app/meja/tugas");
    await other.page.click(`a.row:has-text("${code}")`);
    await other.page.waitForSelector("#task-answer");
    await readable(other.page);
    await other.page.fill("#task-answer", "Saluran bersih, tidak tersumbat.");
    await other.page.click("form.box button");
    await other.page.waitForURL(/\/meja\/tugas$/);
    await readable(other.page);
    await other.context.close();

    const person = await visit();
    await signIn(person, { post: "staff@dlhk" }, `/app/meja/${code}`);
    await person.page.waitForSelector("text=Saluran bersih, tidak tersumbat.");
    await person.page.click(".acts button:has-text('Terima disposisi')");
    await person.page.click(".case form.box > button:not(.plain)");
    await person.page.waitForSelector(".case .badge.good:has-text('Diterima')");
    expect([...head.complaints, ...other.complaints, ...person.complaints]).toEqual([]);
    await head.context.close();
    await person.context.close();
  });

  it("cases are found by words, and a search is kept under a name", async () => {
    const seen = await visit({ width: 320 });
    await signIn(seen, { post: "triage@diskominfos" }, "/app/meja/cari");
    await seen.page.waitForSelector("#s-text");
    await readable(seen.page);
    await seen.page.fill("#s-text", "sampah");
    await seen.page.selectOption("#s-status", "open");
    await seen.page.click("form[role=search] button");
    await seen.page.waitForSelector("ul.staff li");
    await seen.page.fill("#s-name", "Sampah terbuka");
    await seen.page.click("text=Simpan saringan ini");
    await seen.page.waitForSelector(".chips.kept >> text=Sampah terbuka");
    await readable(seen.page);
    await seen.page.click("[aria-label='Hapus saringan Sampah terbuka']");
    await seen.page.waitForSelector(".chips.kept", { state: "detached" });
    expect(seen.complaints).toEqual([]);
    await seen.context.close();
  });

  it("many are released at once and taken back, and somebody who is away names who stands in", async () => {
    const seen = await visit({ width: 1280 });
    const codes = [(await aCase(seen.context)).code, (await aCase(seen.context)).code];
    await signIn(seen, { post: "triage@diskominfos" }, "/app/meja");
    await seen.page.waitForSelector("ul.staff li");
    await seen.page.click(".chip:has-text('Tinjauan')");
    for (const code of codes) {
      const box = seen.page.locator(`[aria-label='Tandai ${code}']`);
      while (!(await box.count()) && (await seen.page.locator(".inbox > button.plain").count())) {
        await seen.page.click(".inbox > button.plain");
        await seen.page.waitForTimeout(500);
      }
      await box.check();
    }
    await seen.page.click("button:has-text('Tindakan untuk yang ditandai')");
    await seen.page.selectOption("#bulk-act", "release");
    await readable(seen.page);
    await seen.page.click(".inbox form.box button:has-text('Jalankan')");
    await seen.page.waitForSelector(".inbox .box .badge:has-text('Berhasil')");
    await readable(seen.page);
    await seen.page.click("text=Batalkan untuk semua");
    await seen.page.waitForSelector("text=Batalkan untuk semua", { state: "detached" });
    expect(await seen.page.locator(".inbox .box .badge:has-text('Berhasil')").count()).toBe(2);
    await seen.page.goto(`${base}/app/meja/saya`);
    await seen.page.waitForSelector("#delegate option:nth-child(2)", { state: "attached" });
    await readable(seen.page);
    await seen.page.selectOption("#delegate", { index: 1 });
    await seen.page.click("text=Simpan pengganti");
    await seen.page.click("text=Saya sudah kembali");
    await seen.page.waitForSelector("text=Saya sudah kembali", { state: "detached" });
    expect(seen.complaints).toEqual([]);
    await seen.context.close();
  });

  it("a hidden identity is shown for a reason alone", async () => {
    const seen = await visit({ width: 1280 });
    const { code } = await aCase(seen.context, { category: undefined, contact: { phone: "0812-3456-7890" } });
    await signIn(seen, { post: "triage@diskominfos" }, `/app/meja/${code}`);
    await seen.page.waitForSelector(".acts");
    await seen.page.click(".acts button:has-text('Lihat kontak')");
    await seen.page.click(".case form.box > button:not(.plain)");
    await seen.page.waitForSelector(".case form.box [role=alert]");
    await readable(seen.page);
    await seen.page.fill("#do-reason", "Pelapor diminta dihubungi oleh Ombudsman.");
    await seen.page.click(".case form.box > button:not(.plain)");
    await seen.page.waitForSelector("a[href='tel:+6281234567890']");
    await seen.context.close();
  });
});

/** A weekday that is a working day nearly everywhere: a week from now, off the weekend. */
async function workday(page: import("playwright-core").Page): Promise<string> {
  return page.evaluate(() => {
    const day = new Date(Date.now() + 7 * 86_400_000);
    while ([0, 6].includes(day.getUTCDay())) day.setUTCDate(day.getUTCDate() + 1);
    return day.toISOString().slice(0, 10);
  });
}
