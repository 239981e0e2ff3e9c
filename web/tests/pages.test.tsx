import { beforeEach, describe, expect, it } from "vitest";
import { FilePage } from "../src/file/FilePage";
import { city } from "../src/lib/city";
import { dropValue } from "../src/lib/db";
import { chooseLanguage } from "../src/lib/i18n";
import { discard, waiting } from "../src/lib/outbox";
import { place } from "../src/lib/router";
import { OwnPage } from "../src/track/OwnPage";
import { PublicPage } from "../src/track/PublicPage";
import { TrackPage } from "../src/track/TrackPage";
import { watchInstall } from "../src/lib/install";
import { App } from "../src/ui/App";
import { Home } from "../src/ui/Home";
import { accessible, CITY, draw, press, service, type, until } from "./helpers";

const SUGGESTED = { emergency: null, suggestions: [{ category: "lampu_jalan", score: 5, sure: true, words: ["lampu"] }] };
const PROMISED = { resolution: { due: "2026-11-20T01:00:00Z", done_at: null, paused: false } };
const COMMON = {
  code: "DPS-ZGRVJ-RPRMY",
  kind: "complaint",
  status: "resolved",
  status_text: "Dinyatakan selesai",
  category: { id: "lampu_jalan", label: "Lampu jalan" },
  area: { code: "51.71.01.1004", name: "Panjer", kind: "kelurahan" },
  filed_at: "2026-11-18T01:00:00Z",
  updated_at: "2026-11-19T01:00:00Z",
  outcome: null,
  promised: PROMISED,
  overdue: true,
  marked: null,
  next_step: "Anda menilai.",
  question: null,
  joined: 2,
  screening: { state: "released", text: "" },
};
const OWN = {
  ...COMMON,
  emergency: null,
  text: "Lampu padam",
  place: { lat: null, lon: null, area: "51.71.01.1004", hamlet: null, words: "", approximate: false },
  answers: {},
  identity: "hidden",
  publication: "public",
  office: { id: "dishub", name: "Dinas Perhubungan", short: "Dishub" },
  reopens_on: null,
  ombudsman: null,
  level: 0,
  timeline: [{ at: "2026-11-18T01:00:00Z", act: "file", what: "Aduan diterima.", text: "", by: "reporter" }],
  schedule: null,
  closes_at: null,
  rating: null,
  ask_reopen: false,
  continued: "",
  may: ["rate", "reopen", "message", "withdraw", "confirm"],
  version: 4,
};

beforeEach(async () => {
  chooseLanguage("id");
  city.set(CITY);
  await dropValue("draft");
  for (const row of await waiting()) await discard(row.id);
});

describe("filing", () => {
  it("leads from words to a report that waits, and says what is wrong on the way", async () => {
    const calls = service({
      "POST /v1/suggestions": () => [200, SUGGESTED],
      "POST /v1/complaints": () => {
        throw new TypeError("no network");
      },
    });
    const page = draw(<FilePage />);
    const text = await until(() => page.querySelector("textarea")!);
    press(page, "Lanjut");
    await until(() => expect(page.querySelector("[role=alert]")?.textContent).toContain("sedikitnya 10 huruf"));
    await until(() => expect(document.activeElement).toBe(page.querySelector("[role=alert]")));
    await accessible(page);
    type(text, "Lampu jalan padam, telepon 0812-3456-7890");
    await until(() => press(page, "Hapus"));
    await until(() => expect(page.querySelector("textarea")!.value).toBe("Lampu jalan padam, telepon …"));
    await until(() => press(page.querySelector(".chips")!, "Lampu jalan"));
    await until(() => press(page.querySelector("fieldset")!, "Padam"));
    await accessible(page);
    press(page, "Lanjut");
    const area = await until(() => {
      const found = page.querySelector<HTMLSelectElement>("#place\\.area");
      expect(found).not.toBeNull();
      return found;
    });
    type(area, "51.71.01.1004");
    await accessible(page);
    await until(() => expect(page.querySelector("#place\\.hamlet")).not.toBeNull());
    press(page, "Lanjut");
    await until(() => expect(page.querySelectorAll("input[name=publication]")).toHaveLength(2));
    await accessible(page);
    press(page, "Lanjut");
    await until(() => expect(page.querySelector("dd.said")?.textContent).toContain("Lampu jalan padam"));
    await accessible(page);
    press(page, "Kirim aduan");
    await until(() => expect(page.textContent).toContain("Tersimpan di ponsel ini"));
    const [row] = await waiting();
    expect(row?.body).toMatchObject({
      category: "lampu_jalan",
      answers: { keadaan: "padam" },
      place: { area: "51.71.01.1004" },
      publication: "public",
    });
    expect(calls.filter((call) => call.path === "/v1/complaints")).toHaveLength(1);
  });
  it("puts the number to call before everything when the words speak of danger, network or not", async () => {
    service({});
    const page = draw(<FilePage />);
    type(await until(() => page.querySelector("textarea")!), "Ada kebakaran di rumah sebelah");
    const call = await until(() => page.querySelector<HTMLAnchorElement>("a.call")!);
    await until(() => expect(page.querySelector<HTMLAnchorElement>("a.call")?.href).toBe("tel:113"));
    expect(call.closest("[role=alert]")).not.toBeNull();
    await accessible(page);
  });
  it("calls the number of a dangerous answer", async () => {
    service({ "POST /v1/suggestions": () => [200, SUGGESTED] });
    const page = draw(<FilePage />);
    type(await until(() => page.querySelector("#category")!), "lampu_jalan");
    await until(() => press(page.querySelector("fieldset")!, "Kabel jatuh"));
    await until(() => expect(page.querySelector<HTMLAnchorElement>("a.call")?.href).toBe("tel:123"));
  });
});

