import type { components } from "./schema";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type City = Schemas["City"];
export type Report = Schemas["Report"];
export type Filed = Schemas["Filed"];
export type Card = Schemas["Card"];
export type PublicCard = Schemas["PublicCard"];
export type StaffCard = Schemas["StaffCard"];
export type PublicCase = Schemas["PublicCase"];
export type OwnCase = Schemas["OwnCase"];
export type OfficeCase = Schemas["OfficeCase"];
export type JoinedCase = Schemas["JoinedCase"];
export type Offer = Schemas["Offer"];
export type Call = Schemas["Call"];
export type Act = Schemas["Act"];

/** The service said no, and why. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
    /** Seconds to wait, where the service named them. */
    readonly retryAfter: number | null = null,
  ) {
    super(problem?.detail ?? problem?.title ?? `HTTP ${status}`);
  }
  get kind(): string {
    return this.problem?.type.replace("/problems/", "") ?? "";
  }
  /** The same request may work later. */
  get passing(): boolean {
    return this.status === 429 || this.status === 408 || this.status >= 500;
  }
}

/** No answer at all: no network, or none that reaches us. */
export class Offline extends Error {}

export interface Asked {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  token?: string | undefined;
  /** Version of a case, for If-Match. */
  version?: number | undefined;
  /** Idempotency-Key */
  key?: string | undefined;
  language?: string | undefined;
  signal?: AbortSignal | undefined;
}

const PATIENCE = 20_000;

/**
 * One request to the API, read as `T`.
 * Throws Refused for an answer of 400 and above, Offline where none came within 20 seconds.
 */
export async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
  const headers = new Headers({ Accept: "application/json" });
  if (asked.body !== undefined) headers.set("Content-Type", "application/json");
  if (asked.token) headers.set("Authorization", `Bearer ${asked.token}`);
  if (asked.version !== undefined) headers.set("If-Match", `"${asked.version}"`);
  if (asked.key) headers.set("Idempotency-Key", asked.key);
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked.query ?? {})) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  if (asked.language) query.set("lang", asked.language);
  const late = new AbortController();
  const clock = setTimeout(() => late.abort(), PATIENCE);
  const stop = (): void => late.abort();
  asked.signal?.addEventListener("abort", stop);
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(query.size ? `${path}?${query}` : path, {
      method: asked.method ?? (asked.body === undefined ? "GET" : "POST"),
      headers,
      body: asked.body === undefined ? null : JSON.stringify(asked.body),
      signal: late.signal,
      credentials: "omit",
      // What is somebody's own must never be answered from a cache.
      cache: asked.token ? "no-store" : "default",
    });
    text = await answer.text();
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw new Offline("no answer");
  } finally {
    clearTimeout(clock);
    asked.signal?.removeEventListener("abort", stop);
  }
  let read: unknown = null;
  try {
    read = text ? JSON.parse(text) : null;
  } catch {
    // A hotel's or café's sign-in page answers 200 with HTML: that is no answer of ours.
    throw new Offline("not ours");
  }
  if (!answer.ok) {
    const wait = Number(answer.headers.get("Retry-After"));
    const problem = read && typeof read === "object" && "type" in read ? (read as Problem) : null;
    throw new Refused(answer.status, problem, Number.isFinite(wait) && wait > 0 ? wait : null);
  }
  return read as T;
}

/** A random key that nobody can guess: 32 hex digits, 128 bits. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const codePath = (code: string): string => encodeURIComponent(code);
