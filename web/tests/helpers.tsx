import { render, type ComponentChild } from "preact";
import axe from "axe-core";
import { expect } from "vitest";
import type { City } from "../src/api/client";

export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
}

/** Answers for paths, and what was asked for. A function may throw to be a broken network. */
export function service(answers: Record<string, (call: Call) => [number, unknown] | Promise<[number, unknown]>>): Call[] {
  const calls: Call[] = [];
  globalThis.fetch = (async (input: string, init: RequestInit = {}) => {
    const url = new URL(input, "http://localhost");
    const call: Call = {
      method: init.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      headers: new Headers(init.headers),
      body: typeof init.body === "string" ? JSON.parse(init.body) : null,
    };
    calls.push(call);
    const found = answers[`${call.method} ${call.path}`];
    const [status, body] = found ? await found(call) : [404, { type: "/problems/not-found", title: "No", status: 404 }];
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return new Response(status === 204 ? null : text, { status });
  }) as typeof fetch;
  return calls;
}

export const CITY: City = {
  id: "denpasar",
  name: "Kota Denpasar",
  service: "PRO Denpasar Plus",
  consent: { version: "1", text: "Data Anda dipakai untuk menangani laporan." },
  languages: ["id", "en"],
  zone: "WITA",
  utc_offset_minutes: 480,
  groups: [{ id: "jalan", label: "Jalan" }],
  categories: [
    {
      id: "lampu_jalan",
      group: "jalan",
      label: "Lampu jalan",
      labels: {},
      place: "required",
      kinds: ["complaint"],
      sensitive: false,
      emergency: null,
      sheltered: false,
      questions: [
        {
          id: "keadaan",
          variable: true,
          label: "Bagaimana keadaannya?",
          datatype: "singlevaluelist",
          required: true,
          values: [
            { id: "padam", label: "Padam" },
            { id: "kabel_jatuh", label: "Kabel jatuh" },
          ],
          dangers: { kabel_jatuh: "123" },
        },
        { id: "jumlah", variable: true, label: "Berapa lampu?", datatype: "number", required: false, values: [], dangers: {} },
        { id: "sejak", variable: true, label: "Sejak kapan?", datatype: "datetime", required: false, values: [], dangers: {} },
      ],
      promise: { first_reply: "1 hari kerja", resolution: "5 hari kerja" },
    },
  ],
  offices: [{ id: "dishub", name: "Dinas Perhubungan", short: "Dishub", kind: "dinas", outside: false, handles: "" }],
  areas: [
    { code: "51.71.01", name: "Selatan", kind: "kecamatan", parent: null, postal_code: null, center: { lat: -8.7, lon: 115.2 }, hamlets: [] },
    { code: "51.71.01.1004", name: "Panjer", kind: "kelurahan", parent: "51.71.01", postal_code: null, center: { lat: -8.69, lon: 115.22 }, hamlets: [{ id: "h1", name: "Kaja" }] },
  ],
  emergency_numbers: [
    { id: "general", number: "112", label: "Darurat" },
    { id: "fire", number: "113", label: "Pemadam" },
  ],
  windows: [],
};

export const LAMP = CITY.categories[0]!;

export function draw(what: ComponentChild): HTMLElement {
  const root = document.createElement("div");
  document.body.append(root);
  render(what, root);
  return root;
}

/** Until `check` neither throws nor answers null; for a minute at most, as machines are busy. */
export async function until<T>(check: () => T): Promise<T> {
  let last: unknown;
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    try {
      const found = check();
      if (found === null) throw new Error("still nothing");
      return found;
    } catch (error) {
      last = error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  throw last;
}

/** axe finds nothing; contrast is measured in a real browser (make web-e2e), jsdom paints nothing. */
export async function accessible(root: Element): Promise<void> {
  const found = await axe.run(root, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  expect(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)).toEqual([]);
}

export function type(element: Element | null, value: string): void {
  const input = element as HTMLInputElement;
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

export function press(root: ParentNode, words: string): void {
  const found = [...root.querySelectorAll<HTMLElement>("button, a, summary, label")].find((e) =>
    e.textContent?.includes(words),
  );
  if (!found) throw new Error(`nothing to press says "${words}"`);
  found.click();
}
