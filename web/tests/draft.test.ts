import { describe, expect, it } from "vitest";
import { dangerIn } from "../src/file/danger";
import { EMPTY, faultsOf, reportOf, type Draft } from "../src/file/draft";
import { personalIn, without } from "../src/file/personal";
import { fitted } from "../src/file/photo";
import { LAMP } from "./helpers";

const draft = (part: Partial<Draft>): Draft => ({ ...EMPTY, text: "Lampu jalan padam sejak Senin", ...part });

describe("a report from a draft", () => {
  it("holds nothing that was left empty", () => {
    expect(reportOf(draft({}), undefined, "id", 480)).toEqual({
      text: "Lampu jalan padam sejak Senin",
      language: "id",
      publication: "public",
    });
  });
  it("gives answers as their datatypes ask, in the city's own time", () => {
    const said = { keadaan: "padam", jumlah: "2,5", sejak: "2026-11-21T09:30" };
    const report = reportOf(draft({ category: "lampu_jalan", answers: said }), LAMP, "id", 480);
    expect(report.answers).toEqual({ keadaan: "padam", jumlah: 2.5, sejak: "2026-11-21T09:30+08:00" });
  });
  it("drops the answers of a category that was chosen before", () => {
    const report = reportOf(draft({ category: "lampu_jalan", answers: { lain: "x" } }), LAMP, "id", 480);
    expect(report.answers).toBeUndefined();
  });
  it("sends no contact of somebody who went back to no name", () => {
    const report = reportOf(draft({ contact: "none", phone: "081234567890", identity: "shown" }), LAMP, "id", 480);
    expect(report).not.toHaveProperty("contact");
    expect(report).not.toHaveProperty("identity");
  });
  it("says no more than that it is about staff when nobody is named", () => {
    expect(reportOf(draft({ about: true }), undefined, "id", 480).about_staff).toEqual({});
  });
});

describe("faults", () => {
  const codes = (part: Partial<Draft>, step: number): string[] =>
    faultsOf(draft(part), LAMP, step).map((fault) => fault.code);
  it("names all of a step at once", () => {
    expect(codes({ text: "pendek" }, 0)).toEqual(["fault_text_short", "fault_answer"]);
  });
  it("wants a place only where the category needs one, and takes a point or an area", () => {
    const answers = { keadaan: "padam" };
    expect(codes({ answers }, 1)).toEqual(["fault_place"]);
    expect(codes({ answers, area: "51.71.01.1004" }, 1)).toEqual([]);
    expect(codes({ answers, lat: -8.6, lon: 115.2 }, 1)).toEqual([]);
    expect(faultsOf(draft({}), undefined, 1)).toEqual([]);
  });
  it("wants a number only of who chose one", () => {
    const given = { answers: { keadaan: "padam" }, area: "x" };
    expect(codes({ ...given, contact: "phone", phone: "08" }, 2)).toEqual(["fault_phone"]);
    expect(codes({ ...given, contact: "none", phone: "08" }, 2)).toEqual([]);
  });
});

describe("personal data in a text", () => {
  it.each([
    ["telepon saya 0812-3456-7890 ya", "phone", "0812-3456-7890"],
    ["hubungi +62 812 3456 7890", "phone", "+62 812 3456 7890"],
    ["NIK 5171 0112 3456 0001 atas nama", "nik", "5171 0112 3456 0001"],
    ["surel wayan.contoh@example.co.id.", "email", "wayan.contoh@example.co.id"],
    ["mobil DK 1234 AB parkir", "plate", "DK 1234 AB"],
    ["ID pelanggan 531234567890", "account", "531234567890"],
  ])("finds in %s a %s", (text, kind, words) => {
    expect(personalIn(text)).toMatchObject([{ kind, words }]);
  });
  it.each(["Jalan Gatot Subroto 123", "RT 04 RW 12", "tanggal 21-11-2026 jam 10.30", "Rp 1.500.000", "DPS-ZGRVJ-RPRMY"])(
    "leaves alone: %s",
    (text) => expect(personalIn(text)).toEqual([]),
  );
  it("takes out the piece that was pressed and nothing else", () => {
    const text = "a 0812-3456-7890 dan 0813-1111-2222 b";
    const pieces = personalIn(text);
    expect(without(text, pieces[1]!)).toBe("a 0812-3456-7890 dan … b");
  });
});

describe("danger words without a network", () => {
  it.each([
    ["Ada kebakaran di rumah", "fire"],
    ["my neighbour is unconscious", "ambulance"],
    ["lampu jalan padam", null],
    ["firewood on the road", null],
  ])("%s: %s", (text, id) => expect(dangerIn(text)).toBe(id));
});

describe("a photo", () => {
  it("keeps its shape and never grows", () => {
    expect(fitted(4000, 3000)).toEqual({ width: 1600, height: 1200 });
    expect(fitted(3000, 4000)).toEqual({ width: 1200, height: 1600 });
    expect(fitted(800, 600)).toEqual({ width: 800, height: 600 });
    expect(fitted(10_000, 1)).toEqual({ width: 1600, height: 1 });
  });
});
