import { ask, type Schemas } from "../api/client";
import { observable } from "./observable";

/**
 * Who is signed in, in this tab alone and until it is closed: a token lasts twelve hours and is asked for again.
 * The API takes tokens in a header only, so the page must hold it; docs/adr/0024 says what guards it.
 */
export interface Session {
  token: string;
  as: "citizen" | "officer";
  until: number;
}

const SLOT = "sesi";

function kept(): Session | null {
  try {
    const read = JSON.parse(sessionStorage.getItem(SLOT) ?? "null") as Session | null;
    return read && read.until > Date.now() ? read : null;
  } catch {
    return null;
  }
}

export const session = observable<Session | null>(kept());

function keep(next: Session | null): void {
  session.set(next);
  try {
    if (next) sessionStorage.setItem(SLOT, JSON.stringify(next));
    else sessionStorage.removeItem(SLOT);
  } catch {
    // Then it lasts as long as this page.
  }
}

export const signOut = (): void => keep(null);

/** The token, unless its time is over. */
export function tokenNow(as?: Session["as"]): string | null {
  const known = session.value;
  if (!known || (as && known.as !== as)) return null;
  if (known.until <= Date.now()) {
    keep(null);
    return null;
  }
  return known.token;
}

export function requestCode(phone: string, as: Session["as"], language: string): Promise<Schemas["CodeSent"]> {
  const where = phone.includes("@") ? { email: phone } : { phone };
  return ask("/v1/auth/codes", { body: { ...where, as }, language });
}

export async function redeemCode(challenge: string, digits: string, language: string): Promise<Session> {
  const found = await ask<Schemas["Token"]>("/v1/auth/tokens", { body: { challenge, digits }, language });
  const next: Session = {
    token: found.token,
    as: found.as === "officer" ? "officer" : "citizen",
    until: Date.now() + found.expires_in * 1000,
  };
  keep(next);
  return next;
}

const opened = new Map<string, { token: string; until: number }>();

/** A token for one case from its secret; kept in memory only. */
export async function openCase(code: string, secret: string, language: string): Promise<string> {
  const known = opened.get(`${code} ${secret}`);
  if (known && known.until > Date.now()) return known.token;
  const found = await ask<Schemas["Token"]>("/v1/auth/links", { body: { code, secret }, language });
  opened.set(`${code} ${secret}`, { token: found.token, until: Date.now() + found.expires_in * 1000 - 60_000 });
  return found.token;
}
