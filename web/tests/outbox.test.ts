import { beforeEach, describe, expect, it } from "vitest";
import type { Report } from "../src/api/client";
import { discard, enqueue, flush, mine, pause, waiting } from "../src/lib/outbox";
import { service } from "./helpers";

const REPORT: Report = { text: "Lampu jalan padam sejak Senin" };
const FILED = { code: "DPS-ZGRVJ-RPRMY", secret: "s3cret", filed_at: "2026-11-21T01:00:00Z" };
const NOON = Date.UTC(2026, 10, 21, 4);
const busy = (): never => {
  throw new TypeError("Failed to fetch");
};

beforeEach(async () => {
  for (const row of await waiting()) await discard(row.id);
});

describe("the outbox", () => {
  it("sends what waits once there is a network, with the same key and body as before", async () => {
    await enqueue(REPORT, "id", false, NOON);
    const lost = service({ "POST /v1/complaints": busy });
    expect(await flush(() => NOON, null)).toEqual([]);
    const found = service({ "POST /v1/complaints": () => [201, FILED] });
    const sent = await flush(() => NOON + 60_000, null);
    expect(sent.map((one) => one.filed.code)).toEqual([FILED.code]);
    expect(found[0]?.headers.get("Idempotency-Key")).toBe(lost[0]?.headers.get("Idempotency-Key"));
    expect(found[0]?.body).toEqual(lost[0]?.body);
    expect(await waiting()).toEqual([]);
    expect((await mine())[0]).toMatchObject({ code: FILED.code, secret: "s3cret" });
  });
  it("sends one report once, however many ask at the same time", async () => {
    await enqueue(REPORT, "id", false, NOON);
    const calls = service({ "POST /v1/complaints": () => [201, FILED] });
    await Promise.all([flush(() => NOON, null), flush(() => NOON, null), flush(() => NOON, null)]);
    expect(calls).toHaveLength(1);
  });
  it("waits as long as the service says", async () => {
    await enqueue(REPORT, "id", false, NOON);
    const calls = service({ "POST /v1/complaints": () => [503, { type: "/problems/try-again", title: "", status: 503 }] });
    await flush(() => NOON, null);
    await flush(() => NOON + 1, null);
    expect(calls).toHaveLength(1);
    expect(pause(1, 30)).toBe(30_000);
    expect(pause(50, null)).toBe(900_000);
  });
  it("keeps a refused report for its writer and goes on with the next", async () => {
    await enqueue({ text: "x" }, "id", false, NOON);
    await enqueue(REPORT, "id", false, NOON + 1);
    service({
      "POST /v1/complaints": ({ body }) =>
        (body as Report).text === "x"
          ? [422, { type: "/problems/invalid", title: "Perbaiki", status: 422 }]
          : [201, FILED],
    });
    expect(await flush(() => NOON, null)).toHaveLength(1);
    expect(await waiting()).toMatchObject([{ state: "refused", problem: { title: "Perbaiki" } }]);
  });
  it("takes a hotel's sign-in page for no answer", async () => {
    await enqueue(REPORT, "id", false, NOON);
    service({ "POST /v1/complaints": () => [200, "<html>Welcome</html>"] });
    await flush(() => NOON, null);
    expect(await waiting()).toMatchObject([{ state: "waiting", tries: 1 }]);
  });
  it("leaves a signed-in person's report to a page with their token", async () => {
    await enqueue(REPORT, "id", true, NOON);
    const calls = service({ "POST /v1/me/complaints": () => [201, FILED] });
    await flush(() => NOON, null);
    expect(calls).toHaveLength(0);
    await flush(() => NOON, "token");
    expect(calls[0]?.headers.get("Authorization")).toBe("Bearer token");
  });
  it("asks the writer where a key is too old to be sure", async () => {
    await enqueue(REPORT, "id", false, NOON);
    service({ "POST /v1/complaints": busy });
    await flush(() => NOON, null);
    const calls = service({ "POST /v1/complaints": () => [201, FILED] });
    await flush(() => NOON + 30 * 86_400_000, null);
    expect(calls).toHaveLength(0);
    expect(await waiting()).toMatchObject([{ state: "refused" }]);
  });
  it("puts photos into the bucket first, each once, and names them in a body that stays the same", async () => {
    const photo = new Blob(["jpeg"], { type: "image/jpeg" });
    await enqueue(REPORT, "id", false, NOON, [photo, photo]);
    let asked = 0;
    let bucket = 0;
    const link = (): [number, unknown] => [201, { id: `p${++asked}`, url: "http://bucket/", fields: { key: "k" } }];
    const first = service({
      "POST /v1/photos": link,
      "POST /": () => (++bucket === 2 ? busy() : [204, ""]),
    });
    await flush(() => NOON, null);
    expect(first.some((call) => call.path === "/v1/complaints")).toBe(false);
    const [row] = await waiting();
    expect(row?.photos.map(({ id }) => id)).toEqual(["p1", null]);
    const second = service({
      "POST /v1/photos": link,
      "POST /": () => [200, ""],
      "POST /v1/complaints": () => [201, FILED],
    });
    await flush(() => NOON + 60_000, null);
    expect(second.filter((call) => call.path === "/v1/photos")).toHaveLength(1);
    const filed = second.find((call) => call.path === "/v1/complaints");
    expect(filed?.body).toMatchObject({ photos: ["p1", "p3"] });
    expect((second[0]?.body as { draft: string }).draft).toBe(filed?.headers.get("Idempotency-Key"));
  });
});
