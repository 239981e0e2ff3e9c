import type { Report } from "../api/client";
import type { Category } from "../lib/city";
import type { Language } from "../lib/i18n";

/** What somebody has said so far; kept on the phone until it is sent. */
export interface Draft {
  step: number;
  text: string;
  category: string;
  /** Somebody chose the category, so words suggest no other. */
  chosen: boolean;
  /** Shrunk already. */
  photos: Blob[];
  answers: Record<string, string | string[]>;
  lat: number | null;
  lon: number | null;
  accuracy: number | null;
  area: string;
  hamlet: string;
  words: string;
  contact: "none" | "phone";
  phone: string;
  name: string;
  identity: "hidden" | "shown";
  publication: "public" | "private";
  about: boolean;
  aboutWords: string;
  share: boolean;
}

export const EMPTY: Draft = {
  step: 0,
  text: "",
  category: "",
  chosen: false,
  photos: [],
  answers: {},
  lat: null,
  lon: null,
  accuracy: null,
  area: "",
  hamlet: "",
  words: "",
  contact: "none",
  phone: "",
  name: "",
  identity: "hidden",
  publication: "public",
  about: false,
  aboutWords: "",
  share: false,
};

export interface FormFault {
  field: string;
  /** Which screen can mend it. */
  step: number;
  code: string;
}

export const TEXT_LEAST = 10;
export const TEXT_MOST = 5000;

/** What the phone can tell before anything is sent; the service checks everything again. */
export function faultsOf(draft: Draft, category: Category | undefined, step: number): FormFault[] {
  const faults: FormFault[] = [];
  if (step >= 0) {
    const length = draft.text.trim().length;
    if (length < TEXT_LEAST) faults.push({ field: "text", step: 0, code: "fault_text_short" });
    if (length > TEXT_MOST) faults.push({ field: "text", step: 0, code: "fault_text_long" });
    for (const question of category?.questions ?? []) {
      const given = draft.answers[question.id];
      if (question.required && question.variable && (given === undefined || given.length === 0)) {
        faults.push({ field: `answers.${question.id}`, step: 0, code: "fault_answer" });
      }
    }
  }
  if (step >= 1 && category?.place === "required" && draft.lat === null && !draft.area && !draft.hamlet) {
    faults.push({ field: "place.area", step: 1, code: "fault_place" });
  }
  if (step >= 2 && draft.contact === "phone" && draft.phone.replace(/\D/g, "").length < 8) {
    faults.push({ field: "contact.phone", step: 2, code: "fault_phone" });
  }
  return faults;
}

/** The report as the API takes it: nothing that was left empty, and only answers that the category asks for. */
export function reportOf(draft: Draft, category: Category | undefined, language: Language, zone: number): Report {
  const report: Report = { text: draft.text.trim(), language };
  if (draft.category) report.category = draft.category;
  const answers: NonNullable<Report["answers"]> = {};
  for (const question of category?.questions ?? []) {
    const given = draft.answers[question.id];
    if (!question.variable || given === undefined || given.length === 0) continue;
    if (question.datatype === "number" && typeof given === "string") {
      const number = Number(given.replace(",", "."));
      answers[question.id] = Number.isFinite(number) ? number : given;
    } else if (question.datatype === "datetime" && typeof given === "string") {
      answers[question.id] = given + offset(zone);
    } else {
      answers[question.id] = given;
    }
  }
  if (Object.keys(answers).length) report.answers = answers;
  if (category?.place !== "none") {
    const place: NonNullable<Report["place"]> = {};
    if (draft.lat !== null && draft.lon !== null) {
      place.lat = draft.lat;
      place.lon = draft.lon;
    }
    if (draft.area) place.area = draft.area;
    if (draft.hamlet) place.hamlet = draft.hamlet;
    if (draft.words.trim()) place.words = draft.words.trim();
    if (Object.keys(place).length) report.place = place;
  }
  if (draft.contact === "phone" && draft.phone.trim()) {
    report.contact = { phone: draft.phone.trim() };
    if (draft.name.trim()) report.contact.name = draft.name.trim();
    report.identity = draft.identity;
  }
  report.publication = draft.publication;
  if (draft.about) report.about_staff = draft.aboutWords.trim() ? { words: draft.aboutWords.trim() } : {};
  if (draft.share) report.share_with_agency = true;
  return report;
}

/** "+08:00" */
function offset(minutes: number): string {
  const total = Math.abs(minutes);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(total / 60))}:${two(total % 60)}`;
}
