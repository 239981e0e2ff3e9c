import { beforeEach, describe, expect, it } from "vitest";
import { drawn, nudged, type Box } from "../src/desk/Boxes";
import { DeskPage } from "../src/desk/DeskPage";
import { Manage, partsFor } from "../src/desk/Manage";
import { leftWords } from "../src/desk/Row";
import { tabsFor } from "../src/desk/Tabs";
import { looksIn } from "../src/track/MyDataPage";
import { ActForm } from "../src/desk/ActForm";
import { ACTS } from "../src/desk/acts";
import type { OfficeCase } from "../src/api/client";
import { city } from "../src/lib/city";
import { chooseLanguage } from "../src/lib/i18n";
import { go } from "../src/lib/router";
import { session } from "../src/lib/session";
import { day } from "../src/lib/time";
import { accessible, CITY, draw, press, service, type, until } from "./helpers";

const ME = {
  id: "o1",
  name: "Ni Luh Sari",
  title: "Petugas Triase",
  office: "diskominfos",
  duties: [{ post: "triage@diskominfos", title: "Triase" }],
  absence: null,
  stands_in_for: [],
};
const COLLEAGUES = { officers: [{ id: "o2", name: "I Made Budi", title: "Staf" }, { id: "o1", name: "Ni Luh Sari", title: "" }] };

beforeEach(() => {
  chooseLanguage("id");
  city.set(CITY);
  session.set({ token: "t", as: "officer", until: Date.now() + 1e7 });
});

describe("boxes over a photo", () => {
  const box: Box = { left: 0.9, top: 0, width: 0.1, height: 0.2 };
  it("are drawn in any direction and never leave the picture; a slip of the finger is none", () => {
    expect(drawn(0.5, 0.6, 0.2, 0.2)).toEqual({ left: 0.2, top: 0.2, width: 0.3, height: 0.4 });
    expect(drawn(-0.5, 0.5, 0.1, 1.7)).toEqual({ left: 0, top: 0.5, width: 0.1, height: 0.5 });
    expect(drawn(0.5, 0.5, 0.505, 0.9)).toBeNull();
  });
  it("go by arrow keys up to the edge, and change their size with Shift", () => {
    expect(nudged(box, "ArrowRight", false)).toEqual(box);
    expect(nudged(box, "ArrowLeft", false).left).toBe(0.88);
    expect(nudged(box, "ArrowDown", true).height).toBe(0.22);
    expect(nudged({ ...box, width: 0.02 }, "ArrowLeft", true).width).toBe(0.02);
    expect(nudged(box, "Enter", false)).toEqual(box);
  });
});

describe("the parts of the desk", () => {
  it("a search asks for what was filled in alone, and a phone is never kept with it", async () => {
    go("/meja/cari");
    const calls = service({
      "GET /v1/office/me": () => [200, ME],
      "GET /v1/office/filters": () => [200, { filters: [] }],
      "POST /v1/office/search": () => [200, { complaints: [], cursor: null, too_many: false }],
      "POST /v1/office/filters": () => [201, { filters: [{ id: "f1", name: "Got", query: { text: "got" } }] }],
    });
    const page = draw(<DeskPage code="cari" />);
    type(await until(() => page.querySelector("#s-text")), " got ");
    type(page.querySelector("#s-phone"), "0812-3456-7890");
    await until(() => {
      page.querySelector<HTMLElement>("form[role=search] button")!.click();
      expect(page.textContent).toContain("Tidak ada yang cocok");
    });
    expect(calls.filter((c) => c.path === "/v1/office/search").at(-1)?.body).toEqual({ text: "got", phone: "0812-3456-7890" });
    await accessible(page);
    type(page.querySelector("#s-name"), "Got");
    await until(() => {
      press(page, "Simpan saringan ini");
      return expect(page.querySelector(".chips.kept")).not.toBeNull();
    });
    const kept = calls.find((c) => c.method === "POST" && c.path === "/v1/office/filters");
    expect(kept?.body).toEqual({ name: "Got", query: { text: "got" } });
    await accessible(page);
  });
  it("whoever is away must choose who stands in, among others than themselves", async () => {
    go("/meja/saya");
    const calls = service({
      "GET /v1/office/me": () => [200, ME],
      "GET /v1/office/colleagues": () => [200, COLLEAGUES],
      "POST /v1/office/me/absence": () => [201, { absence: null, stands_in_for: [] }],
    });
    const page = draw(<DeskPage code="saya" />);
    const choice = await until(() => page.querySelector<HTMLSelectElement>("#delegate")!);
    await until(() => expect([...choice.options].map((o) => o.value)).toEqual(["", "o2"]));
    press(page, "Simpan pengganti");
    await until(() => expect(page.querySelector("[role=alert]")?.textContent).toContain("Pilih salah satu"));
    await accessible(page);
    type(choice, "o2");
    await until(() => {
      press(page, "Simpan pengganti");
      expect(calls.find((c) => c.path.endsWith("/absence"))?.body).toMatchObject({ delegate: "o2" });
    });
  });
  it("work inside is told with its own dates, a task apart from a case", async () => {
    go("/meja/tugas");
    const row = { category: "Sampah", area: "Panjer", main_office: { id: "x", name: "X", short: "X" }, due: "2026-11-30" };
    service({
      "GET /v1/office/me": () => [200, ME],
      "GET /v1/office/work": () => [
        200,
        {
          work: [
            { ...row, code: "DPS-ZGRVJ-RPRMY", task: null, late: true },
            { ...row, code: "DPS-ZGRVJ-RPRMX", task: 2, late: false },
          ],
          cursor: null,
        },
      ],
    });
    const page = draw(<DeskPage code="tugas" />);
    await until(() => expect(page.querySelectorAll("ul.rows li")).toHaveLength(2));
    const links = [...page.querySelectorAll<HTMLAnchorElement>("a.row")].map((a) => a.getAttribute("href"));
    expect(links).toEqual(["/app/meja/DPS-ZGRVJ-RPRMY", "/app/meja/tugas/DPS-ZGRVJ-RPRMX/2"]);
    expect(page.textContent).toContain("30 November 2026");
    await accessible(page);
  });
  it("a hidden identity is not asked for without a reason, a shown one needs none", async () => {
    service({});
    const seen = (contact: string): OfficeCase =>
      ({ code: "DPS-ZGRVJ-RPRMY", suggested: [], place: {}, reporter: { contact }, may: [] }) as unknown as OfficeCase;
    const act = ACTS.find((one) => one.act === "reveal")!;
    const sent: unknown[] = [];
    const form = (contact: string): HTMLElement =>
      draw(<ActForm act={act} seen={seen(contact)} token="t" onSend={async (b) => void sent.push(b)} onCancel={() => undefined} />);
    const hidden = form("may_be_unmasked");
    press(hidden, "Lihat kontak");
    await until(() => expect(hidden.querySelector("[role=alert] a")?.getAttribute("href")).toBe("#do-reason"));
    expect(sent).toEqual([]);
    type(hidden.querySelector("#do-reason"), "Diminta Ombudsman");
    await until(() => {
      if (!sent.length) press(hidden, "Lihat kontak");
      expect(sent[0]).toEqual({ reason: "Diminta Ombudsman" });
    });
    const before = sent.length;
    press(form("may_be_shown"), "Lihat kontak");
    await until(() => expect(sent[before]).toEqual({}));
  });
});