describe("tracking", () => {
  it("shows a case with its promise, late badge and story", async () => {
    service({ "GET /v1/complaints/DPS-ZGRVJ-RPRMY": () => [200, { ...COMMON, timeline: OWN.timeline, may_join: true }] });
    const page = draw(<PublicPage code="DPS-ZGRVJ-RPRMY" />);
    await until(() => expect(page.querySelectorAll("ol.line li")).toHaveLength(1));
    expect(page.textContent).toContain("Terlambat");
    expect(page.textContent).toContain("2 orang ikut melapor");
    await accessible(page);
  });
  it("says the same of a code that is wrong and of one that is not for you", async () => {
    service({});
    const page = draw(<PublicPage code="DPS-XXXXX-XXXXX" />);
    await until(() => expect(page.textContent).toContain("tidak ditemukan"));
  });
  it("opens a secret link, rates once and asks whether it is solved after a low score", async () => {
    let rated = false;
    const calls = service({
      "POST /v1/auth/links": () => [201, { token: "tok", as: "link", expires_in: 43200 }],
      "GET /v1/me/complaints/DPS-ZGRVJ-RPRMY": () => [
        200,
        rated ? { ...OWN, may: ["reopen"], ask_reopen: true } : OWN,
      ],
      "POST /v1/me/complaints/DPS-ZGRVJ-RPRMY/rating": () => {
        rated = true;
        return [201, { ...COMMON, ask_reopen: true }];
      },
    });
    const page = draw(<OwnPage code="DPS-ZGRVJ-RPRMY" secret="s3cret" fresh={false} />);
    await until(() => expect(page.querySelector("#score-2")).not.toBeNull());
    await accessible(page);
    press(page, "Kirim nilai");
    await until(() => expect(page.textContent).toContain("Pilih nilai 1 sampai 5"));
    page.querySelector<HTMLInputElement>("#score-2")!.click();
    await until(() => expect(page.querySelector<HTMLInputElement>("#score-2")!.checked).toBe(true));
    press(page, "Kirim nilai");
    await until(() => expect(page.textContent).toContain("Apakah masalahnya belum beres?"));
    const sent = calls.find((call) => call.path.endsWith("/rating"));
    expect(sent?.body).toEqual({ score: 2 });
    expect(sent?.headers.get("Authorization")).toBe("Bearer tok");
    // The secret went to the sign-in of links alone, never into an address.
    expect(calls.every((call) => !call.path.includes("s3cret") && !call.query.toString().includes("s3cret"))).toBe(true);
  });
  it("asks for a reason before it withdraws", async () => {
    const calls = service({
      "POST /v1/auth/links": () => [201, { token: "tok", as: "link", expires_in: 43200 }],
      "GET /v1/me/complaints/DPS-ZGRVJ-RPRMY": () => [200, OWN],
      "POST /v1/me/complaints/DPS-ZGRVJ-RPRMY/withdrawal": () => [201, COMMON],
    });
    const page = draw(<OwnPage code="DPS-ZGRVJ-RPRMY" secret="withdrawn" fresh={false} />);
    const button = await until(() => page.querySelector<HTMLButtonElement>("button.grave")!);
    await until(() => expect(button.isConnected).toBe(true));
    button.click();
    await until(() => expect(page.textContent).toContain("Pilih satu alasan"));
    press(page, "Saya diminta mencabutnya");
    await until(() => expect(page.querySelector<HTMLInputElement>("[value=asked_to]")!.checked).toBe(true));
    button.click();
    await until(() => expect(calls.find((c) => c.path.endsWith("/withdrawal"))?.body).toEqual({ reason: "asked_to" }));
  });
  it("names what is no code, at the field", async () => {
    service({});
    const page = draw(<TrackPage />);
    type(await until(() => page.querySelector("#code")!), "halo");
    press(page.querySelector("form")!, "Lacak");
    await until(() => expect(page.querySelector("#code")?.getAttribute("aria-invalid")).toBe("true"));
    await accessible(page);
  });
});

describe("the whole page", () => {
  it("has its landmarks, one heading, and says everything again in English", async () => {
    service({ "GET /v1/city": () => [200, CITY] });
    place.set({ path: "", query: new URLSearchParams(), hash: "" });
    const page = draw(<App />);
    await until(() => expect(page.querySelectorAll("h1")).toHaveLength(1));
    for (const landmark of ["header", "nav", "main", "footer"]) expect(page.querySelectorAll(landmark)).toHaveLength(1);
    await accessible(page);
    press(page, "English");
    await until(() => expect(page.querySelector("h1")?.textContent).toContain("A problem in"));
  });
});

it("offers to stand on the home screen where the browser can do it, and only until it was taken", async () => {
  watchInstall();
  service({});
  const page = draw(<Home />);
  await until(() => expect(page.querySelector("h1")).not.toBeNull());
  expect(page.textContent).not.toContain("Pasang di layar utama");
  let asked = 0;
  dispatchEvent(Object.assign(new Event("beforeinstallprompt"), { prompt: async () => void asked++ }));
  await until(() => expect(page.textContent).toContain("Pasang di layar utama"));
  await accessible(page);
  press(page, "Pasang di layar utama");
  await until(() => expect(page.textContent).not.toContain("Pasang di layar utama"));
  expect(asked).toBe(1);
});
