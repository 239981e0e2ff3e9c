import { en } from "../texts/en";
import { id } from "../texts/id";
import { observable, useObservable } from "./observable";

export type Language = "id" | "en";
export type Key = keyof typeof id;

const texts: Record<Language, Record<Key, string>> = { id, en };
const STORED = "bahasa";

/** Indonesian unless somebody chose English, or their browser asks for neither Indonesian nor Malay. */
export function firstLanguage(stored: string | null, asked: readonly string[]): Language {
  if (stored === "id" || stored === "en") return stored;
  const first = asked[0]?.toLowerCase() ?? "id";
  return /^(id|ms|jv|su|ban)\b/.test(first) ? "id" : "en";
}

function remembered(): string | null {
  try {
    const said = new URLSearchParams(location.search).get("lang");
    return said ?? localStorage.getItem(STORED);
  } catch {
    return null; // storage may be closed to us
  }
}

export const language = observable<Language>(firstLanguage(remembered(), navigator.languages ?? []));

export function chooseLanguage(next: Language): void {
  try {
    localStorage.setItem(STORED, next);
  } catch {
    // Then it is chosen for this visit alone.
  }
  language.set(next);
}

/** `{name}` in a text is filled in from `values`. */
export function fill(text: string, values: Record<string, string | number> = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function say(key: Key, values?: Record<string, string | number>): string {
  return fill(texts[language.value][key], values);
}

/** `say`, drawn again when the language changes. */
export function useWords(): typeof say {
  useObservable(language);
  return say;
}