it("a day without an hour is told as that day, wherever the phone is", () => {
  expect(day("2026-11-30", "id")).toBe("30 November 2026");
  expect(day("kapan saja", "id")).toBe("kapan saja");
});

describe("what somebody looks after", () => {
  it("is what their duties give them: rules for all, people for administrators, identities for auditors", () => {
    expect(partsFor(new Set(["duty"]))).toEqual(["rules", "vacant"]);
    expect(partsFor(new Set(["administrator"]))).toEqual(["rules", "vacant", "people", "messages"]);
    expect(partsFor(new Set(["auditor", "triage"]))).toEqual(["rules", "vacant", "looks", "bans"]);
    expect(tabsFor(new Set(["duty"]))).not.toContain("caller");
    expect(tabsFor(new Set(["operator"]))).toContain("caller");
  });
  it("a message is shown with its length, in the reader's language alone, and found by its name", async () => {
    const one = { name: "office_new", part: "sms", template: "{code}", preview: "Aduan DPS", sms_units: 9 };
    service({
      "GET /v1/office/message-templates": () => [
        200,
        { templates: [{ ...one, language: "id" }, { ...one, language: "en" }, { ...one, name: "other", language: "id" }] },
      ],
    });
    const me = { ...ME, duties: [{ post: "administrator@diskominfos", title: "" }] };
    const page = draw(<Manage me={me} part="messages" />);
    await until(() => expect(page.querySelectorAll("ul.rows li")).toHaveLength(2));
    expect(page.textContent).toContain("9 satuan");
    await accessible(page);
    type(page.querySelector("#m-find"), "office");
    await until(() => expect(page.querySelectorAll("ul.rows li")).toHaveLength(1));
  });
  it("working time that is left is told in two units at most, and what is late as late", () => {
    expect(leftWords(75)).toBe("sisa 1 jam 15 menit kerja");
    expect(leftWords(1290)).toBe("sisa 21 jam kerja");
    expect(leftWords(-45)).toBe("lewat 45 menit kerja");
  });
  it("every look at an identity is told, the newest first, and nothing else of a history", () => {
    const line = (act: string, at: string) => ({ act, at, what: act, text: "" });
    const own = {
      complaints: [
        { code: "A", timeline: [line("file", "2026-11-01"), line("reveal", "2026-11-03")] },
        { code: "B", timeline: [line("reveal", "2026-11-05"), line("reply", "2026-11-06")] },
      ],
    } as unknown as Parameters<typeof looksIn>[0];
    expect(looksIn(own).map(({ code, at }) => [code, at])).toEqual([
      ["B", "2026-11-05"],
      ["A", "2026-11-03"],
    ]);
  });
});
