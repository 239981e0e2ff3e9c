import { describe, expect, it } from "vitest";
import { clusters } from "../src/around/cluster";
import { wholeAddresses } from "../src/around/style";
import { ACTS, bodyOf, missing, openActs } from "../src/desk/acts";
import { listsFor } from "../src/desk/Desk";
import { firstLanguage } from "../src/lib/i18n";
import { absolute, relative } from "../src/lib/time";
import { squares } from "../src/track/Share";
import { target, tidyCode } from "../src/track/TrackPage";
import { en } from "../src/texts/en";
import { id } from "../src/texts/id";

const ZONE = { offsetMinutes: 480, name: "WITA" };

describe("the words", () => {
  it("are there in both languages, with the same places to fill in", () => {
    const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map((m) => m[0]).sort();
    for (const key of Object.keys(id) as (keyof typeof id)[]) {
      expect(en[key], key).not.toBe("");
      expect(places(en[key]), key).toEqual(places(id[key]));
    }
  });
  it("are Indonesian unless somebody asks for something else", () => {
    expect(firstLanguage(null, ["id-ID", "en"])).toBe("id");
    expect(firstLanguage(null, ["ban"])).toBe("id");
    expect(firstLanguage(null, [])).toBe("id");
    expect(firstLanguage(null, ["de-DE", "en"])).toBe("en");
    expect(firstLanguage("id", ["de-DE"])).toBe("id");
  });
});

describe("moments", () => {
  it("are told in the city's time, whatever the phone's", () => {
    expect(absolute("2026-11-21T16:30:00Z", ZONE, "id")).toMatch(/^Minggu, 22 November 2026.* 00[.:]30 WITA$/);
    expect(absolute("2026-11-21T16:30:00Z", ZONE, "en")).toMatch(/Sunday.* 22 November 2026.* 00:30 WITA$/);
  });
  it("are told by how far off they are", () => {
    const now = Date.UTC(2026, 10, 21, 12);
    expect(relative("2026-11-24T12:00:00Z", now, "id")).toBe("dalam 3 hari");
    expect(relative("2026-11-21T10:00:00Z", now, "en")).toBe("2 hours ago");
    expect(relative("2026-11-21T12:00:10Z", now, "en")).toBe("now");
  });
});

describe("a tracking code", () => {
  it.each([
    ["dps-zgrvj-rprmy", "DPS-ZGRVJ-RPRMY"],
    [" ZGRVJ RPRMY ", "ZGRVJRPRMY"],
    ["DPSZGRVJRPRMY", "DPS-ZGRVJ-RPRMY"],
    ["halo", null],
    ["1234567890123", null],
  ])("%s: %s", (typed, code) => expect(tidyCode(typed)).toBe(code));
  it("is found in a link from an SMS, with its secret after the hash", () => {
    expect(target("https://x.example/k/ZGRVJRPRMY/cmhc2znapx7hzdgldzps")).toBe("/k/ZGRVJRPRMY#cmhc2znapx7hzdgldzps");
    expect(target("https://x.example/l/ZGRVJRPRMY")).toBe("/l/ZGRVJRPRMY");
    expect(target("https://x.example/")).toBeNull();
  });
});

describe("clusters", () => {
  it("hold each spot once and keep far ones apart", () => {
    const spots = [0, 5, 10, 200, 205, 400].map((x) => ({ x, y: x % 7, one: x }));
    const groups = clusters(spots);
    expect(groups.map((g) => g.all)).toEqual([[0, 5, 10], [200, 205], [400]]);
    expect(groups[0]?.x).toBe(5);
  });
});

it("a city's map style names its own files whole, wherever they stand in it, and leaves others alone", () => {
  const style = {
    glyphs: "/app/peta/huruf/{fontstack}/{range}.pbf",
    sources: { kota: { type: "vector", url: "pmtiles:///app/peta/kota.pmtiles" }, far: { tiles: ["//x.example/{z}"] } },
    layers: [{ id: "a", "text-field": "{name}", "icon-size": 1 }],
  };
  expect(wholeAddresses(style, "https://lapor.example")).toEqual({
    glyphs: "https://lapor.example/app/peta/huruf/{fontstack}/{range}.pbf",
    sources: {
      kota: { type: "vector", url: "pmtiles://https://lapor.example/app/peta/kota.pmtiles" },
      far: { tiles: ["//x.example/{z}"] },
    },
    layers: style.layers,
  });
});

describe("a QR code", () => {
  it("leaves the quiet zone that scanners need", async () => {
    const { size, path } = await squares("https://lapor.example/l/DPS-ZGRVJ-RPRMY");
    expect((size - 8 - 17) % 4).toBe(0); // 17 + 4 × version modules
    const xs = [...path.matchAll(/M(\d+) (\d+)/g)].flatMap((m) => [Number(m[1]), Number(m[2])]);
    expect(Math.min(...xs)).toBe(4);
    expect(Math.max(...xs)).toBeLessThan(size - 4);
  });
});

describe("the desk", () => {
  it("gives each act a key of its own, and none that the list uses", () => {
    const keys = ACTS.flatMap((act) => act.key ?? []);
    expect(new Set([...keys, "j", "k", "x", "/"]).size).toBe(keys.length + 4);
  });
  it("offers what the service allows, and says where the rest is", () => {
    expect(openActs(["read", "reply", "start"]).here.map((a) => a.act)).toEqual(["reply", "start"]);
    expect(openActs(["read", "reply"]).elsewhere).toBe(false);
    expect(openActs(["longer"]).elsewhere).toBe(true);
  });
  it("sends nothing that was left empty, and decides where a case is sealed", () => {
    const sort = ACTS.find((a) => a.act === "sort")!;
    expect(missing(sort, {})).toEqual(["category"]);
    expect(bodyOf(sort, { category: "sampah", text: " ", accusation: false }, false)).toEqual({ category: "sampah" });
    expect(bodyOf(sort, { category: "sampah" }, true)).toEqual({ category: "sampah", accusation: false });
    const reject = ACTS.find((a) => a.act === "reject")!;
    expect(missing(reject, { reason: "other", text: "pendek" })).toEqual(["text"]);
  });
  it("shows the lists of an officer's duties", () => {
    expect(listsFor([{ post: "duty@dlhk" }])).toEqual(["office"]);
    expect(listsFor([{ post: "triage@diskominfos" }])).toEqual(["office", "screening", "emergency"]);
    expect(listsFor([{ post: "village_head@51.71.01.1004" }])).toEqual(["office", "area"]);
  });
});
