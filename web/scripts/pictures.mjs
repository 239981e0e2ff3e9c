// Pictures of the app for the README, from a running service with the sample city: part of `make pictures`.
import { chromium } from "playwright-core";
import { existsSync } from "node:fs";

const base = `http://127.0.0.1:${process.env.PORT || 8000}`;
const folder = new URL("../../docs/pictures/", import.meta.url).pathname;
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"],
});

async function open(width, height) {
  const context = await browser.newContext({ viewport: { width, height }, locale: "id-ID" });
  return { context, page: await context.newPage() };
}

async function draw(page, name) {
  // What still moves in, such as the map's names, gets a moment.
  await page.waitForTimeout(1200);
  await page.screenshot({ path: `${folder}${name}.png` });
  console.log(`  docs/pictures/${name}.png`);
}

const phone = await open(390, 844);
await phone.page.goto(`${base}/app/lapor`);
await phone.page.fill("#text", "Lampu jalan mati di gang kami sejak seminggu, telepon saya 0812-3456-7890");
await phone.page.locator(".chips .chip").first().click();
await phone.page.evaluate(() => scrollTo(0, 150));
await draw(phone.page, "web-lapor");
await phone.page.goto(`${base}/app/sekitar`);
await phone.page.click(".chips .chip:nth-child(2)");
await phone.page.waitForSelector("button.spot");
await draw(phone.page, "web-peta");

const desk = await open(1100, 560);
const answer = await desk.context.request.post(`${base}/local/token`, {
  data: { post: "duty@dlhk" },
  headers: { Accept: "application/json", Origin: base },
});
const { token } = await answer.json();
await desk.page.goto(`${base}/app/`);
await desk.page.evaluate(
  (said) => sessionStorage.setItem("sesi", JSON.stringify({ token: said, as: "officer", until: Date.now() + 1e7 })),
  token,
);
await desk.page.goto(`${base}/app/meja`);
await desk.page.locator("ul.staff a").nth(1).click();
await desk.page.waitForSelector(".acts");
await draw(desk.page, "web-meja");

// The same desk on a phone, where a village head walks.
const walk = await open(390, 844);
const head = await walk.context.request.post(`${base}/local/token`, {
  data: { post: "district_head@51.71.01" },
  headers: { Accept: "application/json", Origin: base },
});
await walk.page.goto(`${base}/app/`);
await walk.page.evaluate(
  (said) => sessionStorage.setItem("sesi", JSON.stringify({ token: said, as: "officer", until: Date.now() + 1e7 })),
  (await head.json()).token,
);
await walk.page.goto(`${base}/app/meja/peta`);
await walk.page.waitForSelector("button.spot");
await draw(walk.page, "web-peta-meja");
await browser.close();
