import { ask, type City } from "../api/client";
import { getValue, putValue } from "./db";
import { language, useWords } from "./i18n";
import { observable, useObservable } from "./observable";
import type { Zone } from "./time";

/** The city's profile in the language chosen; null until the first answer. */
export const city = observable<City | null>(null);

/** The profile that the phone kept, at once, and then the city's newest. */
export async function loadCity(): Promise<void> {
  const chosen = language.value;
  const slot = `city-${chosen}`;
  const kept = await getValue<City>(slot).catch(() => undefined);
  if (kept && language.value === chosen) city.set(kept);
  try {
    const fresh = await ask<City>("/v1/city", { language: chosen });
    if (language.value === chosen) city.set(fresh);
    await putValue(slot, fresh).catch(() => undefined);
  } catch {
    // Without a network the kept one serves; without either the screens say so.
  }
}

export function useCity(): City | null {
  useWords();
  return useObservable(city);
}

export const zoneOf = (known: City | null): Zone => ({
  offsetMinutes: known?.utc_offset_minutes ?? 480,
  name: known?.zone ?? "WITA",
});

export type Category = City["categories"][number];
export type AreaInfo = City["areas"][number];

export const categoryOf = (known: City | null, id: string): Category | undefined =>
  known?.categories.find((c) => c.id === id);
