import type { Language } from "./i18n";

/** The city's own clock, whatever the phone is set to. */
export interface Zone {
  offsetMinutes: number;
  name: string;
}

const LOCALE: Record<Language, string> = { id: "id-ID", en: "en-GB" };

function onCityClock(moment: string, zone: Zone): Date {
  return new Date(new Date(moment).getTime() + zone.offsetMinutes * 60_000);
}

/** "Jumat, 27 November 2026 14.30 WITA" */
export function absolute(moment: string, zone: Zone, language: Language): string {
  const words = new Intl.DateTimeFormat(LOCALE[language], {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
    timeZone: "UTC",
  }).format(onCityClock(moment, zone));
  return `${words} ${zone.name}`;
}

/** "27 Nov" */
export function shortDay(moment: string, zone: Zone, language: Language): string {
  return new Intl.DateTimeFormat(LOCALE[language], { day: "numeric", month: "short", timeZone: "UTC" }).format(
    onCityClock(moment, zone),
  );
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "dalam 3 hari", "2 jam yang lalu"; within a minute "sekarang". */
export function relative(moment: string, now: number, language: Language): string {
  const seconds = Math.round((new Date(moment).getTime() - now) / 1000);
  const format = new Intl.RelativeTimeFormat(LOCALE[language], { numeric: "auto" });
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return format.format(Math.trunc(seconds / length), unit);
  }
  return format.format(0, "second");
}

/** "30 November 2026": a day without an hour, such as "2026-11-30". */
export function day(written: string, language: Language): string {
  const at = new Date(`${written.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(at.getTime())) return written;
  return new Intl.DateTimeFormat(LOCALE[language], {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  }).format(at);
}
